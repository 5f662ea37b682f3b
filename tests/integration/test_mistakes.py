"""What becomes of a run when the harness itself makes a mistake while it looks at the program."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.errors import RunnerBroken
from harness.probe.guest import Guest
from harness.probe.log import _Entries
from harness.probe.meant import Meanings
from harness.probe.take import LOG, STUB, take
from harness.process.spec import Command
from harness.snapshot import Probe

from .support import target

PROGRAM = "__attribute__((noipa)) int add(int a) { return a + 1; } int main(void) { return add(1) - 2; }"


@pytest.mark.parametrize(("source", "of", "name"), [(STUB, Meanings, "enter"), (LOG, _Entries, "take")])
def test_a_mistake_is_an_error_and_ends_the_program(
    source: str, of: type, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "program.c").write_text(PROGRAM)
    program, on = tmp_path / "program", target("arm64")
    subprocess.run([*on.cc.command, "-g", "-no-pie", "-o", program, tmp_path / "program.c"], check=True)

    def fails(*_: object, **__: object) -> None:
        raise IndexError("not there")

    monkeypatch.setattr(of, name, fails)
    guest = Guest(on, program, (), Command((), {}, 20))
    with pytest.raises(RunnerBroken, match=r"crossabi itself made a mistake while .* IndexError: not there"):
        take(guest, [Probe("add", meant=source == STUB)], source=source)
