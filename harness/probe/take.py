"""Choose the cheapest source that can answer, and take the snapshots."""

from __future__ import annotations

from collections.abc import Sequence

from harness.elf import places
from harness.errors import UsageError
from harness.probe import libraries, log, stops
from harness.probe.guest import Guest, Taken
from harness.snapshot import Probe

AUTO, LOG, STUB = "auto", "log", "stub"
SOURCES = (AUTO, LOG, STUB)


def take(guest: Guest, probes: Sequence[Probe], source: str = AUTO, *, fault: bool = False) -> Taken:
    """Run `guest` once and return the snapshots at `probes`, and with `fault` that of the signal it died of.

    Raises NoSuchPlace for a place that neither the program nor a library of it can have, and UsageError where `source`
    cannot answer.
    """
    program = places.load(guest.program)
    found, elsewhere, nowhere = libraries.sort(guest, program, probes)
    if nowhere:
        raise nowhere[0][1]
    cannot = "it does not tell what a signal interrupts" if fault else log.cannot(guest, probes, elsewhere)
    if source == LOG and cannot:
        raise UsageError(f"QEMU's log cannot answer this: {cannot}", mend="leave --source out, or use --source=stub")
    if cannot or source == STUB or (source == AUTO and not log.tells_all(guest, found, program)):
        return stops.take(guest, found, program, elsewhere, fault=fault)
    return log.take(guest, found, program)
