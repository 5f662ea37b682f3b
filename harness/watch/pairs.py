"""Which entry an exit belongs to.

On stacks of C the stack pointer tells, which also tells threads apart: stacks of threads do not overlap, and they stay.
A goroutine's stack moves, and what was its memory is another's then. But a goroutine that is in C, or in Go that C has
called, stays on one thread (runtime/cgocall.go: it is in a system call, then locked to it), where crossings nest.

An entry whose exit does not come (a panic, a longjmp, a thread that ended) says nothing. Such leftovers are nobody's
fault: where one can be taken for the entry that is meant, nothing is held.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping

from harness.registers import THREAD, RegisterTable
from harness.watch import promises
from harness.watch.entries import Entered, Rows, serial
from harness.watch.sites import CALLBACK, INTO_C, INTO_GO, KERNEL, SIGNALS, SWITCH, Exit

ON_GO_STACKS = (SWITCH, CALLBACK)
STACK = 8 << 20  # bytes below a stack pointer that are the same stack's, as a rule, if they are the same thread's
WITHIN = 1 << 20  # the same where the thread is not known: the next one's stack has as much
NEAR = 64  # bytes by which a stack pointer can be wrong and still be told to belong to an entry
FAR = 1 << 16  # the same where the exit is that of nothing else
HANDLER_FRAMES = 1 << 13  # bytes that Go's own signal handling takes before it calls C's; their stacks have 32 KiB
SMALLEST = 2048  # bytes of Go's smallest stack: one that moves does so by a multiple
BETWEEN = 256  # bytes between asmcgocall's frame and that of the cgocallbackg that C called; less than a stack's guard
MOST = 1 << 13  # entries that are kept, and exits
OUTERMOST = 1 << 10  # of entries, the oldest that are not the first to go: they may well be left some day
LEFTOVERS = 1 << 10


def _is_within(row: Entered, outer: Entered) -> bool:
    """Whether `row` was entered after `outer`, below it on the same stack of C, as far as that can be told."""
    reach = WITHIN if row.thread is None else STACK
    return row.serial > outer.serial and row.thread == outer.thread and outer.at - reach < row.at < outer.at


class Pairs:
    """Holds entries until they are left."""

    def __init__(self, table: RegisterTable) -> None:
        self._table = table
        self._popped = 0 if table.link else table.word  # what a return takes off the stack
        self._frame = promises.FRAME_POINTER.get(table.arch, "")
        self._register = table.of_role(THREAD)
        self._on_c: dict[tuple[str, int], Entered] = {}
        self._doubted: dict[tuple[str, int], Entered] = {}  # whose frame is gone, unless it is on another stack
        self._lost: dict[tuple[str, int], int | None] = {}  # more of these: where they return to
        self._deep: dict[Hashable, int] = {}  # the stack pointer of C, by thread, when it crossed last
        self._maybe: dict[Hashable, list[tuple[int, Entered]]] = {}  # doubted by thread, with the stack pointer of why
        self.unheld = 0  # exits of such entries
        self._on_go = {crossing: Rows() for crossing in ON_GO_STACKS}
        self._waiting: dict[int, Entered] = {}  # calls of asmcgocall that have not entered C, by serial number
        self._left: dict[tuple[int, int], tuple[int, Mapping[str, int]]] = {}  # with the serial number that was next

    def thread(self, registers: Mapping[str, int]) -> Hashable:
        """Return what tells the thread of `registers` from others; None: nothing there does."""
        return registers.get(self._register)

    def of(self, *crossings: str, thread: Hashable = None) -> Iterator[Entered]:
        """Yield the entries of `crossings`, the oldest of each first: all, or those of `thread`."""
        for crossing in crossings:
            if crossing in ON_GO_STACKS:
                yield from self._on_go[crossing].of(thread, None)
            else:
                rows = (row for row in self._on_c.values() if row.crossing == crossing)
                yield from (row for row in rows if thread is None or row.thread == thread)

    def above(self, crossing: str, sp: int, reach: int, thread: Hashable) -> list[Entered]:
        """Return the entries of `crossing` less than `reach` bytes above `sp`, or there, on stacks of goroutines."""
        rows = self._on_go[crossing].at(*range(sp, sp + reach, self._table.word))
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
        if entered.crossing not in ON_GO_STACKS:
            key = entered.crossing, entered.at
            before = self._on_c.pop(key, None) or self._doubted.pop(key, None)
            if before is not None:
                self._abandon(before)
            self._doubted.pop(key, None)
            self._lost.pop(key, None)
            self._on_c[key] = entered
            return
        rows = self._on_go[entered.crossing]
        for row in rows.at(entered.at):
            if self._same_frame(row, entered) and self._is_of(row, entered.thread, entered.g):
                self._remove(row)
        rows.add(entered)
        if entered.crossing == SWITCH:
            self._waiting[entered.serial] = entered
        if len(rows) > MOST:
            self._remove(next(itertools.islice(rows, OUTERMOST, None)))
            self.unheld += 1

    def _remove(self, row: Entered) -> None:
        self._on_go[row.crossing].remove(row)
        self._waiting.pop(row.serial, None)

    def tell(self, entered: Entered) -> None:
        """Take in which goroutine it is, of what a wrapper has called whose own entry need not hold that."""
        rows = self._on_go[entered.crossing]
        newest = next(reversed(rows.of_thread(entered.thread).values()), None)
        if newest is not None and 0 <= newest.at - entered.at < BETWEEN:
            rows.change(newest, g=entered.g)

    def left(self, left: Exit, pc: int, sp: int, registers: Mapping[str, int], thread: Hashable) -> list[Entered]:
        """Return the entries that are left at `pc` with the stack pointer `sp`, which has then to be told to `leave`.

        QEMU logs a block again that a signal kept from running: by another sight of it nothing older is left.
        """
        if left.crossings[0] in ON_GO_STACKS:
            found = self._left_on_go(left, pc, sp, registers, thread)
        else:
            found = self._left_on_c(left, pc, sp, thread)
        if found and (pc, sp) in self._left:
            since, last = self._left[pc, sp]
            if found[0].serial < since and last == registers:
                return []
        return found

    def _left_on_c(self, left: Exit, pc: int, sp: int, thread: Hashable) -> list[Entered]:
        """Return one entry, or two where the first has jumped to the second."""
        keys = [(crossing, sp) for crossing in left.crossings]
        exact = [row for row in map(self._on_c.get, keys) if row is not None and row.back in (None, pc)]
        if exact:
            if not self._is_stale(exact[0]):
                return exact if exact[0].crossing in SIGNALS else exact[:1]
            self._doubted[exact[0].crossing, sp] = self._on_c.pop((exact[0].crossing, sp))
        for key in keys:
            if key in self._doubted and self._doubted[key].back in (None, pc):
                del self._doubted[key]
            elif key in self._lost and self._lost[key] in (None, pc):
                del self._lost[key]
            else:
                continue
            self.unheld += 1
            self._maybe.pop(thread, None)  # a handler that seemed to end it has been left, if there was one
            self._deep.pop(thread, None)
            return []
        rows = [row for row in self.of(*left.crossings, thread=thread) if row.back in (None, pc)]
        rows = [row for row in rows if row.handed_on_at is None]
        is_told = any(row.back is not None for row in rows)
        is_off = (sp + self._popped) % self._table.stack_alignment  # which no call of C leaves behind
        if left.crossings == (INTO_C,) or not (left.sure or left.name == KERNEL or is_told or is_off):
            return []  # it may be that of another call
        reach = FAR if left.sure else NEAR
        below = reach if is_told else NEAR  # of what is gone nothing tells which it was
        near = [row for row in rows if -below <= row.at - sp <= reach]
        return sorted(near, key=lambda row: row.serial)[-1:]

    def _is_stale(self, row: Entered) -> bool:
        """Whether `row` is left over: what it called itself has not been left, or, on its thread, C is called anew.

        What is called anew, which need not be watched, begins at the same place. Of a signal's nothing tells but that
        C's handler has not come back.
        """
        if row.crossing in SIGNALS:
            return row.handed_on_at is not None
        if row.crossing == INTO_C:
            inside = itertools.chain(self.of(*INTO_GO, thread=row.thread), self._doubted.values())
            if any(other.crossing in INTO_GO and not other.is_over and _is_within(other, row) for other in inside):
                return True
        within = {INTO_C: SWITCH, INTO_GO[0]: CALLBACK}.get(row.crossing)
        if within is None or row.thread is None:
            return False
        return next(reversed(self._on_go[within].of_thread(row.thread)), 0) > row.serial

    def _abandon(self, row: Entered) -> None:
        """Doubt what `row`, which was not left, was called by, and what it has called: something else is there now."""
        below = [key for key, other in self._on_c.items() if _is_within(other, row)]
        callers = [other for other in self.of(INTO_C, thread=row.thread) if _is_within(row, other)]
        if row.crossing in INTO_GO and callers:
            caller = max(callers, key=lambda other: other.serial)
            below.append((caller.crossing, caller.at))
        for key in below:
            self._doubted[key] = self._on_c.pop(key)

    def _left_on_go(
        self, left: Exit, pc: int, sp: int, registers: Mapping[str, int], thread: Hashable
    ) -> list[Entered]:
        """Return the entry that is left.

        Where something is wrong with what would be it (its frame pointer, its goroutine, where it is), it has to be the
        innermost: of others that have not been left nothing tells whether they still are there.
        """
        g = registers.get(self._table.g)
        rows = self._on_go[left.crossings[0]]
        ours = [row for row in reversed(rows.of(thread, g)) if row.back in (None, pc)]
        exact = [row for row in ours if row.at == sp]
        fitting = [row for row in ours if not (sp - row.at) % SMALLEST]
        for row in itertools.chain(ours[:1], exact, fitting):
            if row in fitting and self.keeps_frame(row, sp, registers):
                return [row]
        # What tells a thread, or a goroutine, has changed.
        others = [row for row in reversed(rows.at(sp)) if row.back in (None, pc)]
        alone = ours if len(ours) == 1 else []
        found = next(itertools.chain(exact, fitting, others, alone), None)
        return [found] if found is not None and not any(self._newer(found)) else []

    def leave(self, entered: Entered, pc: int, sp: int, registers: Mapping[str, int]) -> None:
        """Forget what was left with the stack pointer `sp`: what is newer is gone, what is older has moved too."""
        self._left[pc, sp] = serial(), registers
        if len(self._left) > MOST:
            del self._left[next(iter(self._left))]
        if entered.crossing not in ON_GO_STACKS:
            del self._on_c[entered.crossing, entered.at]
            for row in itertools.chain(self._on_c.values(), self._doubted.values()):
                row.is_over = row.is_over or _is_within(row, entered)
            return
        for row in list(self._newer(entered)):
            self._remove(row)
        self._remove(entered)
        moved = sp - entered.at
        if moved and not moved % SMALLEST:
            for rows in self._on_go.values():
                for row in rows.of(entered.thread, entered.g):
                    rows.change(row, at=row.at + moved)

    def keeps_frame(self, row: Entered, sp: int, registers: Mapping[str, int]) -> bool:
        """Whether the frame pointer is what it was at the entry; where it points into the stack it moves with that."""
        if not self._frame:
            return True
        before = row.registers[self._frame]
        return registers[self._frame] in (before, before + sp - row.registers[self._table.sp])

    def hand_on(self, sp: int, thread: Hashable) -> None:
        """A signal's handler calls, at `sp`, one of C: that may change control bits, which the kernel puts back."""
        rows = [row for row in self.of(*SIGNALS, thread=thread) if sp < row.at < sp + HANDLER_FRAMES]
        innermost = min((row.at for row in rows), default=sp)
        for row in rows:
            if row.at == innermost:
                row.mixed, row.handed_on_at = True, sp

    def come_back(self, sp: int, thread: Hashable) -> None:
        """The handler of C that was called about `sp` has returned."""
        for row in self.of(*SIGNALS, thread=thread):
            if row.handed_on_at is not None and abs(row.handed_on_at - sp) < BETWEEN:
                row.handed_on_at = None

    def drop(self, crossing: str) -> None:
        """Forget the entries of `crossing`."""
        if crossing in ON_GO_STACKS:
            self._on_go[crossing].clear()
        if crossing == SWITCH:
            self._waiting.clear()
        for key in [key for key in self._on_c if key[0] == crossing]:
            del self._on_c[key]

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
            if 0 <= sp - seen < FAR and self._doubted.get(key) is row and key not in self._on_c:
                self._on_c[key] = self._doubted.pop(key)

    def doubt_below(self, crossings: Iterable[str], sp: int, thread: Hashable) -> None:
        """Doubt the entries below `sp` on a stack of C, where one of `crossings` has been entered or left.

        That need not be the stack on which the thread has crossed, deeper than these, if a signal's handler runs.
        """
        is_signal = set(SIGNALS).issuperset(crossings)  # which interrupts, and so ends nothing
        reach = FAR if thread is None else STACK  # further down may be another thread's
        for key, row in list(self._on_c.items()):
            if sp - reach < row.at < sp and row.thread == thread and not (is_signal and row.crossing not in SIGNALS):
                self._doubted[key] = self._on_c.pop(key)
                if thread in self._deep and self._deep[thread] <= row.at:
                    self._maybe.setdefault(thread, []).append((sp, row))
        while len(self._doubted) > LEFTOVERS:
            key = next(iter(self._doubted))
            self._lost[key] = self._doubted.pop(key).back
        while len(self._lost) > MOST:
            del self._lost[next(iter(self._lost))]

    def _newer(self, entered: Entered) -> Iterator[Entered]:
        """Yield what was entered after `entered` on its thread, or by its goroutine, on stacks of Go; in no order."""
        for rows in self._on_go.values():
            yield from itertools.takewhile(lambda row: row.serial > entered.serial, rows.beside(entered))

    @staticmethod
    def _is_of(row: Entered, thread: Hashable, g: int | None) -> bool:
        """Whether `row` is of `thread` and of the goroutine `g`, as far as these are known."""
        return (thread is None or row.thread == thread) and (g is None or row.g is None or row.g == g)

    def _same_frame(self, row: Entered, other: Entered) -> bool:
        return not self._frame or row.registers[self._frame] == other.registers[self._frame]
