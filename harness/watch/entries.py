"""Entries into crossings, by what is known of them: nesting, or panics, may leave thousands there."""

from __future__ import annotations

import heapq
import itertools
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.watch.ordered import Ordered

_count = itertools.count()


def serial() -> int:
    """Return the next of the numbers that say what was first."""
    return next(_count)


@dataclass(eq=False)
class Entered:
    """`back` is where it returns to; None where the stack, which the log does not show, holds that.

    `thread` and the goroutine `g` are None where not known. `at` is where the stack pointer of the entry is now, as far
    as that is known. `mixed`: C that is not the runtime's ran inside it, which may change control bits. `inner` is the
    stack pointer of the C function that this call of asmcgocall entered, None as long as that cannot be told. `over` is
    the lowest stack pointer of what it was in, if that has been left. `handed_on_at` is the stack pointer at which it
    has called a handler of C that has not returned.
    """

    crossing: str
    name: str
    hit: int
    registers: Mapping[str, int]
    back: int | None
    thread: Hashable
    at: int
    g: int | None = None
    mixed: bool = False
    inner: int | None = None
    over: int | None = None
    handed_on_at: int | None = None
    serial: int = field(default_factory=serial)


def _age(row: Entered) -> int:
    return row.serial


class Column:
    """The entries on stacks of C: one of each crossing at each place."""

    def __init__(self) -> None:
        self._all: dict[tuple[str, int], Entered] = {}
        self._places = Ordered()

    def __len__(self) -> int:
        return len(self._all)

    def get(self, crossing: str, at: int) -> Entered | None:
        """Return the entry of `crossing` at the stack pointer `at`."""
        return self._all.get((crossing, at))

    def add(self, row: Entered) -> None:
        """Take in `row`, at whose place nothing of its crossing is."""
        self._all[row.crossing, row.at] = row
        self._places.add((row.crossing, row.thread), row.at)

    def pop(self, crossing: str, at: int) -> Entered | None:
        """Forget the entry of `crossing` at `at`, and return it."""
        row = self._all.pop((crossing, at), None)
        if row is not None:
            self._places.remove((crossing, row.thread), at)
        return row

    def pop_first(self) -> Entered:
        """Forget the one that was added first, and return it."""
        row = next(iter(self._all.values()))
        self.pop(row.crossing, row.at)
        return row

    def of(self, crossing: str) -> list[Entered]:
        """Return all entries of `crossing`."""
        return [row for row in self._all.values() if row.crossing == crossing]

    def between(self, low: int, high: int, thread: Hashable, crossings: Iterable[str]) -> list[Entered]:
        """Return the entries of `crossings` on `thread` from `low` to before `high`, the oldest first."""
        found = [
            self._all[crossing, at]
            for crossing in crossings
            for at in self._places.between((crossing, thread), low, high)
        ]
        return sorted(found, key=_age)


class Rows:
    """The entries of one crossing on goroutines' stacks, each `add`ed after all that are older."""

    def __init__(self) -> None:
        self._all: dict[int, Entered] = {}
        self._at: defaultdict[int, dict[int, Entered]] = defaultdict(dict)
        self._threads: defaultdict[Hashable, dict[int, Entered]] = defaultdict(dict)
        self._of: defaultdict[tuple[Hashable, int | None], dict[int, Entered]] = defaultdict(dict)

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Entered]:
        """Yield all, the oldest first."""
        return iter(self._all.values())

    def add(self, row: Entered) -> None:
        """Take in what was entered last."""
        self._all[row.serial] = row
        for index, key in self._indexes(row):
            index[key][row.serial] = row

    def remove(self, row: Entered) -> None:
        """Forget `row`."""
        del self._all[row.serial]
        for index, key in self._indexes(row):
            del index[key][row.serial]
            if not index[key]:
                del index[key]

    def clear(self) -> None:
        """Forget all."""
        for index in (self._all, self._at, self._threads, self._of):
            index.clear()

    def change(self, row: Entered, **values: int | None) -> None:
        """Change the `at` or the `g` of `row`, which stays as old as it is."""
        before = self._indexes(row)
        for name, value in values.items():
            setattr(row, name, value)
        for (index, old), (_, new) in zip(before, self._indexes(row), strict=True):
            if old != new:
                del index[old][row.serial]
                if not index[old]:
                    del index[old]
                is_last = next(reversed(index[new]), 0) < row.serial
                index[new][row.serial] = row
                if not is_last:
                    index[new] = dict(sorted(index[new].items()))

    def at(self, *places: int) -> list[Entered]:
        """Return the entries at stack pointers, the oldest first."""
        return sorted((row for place in places if place in self._at for row in self._at[place].values()), key=_age)

    def of_thread(self, thread: Hashable) -> dict[int, Entered]:
        """Return the entries of a thread by their serial numbers, the oldest first."""
        return self._threads.get(thread, {})

    def of(self, thread: Hashable, g: int | None) -> Iterator[Entered]:
        """Yield those that are of `thread` and of the goroutine `g`, as far as these are known; the newest first."""
        if g is None:
            return reversed((self._all if thread is None else self.of_thread(thread)).values())
        groups = [self._of[key] for key in ((thread, g), (thread, None)) if key in self._of]
        return heapq.merge(*(reversed(group.values()) for group in groups), key=_age, reverse=True)

    def beside(self, row: Entered) -> Iterator[Entered]:
        """Yield those of the thread of `row`, or, where that is not known, of its goroutine; the newest first."""
        return self.of(row.thread, row.g if row.thread is None else None)

    def _indexes(self, row: Entered) -> tuple[tuple[dict[Any, dict[int, Entered]], Hashable], ...]:
        return (self._at, row.at), (self._threads, row.thread), (self._of, (row.thread, row.g))
