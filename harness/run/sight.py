"""What is looked at while a program runs, beyond what it prints: crossings between C and Go, and probes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.build.store import Binary
from harness.errors import CrossabiError
from harness.host.faults import Faults
from harness.process import client
from harness.process.spec import Command, Finished
from harness.snapshot import WATCH_BY, Probe
from harness.target import Target

if TYPE_CHECKING:
    from harness.elf.places import Place
    from harness.probe.guest import Guest, Taken
    from harness.watch.logged import Logged
    from harness.watch.stopped import Stopped
    from harness.watch.watcher import Watched

KEPT = 1_000  # snapshots of one observation


@dataclass(frozen=True)
class Sight:
    """What somebody asked to see: every crossing between C and Go, `by` one of `WATCH_BY`, and `probes`."""

    crossings: bool = False
    probes: tuple[Probe, ...] = ()
    by: str = WATCH_BY[0]


@dataclass(frozen=True)
class Seen:
    """How a run ended, the fields of its observation that tell what was seen, and what looking changed about it.

    With an `error` looking has spoilt the run; the fields are of before.
    """

    finished: Finished
    fields: Mapping[str, Any] = field(default_factory=dict)
    changed: Mapping[str, str] = field(default_factory=dict)
    error: CrossabiError | None = None


def run(
    command: Command,
    sight: Sight,
    probes: Sequence[Probe],
    target: Target,
    binary: Binary,
    arguments: tuple[str, ...],
    faults: Faults,
) -> Seen:
    """Run `command`, which starts `binary` with `arguments` on `target`, and see what `sight` and `probes` ask for.

    Raises UsageError for a program that is gone, EnvironmentBroken and StubBroken where nothing can be seen.
    """
    if not sight.crossings and not probes:
        return Seen(client.run(command))
    from harness.elf import places
    from harness.probe import libraries, log
    from harness.probe.guest import Guest
    from harness.watch import run as watch

    guest = Guest(target, binary.program, arguments, command)
    program = places.load(guest.program) if probes else None
    found, elsewhere, nowhere = libraries.sort(guest, program, probes) if program else ([], [], [])
    unreached = {probe.at: f"the program has no such place; {error.why or error.what}" for probe, error in nowhere}
    stopped = bool(log.cannot(guest, [probe for probe, _ in found], elsewhere)) if found or elsewhere else False
    stopped = stopped or (program is not None and not log.tells_all(guest, found, program))
    fields: dict[str, Any] = {}
    watcher: Logged | Stopped | None = None
    if sight.crossings:
        by = watch.STOPS if stopped else sight.by
        fields["unwatched"] = watch.unwatchable(guest, by)
        watcher = None if fields["unwatched"] else watch.watcher(guest, faults, by, binary.folder)
    if not (found or elsewhere or watcher):
        return Seen(client.run(command), {**fields, "unreached": unreached})
    taken = _take(guest, found, elsewhere, watcher, stopped=stopped)
    more = len(taken.snapshots) - KEPT
    notes = [*taken.notes, *(watcher.notes if watcher else ())]
    fields["notes"] = (*notes, *([f"{more} more snapshots were not kept"] if more > 0 else []))
    if probes:
        fields |= _probed(taken, unreached)
    if watcher:
        fields |= _watched(watcher.watched(taken.finished))
    return Seen(taken.finished, fields, taken.changed, taken.error)


def _take(
    guest: Guest,
    found: Sequence[tuple[Probe, Place]],
    elsewhere: Sequence[Probe],
    watcher: Logged | Stopped | None,
    *,
    stopped: bool,
) -> Taken:
    """Run `guest` once, and look at what the probes and the watch ask for by one source."""
    from harness.elf import places
    from harness.probe import log, reader, stops
    from harness.probe.guest import Taken
    from harness.watch.logged import Logged
    from harness.watch.stopped import PATIENCE, Stopped

    if isinstance(watcher, Stopped):
        return stops.take(guest.patient(PATIENCE), found, places.load(guest.program), elsewhere, watcher)
    if stopped:
        return stops.take(guest, found, places.load(guest.program), elsewhere)
    listeners = (watcher, watcher.landmarks) if isinstance(watcher, Logged) else ()
    if found:
        return log.take(guest, found, places.load(guest.program), *listeners)
    finished, notes = reader.run(guest, *listeners)
    return Taken((), {}, {}, finished, log.SOURCE, notes)


def _probed(taken: Taken, unreached: Mapping[str, str]) -> dict[str, Any]:
    return {
        "snapshots": taken.snapshots[:KEPT],
        "hits": dict(taken.hits),
        "unreached": {**unreached, **taken.unreached},
    }


def _watched(seen: Watched) -> dict[str, Any]:
    alarms = tuple(str(alarm) for alarm in seen.alarms if not alarm.known)
    return {
        "crossings": dict(seen.checked),
        "alarms": alarms,
        "known_alarms": dict(seen.known),
        "unwatched": seen.unwatched,
    }
