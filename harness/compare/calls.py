"""Calls that were probed, as people read them: what was passed, where, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from harness.abi.roles import role
from harness.abi.same import agree
from harness.compare.probed import BACKTRACE, Told
from harness.observation import Divergence, Explained, Observation
from harness.snapshot import ENTRY

WRONG = "✗"


def heading(told: Told) -> str:
    """Say which call it is: ``C function add3, hit 2, called from main.main``."""
    shot = told.shot
    name = shot.place.partition("+")[0]
    doubts = shot.meant.doubts if shot.meant is not None else None
    if shot.when != ENTRY:
        return f"{shot.at}, hit {shot.hit}, back in {name}"
    if doubts is None:
        return f"{name}, hit {shot.hit}"
    caller = f", called from {doubts.caller}" if doubts.caller else ""
    return f"{'Go' if doubts.is_go else 'C'} function {name}, hit {shot.hit}{caller}"


def diagnoses(several: Iterable[Told]) -> Iterator[Explained]:
    """Yield what is to be said of each call that is not what it should be, or right by accident."""
    for told in several:
        if told.diagnosis is not None:
            yield Explained(heading(told), told.diagnosis.name, tuple(told.diagnosis.lines()))


def deaths(observation: Observation) -> Iterator[Explained]:
    """Yield why the program died where it did, if that is known."""
    for shot in observation.snapshots:
        if shot.fault is not None and shot.fault.astray:
            name, *lines = shot.fault.astray
            yield Explained(f"it died of {shot.fault.signal}", name, tuple(lines))


def deaths_differ(observation: Observation, declared: str) -> Iterator[Divergence]:
    """Yield whether the program died of something else than is `declared`."""
    found = [row.name for row in deaths(observation)]
    if declared and declared not in found:
        yield Divergence("death", declared, ", ".join(found) or "(nothing that is known)")


def side_by_side(sides: Mapping[str, Told], wanted: Mapping[str, str]) -> Iterator[str]:
    """Yield one probe's hit as each target has it: the values, those that are wrong marked, and where they are.

    Wrong is what is not `wanted`; where nothing is, what a diagnosis says of its side, else what the sides differ in.
    """
    first = next(iter(sides.values()))
    yield f"{heading(first)}:"
    names = list(dict.fromkeys(name for told in sides.values() for name in told.values))
    if names:
        cells = {target: {name: _cell(name, told, sides, wanted) for name in names} for target, told in sides.items()}
        widths = {target: max(len(target), *map(len, column.values())) for target, column in cells.items()}
        left = max(map(len, names))
        yield "  " + " " * left + "  " + "  ".join(f"{target:<{widths[target]}}" for target in sides).rstrip()
        for name in names:
            row = "  ".join(f"{cells[target][name]:<{widths[target]}}" for target in sides)
            yield f"  {name:<{left}}  {row}".rstrip()
    for target, told in sides.items():
        places = ", ".join(_places(told))
        if places:
            yield f"  {target}: {places}"
    for target, told in sides.items():
        if told.diagnosis is not None:
            first_line, *rest = told.diagnosis.lines()
            yield f"  {target}: {first_line}"
            yield from (f"  {line}" for line in rest)


def _cell(name: str, told: Told, sides: Mapping[str, Told], wanted: Mapping[str, str]) -> str:
    if name not in told.values:
        return "-"
    value = told.values[name]
    if name in wanted:
        is_wrong = not agree(value, wanted[name])
    elif wanted and name != BACKTRACE:
        is_wrong = False
    elif name != BACKTRACE and any(other.diagnosis for other in sides.values()):
        is_wrong = told.diagnosis is not None and not told.diagnosis.accident
    else:
        is_wrong = any(name in other.values and not agree(value, other.values[name]) for other in sides.values())
    return f"{WRONG if is_wrong else ' '} {value}"


def _places(told: Told) -> Iterator[str]:
    """Yield where each argument is, with what that is to the convention."""
    meant = told.shot.meant
    if meant is None:
        return
    for row in meant.arguments:
        what = role(told.shot.arch, meant.convention, row.where)
        yield f"{row.name or '(no name)'} in {row.where}" + (f" · {what}" if what else "")
