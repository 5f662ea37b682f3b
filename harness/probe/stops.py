"""Snapshots by stopping the program: memory, returns and backtraces, at about a millisecond a stop."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.build.store import Store
from harness.elf.places import NoSuchPlace, Place, Program
from harness.errors import CrossabiError, RunnerBroken
from harness.probe.faults import DEADLY, Candidates
from harness.probe.frames import backtrace
from harness.probe.guest import MOST, Guest, Taken, never_reached
from harness.probe.libraries import Libraries
from harness.probe.servers import Served, serve
from harness.process import client
from harness.process.spec import Finished
from harness.registers import RegisterTable
from harness.snapshot import ENTRY, RETURN, Probe, Snapshot
from harness.stub.client import Stub
from harness.stub.errors import MemoryUnreadable, StubBroken, StubClosed
from harness.stub.stops import How, Stop
from harness.unwind.modules import Module
from harness.unwind.unwinder import Backtrace

SOURCE = "stub"
AT_ENTRY = 9  # of the auxiliary vector (getauxval(3))
_EXEC = "the program became another one (execve): what came then was not looked at"
_GONE = (
    "QEMU's stub was gone before the program ended: it was killed, closed descriptors that are not its own, or became"
    " another program (execve); what came then was not seen"
)
_HUNG = "QEMU's stub can hang a program of which two threads stop at once (docs/limits.md); the log does not stop it"
SLACK = 5.0  # seconds beyond the program's own time in which it is ended by its keeper


def take(
    guest: Guest,
    probes: Sequence[tuple[Probe, Place]],
    program: Program,
    elsewhere: Sequence[Probe] = (),
    *,
    fault: bool = False,
) -> Taken:
    """Run `guest`, stop it at `probes`, and return what was there; with `fault` also what it died of, if of a signal.

    The places of `elsewhere` are looked for in the libraries that it maps; the first one that has a place counts.
    A server that fails is the `error` of what is returned, and the program has been ended then. Raises StubBroken where
    it failed before there was a snapshot.
    """
    with Store().scratch() as folder, serve(guest, folder) as served:
        visit = _Visit(guest, served, probes, program, client.interrupter(), elsewhere, fault=fault)
        visit.start()
        try:
            finished = client.run(served.command)
        except RunnerBroken as broken:
            visit.finish()
            if visit.error is None:
                raise
            finished = Finished("signaled", signal="SIGKILL", notes=(broken.what,))
        finally:
            visit.finish()
    error = None if finished.error else visit.error
    gone = isinstance(error, StubClosed) and not served.tells_end
    if gone:
        error = _taken_along(finished)
    if error is not None and not visit.found:
        raise error
    probes = [*probes, *visit.mapped]
    near = never_reached(program, probes, visit.hits)
    ended = _ended(finished, visit.last)
    death = visit.faults.death(ended) if visit.faults is not None else None
    return Taken(
        (*visit.found, *([death] if death is not None else ())),
        {**{place.text: visit.hits[place.text] for _, place in probes}, **{probe.at: 0 for probe in visit.elsewhere}},
        near,
        ended,
        SOURCE,
        notes=tuple(_notes(visit, ended, served, gone=gone and error is None)),
        uncounted=frozenset(visit.uncounted),
        changed=served.changed,
        error=error,
        unmapped=frozenset(probe.at for probe in visit.elsewhere),
    )


@dataclass(frozen=True)
class _Call:
    """A call whose return is waited for: where to, and what the stack pointer will be then."""

    probe: Probe
    hit: int
    address: int
    sp: int


class _Visit(threading.Thread):
    """Talks to the stub while the program runs under its keeper."""

    def __init__(
        self,
        guest: Guest,
        served: Served,
        probes: Sequence[tuple[Probe, Place]],
        program: Program,
        give_up: Callable[[], None],
        elsewhere: Sequence[Probe],
        *,
        fault: bool = False,
    ) -> None:
        super().__init__(name="crossabi-stub")
        self.found: list[Snapshot] = []
        self.hits: Counter[str] = Counter()
        self.uncounted: set[str] = set()
        self.error: CrossabiError | None = None
        self.last: Stop | None = None
        self.faults: Candidates | None = None
        self.replaced = False
        self.elsewhere = list(elsewhere)
        self.mapped: list[tuple[Probe, Place]] = []
        self._give_up = give_up
        self._wants_fault = fault
        self._guest, self._served, self._probes = guest, served, probes
        self._runs = True
        self._main = Module(program, 0)
        self._libraries: Libraries | None = None
        self._entries: dict[int, Probe] = {}
        self._calls: list[_Call] = []

    def run(self) -> None:
        """Connect, put the breakpoints, and take what comes by."""
        try:
            with self._served.connect(lambda: self._runs) as stub:
                self._converse(stub)
        except CrossabiError as error:
            self.error = error
            if not isinstance(error, StubClosed):
                self._give_up()

    def finish(self) -> None:
        """Wait for the conversation's end; the program has ended."""
        self._runs = False
        self.join()

    @property
    def _source(self) -> str:
        return f"{SOURCE}: {'gdbserver' if self._guest.platform.emulator is None else 'QEMU'}"

    def _converse(self, stub: Stub) -> None:
        program = self._main.program
        if not program.is_fixed:
            self._main = Module(program, stub.auxv().get(AT_ENTRY, 0) - program.entry)
        for probe, place in self._probes:
            self._put(stub, probe, place, self._main.bias)
        if self.elsewhere:
            self._libraries = Libraries(self._guest, stub, self._main)
            for address in self._libraries.changed:
                stub.insert(address)
        if self._wants_fault:
            self.faults = Candidates(self._guest, self._main, self._source)
        passed = ""
        while True:
            stop = stub.run(self._guest.command.timeout + SLACK, signal=passed)
            self.last = stop
            if not stop.is_alive:
                return
            if stop.is_exec:
                self._become_another()
                continue
            is_ours = stop.signal == "SIGTRAP" and self._take(stub)
            passed = "" if is_ours else stop.signal
            if self.faults is not None and passed in DEADLY:
                self.faults.add(stub)

    def _put(self, stub: Stub, probe: Probe, place: Place, bias: int) -> None:
        # of a function with two entries (ppc64le) a call by either comes by the last
        for address in [row[-1] for row in place.entries] or place.addresses:
            self._entries[address + bias] = probe
            stub.insert(address + bias)

    def _look(self, stub: Stub, libraries: Libraries) -> None:
        """Put the probes whose places a library has that was mapped just now."""
        for module in libraries.new():
            for probe in list(self.elsewhere):
                with contextlib.suppress(NoSuchPlace):
                    place = module.program.find(probe.at)
                    self.elsewhere.remove(probe)
                    self.mapped.append((probe, place))
                    self._put(stub, probe, place, module.bias)
        if not self.elsewhere:
            for address in libraries.changed:
                stub.remove(address)

    def _module(self, address: int) -> Module:
        return self._libraries.at(address) if self._libraries is not None else self._main

    def _become_another(self) -> None:
        """Forget the program that was looked at; its process is another one's now."""
        self.replaced, self.faults, self._libraries = True, None, None
        self._entries.clear()
        self._calls.clear()

    def _take(self, stub: Stub) -> bool:
        """Take what is wanted of this stop; return whether it is one of ours."""
        table = self._guest.table
        values = stub.registers(names=(table.pc, table.sp)).values
        pc, sp = values[table.pc], values[table.sp]
        if self._libraries is not None and pc in self._libraries.changed and self.elsewhere:
            self._look(stub, self._libraries)
            return True
        back = next((call for call in self._calls if (call.address, call.sp) == (pc, sp)), None)
        if back is not None:
            self._calls.remove(back)
            if pc not in {call.address for call in self._calls} | self._entries.keys():
                stub.remove(pc)
            self._add(stub, back.probe, RETURN, back.hit)
        probe = self._entries.get(pc)
        if probe is not None:
            self._enter(stub, probe, pc, sp)
        return back is not None or probe is not None or pc in {call.address for call in self._calls}

    def _enter(self, stub: Stub, probe: Probe, pc: int, sp: int) -> None:
        self.hits[probe.at] += 1
        hit = self.hits[probe.at]
        if probe.wants(hit):
            if probe.when != RETURN:
                self._add(stub, probe, ENTRY, hit)
            if probe.when != ENTRY:
                call = self._call(stub, probe, hit, sp)
                stub.insert(call.address)
                self._calls.append(call)
        if probe.last is not None and hit >= probe.last:
            for address in [address for address, other in self._entries.items() if other is probe]:
                del self._entries[address]
                if address not in {call.address for call in self._calls}:
                    stub.remove(address)
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
            self._source,
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


