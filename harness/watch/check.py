"""Hold each crossing against the ABI's promise, from registers at its entry and its exit."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace

from harness.qemulog.records import Values
from harness.registers import THREAD, RegisterTable
from harness.watch import promises
from harness.watch.alarms import Alarm, Drifted, Misaligned, NoGoroutine, Unfit, WrongStack
from harness.watch.entries import Entered
from harness.watch.on_go import ON_GO_STACKS, SMALLEST
from harness.watch.pairs import Pairs
from harness.watch.promises import Promise
from harness.watch.sites import (
    CALLBACK,
    CGOCALL,
    FORWARD,
    HANDLER,
    INTO_C,
    INTO_GO,
    RUNTIME_S_C,
    SIGNALS,
    SWITCH,
    Exit,
    Site,
    Sites,
)
from harness.watch.stacks import FRAMES, OWN, UNTOLD, Begun, Stacks

MOST = 1000  # alarms of one run that are kept, of known ones half of that
ADDRESS = 56  # bits of an address of user space, at most (RISC-V's Sv57, x86's five levels)
HEAP = 35  # bits of an address that may differ between goroutines of one heap
REMEMBERED = 1 << 16  # goroutines, and entries of C
STACK = 8 << 20  # bytes of a thread's stack
EACH = 5  # of those, of one register in one crossing of one caller: one that comes always does not drown the others


_Promised = tuple[tuple[Promise, ...], tuple[str, ...]]  # with the names of the registers
_NOTHING: _Promised = ((), ())


def _named(rows: tuple[Promise, ...]) -> _Promised:
    return rows, tuple(promise.register for promise in rows)


def _same(before: Mapping[str, int], after: Mapping[str, int], names: tuple[str, ...]) -> bool:
    """Whether it is seen at a glance that the registers `names` are all the same, as they nearly always are."""
    return isinstance(before, Values) and isinstance(after, Values) and before.same(after, names)


def _function(entered: Entered) -> str:
    """Return the function of C that is entered, where it is not the crossing itself."""
    return entered.name if entered.crossing == INTO_C else ""


def _around(addresses: Iterable[int]) -> set[int]:
    """Return the parts of memory, of `HEAP` bits, that are near `addresses`."""
    return {(address >> HEAP) + by for address in addresses for by in (-1, 0, 1)}


class Checker:
    """Takes records in the order in which they happened, and holds each exit against its entry (see `Pairs`).

    `checked` counts the crossings that were seen at both ends, by kind; an entry whose exit was not seen (a thread that
    ended, a panic) says nothing. `total` counts all alarms, `known` those of which the function `known` says the id of
    a row.
    """

    def __init__(self, table: RegisterTable, sites: Sites, known: Callable[[Alarm], str] = lambda _: "") -> None:
        self.table, self.sites = table, sites
        self.alarms: list[Alarm] = []
        self.total = 0
        self.known: Counter[str] = Counter()
        self._known = known
        self._goroutines: set[int] = set()
        self._interrupted: dict[int, int] = {}  # what signal handlers had in g, and at which hit first
        self._kinds: Counter[tuple[str, str, str, str]] = Counter()
        self.checked: Counter[str] = Counter()
        self._hits: Counter[str] = Counter()
        self._pairs = Pairs(table)
        self._on_c, self._on_go = self._pairs.on_c, self._pairs.on_go
        self._thread = table.of_role(THREAD)
        self._popped = 0 if table.link else table.word  # what a return takes off the stack
        of_c, control = promises.of_c(table), promises.CONTROL.get(table.arch, ())
        self._of_c, self._of_go = _named(of_c), _named(promises.of_go(table))
        self._controlled = _named((*of_c, *control))
        self._zero = promises.ZERO_IN_GO.get(table.arch, "")
        self._frame = promises.FRAME_POINTER.get(table.arch, "")
        self._function = promises.FUNCTION.get(table.arch, "")
        self._without_g = promises.WITHOUT_G.get(table.arch, ())
        self._stacks: Stacks | None = Stacks()
        self._misaligned: set[int] = set()  # stack pointers at entries of C

    @property
    def wanted(self) -> frozenset[str]:
        """The registers that are looked at."""
        named = {*self._controlled[1], *self._of_go[1]}
        of_their_own = self.table.sp, self.table.link, self.table.g, self._zero, self._frame, self._thread
        return frozenset({*named, *of_their_own, self._function})

    def take(self, pc: int, registers: Mapping[str, int], back: int | None = None, thread: Hashable = None) -> None:
        """Take in the registers at one site. `back` is where an entry returns to, where the stack holds that.

        `thread` tells its thread from others; None: a register does, on some architectures.
        """
        sp = registers[self.table.sp]
        thread = registers.get(self._thread) if thread is None else thread
        left = self.sites.exits.get(pc)
        if left is not None:
            self._leave(left, pc, sp - self._popped, registers, thread)
        site = self.sites.entries.get(pc)
        if site is not None:
            self._enter(site, sp, registers, back, thread)

    @property
    def unheld(self) -> int:
        """How many exits were not held, because their entries might be left over from others that did not return."""
        return self._pairs.unheld

    def end(self) -> None:
        """Hold what had to wait for the end of the run: whether signal handlers had a goroutine in g, or zero.

        Goroutines are allocated from the heap, near each other, but for those that are variables.
        """
        static = {0, *itertools.chain.from_iterable(self.sites.static_g)}
        image, heap = _around(self.sites.entries), _around(self._goroutines - static)
        is_told = self.sites.static_g and image.isdisjoint(heap)
        for g, hit in self._interrupted.items():
            is_apart = is_told and (heap or g >> HEAP in image) and g >> HEAP not in heap
            if g not in static and (is_apart or g >> ADDRESS or g % self.table.word):
                rule = f"{promises.ABI_INTERNAL}: the current goroutine"
                self._add(NoGoroutine(self.table.g, HANDLER, HANDLER, hit, 0, g, rule))
        self._interrupted = {}

    def drop(self, crossing: str) -> None:
        """Forget the entries of `crossing`: neither its entries nor its exits are told any more."""
        if crossing == INTO_C:
            self._controlled = self._of_c  # where C runs, which may change control bits, is not seen then
        if crossing in (*INTO_GO, SWITCH):
            self._stacks = None
        self._pairs.drop(crossing)

    def _enter(self, site: Site, sp: int, registers: Mapping[str, int], back: int | None, thread: Hashable) -> None:
        if site.crossing == FORWARD:
            self._on_c.hand_on(sp, thread)
            return
        self._hits[site.name] += 1
        hit = self._hits[site.name]
        if self.table.link:
            back = registers[self.table.link] & ~self.table.isa_bit
        if site.crossing not in (*ON_GO_STACKS, HANDLER):
            self._on_c.doubt_below((site.crossing,), sp, thread)
        g = registers.get(self.table.g) if site.crossing == SWITCH or site.name not in self._without_g else None
        entered = Entered(site.crossing, site.name, hit, registers, back, thread, sp, g)
        if site.crossing in INTO_GO and self._stacks:
            self._stacks.enter_go(site.name, sp, thread)
        if site.crossing in INTO_GO:
            self._hold_aligned(entered)
        if site.crossing == INTO_C:
            self._enter_c(entered)
        if site.crossing in ON_GO_STACKS and self.table.g and len(self._goroutines) < REMEMBERED:
            self._goroutines.add(registers[self.table.g])
        if site.crossing in (CALLBACK, HANDLER):
            self._enter_go(entered)
            if self.table.g and site.name not in self._without_g:
                self._hold_g(entered, wrapped=site.wrapped)
        if site.crossing == HANDLER:
            return  # Go calls it: it is no crossing itself, and where it is left is not looked at
        self._on_c.crossed(site.crossing, sp, thread)
        if site.wrapped:
            self._on_go.tell(entered)
        elif self._is_paired(entered):
            self._pairs.enter(entered)

    def _is_paired(self, entered: Entered) -> bool:
        """Whether the exit of `entered` is one that is looked at, as far as is known where that is."""
        if entered.back is None:
            ends = entered.crossing == INTO_GO[0] and entered.registers.get(self._function) == 0
            return not ends  # the thread, which the C library has it do
        return entered.crossing in SIGNALS or entered.crossing in self._crossings(entered.back)

    def _enter_go(self, entered: Entered) -> None:
        """Hold the entry of a Go function against what has to be there."""
        crossing, name, hit, sp = entered.crossing, entered.name, entered.hit, entered.at
        above = [row.at for row in self._on_c.above(INTO_GO[0], sp, FRAMES, entered.thread)]
        if above and crossing == CALLBACK:
            rule = "Go code runs on a goroutine's stack (runtime/cgocall.go)"
            self._add(WrongStack(self.table.sp, crossing, name, hit, min(above), sp, rule))
        if not name.endswith(".abi0"):
            self._add_unless_zero(crossing, name, hit, entered.registers)

    def _hold_g(self, entered: Entered, *, wrapped: bool) -> None:
        """Hold g where a Go function is entered against whose stack that is, or keep it for `end`, of a signal."""
        g = entered.registers[self.table.g]
        if entered.crossing == HANDLER:
            if len(self._interrupted) < REMEMBERED and self.table.word == 8:
                self._interrupted.setdefault(g, entered.hit)
            return
        callers = {row.g for row in self._on_go.callers(entered, wrapped=wrapped) if row.g is not None}
        if callers and g not in callers:
            rule = f"{promises.ABI_INTERNAL}: the goroutine on whose stack it runs, which called C"
            self._add(Unfit(self.table.g, entered.crossing, entered.name, entered.hit, min(callers), g, rule))

    def _enter_c(self, entered: Entered) -> None:
        """Hold the entry of a C function against what has to be there."""
        crossing, name, hit, sp = entered.crossing, entered.name, entered.hit, entered.at
        begun = self._begun(entered)
        if self._hold_aligned(entered, begun.within) and len(self._misaligned) < REMEMBERED:
            self._misaligned.add(sp)
        if begun.expected is not None:
            rule = "asmcgocall runs C where cgocallback left the thread's stack, g0.sched.sp (runtime/asm_*.s)"
            self._add(Drifted(self.table.sp, crossing, name, hit, begun.expected, sp, rule))
        if not name.startswith(RUNTIME_S_C):
            self._on_c.run_c(sp, entered.thread)
        callers = self._on_go.waiting(entered.thread)
        if len({caller.g for caller in callers}) != 1:
            return  # which thread this is cannot be told
        caller = max(callers, key=lambda row: row.serial)
        self._on_go.begin(caller, sp)
        if caller.back is not None:
            self._hold_stack(caller, self.sites.exits[caller.back].name)

    def _hold_aligned(self, entered: Entered, within: str = "") -> int:
        """Hold the stack pointer against what the psABI says of it at a call; return by how much it is off (bytes).

        Where Go has called C with a misaligned stack, that was told then, and is so where this C calls Go.
        """
        off = (entered.at + self._popped) % self.table.stack_alignment
        by_go = off and entered.crossing in INTO_GO and any(0 <= at - entered.at < STACK for at in self._misaligned)
        if off and not by_go:
            rule = f"{self.table.stack_rule}: a multiple of {self.table.stack_alignment} at a call"
            row = (self.table.sp, entered.crossing, entered.name, entered.hit, entered.at, off, rule)
            self._add(Misaligned(*row, within=within))
        return off

    def _begun(self, entered: Entered) -> Begun:
        """Return where C begins on its thread's stack."""
        if self._stacks is None:
            return Begun(UNTOLD)
        switches = self._on_go.above(SWITCH, entered.at, OWN, entered.thread)
        begun = next((Stacks.on_its_own(SWITCH, row.at, entered.at) for row in switches), None)
        if begun is None and entered.name.startswith(RUNTIME_S_C):
            return Begun(UNTOLD)  # not all of these are called by asmcgocall
        is_only = len(self.sites.static_g) <= 1
        return begun or self._stacks.begin(entered.at, entered.thread, is_only=is_only)

    def _hold_stack(self, entered: Entered, caller: str) -> None:
        """Tell of a C function that ran on the stack of the goroutine that called it."""
        if entered.inner is not None and caller.startswith(f"{CGOCALL}+") and 0 <= entered.at - entered.inner < FRAMES:
            rule = "C runs on the thread's own stack (runtime/asm_*.s, asmcgocall)"
            self._add(WrongStack(self.table.sp, SWITCH, "a C function", entered.hit, entered.at, entered.inner, rule))

    def _leave(self, left: Exit, pc: int, sp: int, registers: Mapping[str, int], thread: Hashable) -> None:
        if left.crossings == (FORWARD,):
            self._on_c.come_back(sp, thread)
            return
        for entered in self._pairs.left(left, pc, sp, registers, thread):
            self._hold_call(entered, left, sp, registers)
            self._pairs.leave(entered, pc, sp, registers)
            if entered.crossing not in ON_GO_STACKS:
                self._on_c.crossed(entered.crossing, sp, thread)
        if left.crossings[0] not in ON_GO_STACKS:
            self._on_c.doubt_below(left.crossings, sp, thread)
        if set(left.crossings) <= set(SIGNALS):
            self._on_c.undoubt(sp, thread)

    def _hold_call(self, entered: Entered, left: Exit, sp: int, registers: Mapping[str, int]) -> None:
        """Hold an entry against the registers where it is left."""
        crossing, at = entered.crossing, entered.at
        self.checked[crossing] += 1
        if crossing in INTO_GO and self._stacks:
            self._stacks.leave_go(at)
        moved = sp - at
        may_move = crossing in ON_GO_STACKS and abs(moved) >= SMALLEST and not moved % SMALLEST
        if moved and not may_move:
            row = (self.table.sp, crossing, left.name, entered.hit, at, sp, self.table.rule)
            self._add(Alarm(*row, function=_function(entered)))
        promised, names = self._promised(crossing, entered)
        if not _same(entered.registers, registers, names):
            for promise in promised:
                self._hold(promise, crossing, left.name, entered, registers)
        if crossing in ON_GO_STACKS and not self._on_go.keeps_frame(entered, sp, registers):
            before, now = entered.registers[self._frame], registers[self._frame]
            self._add(Alarm(self._frame, crossing, left.name, entered.hit, before, now, promises.ABI_INTERNAL))
        if crossing == SWITCH:
            if not entered.name.endswith(".abi0"):
                self._add_unless_zero(crossing, left.name, entered.hit, registers)
            if entered.back is None:
                self._hold_stack(entered, left.name)

    def _crossings(self, back: int) -> tuple[str, ...]:
        exit_ = self.sites.exits.get(back)
        return exit_.crossings if exit_ else ()

    def _promised(self, crossing: str, entered: Entered) -> _Promised:
        """Return what is promised across `crossing`."""
        if crossing in ON_GO_STACKS:
            return self._of_go if entered.name not in self._without_g else _NOTHING
        return self._of_c if crossing == INTO_C or entered.mixed else self._controlled

    def _hold(self, promise: Promise, crossing: str, caller: str, entered: Entered, after: Mapping[str, int]) -> None:
        name, mask = promise.register, promise.mask
        if name in after and name in entered.registers:
            before, now = entered.registers[name] & mask, after[name] & mask
            if before != now:
                row = (name, crossing, caller, entered.hit, before, now, promise.rule)
                self._add(Alarm(*row, function=_function(entered)))

    def _add_unless_zero(self, crossing: str, place: str, hit: int, registers: Mapping[str, int]) -> None:
        if registers.get(self._zero):
            rule = f"{promises.ABI_INTERNAL}: fixed zero register"
            self._add(Unfit(self._zero, crossing, place, hit, 0, registers[self._zero], rule))

    def _add(self, alarm: Alarm) -> None:
        if alarm.after in self._goroutines or alarm.after in self._interrupted:
            alarm = replace(alarm, is_g=True)
        row = self._known(alarm)
        self.total += 1
        if row:
            self.known[row] += 1
        kind = (alarm.crossing, alarm.what, alarm.caller, row)
        self._kinds[kind] += 1
        if len(self.alarms) < (MOST // 2 if row else MOST) and self._kinds[kind] <= EACH:
            self.alarms.append(replace(alarm, known=row))
