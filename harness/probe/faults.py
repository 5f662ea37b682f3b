"""The signal that is a program's death: what a stub shows of each that may be, and which of them it was."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.elf.code import around
from harness.probe.frames import Frames, reader
from harness.probe.guest import Guest
from harness.process.spec import Finished
from harness.snapshot import FAULT, WAS_SENT, Fault, Snapshot
from harness.stub.client import Stub
from harness.stub.errors import StubEnded, StubRefused
from harness.unwind.modules import Module
from harness.unwind.unwinder import Backtrace

DEADLY = frozenset({"SIGSEGV", "SIGBUS", "SIGILL", "SIGABRT", "SIGFPE", "SIGTRAP"})
NO_MEMORY = "mapped, but its file ends before that"  # mmap(2): that is what SIGBUS is for
MOST_WHOLE = 100  # faults that are looked at with their backtrace; a program may handle them by the thousand

_MOST_CODE = 1 << 16  # bytes of a function
_AFTER = 64  # bytes of code where there is no function
_SIGNAL_CODE = {"mips64le": 4}  # si_code (bytes from the start): MIPS has it before si_errno, all others after it
_GO_PC = re.compile(r"(?:^\[signal .* pc=|^PC=)0x([0-9a-f]+)", re.M)  # runtime/signal_unix.go: fatalsignal, printpanics


@dataclass(frozen=True)
class Candidate:
    """A signal that the program may not survive, and what it looked like."""

    signal: str
    snapshot: Snapshot


class Candidates:
    """What is kept while the program runs: the last fault at each instruction."""

    def __init__(self, guest: Guest, main: Module, source: str, frames: Frames) -> None:
        self._guest, self._main, self._source, self._frames = guest, main, source, frames
        self._kept: dict[int, Candidate] = {}
        self._count = 0

    def add(self, stub: Stub) -> None:
        """Look at the stop of `stub`, which is a signal's. Raises StubEnded; then what was seen of it is kept."""
        self._count += 1
        table = self._guest.table
        registers = stub.registers()
        pc = registers.values[table.pc]
        whole = self._count <= MOST_WHOLE
        back = Backtrace((), f"not available: more than {MOST_WHOLE} faults were looked at")
        fault, ended = Fault(stub.stop.signal, None, "", ()), None
        try:
            fault = self._fault(stub, registers.values)
            if whole:
                back = self._frames.backtrace(registers.values)
        except StubEnded as error:
            ended, back = error, Backtrace((), f"not available: {error.what}")
            fault = replace(fault, mapped=fault.mapped or back.ended)
        main = self._main
        place = main.name_at(pc) if main.holds(pc) else back.frames[0].name if back.frames else hex(pc)
        shot = Snapshot(
            FAULT,
            FAULT,
            self._count,
            table.arch,
            pc,
            place,
            self._source,
            stub.stop.thread,
            registers.values,
            registers.missing,
            backtrace=tuple(frame.name for frame in back.frames) or (main.function_name_at(pc),),
            frames=back.frames,
            ended=back.ended,
            fault=fault,
        )
        self._kept.pop(pc, None)
        self._kept[pc] = Candidate(stub.stop.signal, shot)
        if ended is not None:
            raise ended

    def death(self, finished: Finished) -> Snapshot | None:
        """Return the fault that the program, which ended as `finished`, died of, or None where it was not one.

        Go's runtime handles a fault, tells of it, and ends by itself (exit 2, or SIGABRT): then it is the one whose
        program counter it tells.
        """
        told = _GO_PC.search(finished.stderr.decode(errors="replace"))
        if told is not None and int(told[1], 16) in self._kept:
            return self._kept[int(told[1], 16)].snapshot
        if finished.signal is None:
            return None
        same = [row.snapshot for row in self._kept.values() if row.signal == finished.signal]
        return same[-1] if same else None

    def _fault(self, stub: Stub, values: Mapping[str, int]) -> Fault:
        address, why = self._address(stub)
        fault = Fault(stub.stop.signal, address, why, self._code(stub, values[self._guest.table.pc]))
        if address is None:
            return fault
        if reader(stub)(address, 1):
            return replace(fault, mapped="mapped")
        return replace(fault, mapped=NO_MEMORY if fault.signal == "SIGBUS" else "not mapped")

    def _address(self, stub: Stub) -> tuple[int | None, str]:
        """Return si_addr, or why there is none (siginfo_t of <bits/types/siginfo_t.h>)."""
        table = self._guest.table
        if stub.stop.signal == "SIGABRT":
            return None, "not available: SIGABRT has no address"
        try:
            data = stub.siginfo()
        except StubRefused as error:
            return None, f"not available: {error.what}"
        at = 2 * table.word if table.word == 8 else 12
        code = _SIGNAL_CODE.get(table.arch, 8)
        if int.from_bytes(data[code : code + 4], table.byte_order, signed=True) <= 0:
            return None, WAS_SENT
        return int.from_bytes(data[at : at + table.word], table.byte_order), ""

    def _code(self, stub: Stub, pc: int) -> tuple[str, ...]:
        function = self._main.function(pc)
        size = self._main.program.size(function) if function is not None else 0
        start = function.start + self._main.bias if function is not None and 0 < size <= _MOST_CODE else pc
        data = reader(stub)(start, size if start != pc or size else _AFTER)
        if not data:
            return ()
        return around(data, start, pc, self._guest.arch, is_thumb=bool(function and function.is_thumb))
