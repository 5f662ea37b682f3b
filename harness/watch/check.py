"""Hold each crossing against the ABI's promise, from registers at its entry and its exit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.registers import RegisterTable
from harness.watch.sites import INTO_GO, Site, Sites

STACK = 1 << 20  # bytes below a stack pointer that are surely the same stack's
NEAR = 64  # bytes by which a stack pointer can be wrong and still be told to belong to an entry
MOST = 100  # alarms of one run that are kept


@dataclass(frozen=True)
class Alarm:
    """A broken promise. `what` names the register, or says ``alignment``; `crossing` and `caller` where it was."""

    what: str
    crossing: str
    caller: str
    hit: int
    before: int
    after: int
    rule: str

    def __str__(self) -> str:
        return (
            f"{self.what} changed across {self.crossing} called from {self.caller} at hit {self.hit}: "
            f"{self.before:#x} → {self.after:#x}; {self.rule}"
        )


@dataclass(frozen=True)
class Misaligned(Alarm):
    """The stack pointer at a C function's entry is not where the ABI wants it."""

    def __str__(self) -> str:
        where = f"at the entry of {self.caller} at hit {self.hit}"
        return f"{self.what} is {self.before:#x} {where}, off by {self.after} bytes; {self.rule}"


@dataclass(frozen=True)
class _Entered:
    """`back` is where it returns to; None where the stack, which the log does not show, holds that."""

    hit: int
    registers: Mapping[str, int]
    back: int | None


class Checker:
    """Takes records in the order in which they happened; pairs entry and exit by the stack pointer.

    Stacks of threads do not overlap, so that the stack pointer also tells threads apart. `checked` counts the crossings
    that were seen at both ends, by kind; an entry whose exit was not seen (a thread that ended, a panic) says nothing.
    """

    def __init__(self, table: RegisterTable, sites: Sites) -> None:
        self.table, self.sites = table, sites
        self.alarms: list[Alarm] = []
        self.total = 0
        self.checked: Counter[str] = Counter()
        self._hits: Counter[str] = Counter()
        self._pending: dict[tuple[str, int], _Entered] = {}
        self._popped = 0 if table.link else table.word  # what a return takes off the stack
        self._masks = [(row.name, (1 << row.preserved) - 1) for row in table.preserved if row.name != table.sp]

    def take(self, pc: int, registers: Mapping[str, int]) -> None:
        """Take in the registers at one site."""
        sp = registers[self.table.sp]
        left = self.sites.exits.get(pc)
        if left is not None:
            entered = self._left(left, pc, sp - self._popped)
            if entered is not None:
                self.checked[left.crossing] += 1
                for alarm in self._broken(left.crossing, left.name, entered, registers):
                    self._add(alarm)
        site = self.sites.entries.get(pc)
        if site is not None:
            self._enter(site, sp, registers)

    def _enter(self, site: Site, sp: int, registers: Mapping[str, int]) -> None:
        self._hits[site.name] += 1
        hit = self._hits[site.name]
        back = registers[self.table.link] & ~self.table.isa_bit if self.table.link else None
        if back is None:
            self._forget(sp)
        if back is None or self.sites.exits.get(back, Site("", "")).crossing == site.crossing:
            self._pending[site.crossing, sp] = _Entered(hit, registers, back)
        off = (sp + self._popped) % self.table.stack_alignment
        if off and site.crossing not in INTO_GO:
            rule = f"{self.table.rule}: a multiple of {self.table.stack_alignment} at a call"
            self._add(Misaligned(self.table.sp, site.crossing, site.name, hit, sp, off, rule))

    def _left(self, left: Site, pc: int, sp: int) -> _Entered | None:
        """Return the entry that is left at `pc` with the stack pointer `sp`, or None."""
        if not self.table.link:
            self._forget(sp)
        entered = self._pending.get((left.crossing, sp))
        if entered is None and left.crossing in INTO_GO:
            return self._displaced(left, pc, sp)
        if entered is None or entered.back not in (None, pc):
            return None
        return self._pending.pop((left.crossing, sp))

    def _forget(self, sp: int) -> None:
        """Drop entries below `sp`: their frames are gone, and where they return to is not known from registers."""
        gone = [key for key in self._pending if sp - STACK < key[1] < sp]
        for key in gone:
            del self._pending[key]

    def _displaced(self, left: Site, pc: int, sp: int) -> _Entered | None:
        """Return the entry whose exit comes with a stack pointer that is not quite what it was, having told so."""
        found = [
            (abs(at - sp), at)
            for (crossing, at), entered in self._pending.items()
            if crossing == left.crossing and entered.back in (None, pc)
        ]
        distance, at = min(found, default=(NEAR + 1, 0))
        if distance > NEAR:
            return None
        entered = self._pending.pop((left.crossing, at))
        self._add(Alarm(self.table.sp, left.crossing, left.name, entered.hit, at, sp, self.table.rule))
        return entered

    def _broken(self, crossing: str, caller: str, entered: _Entered, after: Mapping[str, int]) -> Iterator[Alarm]:
        for name, mask in self._masks:
            if name in after and name in entered.registers:
                before, now = entered.registers[name] & mask, after[name] & mask
                if before != now:
                    yield Alarm(name, crossing, caller, entered.hit, before, now, self.table.rule)

    def _add(self, alarm: Alarm) -> None:
        self.total += 1
        if len(self.alarms) < MOST:
            self.alarms.append(alarm)
