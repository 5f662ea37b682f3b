"""Entries of functions from QEMU's log: thousands at almost no cost, and nothing about the run changes.

QEMU writes the log into a FIFO that a thread reads while the program runs, so that it takes no disk and only the
wanted records stay in memory. A record is written when a block of code starts at a filtered address, which a
function's entry and the instruction after a call always do.
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from harness.build.store import Store
from harness.elf.places import Place, Program
from harness.probe.guest import MOST, Guest, Taken
from harness.process import client
from harness.qemulog.layouts import LAYOUTS, Layout
from harness.qemulog.records import Record, Splitter
from harness.registers import THREAD
from harness.snapshot import ENTRY, Probe, Snapshot

SOURCE = "QEMU log"
CHUNK = 1 << 20
_WIDTH = 4  # bytes of a filter's range; a block is logged when its first address is in it, and no block starts within
_NO_FORWARD = "QEMU's log has no memory, so the backtrace ends at the caller"


def can(guest: Guest, probes: Sequence[Probe], program: Program) -> str:
    """Return an empty text where the log can answer `probes`, else why it cannot."""
    if guest.platform.emulator is None:
        return "the program runs natively"
    if guest.arch not in LAYOUTS:
        return f"the layout of {guest.arch} in QEMU's log is not known"
    if not program.is_fixed:
        return "where a position-independent program is loaded is not known before it starts"
    if any(probe.when != ENTRY for probe in probes):
        return "where a function returns to is not known before it is called"
    if any(probe.memory or probe.backtrace for probe in probes):
        return "it has registers only"
    return ""


def take(guest: Guest, probes: Sequence[tuple[Probe, Place]], program: Program) -> Taken:
    """Run `guest` and return what its log says at the entries of `probes`."""
    wanted = {address: probe for probe, place in probes for address in place.addresses}
    ranges = ",".join(f"{address:#x}+{_WIDTH}" for address in wanted)
    with Store().scratch() as folder:
        fifo = folder / "log"
        os.mkfifo(fifo)
        reader = _Reader(fifo, LAYOUTS[guest.arch], wanted, program)
        reader.start()
        try:
            finished = client.run(guest.under("-d", "cpu,fpu,nochain", "-dfilter", ranges, "-D", str(fifo)))
        finally:
            reader.finish()
    notes = [f"{reader.splitter.torn} records of the log were cut off"] if reader.splitter.torn else []
    if len(reader.found) == MOST:
        notes.append(f"only the first {MOST} snapshots were kept")
    near = {place.text: program.near(place.function) for _, place in probes if not reader.hits[place.text]}
    return Taken(tuple(reader.found), reader.hits, near, finished, SOURCE, tuple(notes))


class _Reader(threading.Thread):
    """Reads the FIFO until it is told that nothing more will come."""

    def __init__(self, fifo: Path, layout: Layout, wanted: Mapping[int, Probe], program: Program) -> None:
        super().__init__(name="crossabi-log")
        self.splitter = Splitter(layout)
        self.found: list[Snapshot] = []
        self.hits = dict.fromkeys((probe.at for probe in wanted.values()), 0)
        self._wanted, self._program = wanted, program
        self._thread = layout.table.of_role(THREAD)
        self._fd = os.open(fifo, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)  # so that it never hangs up in between
        self._wake, self._waker = os.pipe2(os.O_CLOEXEC)

    def run(self) -> None:
        """Read, cut and count."""
        poller = select.poll()
        poller.register(self._fd, select.POLLIN)
        poller.register(self._wake, select.POLLIN)
        ending = False
        while True:
            ready = {fd for fd, _ in poller.poll(0 if ending else None)}
            if self._fd in ready:
                self._take(self.splitter.feed(os.read(self._fd, CHUNK)))
            elif ending:
                break
            ending = ending or self._wake in ready
        self._take(self.splitter.end())

    def finish(self) -> None:
        """Read what is left, end, and close everything."""
        os.close(self._waker)
        self.join()
        os.close(self._fd)
        os.close(self._wake)

    def _take(self, records: Iterable[Record]) -> None:
        for record in records:
            probe = self._wanted.get(record.pc or 0)
            if probe is None:
                continue
            self.hits[probe.at] += 1
            hit = self.hits[probe.at]
            if probe.wants(hit) and len(self.found) < MOST:
                self.found.append(self._snapshot(record, probe, hit))

    def _snapshot(self, record: Record, probe: Probe, hit: int) -> Snapshot:
        table, values = record.layout.table, record.registers
        names = [self._program.name_at(record.pc or 0)]
        if table.link in values:
            names.append(self._program.name_at(values[table.link] & ~table.isa_bit))
        return Snapshot(
            probe.at,
            ENTRY,
            hit,
            table.arch,
            record.pc or 0,
            names[0],
            SOURCE,
            f"{self._thread}={values[self._thread]:#x}" if self._thread in values else "",
            values,
            {name: "QEMU's log does not show it" for name in table.by_name if name not in values},
            backtrace=tuple(names),
            notes=(_NO_FORWARD,),
        )
