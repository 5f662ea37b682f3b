"""Reads QEMU's log from a FIFO while the program runs, so that it takes no disk and memory only for what is kept."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Protocol

from harness.elf.identity import identify
from harness.errors import CrossabiError, RunnerBroken, StoreBroken, UsageError, mistaken
from harness.probe import layout
from harness.probe.guest import Guest
from harness.probe.pipe import NOBODY, Pipe, Writer
from harness.process import client
from harness.process.spec import Finished
from harness.qemulog.layouts import LAYOUTS, Layout
from harness.qemulog.records import Record, Splitter

CUT = "the program closed QEMU's log while it ran: what came then was not seen"
BEHIND = 10  # niceness of who reads the log: who writes it and who carries it come first
FULL = (
    "QEMU's log was written faster than it could be read: if a signal came meanwhile whose handler has no SA_RESTART,"
    " records are missing"
)
FEW, GAP = 32, 128  # ranges of a filter; bytes between two that are joined when there are more
LOG = "log"
WIDTH = 4  # bytes of a filter's range; a block is logged when its first address is in it, and no block starts within


def cannot(guest: Guest) -> str:
    """Return an empty text where QEMU's log can tell of `guest`, else why it cannot.

    Raises UsageError where it is no program.
    """
    if guest.platform.emulator is None:
        return "it runs natively, without QEMU's log"
    if guest.arch not in LAYOUTS:
        return f"the layout of {guest.arch} in QEMU's log is not known"
    try:
        kind = identify(guest.program).kind
    except ValueError as error:
        raise UsageError(str(error), mend="name a Linux program") from None
    if kind != "ET_EXEC" and not layout.interpreter(guest.program):
        return "it is position-independent and static: where it is loaded is not known before it starts"
    return ""


def options(addresses: Iterable[int], fifo: Path) -> tuple[str, ...]:
    """Return QEMU's options that log the registers into `fifo` whenever a block of code starts at an address."""
    ranges = ",".join(f"{start:#x}+{end - start:#x}" for start, end in ranges_of(addresses))
    return "-d", "cpu,fpu,exec,nochain", "-dfilter", ranges, "-D", str(fifo)


def ranges_of(addresses: Iterable[int]) -> list[tuple[int, int]]:
    """Return the ranges (start, end) that hold `addresses`: without other instructions in them, while these are few.

    QEMU compares each block that runs with each range in turn, so many ranges are slow wherever the program is. Those
    beyond `FEW` are joined with the nearest, across at most `GAP` bytes: the blocks between are logged and passed over.
    """
    ordered = sorted(addresses)
    gaps = sorted((after - before - WIDTH, after) for before, after in itertools.pairwise(ordered))
    apart = [row for row in gaps if row[0] > 0]
    joined = {address for gap, address in apart[: max(0, len(apart) + 1 - FEW)] if gap <= GAP}
    found: list[tuple[int, int]] = []
    for address in ordered:
        if found and (address <= found[-1][1] or address in joined):
            found[-1] = found[-1][0], address + WIDTH
        else:
            found.append((address, address + WIDTH))
    return found


class Listener(Protocol):
    """Wants the registers whenever a block of code starts at one of its `addresses`."""

    @property
    def addresses(self) -> Collection[int]:
        """Where (run-time addresses)."""

    @property
    def wanted(self) -> frozenset[str] | None:
        """The registers that are looked at; None: all."""

    def take(self, pc: int, record: Record) -> None:
        """Take in one record; its program counter is `pc`."""


def run(guest: Guest, *listeners: Listener) -> tuple[Finished, tuple[str, ...]]:
    """Run `guest` and hand each of `listeners` the records of its addresses.

    Returns how it ended, and what a reader has to know of the log.
    """
    takers: dict[int, list[Callable[[int, Record], None]]] = {}
    for listener in listeners:
        for address in listener.addresses:
            takers.setdefault(address, []).append(listener.take)

    def consume(record: Record) -> None:
        for take in takers.get(record.pc, ()):
            take(record.pc, record)

    addresses = sorted(takers)
    sets = [listener.wanted for listener in listeners]
    wanted = None if None in sets else frozenset().union(*(names for names in sets if names))
    with layout.log_folder() as folder:
        fifo, shown = folder / LOG, LAYOUTS[guest.arch]
        try:
            reader = LogReader(fifo, shown, consume, wanted, client.mine(), client.interrupter())
        except OSError as error:
            raise StoreBroken(
                f"what QEMU's log is read from cannot be made in {folder}: {error.strerror}",
                mend="make room there, allow more open files (ulimit -n), or use --source=stub",
            ) from error
        try:
            reader.start()
            finished = client.run(guest.under(*(options(addresses, fifo) if addresses else ())))
        except RunnerBroken:
            if reader.error is None:
                raise
            raise reader.error from None  # for which it has cut the run short
        finally:
            reader.finish()
    if reader.error is not None:
        raise reader.error
    torn, pipe = reader.splitter.torn, reader.pipe
    notes = (
        f"{torn} records of the log were cut off" if torn else "",
        CUT if pipe.cut else "",
        FULL if pipe.was_full else "",
    )
    return finished, tuple(filter(None, notes))


class LogReader(threading.Thread):
    """Hands every whole record to `consume`, in its own thread, until `finish`. `splitter.torn` counts the others.

    A program shares descriptors with its emulator, and one that closes those of others closes the log: then `pipe.cut`
    is set. With an `error` what came after it was not looked at, and `give_up` was called, once.
    """

    def __init__(
        self,
        fifo: Path,
        layout: Layout,
        consume: Callable[[Record], None],
        wanted: frozenset[str] | None = None,
        writer: Writer = NOBODY,
        give_up: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(name="crossabi-log")
        self.splitter = Splitter(layout, wanted)
        self.error: CrossabiError | None = None
        self.pipe = Pipe(fifo, writer)
        self._consume, self._give_up = consume, give_up

    def run(self) -> None:
        """Read, cut and hand on, until the end or an error."""
        try:
            _step_back()
            for part in self.pipe.parts():
                self._hand_on(self.splitter.feed(part))
            self._hand_on(self.splitter.end())
        except CrossabiError as error:
            self.error = error
        except BaseException as mistake:
            self.error = mistaken("a record of the log was looked at", mistake)
        if self.error is not None:
            self._give_up()

    def _hand_on(self, records: Iterable[Record]) -> None:
        for record in records:
            self._consume(record)

    def finish(self) -> None:
        """Read what is left, end, and close everything; nobody may still write."""
        if self.ident is not None:
            self.pipe.finish()
            self.join()
        self.pipe.close()


def _step_back() -> None:
    """Let others come before this thread, on Linux it alone; one that already does may not be moved."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, max(BEHIND, os.getpriority(os.PRIO_PROCESS, 0)))
