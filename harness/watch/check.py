"""Hold each crossing against the ABI's promise, from registers at its entry and its exit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from harness.qemulog.records import Values
from harness.registers import THREAD, RegisterTable
from harness.watch import promises
from harness.watch.alarms import Alarm, Drifted, Misaligned, NoGoroutine, Unfit, WrongStack
from harness.watch.promises import Promise
from harness.watch.sites import (
    CALLBACK,
    CGOCALL,
    HANDLER,
    INTO_C,
    INTO_GO,
    KERNEL,
    RUNTIME_S_C,
    SIGNALS,
    SWITCH,
    Exit,
    Site,
    Sites,
)
from harness.watch.stacks import FRAMES, UNTOLD, Begun, Stacks

STACK = 1 << 20  # bytes below a stack pointer that are surely the same stack's
NEAR = 64  # bytes by which a stack pointer can be wrong and still be told to belong to an entry
FAR = 1 << 16  # the same where the exit is that of nothing else
SMALLEST = 2048  # bytes of Go's smallest stack: one that moves does so by a multiple
MOST = 1000  # alarms of one run that are kept, of known ones half of that
HALF = 32  # bits of an address within 4 GiB
BETWEEN = 256  # bytes between asmcgocall's frame and that of the cgocallbackg that C called; less than a stack's guard
REMEMBERED = 1024  # exits, goroutines
EACH = 5  # of those, of one register in one crossing of one caller: one that comes always does not drown the others
_ON_GO_STACKS = (SWITCH, CALLBACK)


_Promised = tuple[tuple[Promise, ...], tuple[str, ...]]  # with the names of the registers
_NOTHING: _Promised = ((), ())


def _named(rows: tuple[Promise, ...]) -> _Promised:
    return rows, tuple(promise.register for promise in rows)


def _same(before: Mapping[str, int], after: Mapping[str, int], names: tuple[str, ...]) -> bool:
    """Whether it is seen at a glance that the registers `names` are all the same, as they nearly always are."""
    return isinstance(before, Values) and isinstance(after, Values) and before.same(after, names)


@dataclass
class _Entered:
    """`back` is where it returns to; None where the stack, which the log does not show, holds that.

    `mixed`: C that is not the runtime's ran inside it, which may change control bits. `inner` is the stack pointer of
    the C function that this call of asmcgocall entered, None as long as that cannot be told.
    """

    name: str
    hit: int
    registers: Mapping[str, int]
    back: int | None
    mixed: bool = False
    inner: int | None = None


class Checker:
    """Takes records in the order in which they happened; pairs entry and exit by the stack pointer.

    Stacks of threads do not overlap, so that the stack pointer also tells threads apart. A goroutine's stack can move
    meanwhile; then g pairs them. `checked` counts the crossings that were seen at both ends, by kind; an entry whose
    exit was not seen (a thread that ended, a panic) says nothing. `total` counts all alarms, `known` those of which the
    function `known` says the id of a row.
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
        self._pending: dict[tuple[str, int], _Entered] = {}
        self._last: dict[tuple[int, int], Mapping[str, int]] = {}
        self._popped = 0 if table.link else table.word  # what a return takes off the stack
        of_c, control = promises.of_c(table), promises.CONTROL.get(table.arch, ())
        self._of_c, self._of_go = _named(of_c), _named(promises.of_go(table))
        self._controlled = _named((*of_c, *control))
        self._zero = promises.ZERO_IN_GO.get(table.arch, "")
        self._frame = promises.FRAME_POINTER.get(table.arch, "")
        self._thread = table.of_role(THREAD)
        self._without_g = promises.WITHOUT_G.get(table.arch, ())
        self._stacks: Stacks | None = Stacks()

    @property
    def wanted(self) -> frozenset[str]:
        """The registers that are looked at."""
        named = {*self._controlled[1], *self._of_go[1]}
        return frozenset({*named, self.table.sp, self.table.link, self.table.g, self._zero, self._frame, self._thread})

    def take(self, pc: int, registers: Mapping[str, int], back: int | None = None) -> None:
        """Take in the registers at one site. `back` is where an entry returns to, where the stack holds that."""
        sp = registers[self.table.sp]
        left = self.sites.exits.get(pc)
        if left is not None:
            self._leave(left, pc, sp - self._popped, registers)
        site = self.sites.entries.get(pc)
        if site is not None:
            self._enter(site, sp, registers, back)

    def end(self) -> None:
        """Hold what had to wait for the end of the run: whether signal handlers had a goroutine in g, or zero.

        Goroutines are allocated from the heap, whose first 4 GiB have room for all; but for each runtime's first.
        """
        first = {0, *self.sites.first_g}
        image = {address >> HALF for address in self.sites.entries}
        heap = {g >> HALF for g in self._goroutines - first}
        for g, hit in self._interrupted.items():
            is_told = (heap or g >> HALF in image) and self.sites.first_g and not heap & image
            if is_told and g not in first and g >> HALF not in heap:
                rule = f"{promises.ABI_INTERNAL}: the current goroutine"
                self._add(NoGoroutine(self.table.g, HANDLER, HANDLER, hit, 0, g, rule))
        self._interrupted = {}

    def drop(self, crossing: str) -> None:
        """Forget the entries of `crossing`: neither its entries nor its exits are told any more."""
        if crossing == INTO_C:
            self._controlled = self._of_c  # where C runs, which may change control bits, is not seen then
        if crossing in (*INTO_GO, SWITCH):
            self._stacks = None
        self._pending = {key: entered for key, entered in self._pending.items() if key[0] != crossing}

    def _enter(self, site: Site, sp: int, registers: Mapping[str, int], back: int | None) -> None:
        self._hits[site.name] += 1
        hit = self._hits[site.name]
        if self.table.link:
            back = registers[self.table.link] & ~self.table.isa_bit
        if back is None and site.crossing not in _ON_GO_STACKS:
            self._forget(sp)
        paired = back is None or site.crossing in SIGNALS or site.crossing in self._crossings(back)
        if paired and not site.wrapped:
            self._pending.pop((site.crossing, sp), None)
            self._pending[site.crossing, sp] = _Entered(site.name, hit, registers, back)
        if site.crossing in INTO_GO and self._stacks:
            self._stacks.enter_go(site.name, sp)
        if site.crossing == INTO_C:
            self._enter_c(site, sp, hit, registers)
        if site.crossing in _ON_GO_STACKS and self.table.g and len(self._goroutines) < REMEMBERED:
            self._goroutines.add(registers[self.table.g])
        if site.crossing in (CALLBACK, HANDLER):
            self._enter_go(site, sp, hit, registers)
            if self.table.g and site.name not in self._without_g:
                self._hold_g(site, sp, hit, registers)

    def _enter_go(self, site: Site, sp: int, hit: int, registers: Mapping[str, int]) -> None:
        """Hold the entry of a Go function against what has to be there."""
        outer = [at for (crossing, at) in self._pending if crossing == INTO_GO[0] and 0 <= at - sp < FRAMES]
        if outer and site.crossing == CALLBACK:
            rule = "Go code runs on a goroutine's stack (runtime/cgocall.go)"
            self._add(WrongStack(self.table.sp, site.crossing, site.name, hit, min(outer), sp, rule))
        if not site.name.endswith(".abi0"):
            self._add_unless_zero(site.crossing, site.name, hit, registers)

    def _hold_g(self, site: Site, sp: int, hit: int, registers: Mapping[str, int]) -> None:
        """Hold g where a Go function is entered against whose stack that is, or keep it for `end`, of a signal."""
        g = registers[self.table.g]
        if site.crossing == HANDLER:
            if len(self._interrupted) < REMEMBERED and self.table.word * 8 > HALF:
                self._interrupted.setdefault(g, hit)
            return
        callers = {
            entered.registers[self.table.g]
            for (crossing, at), entered in self._pending.items()
            if crossing == SWITCH and 0 <= at - sp < BETWEEN
        }
        if callers and g not in callers:
            rule = f"{promises.ABI_INTERNAL}: the goroutine on whose stack it runs, which called C"
            self._add(Unfit(self.table.g, site.crossing, site.name, hit, min(callers), g, rule))

    def _enter_c(self, site: Site, sp: int, hit: int, registers: Mapping[str, int]) -> None:
        """Hold the entry of a C function against what has to be there."""
        begun = self._begun(site, sp, registers)
        off = (sp + self._popped) % self.table.stack_alignment
        if off:
            rule = f"{self.table.stack_rule}: a multiple of {self.table.stack_alignment} at a call"
            self._add(Misaligned(self.table.sp, site.crossing, site.name, hit, sp, off, rule, within=begun.within))
        if begun.expected is not None:
            rule = "asmcgocall runs C where cgocallback left the thread's stack, g0.sched.sp (runtime/asm_*.s)"
            self._add(Drifted(self.table.sp, site.crossing, site.name, hit, begun.expected, sp, rule))
        if not site.name.startswith(RUNTIME_S_C):
            for (crossing, at), entered in self._pending.items():
                if crossing in INTO_GO and sp < at < sp + STACK:
                    entered.mixed = True
        callers = [
            (at, entered)
            for (crossing, at), entered in self._pending.items()
            if crossing == SWITCH and entered.inner is None
            if entered.registers.get(self._thread) == registers.get(self._thread)
        ]
        if len({caller.registers.get(self.table.g) for _, caller in callers}) != 1:
            return  # which thread this is cannot be told
        for at, caller in callers:
            caller.inner = sp
            if caller.back is not None:
                self._hold_stack(caller, at, self.sites.exits[caller.back].name)

    def _begun(self, site: Site, sp: int, registers: Mapping[str, int]) -> Begun:
        """Return where C begins, with the stack pointer `sp`, on its thread's stack."""
        if self._stacks is None:
            return Begun(UNTOLD)
        switches = (at for crossing, at in self._pending if crossing == SWITCH)
        begun = next(filter(None, (Stacks.on_its_own(SWITCH, at, sp) for at in switches)), None)
        if begun is None and site.name.startswith(RUNTIME_S_C):
            return Begun(UNTOLD)  # not all of these are called by asmcgocall
        is_only = len(self.sites.first_g) <= 1
        return begun or self._stacks.begin(sp, registers.get(self._thread), is_only=is_only)

    def _hold_stack(self, entered: _Entered, at: int, caller: str) -> None:
        """Tell of a C function that ran on the stack of the goroutine that called it."""
        if entered.inner is not None and caller.startswith(f"{CGOCALL}+") and 0 <= at - entered.inner < FRAMES:
            rule = "C runs on the thread's own stack (runtime/asm_*.s, asmcgocall)"
            self._add(WrongStack(self.table.sp, SWITCH, "a C function", entered.hit, at, entered.inner, rule))

    def _leave(self, left: Exit, pc: int, sp: int, registers: Mapping[str, int]) -> None:
        if not any((name, sp) in self._pending for name in left.crossings) and self._last.get((pc, sp)) == registers:
            return  # QEMU logs a block again that a signal kept from running
        for key in self._found(left, pc, sp, registers):
            self._hold_call(key, left, sp, registers)
            self._last[pc, sp] = registers
            if len(self._last) > REMEMBERED:
                del self._last[next(iter(self._last))]
        if not self.table.link and left.crossings[0] not in _ON_GO_STACKS:
            self._forget(sp)

    def _hold_call(self, key: tuple[str, int], left: Exit, sp: int, registers: Mapping[str, int]) -> None:
        """Hold the entry `key` against the registers where it is left."""
        crossing, at = key
        entered = self._pending.pop(key)
        self.checked[crossing] += 1
        if crossing in INTO_GO and self._stacks:
            self._stacks.leave_go(at)
        moved = sp - at
        may_move = crossing in _ON_GO_STACKS and abs(moved) >= SMALLEST and not moved % SMALLEST
        if moved and not may_move:
            self._add(Alarm(self.table.sp, crossing, left.name, entered.hit, at, sp, self.table.rule))
        promised, names = self._promised(crossing, entered)
        if not _same(entered.registers, registers, names):
            for promise in promised:
                self._hold(promise, crossing, left.name, entered, registers)
        if crossing in _ON_GO_STACKS and self._frame:
            before, now = entered.registers[self._frame], registers[self._frame]
            if now not in (before, before + moved):
                self._add(Alarm(self._frame, crossing, left.name, entered.hit, before, now, promises.ABI_INTERNAL))
        if crossing == SWITCH:
            if not entered.name.endswith(".abi0"):
                self._add_unless_zero(crossing, left.name, entered.hit, registers)
            if entered.back is None:
                self._hold_stack(entered, at, left.name)

    def _found(self, left: Exit, pc: int, sp: int, registers: Mapping[str, int]) -> list[tuple[str, int]]:
        """Return the keys of the entries that are left at `pc` with the stack pointer `sp`.

        That is one, or two where the first has jumped to the second.
        """
        keys = [(crossing, sp) for crossing in left.crossings if (crossing, sp) in self._pending]
        exact = [key for key in keys if self._pending[key].back in (None, pc)]
        ours = [key for key in exact if key[0] not in _ON_GO_STACKS or self._same_g(key, registers)]
        if ours:
            return ours if ours[0][0] in SIGNALS else ours[:1]
        others = [
            key
            for key, entered in self._pending.items()
            if key[0] in left.crossings and entered.back in (None, pc)
            if key[0] not in _ON_GO_STACKS or self._same_g(key, registers)
        ]
        if left.crossings[0] in _ON_GO_STACKS:
            fitting = [key for key in others if not (sp - key[1]) % SMALLEST]  # the innermost is the last
            return fitting[-1:] or (others if len(others) == 1 else exact[:1])
        is_told = any(self._pending[key].back is not None for key in others)
        is_off = (sp + self._popped) % self.table.stack_alignment  # which no call of C leaves behind
        if left.crossings == (INTO_C,) or not (left.sure or left.name == KERNEL or is_told or is_off):
            return []  # it may be that of another call
        reach = FAR if left.sure else NEAR
        below = reach if is_told else NEAR  # of what is gone nothing tells which it was
        near = [key for key in others if -below <= key[1] - sp <= reach]
        return sorted(near, key=lambda key: abs(key[1] - sp))[:1]

    def _same_g(self, key: tuple[str, int], registers: Mapping[str, int]) -> bool:
        return not self.table.g or self._pending[key].registers[self.table.g] == registers[self.table.g]

    def _crossings(self, back: int) -> tuple[str, ...]:
        exit_ = self.sites.exits.get(back)
        return exit_.crossings if exit_ else ()

    def _promised(self, crossing: str, entered: _Entered) -> _Promised:
        """Return what is promised across `crossing`."""
        if crossing in _ON_GO_STACKS:
            return self._of_go if entered.name not in self._without_g else _NOTHING
        return self._of_c if crossing == INTO_C or entered.mixed else self._controlled

    def _hold(self, promise: Promise, crossing: str, caller: str, entered: _Entered, after: Mapping[str, int]) -> None:
        name, mask = promise.register, promise.mask
        if name in after and name in entered.registers:
            before, now = entered.registers[name] & mask, after[name] & mask
            if before != now:
                self._add(Alarm(name, crossing, caller, entered.hit, before, now, promise.rule))

    def _add_unless_zero(self, crossing: str, place: str, hit: int, registers: Mapping[str, int]) -> None:
        if registers.get(self._zero):
            rule = f"{promises.ABI_INTERNAL}: fixed zero register"
            self._add(Unfit(self._zero, crossing, place, hit, 0, registers[self._zero], rule))

    def _forget(self, sp: int) -> None:
        """Drop entries below `sp`: their frames are gone, and where they return to is not known from registers."""
        gone = [key for key in self._pending if sp - STACK < key[1] < sp and key[0] not in _ON_GO_STACKS]
        for key in gone:
            del self._pending[key]

    def _add(self, alarm: Alarm) -> None:
        if alarm.after in self._goroutines:
            alarm = replace(alarm, is_g=True)
        row = self._known(alarm)
        self.total += 1
        if row:
            self.known[row] += 1
        kind = (alarm.crossing, alarm.what, alarm.caller, row)
        self._kinds[kind] += 1
        if len(self.alarms) < (MOST // 2 if row else MOST) and self._kinds[kind] <= EACH:
            self.alarms.append(replace(alarm, known=row))
