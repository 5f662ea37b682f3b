"""What case.yaml declares two architectures to differ in: fields, or the very lines where both texts are exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.compare.diff import text_divergences
from harness.expectation import Expect, TextMatch
from harness.observation import Divergence, Observation


@dataclass(frozen=True)
class Declared:
    """`fields` may and must differ; in those that `places` knows, at exactly these places (``stdout line 3``).

    `open` are the fields that the expectations leave open, so that they are not compared.
    """

    fields: frozenset[str]
    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    open: frozenset[str] = frozenset()

    def allows(self, found: Divergence) -> bool:
        """Whether the divergence `found` is declared."""
        return found.field in self.fields and found.where in self.places.get(found.field, (found.where,))

    def gone(self, found: Sequence[Divergence]) -> tuple[str, ...]:
        """Return what should differ and is not among `found`: the name of a field, or single places of it."""
        seen = {divergence.where for divergence in found}
        missing: list[str] = []
        for name in sorted(self.fields):
            if not any(divergence.field == name for divergence in found):
                missing.append(name)
            else:
                missing += [place for place in self.places.get(name, ()) if place not in seen]
        return tuple(missing)


def between(left: Expect, right: Expect, streams: Sequence[str]) -> Declared:
    """Return what follows from the expectations of two architectures for a diff that compares `streams`."""
    undecided = frozenset({"exit"}) if left.leaves_open(right) else frozenset()
    unseen = frozenset({"stdout", "stderr"}) - frozenset(streams)
    fields = left.differing_fields(right) - unseen - undecided
    places = {}
    for name in fields & {"stdout", "stderr"}:
        ours, theirs = _exact(left, name), _exact(right, name)
        if ours is not None and theirs is not None:
            places[name] = tuple(divergence.where for divergence in text_divergences(name, ours, theirs))
    return Declared(fields, places, undecided)


def still_compared(
    found: Sequence[Divergence], sides: Sequence[tuple[Observation, Expect]], declared: Declared
) -> tuple[Divergence, ...]:
    """Return `found` without the ends that are left open; an end that its own expectation refuses is compared."""
    refused = any(side.outcome not in expect.outcomes for side, expect in sides)
    return tuple(divergence for divergence in found if refused or divergence.field not in declared.open)


def _exact(expect: Expect, name: str) -> str | None:
    match: TextMatch | None = getattr(expect, name)
    return None if match is None or match.is_pattern else match.text
