"""Run a program with every crossing between C and Go watched, by QEMU's log."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from harness.errors import UsageError
from harness.host.faults import Faults
from harness.probe import reader
from harness.probe.guest import Guest
from harness.probe.image import Landmarks
from harness.process.spec import Finished
from harness.qemulog.records import Record
from harness.watch.alarms import Alarm
from harness.watch.check import Checker
from harness.watch.remember import crossings
from harness.watch.subject import Subject


@dataclass(frozen=True)
class Watched:
    """How a watched run ended, its alarms, the crossings checked, and what a reader has to know.

    `total` and `known`, by the id of a row of `toolchains/emulator-faults.yaml`, also count alarms that were not kept.
    `unwatched` says why nothing of it was watched, where that came out only when it ran.
    """

    finished: Finished
    alarms: tuple[Alarm, ...]
    total: int
    checked: Mapping[str, int]
    notes: tuple[str, ...] = ()
    known: Mapping[str, int] = field(default_factory=dict)
    unwatched: str = ""


def watch(guest: Guest, faults: Faults) -> Watched:
    """Run `guest` and hold each of its crossings against the ABI; `faults` says what is known to be broken.

    Raises UsageError where it cannot be watched.
    """
    why = reader.cannot(guest)
    if why:
        raise UsageError(
            f"{guest.program} cannot be watched: {why}", mend="build it with a dynamic loader or -buildmode=exe"
        )
    watcher = Watcher(guest, faults)
    return watcher.watched(*reader.run(guest, watcher, watcher.landmarks))


class Watcher:
    """Holds the crossings of `guest` against the ABI, as QEMU's log tells of them.

    Where they are is remembered in `folder`, if there is one. `landmarks` has to listen to the same run.
    """

    def __init__(self, guest: Guest, faults: Faults, folder: Path | None = None) -> None:
        self._sites = crossings(guest, folder)
        self.landmarks = Landmarks(self._sites.landmarks)
        known = partial(faults.known, subject=Subject(guest.arch, self._sites.loaded))
        self._checker = Checker(guest.table, self._sites, known)

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

    def watched(self, finished: Finished, notes: tuple[str, ...] = ()) -> Watched:
        """Return what was seen of a run that `finished` so."""
        checker = self._checker
        return Watched(
            *(finished, tuple(checker.alarms), checker.total, checker.checked, notes, checker.known),
            unwatched=self.landmarks.missing,
        )
