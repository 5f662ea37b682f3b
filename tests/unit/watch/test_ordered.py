"""Places are found by their key, in order, from the first to before the last that is asked for."""

from __future__ import annotations

import pytest

from harness.watch.ordered import Ordered


@pytest.fixture
def places() -> Ordered:
    made = Ordered()
    for key, at in (("a", 48), ("a", 16), ("b", 32), ("a", 32)):
        made.add(key, at)
    return made


@pytest.mark.parametrize(
    ("key", "low", "high", "expected"),
    [
        ("a", 0, 64, [16, 32, 48]),
        ("a", 16, 48, [16, 32]),
        ("a", 17, 49, [32, 48]),
        ("a", 33, 48, []),
        ("b", 0, 64, [32]),
        ("c", 0, 64, []),
    ],
)
def test_places_between_two(places: Ordered, key: str, low: int, high: int, expected: list[int]) -> None:
    assert places.between(key, low, high) == expected


def test_what_is_forgotten_is_not_found(places: Ordered) -> None:
    for key, at in (("a", 32), ("b", 32)):
        places.remove(key, at)
    assert (places.between("a", 0, 64), places.between("b", 0, 64)) == ([16, 48], [])
