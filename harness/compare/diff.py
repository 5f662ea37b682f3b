"""The divergences between two observations, each named and located."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from harness.compare.normalise import Normaliser
from harness.observation import Divergence, Observation

NOTHING = "(nothing)"
MOST_PAIRS = 1_000_000  # of lines; above, lines are compared by number, because aligning takes minutes
_CRASHES = ("go-panic", "go-fatal", "cgo-fault")


def divergences(
    left: Observation, right: Observation, streams: Sequence[str], normaliser: Normaliser
) -> tuple[Divergence, ...]:
    """Return every difference of `left` and `right` in build, exit and `streams`, in that order."""
    if (left.phase == "build") != (right.phase == "build"):
        return (Divergence("build", _built(left), _built(right)),)
    if left.phase == "build":
        texts = ([str(row) for row in left.diagnostics], [str(row) for row in right.diagnostics])
        return tuple(_lines("build diagnostic", *_lines_normalised(*texts, left, right, normaliser)))
    found = list(_exit(left, right, normaliser))
    for name in streams:
        found += text_divergences(name, *_normalised(name, left, right, normaliser))
        found += _dropped(name, left, right)
    return tuple(found)


def text_divergences(name: str, left: str, right: str) -> list[Divergence]:
    """Return where two texts of the stream `name` differ, by line of the left one where it has that line."""
    if left == right:
        return []
    found = list(_lines(f"{name} line", _split(left), _split(right)))
    ends = [text.endswith("\n") for text in (left, right)]
    if left and right and ends[0] != ends[1]:
        words = ["ends with a newline" if end else "ends without a newline" for end in ends]
        found.append(Divergence(f"{name} end", *words))
    return found


def _dropped(name: str, left: Observation, right: Observation) -> Iterator[Divergence]:
    """Yield how much was not kept, where that differs (a baseline keeps no such count)."""
    counts = [side.dropped.get(name, 0) for side in (left, right) if not _is_baseline(side)]
    if len(set(counts)) > 1:
        yield Divergence(f"{name} end", *(f"{count} more bytes, dropped" for count in counts))


def _exit(left: Observation, right: Observation, normaliser: Normaliser) -> Iterator[Divergence]:
    if left.outcome != right.outcome:
        yield Divergence("exit outcome", left.ending(), right.ending())
        return
    rows = {"code": (left.exit_code, right.exit_code), "signal": (left.signal, right.signal)}
    for name, (first, second) in rows.items():
        if first != second:
            yield Divergence(f"exit {name}", str(first), str(second))
    if left.outcome in _CRASHES:
        [ours], [theirs] = _lines_normalised([left.message], [right.message], left, right, normaliser)
        if ours != theirs:
            yield Divergence("exit message", ours, theirs)


def _lines(where: str, left: Sequence[str], right: Sequence[str]) -> Iterator[Divergence]:
    for i1, i2, j1, j2 in _changes(left, right):
        for step in range(max(i2 - i1, j2 - j1)):
            first = left[i1 + step] if i1 + step < i2 else NOTHING
            second = right[j1 + step] if j1 + step < j2 else NOTHING
            number = (i1 if i1 + step < i2 else j1) + step + 1
            both = i1 + step < i2 and j1 + step < j2
            if not both or first != second:
                yield Divergence(f"{where} {number}", first, second)


def _changes(left: Sequence[str], right: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Yield (start, end) on the left and on the right of each range in which the two differ."""
    short = min(len(left), len(right))
    head = next((number for number in range(short) if left[number] != right[number]), short)
    tail = next((number for number in range(short - head) if left[-1 - number] != right[-1 - number]), short - head)
    ours, theirs = left[head : len(left) - tail], right[head : len(right) - tail]
    if len(ours) * len(theirs) > MOST_PAIRS:
        yield head, head + len(ours), head, head + len(theirs)
        return
    matcher = difflib.SequenceMatcher(None, ours, theirs, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            yield head + i1, head + i2, head + j1, head + j2


def _split(text: str) -> list[str]:
    """Return the lines of `text`; only a newline ends one, so that a lost carriage return is seen."""
    return text.removesuffix("\n").split("\n") if text else []


def _normalised(name: str, left: Observation, right: Observation, normaliser: Normaliser) -> tuple[str, str]:
    """Return both texts of a stream, normalised; lines that are equal as printed stay equal.

    (A line is known by its number, so this holds only where no rewriting has taken or added one.)
    """
    first, second = (getattr(side, name) for side in (left, right))
    if first == second:
        return first, second
    ours, theirs = normaliser.apply(first, left), normaliser.apply(second, right)
    if (_is_baseline(left) and first == theirs) or (_is_baseline(right) and second == ours):
        return ours, ours
    mine, yours, ours_split, theirs_split = (text.split("\n") for text in (first, second, ours, theirs))
    if (len(mine), len(yours)) != (len(ours_split), len(theirs_split)):
        return ours, theirs
    return ours, "\n".join(_aligned(mine, yours, ours_split, theirs_split, left, right))


def _lines_normalised(
    first: Sequence[str], second: Sequence[str], left: Observation, right: Observation, normaliser: Normaliser
) -> tuple[list[str], list[str]]:
    """Return the texts of both sides, each normalised by itself; what a baseline accepts is equal to it."""
    ours, theirs = [normaliser.apply(text, left) for text in first], [normaliser.apply(text, right) for text in second]
    return ours, _aligned(first, second, ours, theirs, left, right)


def _aligned(
    first: Sequence[str],
    second: Sequence[str],
    ours: Sequence[str],
    theirs: Sequence[str],
    left: Observation,
    right: Observation,
) -> list[str]:
    """Return `theirs` with our line for each that is equal as printed, or as the baseline of either side has it.

    A baseline's text has been normalised. It is once more, so that a row added later needs no new baseline; but a
    case's own row may find what it has written itself, so what stands in the baseline counts as it is, too.
    """
    rows = list(theirs)
    for number, (mine, yours) in enumerate(zip(first, second, strict=False)):
        accepted = (_is_baseline(left) and mine == theirs[number]) or (_is_baseline(right) and yours == ours[number])
        if mine == yours or accepted:
            rows[number] = ours[number]
    return rows


def _is_baseline(side: Observation) -> bool:
    return not side.command


def _built(observation: Observation) -> str:
    if observation.phase != "build":
        return f"built ({observation.ending()})"
    first = observation.diagnostics[0] if observation.diagnostics else observation.message
    return f"refused: {first}"
