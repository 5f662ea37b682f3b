"""Run a program with every crossing between C and Go watched, by QEMU's log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from harness.elf import places
from harness.errors import UsageError
from harness.probe import layout, reader
from harness.probe.guest import Guest
from harness.process.spec import Finished
from harness.qemulog.records import Record
from harness.watch.alarms import Alarm
from harness.watch.check import Checker
from harness.watch.sites import SIGNALS, Exit, Sites, find

TRAMPOLINES = 64  # bytes at the start of QEMU's page of them (linux-user/*/signal.c, setup_sigtramp)
RESTORERS: Mapping[str, bytes] = MappingProxyType({"amd64": bytes.fromhex("48c7c00f0000000f05")})
"""The code that the C library has the kernel return to, where it says so (SA_RESTORER): mov $15, %rax; syscall."""


@dataclass(frozen=True)
class Watched:
    """How a watched run ended, its alarms, and the crossings checked.

    `total` and `counts`, by crossing and register, count the alarms that were not kept too.
    """

    finished: Finished
    alarms: tuple[Alarm, ...]
    total: int
    checked: Mapping[str, int]
    torn: int = 0
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)


def watch(guest: Guest) -> Watched:
    """Run `guest` and hold each of its crossings against the ABI. Raises UsageError where it cannot be watched."""
    program = places.load(guest.program)
    why = reader.cannot(guest, program)
    if why:
        raise UsageError(
            f"{guest.program} cannot be watched: {why}", mend="build it with -buildmode=exe; --runner=qemu"
        )
    sites = _with_returns(find(program, guest.arch), guest)
    checker = Checker(guest.table, sites)

    def consume(record: Record) -> None:
        if record.pc is not None:
            checker.take(record.pc, record.registers)

    finished, torn = reader.run(guest, sites.addresses, consume, checker.wanted)
    return Watched(finished, tuple(checker.alarms), checker.total, checker.checked, torn, checker.counts)


def _with_returns(sites: Sites, guest: Guest) -> Sites:
    """Return `sites` with where signal handlers return to, as far as that is known before the program starts."""
    if not sites.entries:
        return sites
    found = layout.layout(guest)
    returns = [address for page in found.trampolines for address in range(page, page + TRAMPOLINES, 2)]
    code = RESTORERS.get(guest.arch)
    returns += layout.restorers(guest, code, found) if code else ()
    return Sites(sites.entries, {**sites.exits, **{address: Exit(SIGNALS, "the kernel") for address in returns}})
