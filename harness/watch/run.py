"""Run a program with every crossing between C and Go watched."""

from __future__ import annotations

from pathlib import Path

from harness.elf import places
from harness.host.faults import Faults
from harness.probe import reader
from harness.probe.conversation import hold
from harness.probe.guest import Guest
from harness.watch.logged import Logged
from harness.watch.stopped import PATIENCE, Stopped
from harness.watch.watcher import Watched


def watch(guest: Guest, faults: Faults) -> Watched:
    """Run `guest` and hold each of its crossings against the ABI; `faults` says what is known to be broken.

    Raises UsageError for what is no program, EnvironmentBroken without gdbserver where that is needed, StubBroken
    where the emulator's stub failed.
    """
    made = watcher(guest, faults)
    if isinstance(made, Logged):
        return made.watched(*reader.run(guest, made, made.landmarks))
    held = hold(guest.patient(PATIENCE), places.load(guest.program), [made])
    if held.error is not None:
        raise held.error
    return made.watched(held.finished, held.notes)


def watcher(guest: Guest, faults: Faults, folder: Path | None = None) -> Logged | Stopped:
    """Return what watches `guest`: QEMU's log where it can tell of everything, which is cheaper by far, or else stops.

    Where crossings are is remembered in `folder`, if there is one. Raises UsageError for what is no program.
    """
    if not reader.cannot(guest):
        logged = Logged(guest, faults, folder)
        if not logged.checker.sites.opens:
            return logged
    return Stopped(guest, faults)
