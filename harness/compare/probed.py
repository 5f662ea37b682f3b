"""What the snapshots of a run say, in the form in which runs are compared: values by meaning, and what is wrong.

Registers and addresses are never compared between architectures: arguments and results are, by what they are, and
the functions that run, by their names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

from harness.abi.diagnose import Diagnosis, diagnose
from harness.abi.same import agree, said
from harness.compare.callers import chain
from harness.diagnoses import AT_RETURN, NONE_FITS
from harness.expectation import Called, Expect
from harness.observation import Divergence, Observation
from harness.snapshot import ENTRY, RETURN, Argument, Snapshot

FIELD = "probe"
CALL, BACKTRACE = "(call)", "(backtrace)"
AS_IT_IS = "called as what it is"
_SAME, _OTHER = "the same object", "different objects"


@dataclass(frozen=True)
class Told:
    """What one snapshot says: its `values` by name, and what is wrong with the call, if anything is."""

    shot: Snapshot
    values: Mapping[str, str]
    diagnosis: Diagnosis | None

    @property
    def where(self) -> str:
        """Which it is: ``probe add3 entry, hit 1``."""
        return f"{FIELD} {self.shot.at} {self.shot.when}, hit {self.shot.hit}"

    @property
    def is_decoded(self) -> bool:
        """Whether it is known what the registers mean."""
        return self.shot.meant is not None and not self.shot.meant.why


def told(observation: Observation, expect: Expect | None = None) -> dict[str, Told]:
    """Return what each snapshot of a probe says, by what it is called; `expect` says what arguments should be."""
    found = {}
    for shot in observation.snapshots:
        wanted = expect.probes.get(shot.at) if expect is not None else None
        row = Told(shot, values(shot), None)
        if row.is_decoded:
            row = replace(row, diagnosis=diagnose(shot, wanted.arguments if wanted else None))
        if row.is_decoded or row.values:
            found[row.where] = row
    return found


def values(shot: Snapshot) -> dict[str, str]:
    """Return the arguments or results of `shot` as they are compared, which pointers are the same, and the callers."""
    rows = _named(shot)
    found = {name: said(row) for name, row in rows.items() if not row.why}
    pointers = [name for name, text in found.items() if text.startswith("pointer")]
    for one, other in combinations(pointers, 2):
        is_same = rows[one].value == rows[other].value
        found[f"{one} and {other}"] = _SAME if is_same else _OTHER
    callers = chain(shot)
    return {**found, BACKTRACE: callers} if callers else found


def _named(shot: Snapshot) -> dict[str, Argument]:
    if shot.meant is None:
        return {}
    if shot.when == ENTRY:
        return {row.name or f"argument {number}": row for number, row in enumerate(shot.meant.arguments, 1)}
    several = len(shot.meant.results) > 1
    return {f"result {number}" if several else "result": row for number, row in enumerate(shot.meant.results, 1)}


def accepted(observation: Observation, expect: Expect, places: Collection[str]) -> dict[str, dict[str, str]]:
    """Return what is compared of the probes at `places`: of each snapshot the values, or else what is wrong with it.

    The functions that run are, in any case.
    """
    found = {}
    for where, row in told(observation, expect).items():
        if row.shot.at in places:
            compared = {name: text for name, text in row.values.items() if not row.diagnosis or name == BACKTRACE}
            found[where] = {CALL: row.diagnosis.name, **compared} if row.diagnosis else compared
    return found


def divergences(left: Observation, right: Observation, lefts: Expect, rights: Expect) -> Iterator[Divergence]:
    """Yield where two runs differ in what the same probe says at the same hit.

    Where a call is not what it should be its values are not compared: what is wrong is.
    """
    ours, theirs = _compared(left, lefts), _compared(right, rights)
    for where in (name for name in ours if name in theirs):
        one, other = ours[where], theirs[where]
        is_wrong = CALL in one or CALL in other
        if is_wrong:
            names = [row.get(CALL, AS_IT_IS) for row in (one, other)]
            if names[0] != names[1]:
                yield Divergence(where, *names)
        for name in (name for name in one if name in other and (name == BACKTRACE or not is_wrong)):
            if not agree(one[name], other[name]):
                yield Divergence(f"{where}: {name}", one[name], other[name])


def _compared(side: Observation, expect: Expect) -> Mapping[str, Mapping[str, str]]:
    """Return what is compared of an observation; that of a baseline has nothing else."""
    return side.accepted or accepted(side, expect, {shot.at for shot in side.snapshots})


def mismatches(observation: Observation, expect: Expect) -> Iterator[Divergence]:
    """Yield where a run's probes are not what case.yaml says: calls as what they are, unless it declares otherwise."""
    seen = set()
    for row in filter(lambda row: row.is_decoded, told(observation, expect).values()):
        wanted = expect.probes.get(row.shot.at, Called())
        name = row.diagnosis.name if row.diagnosis else ""
        seen.add((row.shot.at, row.shot.when))
        declared = wanted.diagnosis if (wanted.diagnosis in AT_RETURN) == (row.shot.when == RETURN) else ""
        if name != declared:
            said = row.diagnosis.sentence if row.diagnosis and not declared else name or AS_IT_IS
            yield Divergence(row.where, declared or AS_IT_IS, said)
        if row.shot.when == ENTRY:
            yield from _unread(row, wanted.arguments)
    for at, wanted in expect.probes.items():
        for when in _needed(wanted):
            if (at, when) not in seen:
                why = observation.unreached.get(at) or f"no snapshot of its {when} was taken that could be decoded"
                yield Divergence(f"{FIELD} {at}", wanted.diagnosis or AS_IT_IS, f"({why})")


def _needed(wanted: Called) -> Iterator[str]:
    """Yield the kinds of snapshot by which it is seen whether a call is as it is declared."""
    if wanted.diagnosis in AT_RETURN:
        yield RETURN
    if wanted.arguments or wanted.diagnosis not in AT_RETURN:
        yield ENTRY


def _unread(row: Told, wanted: Mapping[str, str]) -> Iterator[Divergence]:
    """Yield the arguments that case.yaml declares and that a snapshot has not."""
    names = _named(row.shot)
    for name, text in wanted.items():
        if name not in names:
            had = f"it has {', '.join(names)}" if names else "it has none"
            yield Divergence(f"{row.where}: {name}", text, f"(no such parameter: {had})")
        elif names[name].why:
            yield Divergence(f"{row.where}: {name}", text, f"({names[name].why})")


def explained(sides: Mapping[str, Told]) -> dict[str, Told]:
    """Return the same hit on several targets, with why the values of one are not those of another, where that fits.

    Which of two is right nobody has said: the side whose other readings have what the other side says is not.
    """
    found = dict(sides)
    for target, told in sides.items():
        for other in sides.values():
            if told.is_decoded and found[target].diagnosis is None and other is not told and other.diagnosis is None:
                why = diagnose(told.shot, other.values)
                if why is not None and why.kind != NONE_FITS:
                    found[target] = replace(told, diagnosis=why)
    return found
