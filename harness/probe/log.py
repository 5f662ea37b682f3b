"""Entries of functions from QEMU's log: thousands at almost no cost, and nothing about the run changes.

A record is written when a block of code starts at a filtered address, which a function's entry and the instruction
after a call always do.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence

from harness.abi import meaning
from harness.abi.dwarf import NotKnown
from harness.elf.places import Place, Program
from harness.probe import image, reader
from harness.probe.guest import MOST, Guest, Taken, never_reached
from harness.probe.meant import Meanings
from harness.probe.restarts import Restarts
from harness.qemulog.records import Record
from harness.registers import TABLES, THREAD
from harness.snapshot import ENTRY, Probe, Snapshot
from harness.unwind.modules import Module

SOURCE = "QEMU log"
_NO_FORWARD = "QEMU's log has no memory, so the backtrace ends at the caller"


def cannot(guest: Guest, probes: Sequence[Probe], elsewhere: Sequence[Probe] = ()) -> str:
    """Return an empty text where the log can answer `probes` and `elsewhere` (in libraries), else why it cannot."""
    why = reader.cannot(guest)
    if why:
        return why
    if elsewhere:
        return f"where a library with {elsewhere[0].at} will be is not known before"
    if any(probe.when != ENTRY for probe in probes):
        return "where a function returns to is not known before it is called"
    if any(probe.memory or probe.backtrace for probe in probes):
        return "it has registers only"
    return ""


def tells_all(guest: Guest, probes: Sequence[tuple[Probe, Place]], program: Program) -> bool:
    """Whether registers alone tell what the functions at `probes` were called with, of those that are to be decoded.

    They do not tell what else it could have been: that is to be read on the stack too.
    """
    for probe, place in (row for row in probes if row[0].meant):
        for function in program.by_name.get(place.function, ()):
            with contextlib.suppress(NotKnown):
                if meaning.of(program, function, guest.arch).needs_memory or probe.doubted:
                    return False
    return True


def take(guest: Guest, probes: Sequence[tuple[Probe, Place]], program: Program, *beside: reader.Listener) -> Taken:
    """Run `guest` and return what its log says at the entries of `probes`; `beside` listen to the same run."""
    main = image.main_module(guest)
    wanted = {address + main.bias: probe for probe, place in probes for address in place.addresses}
    entries, landmarks = (
        _Entries(wanted, main, guest.arch),
        image.Landmarks(image.landmarks([main], guest.table.isa_bit)),
    )
    finished, notes = reader.run(guest, entries, landmarks, *beside)
    notes = (*notes, *filter(None, [landmarks.missing]))
    if len(entries.found) == MOST:
        notes = (*notes, f"only the first {MOST} snapshots were kept")
    instead = never_reached(program, probes, entries.hits)
    return Taken(tuple(entries.found), entries.hits, instead, finished, SOURCE, notes)


class _Entries:
    """Counts the hits of each probe and keeps those that are wanted."""

    def __init__(self, wanted: Mapping[int, Probe], main: Module, arch: str) -> None:
        self._wanted, self._restarts = wanted, Restarts(arch)
        for at, probe in wanted.items():
            self._restarts.follow(probe, main, at)
        self.found: list[Snapshot] = []
        self.hits = dict.fromkeys((probe.at for probe in wanted.values()), 0)
        self._main = main
        self._meanings = Meanings(TABLES[arch], lambda _address, _size: None, main.code_name_at)

    @property
    def addresses(self) -> Collection[int]:
        """See `Listener`."""
        return {*self._wanted, *self._restarts.addresses}

    @property
    def wanted(self) -> frozenset[str] | None:
        """See `Listener`: a snapshot has all registers."""
        return None

    def take(self, pc: int, record: Record) -> None:
        """See `Listener`."""
        g = record.layout.table.g
        goroutine = record.registers[g] if g else 0
        self._restarts.come_by(pc, goroutine)
        probe = self._wanted.get(pc)
        if probe is None or self._restarts.is_same(probe, goroutine):
            return
        self.hits[probe.at] += 1
        hit = self.hits[probe.at]
        if probe.wants(hit) and len(self.found) < MOST:
            self.found.append(self._snapshot(pc, record, probe, hit))

    def _snapshot(self, pc: int, record: Record, probe: Probe, hit: int) -> Snapshot:
        table, values = record.layout.table, dict(record.registers)
        names = [self._main.function_name_at(pc)]
        thread = table.of_role(THREAD)
        if table.link in values:
            names.append(self._main.function_name_at(values[table.link] & ~table.isa_bit))
        return Snapshot(
            probe.at,
            ENTRY,
            hit,
            table.arch,
            pc,
            self._main.name_at(pc),
            SOURCE,
            f"{thread}={values[thread]:#x}" if thread in values else "",
            values,
            {name: "QEMU's log does not show it" for name in table.by_name if name not in values},
            backtrace=tuple(names),
            notes=(_NO_FORWARD,),
            meant=self._meanings.enter(self._main, pc, values)[1] if probe.meant else None,
        )
