"""Snapshots by stopping the program: memory, returns and backtraces, at about a millisecond a stop."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.elf import gobuild
from harness.elf.places import NoSuchPlace, Place, Program
from harness.probe.conversation import SOURCE, Breakpoints, Visitor, hold, source
from harness.probe.faults import Candidates
from harness.probe.frames import Frames, reader
from harness.probe.guest import MOST, Guest, Taken, never_reached
from harness.probe.libraries import Libraries
from harness.probe.meant import Caller, Entered, Meanings
from harness.probe.moves import Moves
from harness.probe.restarts import Restarts
from harness.registers import RegisterTable
from harness.snapshot import ENTRY, RETURN, Meant, Probe, Snapshot
from harness.stub.client import Stub
from harness.stub.errors import MemoryUnreadable, StubRefused
from harness.unwind import trapped
from harness.unwind.modules import Module, holding
from harness.unwind.unwinder import Backtrace

_TRAP = "the instruction there is a trap itself, and cannot be stopped at (QEMU's log can: --source=log)"
_LATE = "execution had not come by when its time was up"
_WHY = " (it ended before, jumped past them, panicked, or QEMU's stub lost them among threads)"


def take(
    guest: Guest,
    probes: Sequence[tuple[Probe, Place]],
    program: Program,
    elsewhere: Sequence[Probe] = (),
    *beside: Visitor,
    fault: bool = False,
) -> Taken:
    """Run `guest`, stop it at `probes`, and return what was there; with `fault` also what it died of, if of a signal.

    The places of `elsewhere` are looked for in each library that it maps.
    `beside` visit the same run. A server that fails is the `error` of what is returned, and the program has been ended
    then. Raises StubBroken where it failed before there was a snapshot.
    """
    visit = _Visit(guest, probes, elsewhere, fault=fault)
    held = hold(guest, program, (visit, *beside))
    visit.unreturned.update(call.probe.at for call in visit.calls)
    if held.error is not None and not (visit.found or beside):
        raise held.error
    probes = [*probes, *visit.mapped]
    there = {probe.at for probe, _ in visit.mapped}
    unmapped = {probe.at: program.near(probe.at) for probe in elsewhere if probe.at not in there}
    instead = never_reached(program, probes, visit.hits)
    if held.finished.ended == "timeout":
        visit.refused.update(dict.fromkeys(instead, _LATE))
    death = visit.faults.death(held.finished) if visit.faults is not None else None
    never = [f"{place}: {count} of the hits were not seen to return{_WHY}" for place, count in visit.unreturned.items()]
    return Taken(
        (*visit.found, *([death] if death is not None else ())),
        {**{place.text: visit.hits[place.text] for _, place in probes}, **dict.fromkeys(unmapped, 0)},
        instead,
        held.finished,
        SOURCE,
        notes=(*held.notes, *never),
        uncounted=frozenset(visit.uncounted),
        changed=held.changed,
        error=held.error,
        unmapped=unmapped,
        refused=visit.refused,
    )


@dataclass(frozen=True)
class _Call:
    """A call whose return is waited for: where to, and what the stack pointer will be then.

    `entered` is its place, and the goroutine. `is_go`: a function of Go, in which a register tells that.
    """

    probe: Probe
    hit: int
    address: int
    sp: int
    entered: tuple[str, int]
    is_go: bool
    meant: Entered | None = None


class _Visit:
    """Takes what the probes ask for; see `Visitor`."""

    def __init__(
        self, guest: Guest, probes: Sequence[tuple[Probe, Place]], elsewhere: Sequence[Probe], *, fault: bool
    ) -> None:
        self.found: list[Snapshot] = []
        self.hits: Counter[str] = Counter()
        self.uncounted: set[str] = set()
        self.unreturned: Counter[str] = Counter()
        self.refused: dict[str, str] = {}
        self.faults: Candidates | None = None
        self.mapped: list[tuple[Probe, Place]] = []
        self._guest, self._probes, self._elsewhere, self._wants_fault = guest, probes, elsewhere, fault
        self._libraries: Libraries | None = None
        self._entries: dict[int, Probe] = {}
        self.calls: list[_Call] = []
        self._restarts = Restarts(guest.arch)
        self._latest: dict[tuple[str, int], tuple[int, int]] = {}  # hit and stack pointer, by place and goroutine

    def begin(self, stub: Stub, breakpoints: Breakpoints, main: Module) -> None:
        """See `Visitor`: put the breakpoints."""
        self._main, self._breakpoints, self._frames = main, breakpoints, Frames(stub, self._guest, main)
        release = gobuild.version(main.program.path)
        self._moves = Moves(self._guest.table, main, reader(stub))
        self._meanings = Meanings(self._guest.table, reader(stub), self._name_of, release)
        for probe, place in self._probes:
            self._put(probe, place, main)
        if any(probe.when != ENTRY for probe in (*(probe for probe, _ in self._probes), *self._elsewhere)):
            for address in self._moves.addresses:
                breakpoints.insert(address)
        if self._elsewhere:
            self._libraries = Libraries(self._guest, stub, main)
            for address in self._libraries.changed:
                breakpoints.insert(address)
        if self._wants_fault:
            self.faults = Candidates(self._guest, main, source(self._guest), self._frames)

    def take(self, stub: Stub) -> bool:
        """See `Visitor`: take what is wanted of this stop."""
        table = self._guest.table
        values = stub.registers(names=(table.pc, table.sp)).values
        pc, sp = values[table.pc], values[table.sp]
        if self._libraries is not None and pc in self._libraries.changed:
            self._look(self._libraries)
            return True
        is_ours = pc in self._breakpoints
        self._follow(stub, pc)
        self._restarts.come_by(pc, sp)
        ended = [call for call in self.calls if call.address == pc and sp - call.sp in table.pops]
        ended = [call for call in ended if not call.is_go or call.entered[1] == self._goroutine(stub)]
        for call in ended:  # several where one has jumped to the next
            self.calls.remove(call)
            back = None if call.meant is None else self._meanings.leave(call.meant, stub.registers().values)
            self._add(stub, call.probe, RETURN, call.hit, back)
        if pc in self._entries:
            self._enter(stub, self._entries[pc], pc, sp)
        if ended:
            self._unless_needed(pc)
        return is_ours

    def die(self, stub: Stub) -> None:
        """See `Visitor`."""
        if self.faults is not None:
            self.faults.add(stub)

    def forget(self) -> None:
        """See `Visitor`."""
        self.faults, self._libraries = None, None
        self._entries.clear()
        self._restarts.forget()
        self.calls.clear()

    def _put(self, probe: Probe, place: Place, module: Module) -> None:
        # of a function with two entries (ppc64le) a call by either comes by the last
        for address in [row[-1] for row in place.entries] or place.addresses:
            at = address + module.bias
            if self._is_trap(module, address):
                self.refused[place.text] = _TRAP
                continue
            try:
                self._breakpoints.insert(at)
            except StubRefused as error:
                self.refused[place.text] = f"nothing is mapped at {at:#x} when it starts: {error.what}"
                continue
            self._entries[at] = probe
            for back in self._restarts.follow(probe, module, at):
                self._breakpoints.insert(back)

    def _is_trap(self, module: Module, address: int) -> bool:
        function = module.program.function_at(address)
        is_thumb = function is not None and function.is_thumb
        return trapped.is_trap(self._guest.table, module.program.bytes_at(address, 4), is_thumb=is_thumb)

    def _look(self, libraries: Libraries) -> None:
        """Put the probes whose places a library has that was mapped just now, and take those of one that is gone."""
        new, gone = libraries.look()
        unmapped = (address for address in self._breakpoints if holding(gone, address) and not libraries.has(address))
        for address in [address for address in unmapped if address not in libraries.changed]:
            self._entries.pop(address, None)
            self._breakpoints.drop(address)
        for module in new:
            for probe in [probe for probe in self._elsewhere if probe.at not in self.uncounted]:
                with contextlib.suppress(NoSuchPlace):
                    place = module.program.find(probe.at)
                    self.mapped.append((probe, place))
                    self._put(probe, place, module)

    def _module(self, address: int) -> Module:
        return self._libraries.at(address) if self._libraries is not None else self._main

    def _name_of(self, address: int) -> str:
        return self._module(address).code_name_at(address)

    def _unless_needed(self, address: int) -> None:
        """Take the breakpoint at `address` away unless something else needs it."""
        if not (
            address in self._entries
            or address in self._restarts.addresses
            or any(row.address == address for row in self.calls)
        ):
            self._breakpoints.remove(address)

    def _goroutine(self, stub: Stub) -> int:
        """Return what tells goroutines apart, where a register does."""
        g = self._guest.table.g
        return stub.registers(names=(g,)).values.get(g, 0) if g else 0

    def _enter(self, stub: Stub, probe: Probe, pc: int, sp: int) -> None:
        entered = probe.at, self._goroutine(stub)
        if self._restarts.is_same(probe, sp):
            if not self._moves.addresses:  # else it was seen to move
                self._move(entered, sp)
            return
        self.hits[probe.at] += 1
        hit = self.hits[probe.at]
        self._latest[entered] = hit, sp
        if probe.wants(hit):
            entry, meant = None, None
            if probe.meant:
                caller = self._caller(stub, sp) if probe.doubted else None
                entry, meant = self._meanings.enter(self._module(pc), pc, stub.registers().values, caller)
            if probe.when != RETURN:
                self._add(stub, probe, ENTRY, hit, meant)
            if probe.when != ENTRY:
                call = self._call(stub, probe, hit, sp, entry, is_go=self._moves.has_g(self._module(pc), pc))
                gone = [row for row in self.calls if (row.probe, row.address, row.sp) == (probe, call.address, call.sp)]
                for row in gone:  # its frame would be here
                    self.calls.remove(row)
                    self.unreturned[probe.at] += 1
                self._breakpoints.insert(call.address)
                self.calls.append(call)
        if probe.last is not None and hit >= probe.last:
            for address in [address for address, other in self._entries.items() if other is probe]:
                del self._entries[address]
                self._unless_needed(address)
            self.uncounted.add(probe.at)

    def _caller(self, stub: Stub, sp: int) -> Caller:
        """Return what has called the function that was just entered."""
        back = return_address(stub, self._guest.table, sp)
        module = self._module(back)
        if not module.holds(back):  # what is mapped is read anew only then
            module = holding(self._frames.modules(), back) or self._main
        return Caller(module, back, lambda: self._caller_s_cfa(stub))

    def _caller_s_cfa(self, stub: Stub) -> int | None:
        frames = self._frames.backtrace(stub.registers().values).frames
        return frames[1].cfa if len(frames) > 1 else None

    def _follow(self, stub: Stub, pc: int) -> None:
        """Follow what of the stacks has moved since the last stop, and what will."""
        for move in self._moves.done():
            for number, call in enumerate(self.calls):
                if move.low <= call.sp <= move.high:
                    moved = None if call.meant is None else call.meant.moved(move.by)
                    self.calls[number] = replace(call, sp=call.sp + move.by, meant=moved)
            for entered, (hit, sp) in self._latest.items():
                if move.low <= sp <= move.high:
                    self._latest[entered] = hit, sp + move.by
        if pc in self._moves.addresses:
            self._moves.begin(stub.registers().values)

    def _move(self, entered: tuple[str, int], sp: int) -> None:
        """Follow the stack of the goroutine that enters a place again: it may be elsewhere now, as a whole."""
        hit, before = self._latest.get(entered, (0, sp))
        for number, call in enumerate(self.calls):
            is_same = (call.entered, call.hit) == (entered, hit)
            if is_same or (entered[1] and call.entered[1] == entered[1]):
                moved = None if call.meant is None else call.meant.moved(sp - before)
                self.calls[number] = replace(call, sp=call.sp + sp - before, meant=moved)

    def _call(self, stub: Stub, probe: Probe, hit: int, sp: int, meant: Entered | None, *, is_go: bool) -> _Call:
        table = self._guest.table
        entered = probe.at, self._goroutine(stub)
        back = sp if table.link else sp + table.word
        return _Call(probe, hit, return_address(stub, table, sp), back, entered, is_go=is_go, meant=meant)

    def _add(self, stub: Stub, probe: Probe, when: str, hit: int, meant: Meant | None) -> None:
        if len(self.found) < MOST:
            self.found.append(replace(self._snapshot(stub, probe, when, hit), meant=meant))

    def _snapshot(self, stub: Stub, probe: Probe, when: str, hit: int) -> Snapshot:
        table = self._guest.table
        registers = stub.registers()
        pc = registers.values[table.pc]
        back = self._frames.backtrace(registers.values) if probe.backtrace else Backtrace(())
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
