"""Run a program with every crossing between C and Go watched, by QEMU's log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.elf import places
from harness.errors import UsageError
from harness.probe import reader
from harness.probe.guest import Guest
from harness.process.spec import Finished
from harness.qemulog.records import Record
from harness.watch.alarms import Alarm
from harness.watch.check import Checker
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
    sites = find(program, guest.arch)
    checker = Checker(guest.table, sites)

    def consume(record: Record) -> None:
        if record.pc is not None:
            checker.take(record.pc, record.registers)

    finished, torn = reader.run(guest, sites.addresses, consume)
    return Watched(finished, tuple(checker.alarms), checker.total, checker.checked, torn)
