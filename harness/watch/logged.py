"""The watch by QEMU's log, which does not stop the program."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from harness.host.faults import Faults
from harness.probe.guest import Guest
from harness.probe.image import Landmarks
from harness.qemulog.records import Record
from harness.watch.remember import crossings
from harness.watch.watcher import Watcher

_LATER = (
    "C in libraries that it opens while it runs (dlopen) is not watched by QEMU's log: --watch-by=stops follows them"
)


class Logged(Watcher):
    """Listens to a log (see `reader.Listener`); where crossings are is remembered in `folder`, if there is one.

    `landmarks` has to listen to the same run.
    """

    def __init__(self, guest: Guest, faults: Faults, folder: Path | None = None) -> None:
        sites = crossings(guest, folder)
        super().__init__(guest, faults, sites)
        self.landmarks = Landmarks(sites.landmarks)
        self.addresses: Collection[int] = sites.addresses

    @property
    def wanted(self) -> frozenset[str]:
        """See `reader.Listener`."""
        return self.checker.wanted

    @property
    def notes(self) -> tuple[str, ...]:
        """See `Watcher`."""
        return (_LATER,) if self.checker.sites.opens else ()

    @property
    def unwatched(self) -> str:
        """See `Watcher`."""
        return super().unwatched or self.landmarks.missing

    def take(self, pc: int, record: Record) -> None:
        """See `reader.Listener`."""
        self.checker.take(pc, record.registers)
