from dataclasses import replace
from pathlib import Path

import pytest

from harness.probe.guest import Guest
from harness.process.spec import Command
from harness.watch import remember
from harness.watch.sites import SIGNALS, Exit, Site, Sites
from unit.samples import target

SITES = Sites(
    {0x10: Site("crosscall2", "crosscall2")}, {0x20: Exit(SIGNALS, "the kernel"), 0x24: Exit(("a",), "b", True)}
)


@pytest.fixture
def guest(tmp_path: Path) -> Guest:
    program = tmp_path / "program"
    program.write_text("program")
    return Guest(target(), program, (), Command((), {}, 1.0))


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[Guest]:
    calls: list[Guest] = []
    monkeypatch.setattr(remember, "_found", lambda guest: calls.append(guest) or SITES)
    return calls


def test_crossings_are_found_once_a_program(guest: Guest, found: list[Guest], tmp_path: Path) -> None:
    assert [remember.crossings(guest, tmp_path) for _ in range(3)] == [SITES] * 3
    assert len(found) == 1
    guest.program.write_text("another")
    remember.crossings(guest, tmp_path)
    assert len(found) == 2


def test_what_moves_the_program_is_looked_at_again(guest: Guest, found: list[Guest], tmp_path: Path) -> None:
    remember.crossings(guest, tmp_path)
    remember.crossings(replace(guest, command=Command((), {"TMPDIR": "/elsewhere"}, 1.0)), tmp_path)
    assert len(found) == 1
    remember.crossings(replace(guest, command=Command((), {"LD_PRELOAD": "libx.so"}, 1.0)), tmp_path)
    assert len(found) == 2


def test_what_stands_there_and_is_none_is_found_anew(guest: Guest, found: list[Guest], tmp_path: Path) -> None:
    remember.crossings(guest, tmp_path)
    (stored,) = tmp_path.glob("crossings-*.json")
    stored.write_text('{"entries": [[1]]}')
    assert remember.crossings(guest, tmp_path) == SITES
    assert len(found) == 2
    assert remember.crossings(guest, None) == SITES
    assert remember.crossings(guest, tmp_path / "gone") == SITES
