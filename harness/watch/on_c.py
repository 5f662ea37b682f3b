"""Entries on stacks of C, where the stack pointer tells which one is left.

It also tells threads apart: their stacks do not overlap, and they stay. What is below a place at which something is
entered or left is gone, whose exit did not come (a panic, a longjmp, a thread that ended), unless it is on another
stack: an exit at the place of such an entry is counted and not held.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from harness.registers import RegisterTable
from harness.watch.entries import Column, Entered
from harness.watch.on_go import BETWEEN, OnGo
from harness.watch.sites import CALLBACK, INTO_C, INTO_GO, KERNEL, LOADER, SIGNALS, START, SWITCH, Exit

ON_C_STACKS = (*INTO_GO, *SIGNALS, START, INTO_C)
STACK = 8 << 20  # bytes below a stack pointer that are the same stack's, as a rule, if they are the same thread's
WITHIN = 1 << 20  # the same where the thread is not known: the next one's stack has as much
NEAR = 64  # bytes by which a stack pointer can be wrong and still be told to belong to an entry
FAR = 1 << 16  # the same where the exit is that of nothing else
HANDLER_FRAMES = 1 << 13  # bytes that Go's own signal handling takes before it calls C's; their stacks have 32 KiB
LEFTOVERS = 1 << 10  # that are known as entries
LOST = 1 << 13  # of more, the places that are known


def _reach(thread: Hashable) -> int:
    return WITHIN if thread is None else STACK


class OnC:
    """Holds entries until they are left. `unheld` counts the exits of those that are in doubt."""

    def __init__(self, table: RegisterTable, on_go: OnGo) -> None:
        self._table, self._on_go = table, on_go
        self._popped = 0 if table.link else table.word  # what a return takes off the stack
        self._live = Column()
        self._pure = Column()  # of these, the entries into Go inside which no C of the program has run
        self._doubted = Column()  # whose frame is gone, unless it is on another stack
        self._lost: dict[tuple[str, int], tuple[int, int | None]] = {}  # more: serial number, where it returns to
        self._deep: dict[Hashable, int] = {}  # the stack pointer, by thread, when it crossed last
        self._maybe: dict[Hashable, list[tuple[int, Entered]]] = {}  # doubted by thread, with the stack pointer of why
        self.unheld = 0

    def of(self, crossing: str) -> list[Entered]:
        """Return the entries of `crossing`, in no order."""
        return self._live.of(crossing)

    def above(self, crossing: str, sp: int, reach: int, thread: Hashable) -> list[Entered]:
        """Return the entries of `crossing` on `thread` less than `reach` bytes above `sp`, or there."""
        return self._live.between(sp, sp + reach, thread, (crossing,))

    def enter(self, entered: Entered) -> None:
        """Take in an entry. One of the same crossing at the same place is gone."""
        key = entered.crossing, entered.at
        before = self._take(*key) or self._doubted.pop(*key)
        if before is not None:
            self._abandon(before)
        self._lost.pop(key, None)
        self._put(entered)

    def run_c(self, sp: int, thread: Hashable) -> None:
        """A C function of the program has been entered at `sp`: it may change control bits."""
        for row in self._pure.between(sp + 1, sp + STACK, thread, INTO_GO):
            row.mixed = True
            self._pure.pop(row.crossing, row.at)

    def left(self, left: Exit, pc: int, sp: int, thread: Hashable) -> list[Entered]:
        """Return the entries that are left at `pc` with the stack pointer `sp`: two where one has jumped to the other.

        Where the stack pointer is that of none it may be wrong, of an exit that is that of nothing else.
        """
        rows = (self._live.get(crossing, sp) for crossing in left.crossings)
        exact = [row for row in rows if row is not None and row.back in (None, pc)]
        if exact:
            if not self._is_stale(exact[0]):
                return exact if exact[0].crossing in SIGNALS else exact[:1]
            self._doubt(exact[0])
        if self._is_doubted(left, pc, sp):
            self.unheld += 1
            self._maybe.pop(thread, None)  # a handler that seemed to end it has been left, if there was one
            self._deep.pop(thread, None)
            return []
        near = self._live.between(sp - FAR, sp + FAR + 1, thread, left.crossings)
        is_known = left.sure or left.name in (KERNEL, LOADER)
        near = [row for row in near if row.back in (None, pc) and row.handed_on_at is None]
        if not is_known:  # handlers of C's that are called by QEMU run on stacks that are off
            near = [row for row in near if row.back is not None or row.crossing not in SIGNALS]
        is_told = any(row.back is not None for row in near)
        is_off = (sp + self._popped) % self._table.stack_alignment  # which no call of C leaves behind
        if left.crossings == (INTO_C,) or not (is_known or is_told or is_off):
            return []  # it may be that of another call
        reach = FAR if left.sure else NEAR
        below = reach if is_told else NEAR  # of what is gone nothing tells which it was
        return [row for row in near if -below <= row.at - sp <= reach][-1:]

    def since(self, left: Exit, sp: int) -> int:
        """Return the serial number of the last of the entries at `sp` that `left` may be the exit of; -1: none."""
        rows = [column.get(name, sp) for column in (self._live, self._doubted) for name in left.crossings]
        lost = [self._lost[name, sp][0] for name in left.crossings if (name, sp) in self._lost]
        return max((*(row.serial for row in rows if row is not None), *lost), default=-1)

    def same(self, entered: Entered) -> int:
        """Return the serial number of an entry like `entered`, with the same registers; -1: there is none."""
        row = self._live.get(entered.crossing, entered.at)
        return row.serial if row is not None and row.registers == entered.registers else -1

    def leave(self, entered: Entered) -> None:
        """Forget what was left."""
        self._take(entered.crossing, entered.at)
        for column in (self._live, self._doubted):
            for row in self._inside(column, entered, ON_C_STACKS):
                row.over = entered.at if row.over is None else min(row.over, entered.at)

    def hand_on(self, sp: int, thread: Hashable) -> None:
        """A signal's handler calls, at `sp`, one of C: that may change control bits, which the kernel puts back."""
        rows = self._live.between(sp + 1, sp + HANDLER_FRAMES, thread, SIGNALS)
        innermost = min((row.at for row in rows), default=sp)
        for row in rows:
            if row.at == innermost:
                row.mixed, row.handed_on_at = True, sp

    def come_back(self, sp: int, thread: Hashable) -> None:
        """The handler of C that was called about `sp` has returned."""
        for row in self._live.between(sp - BETWEEN, sp + BETWEEN + HANDLER_FRAMES, thread, SIGNALS):
            if row.handed_on_at is not None and abs(row.handed_on_at - sp) < BETWEEN:
                row.handed_on_at = None

    def crossed(self, crossing: str, sp: int, thread: Hashable) -> None:
        """Something has been entered, or what was entered has been left: on a stack of C at `sp`.

        A goroutine that calls C may have left what was called before by a panic.
        """
        if thread is None or crossing in SIGNALS:
            return
        self._maybe.pop(thread, None)
        if crossing == SWITCH:
            self._deep.pop(thread, None)
        elif crossing != CALLBACK:
            self._deep[thread] = sp

    def doubt_below(self, crossings: Iterable[str], sp: int, thread: Hashable) -> None:
        """Doubt the entries below `sp`, where one of `crossings` has been entered or left.

        That need not be the stack on which the thread has crossed, deeper than these, if a signal's handler runs. A
        signal interrupts, and so ends nothing but other handlers.
        """
        gone = SIGNALS if set(SIGNALS).issuperset(crossings) else ON_C_STACKS
        reach = FAR if thread is None else STACK  # further down may be another thread's
        for row in self._live.between(sp - reach + 1, sp, thread, gone):
            self._doubt(row)
            if thread in self._deep and self._deep[thread] <= row.at:
                self._maybe.setdefault(thread, []).append((sp, row))
        while len(self._doubted) > LEFTOVERS:
            row = self._doubted.pop_first()
            self._lost[row.crossing, row.at] = row.serial, row.back
        while len(self._lost) > LOST:
            del self._lost[next(iter(self._lost))]

    def undoubt(self, sp: int, thread: Hashable) -> None:
        """A signal's handler, whose frame is at `sp`, has returned: what came by below that was of its own stack.

        What came by above was of a handler that it has interrupted.
        """
        maybe = self._maybe.pop(thread, [])
        outer = [(seen, row) for seen, row in maybe if seen > sp]
        if outer:
            self._maybe[thread] = outer
        for seen, row in maybe:
            key = row.crossing, row.at
            if 0 <= sp - seen < FAR and self._doubted.get(*key) is row and self._live.get(*key) is None:
                self._doubted.pop(*key)
                self._put(row)

    def drop(self, crossing: str) -> None:
        """Forget the entries of `crossing`."""
        for row in self.of(crossing):
            self._take(crossing, row.at)

    def _put(self, row: Entered) -> None:
        self._live.add(row)
        if row.crossing in INTO_GO and not row.mixed:
            self._pure.add(row)

    def _take(self, crossing: str, at: int) -> Entered | None:
        self._pure.pop(crossing, at)
        return self._live.pop(crossing, at)

    def _doubt(self, row: Entered) -> None:
        self._take(row.crossing, row.at)
        self._doubted.add(row)

    def _is_doubted(self, left: Exit, pc: int, sp: int) -> bool:
        """Whether what is left at `pc` may be an entry that is in doubt, which is forgotten then."""
        for crossing in left.crossings:
            row = self._doubted.get(crossing, sp)
            if row is not None and row.back in (None, pc):
                self._doubted.pop(crossing, sp)
                return True
            if (crossing, sp) in self._lost and self._lost[crossing, sp][1] in (None, pc):
                del self._lost[crossing, sp]
                return True
        return False

    def _is_stale(self, row: Entered) -> bool:
        """Whether `row` is left over: what it called itself has not been left, or, on its thread, C is called anew.

        What is called anew, which need not be watched, begins at the same place. Of a signal's nothing tells but that
        C's handler has not come back.
        """
        if row.crossing in SIGNALS:
            return row.handed_on_at is not None
        if row.crossing == INTO_C:
            inside = (other for column in (self._live, self._doubted) for other in self._inside(column, row, INTO_GO))
            if not all(other.over is not None and other.over < row.at for other in inside):
                return True
        within = {INTO_C: SWITCH, INTO_GO[0]: CALLBACK}.get(row.crossing)
        newest = self._on_go.newest(within, row.thread) if within and row.thread is not None else None
        return newest is not None and newest.serial > row.serial

    def _abandon(self, row: Entered) -> None:
        """Doubt what `row`, which was not left, was called by, and what it has called: something else is there now."""
        gone = self._inside(self._live, row, ON_C_STACKS)
        if row.crossing in INTO_GO:
            above = self._live.between(row.at + 1, row.at + _reach(row.thread), row.thread, (INTO_C,))
            nearest = min(above, key=lambda other: other.at, default=row)
            gone += [nearest] if nearest.serial < row.serial else []  # else its own caller is gone already
        for other in gone:
            self._doubt(other)

    @staticmethod
    def _inside(column: Column, outer: Entered, crossings: Iterable[str]) -> list[Entered]:
        """Return what was entered after `outer`, below it on the same stack, as far as that can be told."""
        rows = column.between(outer.at - _reach(outer.thread) + 1, outer.at, outer.thread, crossings)
        return [row for row in rows if row.serial > outer.serial]
