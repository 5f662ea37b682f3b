"""Measure commands in turn and print ratios with their spread; a ratio is within one round, so drift cancels."""

from __future__ import annotations

import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Side:
    """One alternative: what to do before each run, and the run itself."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    prepare: Callable[[], None] = lambda: None


def seconds(side: Side) -> float:
    """Run `side` once and return wall seconds. Raises RuntimeError, with its output, when it fails."""
    side.prepare()
    started = time.monotonic()
    done = subprocess.run(side.argv, env=dict(side.env), capture_output=True, text=True, check=False)
    took = time.monotonic() - started
    if done.returncode != 0:
        raise RuntimeError(f"{side.name} failed with {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return took


def cpu_seconds(side: Side) -> float:
    """Run `side` once and return the processor seconds of it and its children: other work hardly changes them.

    Raises RuntimeError as `seconds` does.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds(side)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(title: str, ours: Side, theirs: Side, rounds: int, measure: Callable[[Side], float] = seconds) -> float:
    """Run both sides in turn `rounds` times, print both and the ratio, and return the median ratio."""
    rows = [(measure(ours), measure(theirs)) for _ in range(rounds)]
    ratios = [mine / other for mine, other in rows]
    print(f"{title} ({rounds} rounds)")
    for name, values in ((ours.name, [row[0] for row in rows]), (theirs.name, [row[1] for row in rows])):
        print(f"    {name:<28} {spread(values, ' s')}")
    print(f"    {'ratio':<28} {spread(ratios, '')}", flush=True)
    return statistics.median(ratios)


def spread(values: Sequence[float], unit: str) -> str:
    """Return median, minimum and maximum as text."""
    return f"median {statistics.median(values):.2f}{unit}, min {min(values):.2f}{unit}, max {max(values):.2f}{unit}"
