"""Run a program with every crossing between C and Go watched."""

from __future__ import annotations

from pathlib import Path

from harness.elf import places
from harness.errors import UsageError
from harness.host.faults import Faults
from harness.probe import reader, servers
from harness.probe.conversation import hold
from harness.probe.guest import Guest
from harness.snapshot import WATCH_BY
from harness.watch.logged import Logged
from harness.watch.stopped import Stopped
from harness.watch.watcher import Watched

AUTO, LOG, STOPS = WATCH_BY


def watch(guest: Guest, faults: Faults, by: str = AUTO) -> Watched:
    """Run `guest` and hold each of its crossings against the ABI; `faults` says what is known to be broken.

    `by` is one of `WATCH_BY`. Raises UsageError for what is no program, and where a log is asked for and there is none,
    EnvironmentBroken without gdbserver where that is needed, StubBroken where the emulator's stub failed.
    """
    why = unwatchable(guest, by) if by == LOG else ""
    if why:
        raise UsageError(f"{guest.program} has no log to watch: {why}", mend="leave --watch-by out")
    made = watcher(guest, faults, by)
    if isinstance(made, Logged):
        return made.watched(*reader.run(guest, made, made.landmarks))
    held = hold(guest, places.load(guest.program), [made])
    if held.error is not None:
        raise held.error
    return made.watched(held.finished, held.notes)


def unwatchable(guest: Guest, by: str) -> str:
    """Return an empty text where `guest` can be watched `by` that, else why it cannot."""
    return reader.cannot(guest) if by == LOG else servers.cannot(guest)


def watcher(guest: Guest, faults: Faults, by: str = AUTO, folder: Path | None = None) -> Logged | Stopped:
    """Return what watches `guest`: by itself the log, which is cheaper by far, where that tells of all crossings.

    Where crossings are is remembered in `folder`, if there is one. Raises UsageError for what is no program.
    """
    if by == LOG or (by == AUTO and not reader.cannot(guest)):
        logged = Logged(guest, faults, folder)
        if by == LOG or not logged.checker.sites.grows:
            return logged
    return Stopped(guest, faults)