def _taken_along(finished: Finished) -> StubBroken | None:
    """Return the error of a program that went on without a stub and died of what only the stub takes back."""
    if finished.signal != "SIGTRAP":
        return None
    return StubBroken(
        "the program closed the descriptor by which QEMU's stub speaks, and the next stop was its death",
        why="it closes descriptors that are not its own, as daemons do, and the emulator's are among them",
        mend="ask for hits before it does (--hits), or run it natively: gdbserver has descriptors of its own",
    )


def _notes(visit: _Visit, ended: Finished, served: Served, *, gone: bool) -> Iterator[str]:
    if visit.replaced:
        yield _EXEC
    if ended.ended == "timeout" and not served.tells_end:
        yield _HUNG
    elif gone:
        yield _GONE


def return_address(stub: Stub, table: RegisterTable, sp: int) -> int:
    """Return where the function that was just entered returns to: the link register, or the word at `sp`."""
    if table.link:
        return stub.registers(names=(table.link,)).values[table.link] & ~table.isa_bit
    return int.from_bytes(stub.memory(sp, table.word), table.byte_order)


def _ended(finished: Finished, last: Stop | None) -> Finished:
    """Return how the program itself ended: gdbserver, which `finished` is of, ends with 0 whatever it does."""
    if last is None or last.is_alive:
        return finished
    if last.how is How.EXITED:
        return replace(finished, ended="exited", code=last.status, signal=None)
    return replace(finished, ended="signaled", code=None, signal=last.signal)
