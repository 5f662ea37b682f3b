from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.build import programs
from harness.build.commands import Workbench
from harness.build.recipe import Recipe
from harness.build.store import Binary, Refusal, Store, Trouble
from harness.case import BuildSettings
from harness.observation import Diagnostic
from harness.process.spec import Finished
from unit.build import make
from unit.elf.test_identity import header
from unit.samples import shipped

GOOD, FOREIGN = (header(shipped().by_arch[arch].elf) for arch in ("arm64", "amd64"))


class Go:
    """A `go build` that writes `content` and says `said`."""

    def __init__(self, content: bytes, code: int = 0, said: str = "") -> None:
        self.content, self.code, self.said = content, code, said
        self.asked: list[tuple[list[str], list[str], str]] = []

    def __call__(
        self,
        recipe: Recipe,
        bench: Workbench,
        output: Path,
        packages: list[str],
        marked: Sequence[str],
        mode: str = "",
    ) -> Finished:
        self.asked.append((packages, list(marked), mode))
        if self.content:
            output.write_bytes(self.content)
        return Finished("exited", self.code, stderr=self.said.encode())


def finished(tmp_path: Path, go: Go, monkeypatch: pytest.MonkeyPatch) -> Binary | Refusal | Trouble:
    """Have a program with two plugins finished."""
    monkeypatch.setattr(programs, "go_build", go)
    (tmp_path / "bench").mkdir()
    bench = Workbench.under(tmp_path / "bench")
    recipe = make(tmp_path, settings=BuildSettings(plugins={"a.so": "a", "b.so": "b/c"}))
    made = bench.out / "made"
    made.write_bytes(GOOD)
    store = Store(tmp_path / "cache")
    built = programs.finish(store, recipe, bench, bench.source, made, (), marked=["-marked"])
    assert store.get(recipe.key) == (None if isinstance(built, Trouble) else built)
    return built


def test_plugins_stand_beside_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = Go(GOOD, said="a/a.c:1:2: warning: old style\n")
    built = finished(tmp_path, go, monkeypatch)
    assert isinstance(built, Binary)
    assert go.asked == [(["./a"], ["-marked"], "plugin"), (["./b/c"], ["-marked"], "plugin")]
    assert {path.name for path in built.folder.iterdir()} == {"program", "a.so", "b.so", "build.json"}
    assert built.diagnostics == (Diagnostic("a/a.c", 1, 2, "warning: old style"),) * 2


def test_a_plugin_that_is_damaged_later_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = finished(tmp_path, Go(GOOD), monkeypatch)
    assert isinstance(built, Binary)
    (built.folder / "b.so").write_bytes(FOREIGN)
    assert Store(tmp_path / "cache").get(built.key) is None


@pytest.mark.parametrize(
    ("content", "says"),
    [(FOREIGN, "asked for AArch64, got x86-64"), (b"", "the build succeeded without making a.so")],
    ids=["of another machine", "none"],
)
def test_a_plugin_is_verified_as_the_program_is(
    content: bytes, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = finished(tmp_path, Go(content), monkeypatch)
    assert isinstance(built, Trouble)
    assert built.cause == says


def test_a_plugin_that_go_refuses_is_a_refusal_of_the_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = Go(b"", 1, "# crossabi.test/case/a\na/a.go:5:2: undefined: x\n")
    built = finished(tmp_path, go, monkeypatch)
    assert isinstance(built, Refusal)
    assert built.diagnostics == (Diagnostic("a/a.go", 5, 2, "undefined: x"),)
    assert len(go.asked) == 1
