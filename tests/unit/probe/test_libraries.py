"""Which libraries have come and which have gone, by files that are replaced meanwhile; and what stays when one goes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.elf import places
from harness.probe import libraries, stops
from harness.probe.libraries import Libraries
from harness.unwind.modules import Module

FILE = Path(sys.executable).resolve()
BIAS = 0x7F0000000000


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Module]:
    """Return what is mapped at the next look."""
    mapped: list[Module] = []
    monkeypatch.setattr(libraries, "modules", lambda main, *_: [main, *mapped])
    monkeypatch.setattr(Libraries, "_state", lambda _: ())
    monkeypatch.setattr(libraries, "finder", lambda _: None)
    monkeypatch.setattr(libraries, "reader", lambda _: lambda *_: None)
    return mapped


@pytest.fixture
def followed(seen: list[Module]) -> Libraries:
    return Libraries(SimpleNamespace(), SimpleNamespace(), Module(places.load(FILE), 0))  # type: ignore[arg-type]


def module(path: Path, bias: int = BIAS) -> Module:
    return Module(places.load(path), bias)


def copied(path: Path) -> Path:
    path.write_bytes(FILE.read_bytes())
    return path


def test_what_comes_and_goes_is_told_once(followed: Libraries, seen: list[Module], tmp_path: Path) -> None:
    one = module(copied(tmp_path / "one.so"))
    seen.append(one)
    assert followed.look() == ([one], [])
    assert followed.look() == ([], [])
    seen.clear()
    assert followed.look() == ([], [one])


def test_a_file_that_is_replaced_while_it_is_mapped_is_still_the_same(
    followed: Libraries, seen: list[Module], tmp_path: Path
) -> None:
    path = copied(tmp_path / "one.so")
    seen.append(module(path))
    followed.look()
    copied(tmp_path / "new").rename(path)
    assert followed.look() == ([], [])
    path.unlink()
    assert followed.look() == ([], [])


def test_the_same_file_by_another_name_is_no_other(followed: Libraries, seen: list[Module], tmp_path: Path) -> None:
    path = copied(tmp_path / "one.so")
    (tmp_path / "link.so").hardlink_to(path)
    seen.append(module(path))
    followed.look()
    seen.append(module(tmp_path / "link.so"))
    assert followed.look() == ([], [])
    del seen[0]
    assert followed.look() == ([], [])


def test_another_file_than_the_one_that_is_mapped_is_none(
    followed: Libraries, seen: list[Module], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = module(copied(tmp_path / "one.so"))
    start = next(address for address, _, offset in one.program.segments if offset == 0)
    wanted = one.program.bytes_at(start, libraries.HEADERS)
    seen.append(one)
    for mapped, found in ((bytes(len(wanted)), []), (None, [one])):
        monkeypatch.setattr(libraries, "reader", lambda _, mapped=mapped: lambda *_: mapped)
        assert followed.look()[0] == found
        assert followed.at(start + BIAS) is (one if found else followed._main)


class Kept(dict[int, Any]):
    """Stands for breakpoints."""

    def drop(self, address: int) -> None:
        del self[address]


def test_the_breakpoint_that_tells_of_changes_is_never_dropped(followed: Libraries, seen: list[Module]) -> None:
    def addresses() -> Iterator[int]:
        yield from (BIAS + first, BIAS + first + 16)

    first = places.load(FILE).segments[0][0]
    seen.append(module(FILE))
    followed.look()
    seen.clear()
    followed.changed = (BIAS + first,)
    visit = stops._Visit.__new__(stops._Visit)
    visit._breakpoints, visit._entries, visit._elsewhere = Kept.fromkeys(addresses()), {}, ()  # type: ignore[assignment]
    visit._look(followed)
    assert list(visit._breakpoints) == [BIAS + first]
