"""Legal histories of programs in which C and Go call each other, made by chance: the records that a log would have.

Threads run side by side. C switches stacks, and calls what is not watched, by pointers too. Goroutines' stacks grow,
move and become others' memory; panics leave C; signals come between any two records, and have the block that they kept
from running logged again. Nothing in them breaks a promise.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.registers import THREAD, RegisterTable
from harness.watch import promises
from harness.watch.sites import CALLBACK, INTO_C, INTO_GO, KERNEL, SIGNALS, SWITCH, Exit, Site, Sites

CROSS, STARTS, FIRST_C, SECOND_C, SWITCHES, CALLS_BACK, HANDLES = range(0x1000, 0x1700, 0x100)
BY_NAME, GO_BY_POINTER, BY_POINTER, FROM_C, FROM_SWITCH, FROM_CALLBACK, ENDS, RETURNS = range(0x2000, 0x2800, 0x100)
SITES = Sites(
    {
        CROSS: Site(INTO_GO[0], INTO_GO[0]),
        STARTS: Site(INTO_GO[1], INTO_GO[1]),
        FIRST_C: Site(INTO_C, "first"),
        SECOND_C: Site(INTO_C, "second"),
        SWITCHES: Site(SWITCH, "runtime.asmcgocall.abi0"),
        CALLS_BACK: Site(CALLBACK, "runtime.cgocallbackg.abi0"),
        HANDLES: Site(SIGNALS[0], SIGNALS[0]),
    },
    {
        BY_NAME: Exit((INTO_GO[0],), "caller+0x10", sure=True),
        GO_BY_POINTER: Exit((*INTO_GO, *SIGNALS), "other+0x8"),
        BY_POINTER: Exit((*INTO_GO, *SIGNALS), "caller+0x20"),
        FROM_C: Exit((INTO_C,), "runtime.asmcgocall.abi0+0x10"),
        FROM_SWITCH: Exit((SWITCH,), "runtime.cgocall+0x10", sure=True),
        FROM_CALLBACK: Exit((CALLBACK,), "runtime.cgocallback.abi0+0x10", sure=True),
        ENDS: Exit((INTO_GO[1],), "threadentry+0x10", sure=True),
        RETURNS: Exit(SIGNALS, KERNEL),
    },
)
BEGINS = 0x140  # bytes below crosscall2's stack pointer at which C begins then
NARROW, WIDE = 0x4000, 0x18000  # bytes from one thread's stack to the next one's: without coroutines, and with them
BLOCKS = (-0x8000, 0x4000, 0x8000, 0x900000)  # upper ends of coroutines' stacks, from that of a thread's own
DEPTH = 5

Record = tuple[int, dict[str, int]]


class Panic(Exception):
    """Is recovered by the frame of Go that has its number; 0: by none, the goroutine ends."""


@dataclass
class Goroutine:
    """`low` and `size` say where its stack is, `used` how many bytes of it, from its upper end, are taken."""

    g: int
    low: int
    size: int
    used: int = 0

    @property
    def sp(self) -> int:
        return self.low + self.size - self.used


@dataclass
class Machine:
    """One thread: where its stack of C is, and where C begins on it the next time."""

    number: int
    top: int
    begins: int
    signals: int
    kept: dict[str, int] = field(default_factory=dict)
    taken: list[int] = field(default_factory=list)


class History:
    """Makes records by `dice`; `true` counts the exits, by crossing, whose entry was logged too."""

    def __init__(self, table: RegisterTable, dice: random.Random, *, tells_threads: bool, apart: int = NARROW) -> None:
        self.table, self.dice, self.apart = table, dice, apart
        self.true: Counter[str] = Counter()
        self.popped = 0 if table.link else table.word
        self._free = [0xC000100000 % (1 << 8 * table.word - 1) + 2048 * number for number in range(40)]
        self._goroutines = [self._free[0] - 0x4000 + 0x200 * number for number in range(8)]
        self._kept = [row.name for row in table.preserved if row.name != table.sp]
        self._frame = promises.FRAME_POINTER.get(table.arch, "")
        self._zero = promises.ZERO_IN_GO.get(table.arch, "")
        self._thread = table.of_role(THREAD) if tells_threads else ""
        self._levels = 0

    def records(self, threads: int, calls: int) -> Iterator[Record]:
        """Yield those of some threads, each of which runs `calls` goroutines, one after another."""
        machines = [self._machine(number) for number in range(threads)]
        running = {machine.number: self._life(machine, calls) for machine in machines}
        while running:
            number = self.dice.choice(list(running))
            try:
                record = next(running[number])
            except StopIteration:
                del running[number]
                continue
            yield record
            if self.dice.randrange(8) == 0:
                yield from self._signal(machines[number], record)
                yield record

    def _machine(self, number: int) -> Machine:
        top = 0x70000000 + self.apart * number
        return Machine(number, top, top - 0x400 - BEGINS, top + self.apart // 2)

    def _life(self, machine: Machine, calls: int) -> Iterator[Record]:
        if machine.number:  # started for the runtime
            sp = machine.begins + BEGINS - self.popped
            yield self._in_c(machine, STARTS, ENDS, sp, self._scratch())
        for _ in range(calls):
            is_c_s = self.dice.randrange(3) == 0
            g = self._goroutines.pop(self.dice.randrange(len(self._goroutines)))
            goroutine, begins = Goroutine(g, self._take(1), 2048), machine.begins
            try:
                if is_c_s:  # a thread of C's calls Go by itself
                    sp = machine.top - 0x800 - 16 * self.dice.randrange(8) - self.popped
                    yield from self._cross(machine, goroutine, sp, 0, may_panic=False)
                else:
                    yield from self._go(machine, goroutine, 0)
            except Panic:
                machine.begins = begins
            self._give(goroutine)
            self._goroutines.append(g)

    def _go(self, machine: Machine, goroutine: Goroutine, depth: int) -> Iterator[Record]:
        """A function of Go runs: what it does."""
        self._levels += 1
        number, used, begins = self._levels, goroutine.used, machine.begins
        for _ in range(self.dice.randrange(1, 4)):
            goroutine.used = used + 16 * self.dice.randrange(2, 20)
            if goroutine.used + 600 > goroutine.size or self.dice.randrange(6) == 0:
                self._grow(goroutine)
            does = self.dice.randrange(12)
            if does == 0 and depth:
                raise Panic(self.dice.choice((0, *range(max(0, number - 4), number + 1))))
            if does < 9 and depth < DEPTH:
                try:
                    yield from self._switch(machine, goroutine, depth)
                except Panic as panic:
                    if panic.args != (number,) and self.dice.randrange(3):
                        raise
                    machine.begins = begins
        goroutine.used = used

    def _switch(self, machine: Machine, goroutine: Goroutine, depth: int) -> Iterator[Record]:
        """asmcgocall, C, and back."""
        goroutine.used += 0x40
        used, frame = goroutine.used, 0x20
        kept = self._scratch()
        yield self._in_go(machine, goroutine, SWITCHES, FROM_SWITCH, goroutine.sp, goroutine.sp + frame, kept)
        sp = machine.begins - self.popped
        is_watched = self.dice.randrange(5) > 0
        machine.kept = self._scratch()
        if is_watched:
            entry = self.dice.choice((FIRST_C, SECOND_C))
            yield self._in_c(machine, entry, FROM_C, sp, machine.kept)
        before = dict(machine.kept)
        yield from self._c(machine, goroutine, sp, depth)
        yield self._in_c(machine, FROM_C, 0, sp + self.popped, before)
        self.true[INTO_C] += is_watched
        goroutine.used = used
        sp = goroutine.sp
        yield self._in_go(machine, goroutine, FROM_SWITCH, 0, sp + self.popped, sp + frame, self._scratch())
        self.true[SWITCH] += 1
        goroutine.used -= 0x40

    def _c(
        self, machine: Machine, goroutine: Goroutine, sp: int, depth: int, *, may_panic: bool = True
    ) -> Iterator[Record]:
        """A function of C runs, on the frame below `sp`.

        A panic out of a coroutine leaves nothing that tells, where threads are not told apart (docs/watch.md).
        """
        blocks = [block for block in BLOCKS if block not in machine.taken and self.apart >= WIDE]
        if blocks and self.dice.randrange(8) == 0:  # C goes on in a coroutine, whose stack is one of these
            machine.taken.append(self.dice.choice(blocks))
            try:
                sp = machine.top + machine.taken[-1] - self.popped
                yield from self._c(machine, goroutine, sp, depth, may_panic=bool(self._thread) and may_panic)
            finally:
                machine.taken.pop()
            return
        frame = sp - 16 * self.dice.randrange(1, 6) + self.popped
        for _ in range(self.dice.randrange(3)):
            if self.dice.randrange(3) == 0:
                yield self._in_c(machine, BY_POINTER, 0, frame, self._scratch())  # what it called is not watched
            else:
                yield from self._cross(machine, goroutine, frame - self.popped, depth + 1, may_panic=may_panic)

    def _cross(
        self, machine: Machine, goroutine: Goroutine, sp: int, depth: int, *, may_panic: bool = True
    ) -> Iterator[Record]:
        """crosscall2, a callback, and back."""
        left = self.dice.choice((BY_NAME, GO_BY_POINTER))
        kept, begins, used = self._scratch(), machine.begins, goroutine.used
        yield self._in_c(machine, CROSS, left, sp, kept)
        machine.begins = sp - BEGINS - (sp - BEGINS) % 16
        goroutine.used += 0x60
        place, frame = goroutine.used, goroutine.sp + 0x30
        yield self._in_go(machine, goroutine, CALLS_BACK, FROM_CALLBACK, goroutine.sp, frame, self._scratch())
        try:
            yield from self._go(machine, goroutine, depth if may_panic else DEPTH)
        except Panic:
            if may_panic:
                raise
        goroutine.used = place
        at = goroutine.sp
        yield self._in_go(machine, goroutine, FROM_CALLBACK, 0, at + self.popped, at + 0x30, self._scratch())
        self.true[CALLBACK] += 1
        goroutine.used, machine.begins = used, begins
        yield self._in_c(machine, left, 0, sp + self.popped, kept)
        self.true[INTO_GO[0]] += 1

    def _signal(self, machine: Machine, interrupted: Record) -> Iterator[Record]:
        """A handler of Go's, entered by the kernel, on the stack for signals."""
        _, registers = interrupted
        sp = machine.signals - 0x300 - self.popped
        link = {self.table.link: RETURNS} if self.table.link else {}
        yield HANDLES, {**registers, self.table.sp: sp, **link}
        yield RETURNS, {**registers, self.table.sp: sp + self.popped}

    def _in_go(
        self, machine: Machine, goroutine: Goroutine, pc: int, back: int, sp: int, frame: int, kept: dict[str, int]
    ) -> Record:
        registers = {**self._all(machine, kept), self.table.sp: sp, self.table.g: goroutine.g}
        if self._frame:
            registers[self._frame] = frame
        if self._zero:
            registers[self._zero] = 0
        return pc, self._with_link(registers, back)

    def _in_c(self, machine: Machine, pc: int, back: int, sp: int, kept: dict[str, int]) -> Record:
        return pc, self._with_link({**self._all(machine, kept), self.table.sp: sp}, back)

    def _with_link(self, registers: dict[str, int], back: int) -> dict[str, int]:
        return {**registers, self.table.link: back} if self.table.link and back else registers

    def _all(self, machine: Machine, kept: dict[str, int]) -> dict[str, int]:
        thread = {self._thread: 0x5000 + machine.number} if self._thread else {}
        logged = (row.name for row in self.table.rows if row.role != THREAD)
        return {**dict.fromkeys(logged, 1), **kept, **thread}

    def _scratch(self) -> dict[str, int]:
        """Return values for the registers that C preserves, often the same ones."""
        dice = self.dice if self.dice.randrange(2) else random.Random(1)
        return {name: dice.randrange(4) for name in self._kept}

    def _take(self, units: int) -> int:
        """Return the low end of `units` of Go's smallest stacks, side by side."""
        for low in sorted(self._free, key=lambda _: self.dice.random()):
            wanted = [low + 2048 * number for number in range(units)]
            if set(wanted) <= set(self._free):
                for each in wanted:
                    self._free.remove(each)
                return low
        return self._far(units)

    def _far(self, units: int) -> int:
        low = 0x30000000 + 2048 * self._levels * 64
        self._levels += 1
        return low - low % 2048 + 2048 * units

    def _give(self, goroutine: Goroutine) -> None:
        self._free += [goroutine.low + 2048 * number for number in range(goroutine.size // 2048)]

    def _grow(self, goroutine: Goroutine) -> None:
        """The stack becomes twice as large, or as large as before, elsewhere."""
        size = goroutine.size * (2 if goroutine.used + 600 > goroutine.size else 1)
        low = self._take(size // 2048)
        self._give(goroutine)
        goroutine.low, goroutine.size = low, size
