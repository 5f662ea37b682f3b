"""Places on stacks in order, so that what is near one is found without a look at all others."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Hashable


class Ordered:
    """Places, as addresses, of each key; none is there twice."""

    def __init__(self) -> None:
        self._of: defaultdict[Hashable, list[int]] = defaultdict(list)

    def add(self, key: Hashable, at: int) -> None:
        """Take in a place that is not there yet."""
        insort(self._of[key], at)

    def remove(self, key: Hashable, at: int) -> None:
        """Forget a place that is there."""
        places = self._of[key]
        del places[bisect_left(places, at)]
        if not places:
            del self._of[key]

    def between(self, key: Hashable, low: int, high: int) -> list[int]:
        """Return the places of `key` from `low` to before `high`, ascending."""
        places = self._of.get(key, [])
        return places[bisect_left(places, low) : bisect_left(places, high)]
