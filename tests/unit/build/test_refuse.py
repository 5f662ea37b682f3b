import shutil
from pathlib import Path

import pytest

from harness.build.commands import Workbench
from harness.build.refuse import refuse
from harness.build.store import Refusal, Store, Trouble
from harness.observation import Diagnostic
from harness.process.spec import Finished

from . import make

MADE_NONE = "go build succeeded and made no program: do GOFLAGS or the case's flags hold -n or another -o?"


def bench(tmp_path: Path) -> Workbench:
    folder = tmp_path / "bench"
    folder.mkdir()
    return Workbench.under(folder)


@pytest.mark.parametrize(
    ("finished", "said", "cause"),
    [
        (Finished("exited", 1), "something nobody knows\n", "go build failed: something nobody knows"),
        (Finished("exited", 1), "", "go build failed: it said nothing"),
        (Finished("exited", 0), "mkdir -p $WORK/b001/", MADE_NONE),
        (Finished("exited", 1), "a.go:1:1: x\nno space left on device", "the build stopped: no space left on device"),
        (Finished("signaled", signal="SIGKILL"), "a.go:1:1: x", "go build ended with signaled SIGKILL"),
        (Finished("not-started", error="no such file"), "", "go build ended with not-started  no such file"),
    ],
)
def test_what_is_not_surely_the_programs_fault_is_trouble_and_not_stored(
    finished: Finished, said: str, cause: str, tmp_path: Path
) -> None:
    store, recipe = Store(tmp_path / "cache"), make(tmp_path)
    made = refuse(store, recipe, bench(tmp_path), finished, said, (), "go build")
    assert isinstance(made, Trouble)
    assert (made.cause, made.output) == (cause, said)
    assert store.get(recipe.key) is None


def test_a_compilers_complaint_is_a_refusal_and_stored(tmp_path: Path) -> None:
    store, recipe = Store(tmp_path / "cache"), make(tmp_path)
    made = refuse(
        store, recipe, bench(tmp_path), Finished("exited", 1), "/staged/a.go:1:2: bad\n", ("/staged",), "go build"
    )
    assert isinstance(made, Refusal)
    assert made.diagnostics == (Diagnostic("a.go", 1, 2, "bad"),)
    assert store.get(recipe.key) == made


def test_a_store_that_somebody_removes_meanwhile_is_nobodys_fault_but_theirs(tmp_path: Path) -> None:
    store, recipe, gone = Store(tmp_path / "cache"), make(tmp_path), bench(tmp_path)
    shutil.rmtree(gone.tmp.parent)
    made = refuse(store, recipe, gone, Finished("exited", 1), "/staged/a.go:1:2: bad\n", ("/staged",), "go build")
    assert isinstance(made, Trouble)
    assert "somebody removed" in made.cause
