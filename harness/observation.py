"""What one run showed, and what became of it: the records that every later phase reads.

All of them go to JSON and back without loss (`to_json`, `observation_from_json`), because observations are
exchanged between pytest workers and written to the records file.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from harness.snapshot import Snapshot

OUTCOMES = (
    "exit",  # ended by itself with exit_code
    "signal",  # killed by a signal that nobody handled
    "go-panic",  # Go panic text, exit 2
    "go-fatal",  # Go "fatal error:" text, exit 2
    "cgo-fault",  # a fault in C while in cgo: Go prints the register block, exit 2
    "timeout",  # ended by the harness at the time limit
    "limit",  # ended by the harness at another limit (processes, CPU, file size)
    "build-error",  # the compiler refused the program
    "broken",  # our side: toolchain, emulator, store
)


class Word(enum.StrEnum):
    """The verdict words of the plan."""

    PASS = "PASS"
    FAIL = "FAIL"
    XFAIL = "XFAIL"
    XPASS = "XPASS"
    SKIP = "SKIP"
    FLAKY = "FLAKY"
    BROKEN = "BROKEN"
    TIMEOUT = "TIMEOUT"


@dataclass(frozen=True)
class Diagnostic:
    """One complaint of a compiler; `line` and `column` are 0 where it gave none."""

    file: str
    line: int
    column: int
    text: str

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return f"{place}: {self.text}" if place else self.text


@dataclass(frozen=True)
class Environment:
    """What could matter for a result, as measured on this machine; empty where it does not apply.

    `changed` is what looking at the program (probes) changed about its run.
    """

    runner: str = ""
    go: str = ""
    c_compiler: str = ""
    libc: str = ""
    emulator: str = ""
    kernel: str = ""
    cpu: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    changed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Observation:
    """Everything one build and run of a case on one target showed.

    `stdout` and `stderr` are UTF-8, with other bytes as ``\\xff``, and bounded; `dropped` counts the bytes beyond the
    bound of each. `seconds` is wall time of the phase. `symbols` maps addresses in the output to ``symbol+offset``
    where the program's symbol table knows them. `message` is what a Go panic or fatal error says, or
    the cause where the harness itself is broken. `crossings` counts what the watch saw at both ends, `alarms` are the
    promises that were broken, `known_alarms` counts those that are known by the id of their row; `unwatched` says why
    nothing was watched though that was asked for. `snapshots` are those of its probes; `hits` counts how often
    execution came by each place, and `unreached` says of the others why there is no snapshot.
    `accepted` is what a baseline keeps of snapshots (`compare.probed.accepted`), and empty in a run.
    """

    case: str
    target: str
    variant: str
    phase: str
    outcome: str
    exit_code: int | None = None
    signal: str | None = None
    message: str = ""
    stdout: str = ""
    stderr: str = ""
    dropped: Mapping[str, int] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    tries: int = 1
    repeat: int = 1
    binary: str = ""
    workdir: str = ""
    pid: int = 0
    command: tuple[str, ...] = ()
    symbols: Mapping[str, str] = field(default_factory=dict)
    crossings: Mapping[str, int] = field(default_factory=dict)
    alarms: tuple[str, ...] = ()
    known_alarms: Mapping[str, int] = field(default_factory=dict)
    unwatched: str = ""
    snapshots: tuple[Snapshot, ...] = ()
    hits: Mapping[str, int] = field(default_factory=dict)
    unreached: Mapping[str, str] = field(default_factory=dict)
    accepted: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    environment: Environment = Environment()

    @property
    def arch(self) -> str:
        """The architecture of its target."""
        return self.target.partition("-")[0]

    def ending(self) -> str:
        """Say in a few words how it ended."""
        if self.outcome == "exit":
            return f"exit {self.exit_code}"
        if self.outcome == "signal":
            return f"killed by {self.signal}"
        detail = f" ({self.signal})" if self.signal else ""
        return f"{self.outcome}{detail}" + (f": {self.message.partition(chr(10))[0]}" if self.message else "")

    def to_json(self) -> dict[str, Any]:
        """Return the record as it stands in a records file (without its ``type``)."""
        shots = [shot.to_json() for shot in self.snapshots]
        return {**asdict(replace(self, snapshots=())), "snapshots": shots}


def observation_from_json(values: Mapping[str, Any]) -> Observation:
    """Return the Observation that `to_json` wrote."""
    fields = dict(values)
    fields["diagnostics"] = tuple(Diagnostic(**row) for row in fields.get("diagnostics", ()))
    fields["snapshots"] = tuple(map(Snapshot.from_json, fields.get("snapshots", ())))
    fields["environment"] = Environment(**fields.get("environment", {}))
    for name in ("notes", "command", "alarms"):
        fields[name] = tuple(fields.get(name, ()))
    return Observation(**fields)


@dataclass(frozen=True)
class Divergence:
    """One named difference between two observations: where, and what each side showed."""

    where: str
    left: str
    right: str

    @property
    def field(self) -> str:
        """The part of the observation it is in: build, exit, stdout, stderr, probe or crossing."""
        return self.where.partition(" ")[0]


@dataclass(frozen=True)
class Explained:
    """What is wrong with a `call` that was probed, or right by accident: its `name`, and `lines` that explain it."""

    call: str
    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """What is said of one item. `cause` is one line; `detail` is what a terminal shows below it.

    `reasons` are the declared reasons of a diff by architecture; `diagnoses` say of calls that were probed how they are
    not what they should be, or right by accident; `normalised` counts what each normalising rule
    rewrote; `outcomes` counts how the repeats of a run ended.
    """

    item: str
    kind: str
    case: str
    target: str
    variant: str
    verdict: Word
    cause: str = ""
    against: str | None = None
    detail: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    divergences: tuple[Divergence, ...] = ()
    diagnoses: tuple[Explained, ...] = ()
    normalised: Mapping[str, int] = field(default_factory=dict)
    outcomes: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the record as it stands in a records file (without its ``type``)."""
        return asdict(self)
