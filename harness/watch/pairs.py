"""Which entry an exit belongs to.

On stacks of C the stack pointer tells, which also tells threads apart: stacks of threads do not overlap, and they stay.
A goroutine's stack moves, and what was its memory is another's then. But a goroutine that is in C, or in Go that C has
called, stays on one thread (runtime/cgocall.go: it is in a system call, then locked to it), where crossings nest.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field

from harness.registers import THREAD, RegisterTable
from harness.watch import promises
from harness.watch.sites import CALLBACK, INTO_C, KERNEL, SIGNALS, SWITCH, Exit

ON_GO_STACKS = (SWITCH, CALLBACK)
STACK = 1 << 20  # bytes below a stack pointer that are surely the same stack's
NEAR = 64  # bytes by which a stack pointer can be wrong and still be told to belong to an entry
FAR = 1 << 16  # the same where the exit is that of nothing else
SMALLEST = 2048  # bytes of Go's smallest stack: one that moves does so by a multiple
BETWEEN = 256  # bytes between asmcgocall's frame and that of the cgocallbackg that C called; less than a stack's guard
MOST = 1024  # entries of one crossing that are kept, and exits
_serial = itertools.count()


@dataclass(eq=False)
class Entered:
    """`back` is where it returns to; None where the stack, which the log does not show, holds that.

    `thread` is None where that is not known. `at` is where the stack pointer of the entry is now, as far as that is
    known. `mixed`: C that is not the runtime's ran inside it, which may change control bits. `inner` is the stack
    pointer of the C function that this call of asmcgocall entered, None as long as that cannot be told.
    """

    crossing: str
    name: str
    hit: int
    registers: Mapping[str, int]
    back: int | None
    thread: Hashable
    at: int
    mixed: bool = False
    inner: int | None = None
    serial: int = field(default_factory=lambda: next(_serial))


class Pairs:
    """Holds entries until they are left. One whose exit does not come (a panic, a thread that ended) says nothing."""

    def __init__(self, table: RegisterTable) -> None:
        self._table = table
        self._popped = 0 if table.link else table.word  # what a return takes off the stack
        self._frame = promises.FRAME_POINTER.get(table.arch, "")
        self._register = table.of_role(THREAD)
        self._rows: dict[str, list[Entered]] = {}
        self._left: dict[tuple[int, int], tuple[int, Mapping[str, int]]] = {}  # with the serial number that was next

    def thread(self, registers: Mapping[str, int]) -> Hashable:
        """Return what tells the thread of `registers` from others; None: nothing there does."""
        return registers.get(self._register)

    def of(self, *crossings: str, thread: Hashable = None) -> Iterator[Entered]:
        """Yield the entries of `crossings`, the oldest of each first: all, or those of `thread`."""
        rows = itertools.chain.from_iterable(self._rows.get(crossing, ()) for crossing in crossings)
        return rows if thread is None else (row for row in rows if row.thread == thread)

    def callers(self, entered: Entered, *, wrapped: bool) -> Iterator[Entered]:
        """Yield the calls of C on whose stack `entered`, a callback, is entered; `wrapped`: its wrapper was before."""
        for row in self.of(SWITCH, thread=entered.thread):
            newer = [other for other in self._alike(row) if other.serial > row.serial]
            if 0 <= row.at - entered.at < BETWEEN and not newer[wrapped:]:
                yield row

    def enter(self, entered: Entered) -> None:
        """Take in an entry. One of the same crossing at the same place of the same stack is gone."""
        rows = self._rows.setdefault(entered.crossing, [])
        on_go = entered.crossing in ON_GO_STACKS
        for row in [row for row in rows if row.at == entered.at]:
            if not on_go or (self._is_of(row, entered.thread, entered.registers) and self._same_frame(row, entered)):
                rows.remove(row)
        rows.append(entered)
        if len(rows) > MOST:
            del rows[0]

    def left(self, left: Exit, pc: int, sp: int, registers: Mapping[str, int], thread: Hashable) -> list[Entered]:
        """Return the entries that are left at `pc` with the stack pointer `sp`, which has then to be told to `leave`.

        QEMU logs a block again that a signal kept from running: there an outer one is not left, by another sight of it.
        """
        found = self._found(left, pc, sp, registers, thread)
        if found and found[0].at != sp and (pc, sp) in self._left:
            serial, last = self._left[pc, sp]
            if found[0].serial < serial and last == registers:
                return []
        return found

    def _found(self, left: Exit, pc: int, sp: int, registers: Mapping[str, int], thread: Hashable) -> list[Entered]:
        """Return one entry, or two where the first has jumped to the second."""
        rows = [row for row in self.of(*left.crossings) if row.back in (None, pc)]
        if left.crossings[0] in ON_GO_STACKS:
            return self._on_go_stack(rows[::-1], sp, registers, thread)
        exact = [row for row in rows if row.at == sp]
        if exact:
            return exact if exact[0].crossing in SIGNALS else exact[:1]
        is_told = any(row.back is not None for row in rows)
        is_off = (sp + self._popped) % self._table.stack_alignment  # which no call of C leaves behind
        if left.crossings == (INTO_C,) or not (left.sure or left.name == KERNEL or is_told or is_off):
            return []  # it may be that of another call
        reach = FAR if left.sure else NEAR
        below = reach if is_told else NEAR  # of what is gone nothing tells which it was
        near = [row for row in rows if -below <= row.at - sp <= reach]
        return sorted(near, key=lambda row: abs(row.at - sp))[:1]

    def _on_go_stack(
        self, rows: list[Entered], sp: int, registers: Mapping[str, int], thread: Hashable
    ) -> list[Entered]:
        """Return the one of `rows`, the newest first, that is left."""
        ours = [row for row in rows if self._is_of(row, thread, registers)]
        exact = [row for row in ours if row.at == sp]
        moved = [row for row in ours if not (sp - row.at) % SMALLEST]
        framed = [row for row in moved if self.keeps_frame(row, sp, registers)]
        if exact or framed:
            return (exact or framed)[:1]
        if moved:  # more than one: panics have left some, and which cannot be told
            return moved if len(moved) == 1 else []
        others = [row for row in rows if row.at == sp]  # what tells a thread, or a goroutine, has changed
        return others[:1] or [row for row in ours if len(ours) == 1 and row is self._alike(row)[-1]]

    def leave(self, entered: Entered, pc: int, sp: int, registers: Mapping[str, int]) -> None:
        """Forget what was left with the stack pointer `sp`: what is newer is gone, what is older has moved too."""
        self._left[pc, sp] = next(_serial), registers
        if len(self._left) > MOST:
            del self._left[next(iter(self._left))]
        self._rows[entered.crossing].remove(entered)
        if entered.crossing not in ON_GO_STACKS:
            return
        moved = sp - entered.at
        for row in self._alike(entered):
            if row.serial > entered.serial:
                self._rows[row.crossing].remove(row)
            elif not moved % SMALLEST:
                row.at += moved

    def keeps_frame(self, row: Entered, sp: int, registers: Mapping[str, int]) -> bool:
        """Whether the frame pointer is what it was at the entry; where it points into the stack it moves with that."""
        if not self._frame:
            return True
        before = row.registers[self._frame]
        return registers[self._frame] in (before, before + sp - row.registers[self._table.sp])

    def drop(self, keep: Callable[[Entered], bool]) -> None:
        """Forget all but what `keep` says."""
        self._rows = {crossing: list(filter(keep, rows)) for crossing, rows in self._rows.items()}

    def forget_below(self, sp: int) -> None:
        """Forget what C's stack had below `sp`: these frames are gone, and registers do not tell where they return."""
        self.drop(lambda row: row.crossing in ON_GO_STACKS or not sp - STACK < row.at < sp)

    def _alike(self, entered: Entered) -> list[Entered]:
        """Return the entries of the thread, or goroutine, of `entered`, the oldest first."""
        rows = (row for row in self.of(*ON_GO_STACKS) if self._is_of(row, entered.thread, entered.registers))
        return sorted(rows, key=lambda row: row.serial)

    def _is_of(self, row: Entered, thread: Hashable, registers: Mapping[str, int]) -> bool:
        """Whether `row` is of `thread`, or, where that is not known, of the goroutine that is in `registers`."""
        if thread is not None:
            return row.thread == thread
        return not self._table.g or row.registers[self._table.g] == registers[self._table.g]

    def _same_frame(self, row: Entered, other: Entered) -> bool:
        return not self._frame or row.registers[self._frame] == other.registers[self._frame]
