"""Run a program with every crossing between C and Go watched, by QEMU's log."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

from harness.elf import places
from harness.elf.places import Program
from harness.errors import UsageError
from harness.host.faults import Faults
from harness.probe import layout, reader
from harness.probe.guest import Guest
from harness.process.spec import Finished
from harness.qemulog.records import Record
from harness.watch.alarms import Alarm
from harness.watch.check import Checker
from harness.watch.sites import SIGNALS, Exit, Sites, find
from harness.watch.subject import Subject

TRAMPOLINES = 64  # bytes at the start of QEMU's page of them (linux-user/*/signal.c, setup_sigtramp)
RESTORERS: Mapping[str, bytes] = MappingProxyType({"amd64": bytes.fromhex("48c7c00f0000000f05")})
"""The code that the C library has the kernel return to, where it says so (SA_RESTORER): mov $15, %rax; syscall."""


@dataclass(frozen=True)
class Watched:
    """How a watched run ended, its alarms, and the crossings checked.

    `total` and `known`, by the id of a row of `toolchains/emulator-faults.yaml`, also count alarms that were not kept.
    """

    finished: Finished
    alarms: tuple[Alarm, ...]
    total: int
    checked: Mapping[str, int]
    torn: int = 0
    known: Mapping[str, int] = field(default_factory=dict)


def watch(guest: Guest, faults: Faults) -> Watched:
    """Run `guest` and hold each of its crossings against the ABI; `faults` says what is known to be broken.

    Raises UsageError where it cannot be watched.
    """
    program = places.load(guest.program)
    why = reader.cannot(guest, program)
    if why:
        raise UsageError(
            f"{guest.program} cannot be watched: {why}", mend="build it with -buildmode=exe; --runner=qemu"
        )
    watcher = Watcher(guest, program, faults)
    finished, torn = reader.run(guest, watcher)
    return watcher.watched(finished, torn)


class Watcher:
    """Holds the crossings of `program` against the ABI, as QEMU's log tells of them."""

    def __init__(self, guest: Guest, program: Program, faults: Faults) -> None:
        self._sites = _with_returns(find(program, guest.arch), guest)
        self._checker = Checker(
            guest.table, self._sites, partial(faults.known, subject=Subject(guest.arch, program.path))
        )

    @property
    def addresses(self) -> Collection[int]:
        """See `reader.Listener`."""
        return self._sites.addresses

    @property
    def wanted(self) -> frozenset[str]:
        """See `reader.Listener`."""
        return self._checker.wanted

    def take(self, pc: int, record: Record) -> None:
        """See `reader.Listener`."""
        self._checker.take(pc, record.registers)

    def watched(self, finished: Finished, torn: int = 0) -> Watched:
        """Return what was seen of a run that `finished` so."""
        checker = self._checker
        return Watched(finished, tuple(checker.alarms), checker.total, checker.checked, torn, checker.known)


def _with_returns(sites: Sites, guest: Guest) -> Sites:
    """Return `sites` with where signal handlers return to, as far as that is known before the program starts."""
    if not sites.entries:
        return sites
    found = layout.layout(guest)
    returns = [address for page in found.trampolines for address in range(page, page + TRAMPOLINES, 2)]
    code = RESTORERS.get(guest.arch)
    returns += layout.restorers(guest, code, found) if code else ()
    return Sites(sites.entries, {**sites.exits, **{address: Exit(SIGNALS, "the kernel") for address in returns}})
