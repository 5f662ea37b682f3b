"""What holds the crossings of one run against the ABI, wherever its registers come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.host.faults import Faults
from harness.probe.guest import Guest
from harness.process.spec import Finished
from harness.watch.alarms import Alarm
from harness.watch.check import Checker
from harness.watch.sites import Sites
from harness.watch.subject import Subject

UNHELD = "{} exits were not held: an entry at the same place did not return, or may not have (docs/watch.md)"


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


class Watcher:
    """Holds the crossings of `guest` at `sites` against the ABI; `faults` says what is known to be broken."""

    def __init__(self, guest: Guest, faults: Faults, sites: Sites) -> None:
        self._guest, self._faults = guest, faults
        self.checker = Checker(guest.table, sites, self._known)
        self.cross_at(sites)

    def cross_at(self, sites: Sites) -> None:
        """Hold `sites` from now on."""
        self.checker.sites = sites
        self._subject = Subject(self._guest.arch, sites.loaded)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader has to know of how it was watched."""
        return ()

    @property
    def unwatched(self) -> str:
        """Why crossings were not watched, where that came out only when it ran."""
        names = ", ".join(self.checker.sites.nameless)
        return f"{names} was stripped: crossings are found by the names of functions" if names else ""

    def watched(self, finished: Finished, notes: tuple[str, ...] = ()) -> Watched:
        """Return what was seen of a run that `finished` so."""
        made = self.checker
        made.end()
        kept = tuple(made.alarms)
        doubt = (UNHELD.format(made.unheld),) if made.unheld else ()
        return Watched(
            finished, kept, made.total, made.checked, (*notes, *self.notes, *doubt), made.known, self.unwatched
        )

    def _known(self, alarm: Alarm) -> str:
        return self._faults.known(alarm, self._subject)
