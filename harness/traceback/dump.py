"""All that Go's crash text tells: the faults with their registers, and the stacks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from harness import snapshot
from harness.registers import FLOAT, TABLES, VECTOR
from harness.snapshot import FAULT, THREAD, Snapshot
from harness.traceback import crashtext, registers, stacks
from harness.traceback.stacks import Stack
from harness.traceback.words import FAULT_ADDRESS

SOURCE = "Go's crash text"
NO_ADDRESS = "not available: Go's text does not tell it"
NOT_TOLD = "mapped or not: Go's text does not tell"
PANIC = "Go prints no registers of a fault that becomes a panic or a fatal error"

_HEX = r"0x[0-9a-f]{1,16}"
_SIGNAL = re.compile(r"(SIG[A-Z0-9]{1,12}): (.*)|Signal ([0-9]{1,9})")
_PC = re.compile(rf"PC=({_HEX}) m=([0-9]{{1,9}}) sigcode=([0-9]{{1,20}})(?: addr=({_HEX}))?")
_BRACKETS = re.compile(rf"\[signal (?:(SIG[A-Z0-9]{{1,12}}): (.*)|({_HEX})) code=({_HEX}) addr=({_HEX}) pc=({_HEX})\]")
_IN_CGO = ("signal arrived during cgo execution", "signal arrived during external code execution")
_SEPARATOR = "-----"
_BETWEEN = 1  # how many lines of the program may stand between a signal's name and its PC


@dataclass(frozen=True)
class Fault:
    """One signal that the runtime tells of.

    `signal` is its name, or its number where the runtime has none; `m` the runtime's number of the thread; `code` is
    siginfo's si_code, signed; `address` siginfo's si_addr: None where the text does not say (`addr=` stands there
    since 1.22; arm and arm64 have it among the registers in every release). `in_cgo`: the thread was in C.
    `registers` and `missing` (name to reason) are together the architecture's table, `others` what else stands in the
    block. All values are of the context that the signal interrupted.
    """

    signal: str
    what: str
    pc: int
    m: int | None
    code: int
    address: int | None
    in_cgo: bool = False
    registers: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Dump:
    """The crash text of one process. Under GOTRACEBACK=crash the other threads follow, each as a SIGQUIT of its own."""

    arch: str
    faults: tuple[Fault, ...] = ()
    stacks: tuple[Stack, ...] = ()

    @property
    def death(self) -> Fault | None:
        """The fault that the process died of, which the runtime prints first; None for a plain panic."""
        return self.faults[0] if self.faults else None

    @property
    def source(self) -> str:
        """See `harness.snapshot.SnapshotSource`."""
        return SOURCE

    @cached_property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """A snapshot a fault, the death first; none for a plain panic, of which no registers are told.

        The backtrace is the first stack of a goroutine, whose innermost frames can be C's, which Go does not unwind.
        """
        return tuple(self._snapshot(fault, number) for number, fault in enumerate(self.faults, 1))

    def _snapshot(self, fault: Fault, number: int) -> Snapshot:
        is_death = number == 1
        own = next((stack for stack in self.stacks if stack.goroutine is not None), None) if is_death else None
        names = tuple(frame.function or f"{frame.pc or 0:#x}" for frame in own.frames) if own else ()
        why = "" if fault.address is not None else NO_ADDRESS
        return Snapshot(
            at=FAULT if is_death else THREAD,
            when=FAULT if is_death else THREAD,
            hit=number,
            arch=self.arch,
            pc=fault.pc,
            place=hex(fault.pc),
            source=SOURCE,
            thread="" if fault.m is None else f"m={fault.m}",
            registers=fault.registers,
            missing=fault.missing,
            backtrace=names,
            notes=("the backtrace is Go's: it leaves out the C frames below cgocall",)
            if fault.in_cgo and names
            else (),
            fault=snapshot.Fault(fault.signal, fault.address, why or NOT_TOLD) if is_death else None,
        )


def read(text: str, arch: str) -> Dump | None:
    """Return what the runtime says in `text` (a standard error), or None where it says nothing.

    Reading starts where `crashtext` sees the runtime start, so that stacks that the program printed before do not
    count; in a text whose start is missing, at its start. The last line counts only when its end is there: a value
    that is cut off looks like another value. Any text has an answer; raises KeyError for an unknown architecture.
    """
    lines = [line.removesuffix("\r") for line in text[crashtext.start(text) or 0 :].split("\n")[:-1]]
    starts = [(index, fault) for index in range(len(lines)) if (fault := _fault(lines, index)) is not None]
    ends = [*(index for index, _ in starts[1:]), len(lines)][: len(starts)]
    faults = tuple(
        _with_registers(fault, lines[index:end], arch) for (index, fault), end in zip(starts, ends, strict=True)
    )
    found = stacks.read(lines)
    return Dump(arch, faults, found) if faults or found else None


def _fault(lines: Sequence[str], index: int) -> Fault | None:
    """Return the fault whose first line stands at `index`, without registers."""
    if match := _BRACKETS.fullmatch(lines[index]):
        name, what, number, code, address, pc = match.groups()
        signal = name or str(int(number, 16))
        return Fault(signal, what or "", int(pc, 16), None, _signed(int(code, 16)), int(address, 16))
    if match := _SIGNAL.fullmatch(lines[index]):
        below = lines[index + 1 : index + 2 + _BETWEEN]
        if place := next((found for line in below if (found := _PC.fullmatch(line))), None):
            pc, m, code, address = place.groups()
            at = None if address is None else int(address, 16)
            return Fault(match[1] or match[3], match[2] or "", int(pc, 16), int(m), _signed(int(code)), at)
    return None


def _with_registers(fault: Fault, lines: Sequence[str], arch: str) -> Fault:
    table = TABLES[arch]
    if fault.m is None:
        missing = {
            row.name: registers.NO_FLOAT if row.role in (FLOAT, VECTOR) else PANIC
            for row in table.rows
            if row.name != table.pc
        }
        return replace(fault, registers={table.pc: fault.pc}, missing=missing)
    end = lines.index(_SEPARATOR) if _SEPARATOR in lines else len(lines)
    block = registers.read(lines[:end], arch)
    return replace(
        fault,
        address=block.others.get(FAULT_ADDRESS) if fault.address is None else fault.address,
        in_cgo=any(line in _IN_CGO for line in lines[:end]),
        registers={table.pc: fault.pc, **block.registers},
        missing={name: why for name, why in block.missing.items() if name != table.pc},
        others=block.others,
    )


def _signed(code: int) -> int:
    """Return si_code, a C int, which the runtime prints as 32 or as 64 unsigned bits."""
    low = code & 0xFFFFFFFF
    return low - (1 << 32) if low >> 31 else low
