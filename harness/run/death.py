"""What a program died of, seen by running it again where a stub tells: registers, backtrace, and why it went there."""

from __future__ import annotations

from dataclasses import replace

from harness.build.store import Binary
from harness.errors import CrossabiError
from harness.expectation import Expect
from harness.observation import Observation
from harness.process.spec import Command
from harness.snapshot import DEADLY, Snapshot
from harness.target import Target

_AGAIN = "of a second run, to see what it died of"
_NOT_AGAIN = "to see what it died of it was run again, and did not die of a signal then"


def is_wanted(observation: Observation, expect: Expect) -> bool:
    """Whether to look: it died of a signal though it should not have, or the case says what of."""
    if observation.phase != "run" or observation.signal not in DEADLY or observation.outcome in ("broken", "limit"):
        return False
    is_expected = observation.outcome in expect.outcomes and expect.signal in (None, observation.signal)
    return bool(expect.death) or not is_expected


def look(
    observation: Observation, command: Command, target: Target, binary: Binary, arguments: tuple[str, ...]
) -> Observation:
    """Run `command`, which starts `binary` with `arguments`, again; return `observation` with what it died of.

    Where that cannot be seen a note says why.
    """
    try:
        found = _seen(command, target, binary, arguments)
    except CrossabiError as error:
        return replace(observation, notes=(*observation.notes, f"what it died of could not be looked at: {error.what}"))
    if found is None:
        return replace(observation, notes=(*observation.notes, _NOT_AGAIN))
    shot = replace(found, notes=(*found.notes, _AGAIN))
    return replace(observation, snapshots=(*observation.snapshots, shot))


def _seen(command: Command, target: Target, binary: Binary, arguments: tuple[str, ...]) -> Snapshot | None:
    from harness.elf import places
    from harness.probe import stops
    from harness.probe.guest import Guest

    guest = Guest(target, binary.program, arguments, command)
    taken = stops.take(guest, (), places.load(binary.program), fault=True)
    return next((shot for shot in taken.snapshots if shot.fault is not None), None)
