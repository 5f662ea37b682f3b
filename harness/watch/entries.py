"""Entries into crossings; those on goroutines' stacks by what is known of them: a panic may leave thousands there."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_count = itertools.count()


def serial() -> int:
    """Return the next of the numbers that say what was first."""
    return next(_count)


@dataclass(eq=False)
class Entered:
    """`back` is where it returns to; None where the stack, which the log does not show, holds that.

    `thread` and the goroutine `g` are None where not known. `at` is where the stack pointer of the entry is now, as far
    as that is known. `mixed`: C that is not the runtime's ran inside it, which may change control bits. `inner` is the
    stack pointer of the C function that this call of asmcgocall entered, None as long as that cannot be told.
    `is_over`: what it was in has been left. `handed_on_at` is the stack pointer at which it has called a handler
    of C that has not returned.
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
    is_over: bool = False
    handed_on_at: int | None = None
    serial: int = field(default_factory=serial)


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
        """Change the `at` or the `g` of `row`, which stays where it is among those of its thread."""
        before = self._indexes(row)
        for name, value in values.items():
            setattr(row, name, value)
        for (index, old), (_, new) in zip(before, self._indexes(row), strict=True):
            if old != new:
                del index[old][row.serial]
                if not index[old]:
                    del index[old]
                index[new][row.serial] = row

    def at(self, *places: int) -> list[Entered]:
        """Return the entries at stack pointers, the oldest first."""
        return _by_age(*(self._at[place] for place in places if place in self._at))

    def of_thread(self, thread: Hashable) -> dict[int, Entered]:
        """Return the entries of a thread by their serial numbers, the oldest first."""
        return self._threads.get(thread, {})

    def of(self, thread: Hashable, g: int | None) -> list[Entered]:
        """Return those that are of `thread` and of the goroutine `g`, as far as these are known; the oldest first."""
        if g is None:
            return list(self._all.values() if thread is None else self.of_thread(thread).values())
        return _by_age(*(self._of[key] for key in ((thread, g), (thread, None)) if key in self._of))

    def beside(self, row: Entered) -> Iterator[Entered]:
        """Yield those of the thread of `row`, or, where that is not known, of its goroutine; the newest first."""
        if row.thread is not None:
            return reversed(self.of_thread(row.thread).values())
        return reversed(self.of(None, row.g))

    def _indexes(self, row: Entered) -> tuple[tuple[dict[Any, dict[int, Entered]], Hashable], ...]:
        return (self._at, row.at), (self._threads, row.thread), (self._of, (row.thread, row.g))


def _by_age(*groups: dict[int, Entered]) -> list[Entered]:
    return sorted((row for group in groups for row in group.values()), key=lambda row: row.serial)
