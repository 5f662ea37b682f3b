"""When a program is run again to see what it died of, and what is said where that cannot be seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.build.store import Binary
from harness.errors import EnvironmentBroken
from harness.expectation import Expect
from harness.process.spec import Command
from harness.run import death
from harness.snapshot import FAULT, Fault, Snapshot
from unit.samples import observed, target

DIED = {"outcome": "signal", "exit_code": None, "signal": "SIGSEGV"}
SHOT = Snapshot(FAULT, FAULT, 1, "arm64", 1, "add", "stub: QEMU", fault=Fault("SIGSEGV", None, "", ()))


@pytest.mark.parametrize(
    ("changes", "expect", "is_wanted"),
    [
        (DIED, Expect(), True),
        (DIED, Expect(("signal",), signal="SIGBUS"), True),
        (DIED, Expect(("signal",), signal="SIGSEGV"), False),
        (DIED, Expect(("signal", "exit")), False),
        (DIED, Expect(("signal",), death="func-value-as-code"), True),
        ({"outcome": "go-panic", "exit_code": 2, "signal": "SIGSEGV"}, Expect(), True),
        ({"outcome": "go-panic", "exit_code": 2}, Expect(), False),
        ({**DIED, "signal": "SIGTERM"}, Expect(), False),
        ({**DIED, "outcome": "broken"}, Expect(), False),
        ({"phase": "build", "outcome": "build-error"}, Expect(), False),
        ({}, Expect(death="func-value-as-code"), False),
    ],
)
def test_who_died_and_should_not_have_is_looked_at(changes: dict[str, Any], expect: Expect, is_wanted: bool) -> None:
    assert death.is_wanted(observed(**changes), expect) is is_wanted


@pytest.mark.parametrize(
    ("seen", "notes"),
    [
        (SHOT, ()),
        (None, ("to see what it died of it was run again, and did not die of a signal then",)),
        (
            EnvironmentBroken("gdbserver is missing", mend="install it"),
            ("what it died of could not be looked at: gdbserver is missing",),
        ),
    ],
)
def test_what_was_seen_is_kept_or_why_nothing_was(
    seen: Any, notes: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(*_: object) -> Any:
        if isinstance(seen, Exception):
            raise seen
        return seen

    monkeypatch.setattr(death, "_seen", answer)
    found = death.look(observed(**DIED), Command(("x",), {}, 1), target(), Binary("key", tmp_path), ())
    assert found.notes == notes
    assert [row.notes for row in found.snapshots] == [(death._AGAIN,)] * (seen is SHOT)
