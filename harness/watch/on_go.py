"""Entries on stacks of goroutines: calls of asmcgocall, and callbacks.

Such a stack moves, and what was its memory is another's then. But a goroutine that is in C, or in Go that C has called,
stays on one thread (runtime/cgocall.go: it is in a system call, then locked to it), where crossings nest.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterator, Mapping

from harness.registers import RegisterTable
from harness.watch import promises
from harness.watch.entries import Entered, Rows
from harness.watch.sites import CALLBACK, SWITCH, Exit

ON_GO_STACKS = (SWITCH, CALLBACK)
SMALLEST = 2048  # bytes of Go's smallest stack: one that moves does so by a multiple
BETWEEN = 256  # bytes between asmcgocall's frame and that of the cgocallbackg that C called; less than a stack's guard
DEEP = 1 << 20  # bytes of a stack that hardly any goroutine uses
MANY = 1 << 12  # entries, of which no more registers are kept than are needed: all have up to 7,000 bytes
MOST = 1 << 16  # entries of each crossing that are kept
OUTERMOST = 1 << 10  # of these, the oldest that are not the first to go: they may well be left some day


class OnGo:
    """Holds them until they are left. `unheld` counts those that were not kept so long."""

    def __init__(self, table: RegisterTable) -> None:
        self._table = table
        self._frame = promises.FRAME_POINTER.get(table.arch, "")
        self._kept = {*(row.register for row in promises.of_go(table)), table.sp, self._frame}  # that are looked at
        self._rows = {crossing: Rows() for crossing in ON_GO_STACKS}
        self._waiting: dict[int, Entered] = {}  # calls of asmcgocall that have not entered C, by serial number
        self.unheld = 0

    def of(self, crossing: str) -> list[Entered]:
        """Return the entries of `crossing`, the oldest first."""
        return list(self._rows[crossing])

    def newest(self, crossing: str, thread: Hashable) -> Entered | None:
        """Return the last entry of `crossing` on `thread`."""
        return next(reversed(self._rows[crossing].of_thread(thread).values()), None)

    def above(self, crossing: str, sp: int, reach: int, thread: Hashable) -> list[Entered]:
        """Return the entries of `crossing` less than `reach` bytes above `sp`, or there."""
        rows = self._rows[crossing].at(*range(sp, sp + reach, self._table.word))
        return [row for row in rows if thread is None or row.thread == thread]

    def waiting(self, thread: Hashable) -> list[Entered]:
        """Return the calls of asmcgocall on `thread` that have not entered C, as far as that can be told."""
        return [row for row in self._waiting.values() if thread is None or row.thread == thread]

    def begin(self, caller: Entered, sp: int) -> None:
        """The call `caller` of asmcgocall has entered C at `sp`."""
        caller.inner = sp
        del self._waiting[caller.serial]

    def callers(self, entered: Entered, *, wrapped: bool) -> Iterator[Entered]:
        """Yield the calls of C on whose stack `entered`, a callback, is entered; `wrapped`: its wrapper was before."""
        for row in self.above(SWITCH, entered.at, BETWEEN, entered.thread):
            if not any(itertools.islice(self._newer(row), int(wrapped), None)):
                yield row

    def enter(self, entered: Entered) -> None:
        """Take in an entry. One of the same crossing at the same place of the same stack is gone."""
        rows = self._rows[entered.crossing]
        for row in rows.at(entered.at):
            if self._same_frame(row, entered) and _is_of(row, entered.thread, entered.g):
                self._remove(row)
        if len(rows) > MANY:
            entered.registers = {name: entered.registers[name] for name in self._kept if name in entered.registers}
        rows.add(entered)
        if entered.crossing == SWITCH:
            self._waiting[entered.serial] = entered
        if len(rows) > MOST:
            self._remove(next(itertools.islice(rows, OUTERMOST, None)))
            self.unheld += 1

    def tell(self, entered: Entered) -> None:
        """Take in which goroutine it is, of what a wrapper has called whose own entry need not hold that."""
        newest = self.newest(entered.crossing, entered.thread)
        if newest is not None and 0 <= newest.at - entered.at < BETWEEN:
            self._rows[entered.crossing].change(newest, g=entered.g)

    def left(self, left: Exit, pc: int, sp: int, registers: Mapping[str, int], thread: Hashable) -> list[Entered]:
        """Return the entry, if there is one, that is left at `pc` with the stack pointer `sp`.

        Where something is wrong with what would be it (its frame pointer, its goroutine, where it is), it has to be the
        innermost: of others that have not been left nothing tells whether they still are there. Nor is it told as soon
        as there were too many.
        """
        g = registers.get(self._table.g)
        rows = self._rows[left.crossings[0]]
        newer = (row for row in rows.of(thread, g) if row.back in (None, pc))
        newest = list(itertools.islice(newer, 1))
        if newest and newest[0].at == sp and self.keeps_frame(newest[0], sp, registers):
            return newest
        ours = newest + list(newer)
        exact = [row for row in ours if row.at == sp]
        fitting = [row for row in ours if not (sp - row.at) % SMALLEST]
        keeping = [row for row in fitting if self.keeps_frame(row, sp, registers)]
        if keeping:
            return keeping[:1]
        if self.unheld:
            return []
        # What tells a thread, or a goroutine, has changed.
        others = [row for row in reversed(rows.at(sp)) if row.back in (None, pc)]
        alone = ours if len(ours) == 1 else []
        found = next(itertools.chain(exact, fitting, others, alone), None)
        return [found] if found is not None and not any(self._newer(found)) else []

    def leave(self, entered: Entered, sp: int) -> None:
        """Forget what was left with the stack pointer `sp`: what is newer is gone, what is older has moved too."""
        for row in list(self._newer(entered)):
            self._remove(row)
        self._remove(entered)
        moved = sp - entered.at
        if moved and not moved % SMALLEST and not self._may_be_left_over(entered, sp):
            for rows in self._rows.values():
                for row in list(rows.of(entered.thread, entered.g)):
                    rows.change(row, at=row.at + moved)

    def _may_be_left_over(self, entered: Entered, sp: int) -> bool:
        """Whether not `entered`, which has been forgotten, but an older entry at `sp` may have been meant.

        Then `entered`, which was further down on a stack that has not moved, was left by a panic. Else the older one is
        of a goroutine that ended there.
        """
        others = self._rows[entered.crossing].at(sp)
        return 0 < sp - entered.at < DEEP and any(_is_of(row, entered.thread, entered.g) for row in others)

    def keeps_frame(self, row: Entered, sp: int, registers: Mapping[str, int]) -> bool:
        """Whether the frame pointer is what it was at the entry; where it points into the stack it moves with that."""
        if not self._frame:
            return True
        before = row.registers[self._frame]
        return registers[self._frame] in (before, before + sp - row.registers[self._table.sp])

    def drop(self, crossing: str) -> None:
        """Forget the entries of `crossing`."""
        self._rows[crossing].clear()
        if crossing == SWITCH:
            self._waiting.clear()

    def _remove(self, row: Entered) -> None:
        self._rows[row.crossing].remove(row)
        self._waiting.pop(row.serial, None)

    def _newer(self, entered: Entered) -> Iterator[Entered]:
        """Yield what was entered after `entered` on its thread, or by its goroutine; in no order."""
        for rows in self._rows.values():
            yield from itertools.takewhile(lambda row: row.serial > entered.serial, rows.beside(entered))

    def _same_frame(self, row: Entered, other: Entered) -> bool:
        return not self._frame or row.registers[self._frame] == other.registers[self._frame]


def _is_of(row: Entered, thread: Hashable, g: int | None) -> bool:
    """Whether `row` is of `thread` and of the goroutine `g`, as far as these are known."""
    return (thread is None or row.thread == thread) and (g is None or row.g is None or row.g == g)
