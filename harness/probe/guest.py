"""What is run under probes, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.elf.places import Place, Program
from harness.errors import CrossabiError
from harness.process.spec import Command, Finished
from harness.registers import TABLES, RegisterTable
from harness.run.runners import RUNNERS
from harness.snapshot import Probe, Snapshot
from harness.target import Platform

MOST = 10_000  # snapshots of one run


@dataclass(frozen=True)
class Guest:
    """A program with its arguments on a platform. `command` says all about the run but the argument vector."""

    platform: Platform
    program: Path
    arguments: tuple[str, ...]
    command: Command

    @property
    def arch(self) -> str:
        """The GOARCH name."""
        return self.platform.toolchain.arch

    @property
    def table(self) -> RegisterTable:
        """The registers of its architecture."""
        return TABLES[self.arch]

    def patient(self, seconds: float) -> Guest:
        """Return the same with so many `seconds` more to end in."""
        return replace(self, command=replace(self.command, timeout=self.command.timeout + seconds))

    def under(self, *options: str, env: Mapping[str, str] | None = None) -> Command:
        """Return the command that runs it with further `options` of the emulator and variables."""
        argv = RUNNERS[self.platform.runner].command(self.platform, self.program, self.arguments, options)
        return replace(self.command, argv=argv, env={**self.command.env, **(env or {})})


_NOWHERE = "neither the program nor a library that it mapped and whose file is at hand has such a place"


@dataclass(frozen=True)
class Taken:
    """The snapshots of one run, how often each place was hit, how the run ended, and what a reader has to know.

    `instead` says of each place where execution never came by what else may be meant. `uncounted` are the places whose
    hits were not counted after the last one wanted; `unmapped` those that no library had that was mapped, each with
    the names in the program that are near; `refused`
    those where it could not be stopped, with a sentence that says why. `changed` is what the source changed about the
    run, for the environment block. With an `error` the run was not the program's own from some point on; the snapshots
    are of before.
    """

    snapshots: tuple[Snapshot, ...]
    hits: Mapping[str, int]
    instead: Mapping[str, str]
    finished: Finished
    source: str
    notes: tuple[str, ...] = ()
    uncounted: frozenset[str] = frozenset()
    changed: Mapping[str, str] = field(default_factory=dict)
    error: CrossabiError | None = None
    unmapped: Mapping[str, Sequence[str]] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def unreached(self) -> dict[str, str]:
        """The places where execution never came by, each with a sentence that says so."""
        never = {
            place: "; ".join(filter(None, (self.refused.get(place, "execution never came by"), also)))
            for place, also in self.instead.items()
        }
        nowhere = {place: f"{_NOWHERE}{_near(names)}" for place, names in self.unmapped.items()}
        return never | nowhere


def _near(names: Sequence[str]) -> str:
    return f"; near it in the program: {', '.join(names)}" if names else ""


def never_reached(program: Program, probes: Sequence[tuple[Probe, Place]], hits: Mapping[str, int]) -> dict[str, str]:
    """Return, for each place where execution never came by, what else may be meant."""
    return {place.text: program.instead(place) for _, place in probes if not hits[place.text]}
