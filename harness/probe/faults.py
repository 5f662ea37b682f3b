"""The signal that is a program's death: what a stub shows of each that may be, and which of them it was."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from harness.abi import astray
from harness.core.layout import LAYOUTS
from harness.core.process import Signal, signal
from harness.probe.frames import Frames, reader
from harness.probe.guest import Guest
from harness.process.spec import Finished
from harness.snapshot import FAULT, Fault, Snapshot
from harness.stub.client import Stub
from harness.stub.errors import StubEnded, StubRefused
from harness.unwind.modules import Module
from harness.unwind.trapped import Raised, raised
from harness.unwind.unwinder import Backtrace

NO_MEMORY = "mapped, but its file ends before that"  # mmap(2): that is what SIGBUS is for
MOST_WHOLE = 100  # faults that are looked at with their backtrace; a program may handle them by the thousand

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
        where = Raised(pc, self._main.name_at(pc), self._main.function_name_at(pc), (), ())
        whole = self._count <= MOST_WHOLE
        back = Backtrace((), f"not available: more than {MOST_WHOLE} faults were looked at")
        fault, ended = Fault(stub.stop.signal, None, "", ()), None
        try:
            told, why = self._told(stub)
            found = self._frames.modules() if whole else (self._main,)
            word = told.word if told is not None else None
            where = raised(table, fault.signal, pc, reader(stub), found, word, registers.values)
            address, why = (None, why) if told is None else told.address_at(where.pc)
            gone = astray.told(table, pc, registers.values, reader(stub), found)
            fault = Fault(fault.signal, address, why or self._mapped(stub, address), where.code, gone)
            if whole:
                back = self._frames.backtrace({**registers.values, table.pc: where.pc})
        except StubEnded as error:
            ended, back = error, Backtrace((), f"not available: {error.what}")
            fault = replace(fault, mapped=fault.mapped or back.ended)
        shot = Snapshot(
            FAULT,
            FAULT,
            self._count,
            table.arch,
            where.pc,
            where.place,
            self._source,
            stub.stop.thread,
            registers.values,
            registers.missing,
            backtrace=tuple(frame.name for frame in back.frames) or (where.function,),
            notes=where.notes,
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

    def _told(self, stub: Stub) -> tuple[Signal | None, str]:
        """Return siginfo, or why there is none."""
        layout = LAYOUTS[self._guest.arch]
        if stub.stop.signal == "SIGABRT":
            return None, "not available: SIGABRT has no address"
        try:
            return signal(stub.siginfo(), ">" if layout.big else "<", layout), ""
        except StubRefused as error:
            return None, f"not available: {error.what}"
        except ValueError as error:
            return None, f"not available: {error}"

    def _mapped(self, stub: Stub, address: int | None) -> str:
        if address is not None and reader(stub)(address, 1):
            return "mapped"
        return NO_MEMORY if stub.stop.signal == "SIGBUS" else "not mapped"
