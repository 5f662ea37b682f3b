from pathlib import Path

import pytest

from harness.build.store import PROGRAM, Binary
from harness.case import BuildSettings, Case, RunSettings, Variant
from harness.expectation import Expectation
from harness.host.faults import Faults, load
from harness.process import client
from harness.process.spec import Command, Finished
from harness.run import run
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
