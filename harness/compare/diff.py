"""The divergences between two observations, each named and located."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from harness.compare.normalise import Normaliser
from harness.observation import Divergence, Observation

NOTHING = "(nothing)"
_CRASHES = ("go-panic", "go-fatal", "cgo-fault")


def divergences(
    left: Observation, right: Observation, streams: Sequence[str], normaliser: Normaliser
) -> tuple[Divergence, ...]:
    """Return every difference of `left` and `right` in build, exit and `streams`, in that order."""
    if (left.phase == "build") != (right.phase == "build"):
        return (Divergence("build", _built(left), _built(right)),)
    if left.phase == "build":
        return tuple(_lines("build diagnostic", _diagnostics(left, normaliser), _diagnostics(right, normaliser)))
    found = list(_exit(left, right, normaliser))
    for name in streams:
        first, second = (getattr(side, name) for side in (left, right))
        if first != second:
            found += _lines(f"{name} line", *_normalised_lines(first, second, left, right, normaliser))
            found += _final_newline(name, first, second)
    return tuple(found)


def _exit(left: Observation, right: Observation, normaliser: Normaliser) -> Iterator[Divergence]:
    if left.outcome != right.outcome:
        yield Divergence("exit outcome", left.ending(), right.ending())
        return
    rows = [("code", left.exit_code, right.exit_code), ("signal", left.signal, right.signal)]
    if left.outcome in _CRASHES:
        rows.append(("message", *(normaliser.apply(side.message, side) for side in (left, right))))
    for name, first, second in rows:
        if first != second:
            yield Divergence(f"exit {name}", str(first), str(second))


def _lines(where: str, left: Sequence[str], right: Sequence[str]) -> Iterator[Divergence]:
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        for step in range(max(i2 - i1, j2 - j1)):
            first = left[i1 + step] if i1 + step < i2 else NOTHING
            second = right[j1 + step] if j1 + step < j2 else NOTHING
            number = (i1 if i1 + step < i2 else j1) + step + 1
            yield Divergence(f"{where} {number}", first, second)


def _normalised_lines(
    first: str, second: str, left: Observation, right: Observation, normaliser: Normaliser
) -> tuple[list[str], list[str]]:
    """Return both texts as normalised lines; lines that are equal as printed stay equal."""
    ours = normaliser.apply(first, left).splitlines()
    theirs = normaliser.apply(second, right).splitlines()
    for number, (raw_ours, raw_theirs) in enumerate(zip(first.splitlines(), second.splitlines(), strict=False)):
        if raw_ours == raw_theirs and number < min(len(ours), len(theirs)):
            theirs[number] = ours[number]
    return ours, theirs


def _final_newline(name: str, left: str, right: str) -> Iterator[Divergence]:
    ends = [text.endswith("\n") for text in (left, right)]
    if left and right and ends[0] != ends[1]:
        words = ["ends with a newline" if end else "ends without a newline" for end in ends]
        yield Divergence(f"{name} end", *words)


def _diagnostics(observation: Observation, normaliser: Normaliser) -> list[str]:
    return [normaliser.apply(str(diagnostic), observation) for diagnostic in observation.diagnostics]


def _built(observation: Observation) -> str:
    if observation.phase != "build":
        return f"built ({observation.ending()})"
    first = observation.diagnostics[0] if observation.diagnostics else observation.message
    return f"refused: {first}"
