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
        found += text_divergences(name, *_normalised(name, left, right, normaliser))
    return tuple(found)


def text_divergences(name: str, left: str, right: str) -> list[Divergence]:
    """Return where two texts of the stream `name` differ, by line of the left one where it has that line."""
    if left == right:
        return []
    found = list(_lines(f"{name} line", left.splitlines(), right.splitlines()))
    ends = [text.endswith("\n") for text in (left, right)]
    if left and right and ends[0] != ends[1]:
        words = ["ends with a newline" if end else "ends without a newline" for end in ends]
        found.append(Divergence(f"{name} end", *words))
    return found


def _exit(left: Observation, right: Observation, normaliser: Normaliser) -> Iterator[Divergence]:
    if left.outcome != right.outcome:
        yield Divergence("exit outcome", left.ending(), right.ending())
        return
    rows = {"code": (left.exit_code, right.exit_code), "signal": (left.signal, right.signal)}
    for name, (first, second) in rows.items():
        if first != second:
            yield Divergence(f"exit {name}", str(first), str(second))
    if left.outcome in _CRASHES:
        ours, theirs = (normaliser.apply(side.message, side) for side in (left, right))
        if ours != theirs:
            yield Divergence("exit message", ours, theirs)


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


def _normalised(name: str, left: Observation, right: Observation, normaliser: Normaliser) -> tuple[str, str]:
    """Return both texts of a stream, normalised; lines that are equal as printed stay equal."""
    first, second = (getattr(side, name) for side in (left, right))
    if first == second:
        return first, second
    ours, theirs = normaliser.apply(first, left), normaliser.apply(second, right)
    lines, others = ours.splitlines(keepends=True), theirs.splitlines(keepends=True)
    for number, raw in enumerate(zip(first.splitlines(), second.splitlines(), strict=False)):
        if raw[0] == raw[1] and number < min(len(lines), len(others)):
            others[number] = lines[number]
    return ours, "".join(others)


def _diagnostics(observation: Observation, normaliser: Normaliser) -> list[str]:
    return [normaliser.apply(str(diagnostic), observation) for diagnostic in observation.diagnostics]


def _built(observation: Observation) -> str:
    if observation.phase != "build":
        return f"built ({observation.ending()})"
    first = observation.diagnostics[0] if observation.diagnostics else observation.message
    return f"refused: {first}"
