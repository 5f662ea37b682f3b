"""What became of each register that held a sentinel when C called crosscall2, by QEMU's log.

A scratch register that still holds its own when the call is over was not written by anybody: nothing restores it. One
that a call preserves was restored, if Go had something else in it meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from harness.probe import reader
from harness.probe.guest import Guest
from harness.qemulog.records import Record
from harness.registers import FLOAT, GENERAL, PLATFORM, VECTOR, RegisterTable
from harness.watch.remember import crossings
from harness.watch.sites import CALLBACK, INTO_GO

CALLER = "call_with_sentinels"
SCRATCH = 0x5C5C5C5C5C5C5C00  # sentinels.h
_CARRIES = {  # an argument or the target; or it is the kernel's, or not in every machine
    "amd64": "rdi rsi rdx rcx",
    "arm64": "x0 x1 x2 x3 x9",
    "riscv64": "a0 a1 a2 a3 t0",
    "s390x": "r1 r2 r3 r4 r5",
    "ppc64le": "r3 r4 r5 r6 r12 ctr",
    "arm": " ".join(["r0 r1 r2 r3 r12", *(f"d{number}" for number in range(16, 32))]),
    "mips64le": "a0 a1 a2 a3 t9 k0 k1",
}


def scratch(table: RegisterTable) -> dict[str, int]:
    """Return the bits that are looked at of each scratch register that holds a sentinel."""
    carries = _CARRIES[table.arch].split()
    wanted = [row for row in table.rows if row.role in (GENERAL, FLOAT, VECTOR, PLATFORM) and not row.preserved]
    return {row.name: (1 << min(row.bits, 64)) - 1 for row in wanted if row.name not in carries}


def preserved(table: RegisterTable) -> dict[str, int]:
    """Return the bits that are preserved of each register that is, but for the stack pointer."""
    return {row.name: (1 << row.preserved) - 1 for row in table.preserved if row.name != table.sp}


@dataclass(frozen=True)
class Crossing:
    """The registers at the entry of crosscall2, where Go's side of it ended, and where the caller went on."""

    entry: Mapping[str, int]
    inside: Mapping[str, int]
    left: Mapping[str, int]

    def same(self, name: str, mask: int) -> bool:
        """Whether `name` came back."""
        return not (self.left[name] ^ self.entry[name]) & mask

    def untouched(self, registers: Mapping[str, int]) -> set[str]:
        """Return those of `registers` that held the same all the time."""
        kept = {name for name, mask in registers.items() if not (self.inside[name] ^ self.entry[name]) & mask}
        return {name for name in kept if self.same(name, registers[name])}

    def restored(self, registers: Mapping[str, int]) -> set[str]:
        """Return those of `registers` that held something else in Go and came back."""
        return {name for name, mask in registers.items() if self.same(name, mask)} - self.untouched(registers)


@dataclass
class _Crossings:
    """Keeps the crossings through crosscall2 from `CALLER`."""

    guest: Guest
    found: list[Crossing] = field(default_factory=list)
    _open: list[Mapping[str, int]] = field(default_factory=list)
    wanted: None = None

    def __post_init__(self) -> None:
        sites = crossings(self.guest, None)
        self._entries = {address for address, site in sites.entries.items() if site.crossing == INTO_GO[0]}
        self._inside = {address for address, exit_ in sites.exits.items() if CALLBACK in exit_.crossings}
        self._exits = {address for address, exit_ in sites.exits.items() if exit_.name.startswith(f"{CALLER}+")}

    @property
    def addresses(self) -> Collection[int]:
        return self._entries | self._inside | self._exits

    def take(self, pc: int, record: Record) -> None:
        registers = record.registers
        if pc in self._entries:
            self._open = [registers]
        elif pc in self._inside and len(self._open) == 1:
            self._open.append(registers)
        elif pc in self._exits and len(self._open) == 2:
            table = record.layout.table
            popped = 0 if table.link else table.word
            if registers[table.sp] == self._open[0][table.sp] + popped:
                self.found.append(Crossing(self._open[0], self._open[1], registers))
                self._open = []


def crossed(guest: Guest) -> list[Crossing]:
    """Run `guest` to its end; return its crossings."""
    seen = _Crossings(guest)
    finished, notes = reader.run(guest, seen)
    assert (finished.code, notes) == (0, ()), finished
    return seen.found
