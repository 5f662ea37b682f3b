"""What case.yaml declares two architectures to differ in: fields, or the very lines where both texts are exact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.compare.diff import text_divergences
from harness.expectation import Expect, TextMatch
from harness.observation import Divergence, Observation


@dataclass(frozen=True)
class Declared:
    """`fields` may and must differ; in those that `lines` knows, in just these lines.

    `open` are the fields that the expectations leave open, so that they are not compared.
    """

    fields: frozenset[str]
    lines: Mapping[str, tuple[Divergence, ...]] = field(default_factory=dict)
    open: frozenset[str] = frozenset()

    def split(self, found: Sequence[Divergence]) -> tuple[tuple[Divergence, ...], tuple[str, ...]]:
        """Return those of `found` that are not declared, and the fields or places that should differ and do not.

        A line is known again by what both sides say in it, wherever it stands; what is then left, by its place
        (the values of a line are the business of the run items).
        """
        undeclared = [divergence for divergence in found if divergence.field not in self.fields]
        gone: list[str] = []
        for name in sorted(self.fields):
            here = [divergence for divergence in found if divergence.field == name]
            if not here:
                gone.append(name)
            elif name in self.lines:
                more, less = _match(here, self.lines[name])
                undeclared += more
                gone += less
        return tuple(undeclared), tuple(gone)


def _match(found: Sequence[Divergence], wanted: Sequence[Divergence]) -> tuple[list[Divergence], list[str]]:
    """Return what only `found` has, and the places that only `wanted` has."""
    keys: Sequence[Callable[[Divergence], object]] = (lambda line: (line.left, line.right), lambda line: line.where)
    for key in keys:
        ours, theirs = Counter(map(key, found)), Counter(map(key, wanted))
        found, wanted = _beyond(found, key, theirs), _beyond(wanted, key, ours)
    return list(found), [line.where for line in wanted]


def _beyond(
    lines: Sequence[Divergence], key: Callable[[Divergence], object], others: Counter[object]
) -> list[Divergence]:
    """Return `lines` without as many of each key as `others` counts."""
    left = Counter(others)
    kept = []
    for line in lines:
        if left[key(line)] > 0:
            left[key(line)] -= 1
        else:
            kept.append(line)
    return kept


def between(left: Expect, right: Expect, streams: Sequence[str]) -> Declared:
    """Return what follows from the expectations of two architectures for a diff that compares `streams`."""
    undecided = frozenset({"exit"}) if left.leaves_open(right) else frozenset()
    unseen = frozenset({"stdout", "stderr"}) - frozenset(streams)
    fields = left.differing_fields(right) - unseen - undecided
    lines = {}
    for name in fields & {"stdout", "stderr"}:
        ours, theirs = _exact(left, name), _exact(right, name)
        if ours is not None and theirs is not None:
            lines[name] = tuple(text_divergences(name, ours, theirs))
    return Declared(fields, lines, undecided)


def still_compared(
    found: Sequence[Divergence], sides: Sequence[tuple[Observation, Expect]], declared: Declared
) -> tuple[Divergence, ...]:
    """Return `found` without the ends that are left open; an end that its own expectation refuses is compared."""
    refused = any(side.outcome not in expect.outcomes for side, expect in sides)
    return tuple(divergence for divergence in found if refused or divergence.field not in declared.open)


def _exact(expect: Expect, name: str) -> str | None:
    match: TextMatch | None = getattr(expect, name)
    return None if match is None or match.is_pattern else match.text
