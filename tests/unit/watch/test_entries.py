"""Entries are found by what is known of them, in the order of entry, also after that has changed."""

from __future__ import annotations

from collections.abc import Hashable

import pytest

from harness.watch.entries import Column, Entered, Rows

A, B = 0xC000, 0xC100  # goroutines


def row(at: int, thread: Hashable, g: int | None) -> Entered:
    return Entered("c", "f", 1, {}, None, thread, at, g)


def rows(*made: Entered) -> Rows:
    found = Rows()
    for one in made:
        found.add(one)
    return found


FIRST, SECOND, THIRD, FOURTH = row(16, 1, A), row(32, 1, None), row(16, 2, A), row(48, 1, B)


@pytest.mark.parametrize(
    ("thread", "g", "expected"),
    [
        (None, None, [FIRST, SECOND, THIRD, FOURTH]),
        (1, None, [FIRST, SECOND, FOURTH]),
        (1, A, [FIRST, SECOND]),
        (1, B, [SECOND, FOURTH]),
        (2, B, []),
        (3, None, []),
    ],
)
def test_those_of_a_thread_and_a_goroutine(thread: Hashable, g: int | None, expected: list[Entered]) -> None:
    assert list(rows(FIRST, SECOND, THIRD, FOURTH).of(thread, g)) == expected[::-1]


def test_those_at_stack_pointers() -> None:
    found = rows(FIRST, SECOND, THIRD, FOURTH)
    assert found.at(32, 16) == [FIRST, SECOND, THIRD]
    assert found.at(8) == []


def test_the_newest_of_a_thread_are_first_beside_one_or_of_a_goroutine_where_no_thread_is_known() -> None:
    found = rows(FIRST, SECOND, THIRD, FOURTH)
    assert list(found.beside(FIRST)) == [FOURTH, SECOND, FIRST]
    threadless = [row(16, None, A), row(32, None, B), row(48, None, None), row(64, None, A)]
    assert list(rows(*threadless).beside(threadless[0])) == [threadless[3], threadless[2], threadless[0]]


def test_what_has_changed_is_found_by_what_it_is_now_and_stays_as_old_as_it_was() -> None:
    older, newer = row(16, None, A), row(32, None, B)
    found = rows(older, newer)
    found.change(older, at=32, g=B)
    assert (older.at, older.g) == (32, B)
    assert found.at(16) == list(found.of(None, A)) == []
    assert list(found.of_thread(None).values()) == [older, newer]
    assert found.at(32) == list(found.of(None, B))[::-1] == list(found.beside(newer))[::-1] == [older, newer]


def test_what_is_forgotten_is_not_found() -> None:
    found = rows(FIRST, SECOND)
    found.remove(FIRST)
    assert (list(found), len(found), found.at(16), list(found.of(1, A))) == ([SECOND], 1, [], [SECOND])
    found.clear()
    assert (list(found), found.at(32), list(found.of(1, None)), dict(found.of_thread(1))) == ([], [], [], {})


def test_on_a_stack_of_c_those_near_a_place_are_found_the_oldest_first() -> None:
    found = Column()
    made = [
        Entered(crossing, "f", 1, {}, None, thread, at)
        for crossing, thread, at in (("c", 1, 48), ("c", 2, 40), ("d", 1, 16), ("c", 1, 16), ("c", 1, 64))
    ]
    for one in made:
        found.add(one)
    assert found.between(16, 64, 1, ("c", "d")) == [made[0], made[2], made[3]]
    assert found.between(16, 64, 1, ("c",)) == [made[0], made[3]]
    assert found.between(16, 64, None, ("c", "d")) == []
    assert found.of("c") == [made[0], made[1], made[3], made[4]]


def test_on_a_stack_of_c_there_is_one_of_each_crossing_at_a_place() -> None:
    found, first, second = Column(), row(16, 1, None), Entered("d", "f", 1, {}, None, 1, 16)
    found.add(first)
    found.add(second)
    assert (found.get("c", 16), found.get("d", 16), found.get("c", 32)) == (first, second, None)
    assert (found.pop("c", 16), found.pop("c", 16), len(found)) == (first, None, 1)
    assert found.pop_first() is second
    assert (len(found), found.between(0, 64, 1, ("c", "d"))) == (0, [])
