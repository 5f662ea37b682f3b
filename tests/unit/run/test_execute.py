from pathlib import Path

import pytest

from harness.build.store import PROGRAM, Binary
from harness.case import BuildSettings, Case, RunSettings, Variant
from harness.expectation import Expectation
from harness.host.faults import Faults, load
from harness.process import client
from harness.process.spec import Command, Finished
from harness.run import run, sight
from harness.run.sight import Seen
from harness.stub.errors import StubBroken, nonsense
from unit.samples import target


@pytest.fixture
def table() -> Faults:
    return load(())


@pytest.mark.parametrize(("gone", "outcome"), [(True, "broken"), (False, "exit")])
def test_a_program_that_somebody_removes_while_it_runs_is_not_to_blame(
    gone: bool, outcome: str, table: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = Binary("key", tmp_path)
    binary.program.touch()

    def ends(command: Command) -> Finished:
        if gone:
            (tmp_path / PROGRAM).unlink()
        return Finished("exited", 1, stderr=b"Error while loading: No such file or directory\n")

    monkeypatch.setattr(client, "run", ends)
    variant = Variant("", None, BuildSettings(), RunSettings(), Expectation())
    case = Case("g/c", tmp_path, "program", "about", ("stdout",), (), (variant,))
    (seen,) = run(case, variant, target(), binary, table)
    assert seen.outcome == outcome
    assert ("was removed while it ran" in seen.message) is gone


@pytest.mark.parametrize(
    ("error", "outcome", "tries"),
    [(nonsense("608 bytes for the 8 of rip"), "exit", 2), (StubBroken("it is gone"), "broken", 1)],
)
def test_a_run_of_which_the_stub_mixed_up_two_threads_is_tried_again(
    error: StubBroken, outcome: str, tries: int, table: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = Binary("key", tmp_path)
    binary.program.touch()
    ends = iter([Seen(Finished("signaled", signal="SIGKILL"), error=error), Seen(Finished("exited", 0))])
    monkeypatch.setattr(sight, "run", lambda *_: next(ends))
    variant = Variant("", None, BuildSettings(), RunSettings(), Expectation())
    case = Case("g/c", tmp_path, "program", "about", ("stdout",), (), (variant,))
    (seen,) = run(case, variant, target(), binary, table)
    assert (seen.outcome, seen.tries) == (outcome, tries)
