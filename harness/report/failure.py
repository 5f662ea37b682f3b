"""What is printed for one failure: the cause, the aligned difference, the environment, the rerun command."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.observation import Environment, Observation, Verdict
from harness.report import snapshots

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def explain(verdict: Verdict, observations: Sequence[Observation], rerun: str) -> str:
    """Return the whole text for a failing verdict; the first line is the cause."""
    lines = [f"{verdict.verdict}: {verdict.cause}"]
    if verdict.detail:
        lines += ["", *verdict.detail]
    for shot in (shot for observation in observations for shot in observation.snapshots):
        if shot.fault is not None and shot.frames:  # Go's own text has none
            lines += ["", *snapshots.death(shot, shot.fault)]
    if len(verdict.outcomes) > 1:
        lines += ["", "outcomes:"]
        lines += [f"    {count} × {ending}" for ending, count in verdict.outcomes.items()]
    if verdict.normalised:
        rows = ", ".join(f"{name} {count}" for name, count in sorted(verdict.normalised.items()))
        lines += ["", f"normalised: {rows} (--raw shows the output as printed)"]
    for observation in observations[:2]:
        measured = environment_line(observation.environment) or "; ".join(observation.notes)
        lines += ["", f"{observation.target}: {measured}"]
        if observation.command:
            lines.append(f"    {' '.join(observation.command)}")
    lines += ["", f"rerun: {rerun}"]
    return printable("\n".join(lines))


def printable(text: str) -> str:
    """Return `text` with control characters as ``\\x1b``: a program under test must not drive the reader's terminal."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def environment_line(environment: Environment) -> str:
    """Return the environment that matters, on one line."""
    parts = [
        environment.go,
        environment.c_compiler,
        environment.libc,
        environment.emulator or environment.runner,
        environment.kernel,
        environment.cpu,
    ]
    settings = " ".join(f"{name}={value}" for name, value in sorted(environment.settings.items()))
    return " · ".join(part for part in [*parts, settings] if part)
