"""Run a program with every crossing between C and Go watched, by QEMU's log."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from harness.elf import places
from harness.elf.places import Program
from harness.errors import UsageError
from harness.probe import reader
from harness.probe.guest import Guest
from harness.process.spec import Finished
from harness.qemulog.records import Record
from harness.watch.check import Alarm, Checker
from harness.watch.sites import find


@dataclass(frozen=True)
class Watched:
    """How a watched run ended, its alarms (`total` counts those beyond the bound too) and the crossings checked."""

    finished: Finished
    alarms: tuple[Alarm, ...]
    total: int
    checked: Mapping[str, int]
    torn: int = 0


def watch(guest: Guest) -> Watched:
    """Run `guest` and hold each of its crossings against the ABI. Raises UsageError where it cannot be watched."""
    program = places.load(guest.program)
    why = reader.cannot(guest, program)
    if why:
        raise UsageError(
            f"{guest.program} cannot be watched: {why}", mend="build it with -buildmode=exe; --runner=qemu"
        )
    watcher = Watcher(guest, program)
    finished, torn = reader.run(guest, watcher)
    return watcher.watched(finished, torn)


class Watcher:
    """Holds the crossings of `program` against the ABI, as QEMU's log tells of them."""

    def __init__(self, guest: Guest, program: Program) -> None:
        self._sites = find(program, guest.arch)
        self._checker = Checker(guest.table, self._sites)

    @property
    def addresses(self) -> Collection[int]:
        """See `reader.Listener`."""
        return self._sites.addresses

    def take(self, pc: int, record: Record) -> None:
        """See `reader.Listener`."""
        self._checker.take(pc, record.registers)

    def watched(self, finished: Finished, torn: int = 0) -> Watched:
        """Return what was seen of a run that `finished` so."""
        checker = self._checker
        return Watched(finished, tuple(checker.alarms), checker.total, checker.checked, torn)
