"""Snapshots by stopping the program: memory, returns and backtraces, at about a millisecond a stop."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.elf.places import NoSuchPlace, Place, Program
from harness.probe.conversation import SOURCE, Breakpoints, Visitor, hold, source
from harness.probe.faults import Candidates
from harness.probe.frames import backtrace
from harness.probe.guest import MOST, Guest, Taken, never_reached
from harness.probe.libraries import Libraries
from harness.registers import RegisterTable
from harness.snapshot import ENTRY, RETURN, Probe, Snapshot
from harness.stub.client import Stub
from harness.stub.errors import MemoryUnreadable, StubRefused
from harness.unwind.modules import Module
from harness.unwind.unwinder import Backtrace


def take(
    guest: Guest,
    probes: Sequence[tuple[Probe, Place]],
    program: Program,
    elsewhere: Sequence[Probe] = (),
    *beside: Visitor,
    fault: bool = False,
) -> Taken:
    """Run `guest`, stop it at `probes`, and return what was there; with `fault` also what it died of, if of a signal.

    The places of `elsewhere` are looked for in the libraries that it maps; the first one that has a place counts.
    `beside` visit the same run. A server that fails is the `error` of what is returned, and the program has been ended
    then. Raises StubBroken where it failed before there was a snapshot.
    """
    visit = _Visit(guest, probes, elsewhere, fault=fault)
    held = hold(guest, program, (visit, *beside))
    if held.error is not None and not (visit.found or beside):
        raise held.error
    probes = [*probes, *visit.mapped]
    near = never_reached(program, probes, visit.hits)
    death = visit.faults.death(held.finished) if visit.faults is not None else None
    return Taken(
        (*visit.found, *([death] if death is not None else ())),
        {**{place.text: visit.hits[place.text] for _, place in probes}, **{probe.at: 0 for probe in visit.elsewhere}},
        near,
        held.finished,
        SOURCE,
        notes=held.notes,
        uncounted=frozenset(visit.uncounted),
        changed=held.changed,
        error=held.error,
        unmapped=frozenset(probe.at for probe in visit.elsewhere),
        refused=visit.refused,
    )


@dataclass(frozen=True)
class _Call:
    """A call whose return is waited for: where to, and what the stack pointer will be then."""

    probe: Probe
    hit: int
    address: int
    sp: int


class _Visit:
    """Takes what the probes ask for; see `Visitor`."""

    def __init__(
        self, guest: Guest, probes: Sequence[tuple[Probe, Place]], elsewhere: Sequence[Probe], *, fault: bool
    ) -> None:
        self.found: list[Snapshot] = []
        self.hits: Counter[str] = Counter()
        self.uncounted: set[str] = set()
        self.refused: dict[str, str] = {}
        self.faults: Candidates | None = None
        self.elsewhere = list(elsewhere)
        self.mapped: list[tuple[Probe, Place]] = []
        self._guest, self._probes, self._wants_fault = guest, probes, fault
        self._libraries: Libraries | None = None
        self._entries: dict[int, Probe] = {}
        self._calls: list[_Call] = []

    def begin(self, stub: Stub, breakpoints: Breakpoints, main: Module) -> None:
        """See `Visitor`: put the breakpoints."""
        self._main, self._breakpoints = main, breakpoints
        for probe, place in self._probes:
            self._put(probe, place, main.bias)
        if self.elsewhere:
            self._libraries = Libraries(self._guest, stub, main)
            for address in self._libraries.changed:
                breakpoints.insert(address)
        if self._wants_fault:
            self.faults = Candidates(self._guest, main, source(self._guest))

    def take(self, stub: Stub) -> bool:
        """See `Visitor`: take what is wanted of this stop."""
        table = self._guest.table
        values = stub.registers(names=(table.pc, table.sp)).values
        pc, sp = values[table.pc], values[table.sp]
        if self._libraries is not None and pc in self._libraries.changed and self.elsewhere:
            self._look(self._libraries)
            return True
        back = next((call for call in self._calls if (call.address, call.sp) == (pc, sp)), None)
        if back is not None:
            self._calls.remove(back)
            if pc not in {call.address for call in self._calls} | self._entries.keys():
                self._breakpoints.remove(pc)
            self._add(stub, back.probe, RETURN, back.hit)
        probe = self._entries.get(pc)
        if probe is not None:
            self._enter(stub, probe, pc, sp)
        return back is not None or probe is not None or pc in {call.address for call in self._calls}

    def die(self, stub: Stub) -> None:
        """See `Visitor`."""
        if self.faults is not None:
            self.faults.add(stub)

    def forget(self) -> None:
        """See `Visitor`."""
        self.faults, self._libraries = None, None
        self._entries.clear()
        self._calls.clear()

    def _put(self, probe: Probe, place: Place, bias: int) -> None:
        # of a function with two entries (ppc64le) a call by either comes by the last
        for address in [row[-1] for row in place.entries] or place.addresses:
            try:
                self._breakpoints.insert(address + bias)
            except StubRefused as error:
                self.refused[place.text] = f"nothing is mapped at {address + bias:#x} when it starts: {error.what}"
            else:
                self._entries[address + bias] = probe

    def _look(self, libraries: Libraries) -> None:
        """Put the probes whose places a library has that was mapped just now."""
        for module in libraries.new():
            for probe in list(self.elsewhere):
                with contextlib.suppress(NoSuchPlace):
                    place = module.program.find(probe.at)
                    self.elsewhere.remove(probe)
                    self.mapped.append((probe, place))
                    self._put(probe, place, module.bias)
        if not self.elsewhere:
            for address in libraries.changed:
                self._breakpoints.remove(address)

    def _module(self, address: int) -> Module:
        return self._libraries.at(address) if self._libraries is not None else self._main

    def _enter(self, stub: Stub, probe: Probe, pc: int, sp: int) -> None:
        self.hits[probe.at] += 1
        hit = self.hits[probe.at]
        if probe.wants(hit):
            if probe.when != RETURN:
                self._add(stub, probe, ENTRY, hit)
            if probe.when != ENTRY:
                call = self._call(stub, probe, hit, sp)
                self._breakpoints.insert(call.address)
                self._calls.append(call)
        if probe.last is not None and hit >= probe.last:
            for address in [address for address, other in self._entries.items() if other is probe]:
                del self._entries[address]
                if address not in {call.address for call in self._calls}:
                    self._breakpoints.remove(address)
            self.uncounted.add(probe.at)

    def _call(self, stub: Stub, probe: Probe, hit: int, sp: int) -> _Call:
        table = self._guest.table
        return _Call(probe, hit, return_address(stub, table, sp), sp if table.link else sp + table.word)

    def _add(self, stub: Stub, probe: Probe, when: str, hit: int) -> None:
        if len(self.found) < MOST:
            self.found.append(self._snapshot(stub, probe, when, hit))

    def _snapshot(self, stub: Stub, probe: Probe, when: str, hit: int) -> Snapshot:
        table = self._guest.table
        registers = stub.registers()
        pc = registers.values[table.pc]
        back = self._backtrace(stub, probe, when, registers.values)
        return Snapshot(
            probe.at,
            when,
            hit,
            table.arch,
            pc,
            self._module(pc).name_at(pc),
            source(self._guest),
            stub.stop.thread,
            registers.values,
            registers.missing,
            dict(self._pieces(stub, probe, registers.values)),
            tuple(frame.name for frame in back.frames) or self._short(stub, when, registers.values),
            frames=back.frames,
            ended=back.ended,
        )

    def _short(self, stub: Stub, when: str, values: Mapping[str, int]) -> tuple[str, ...]:
        """Return what the backtrace is where it was not asked for: the function, and its caller at an entry."""
        table = self._guest.table
        addresses = [values[table.pc]]
        if when == ENTRY:
            addresses.append(return_address(stub, table, values[table.sp]))
        return tuple(self._module(address).function_name_at(address) for address in addresses)

    def _backtrace(self, stub: Stub, probe: Probe, when: str, values: Mapping[str, int]) -> Backtrace:
        if not probe.backtrace:
            return Backtrace(())
        return backtrace(stub, self._guest, self._main, values)

    def _pieces(self, stub: Stub, probe: Probe, values: Mapping[str, int]) -> Iterator[tuple[int, bytes]]:
        for place, size in probe.memory:
            address = values[place] if place in values else int(place, 0)
            try:
                yield address, stub.memory(address, size)
            except MemoryUnreadable as error:
                yield address, error.data


def return_address(stub: Stub, table: RegisterTable, sp: int) -> int:
    """Return where the function that was just entered returns to: the link register, or the word at `sp`."""
    if table.link:
        return stub.registers(names=(table.link,)).values[table.link] & ~table.isa_bit
    return int.from_bytes(stub.memory(sp, table.word), table.byte_order)
