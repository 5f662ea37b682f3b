"""From observations, expectations and baselines to verdicts.

Three words that are kept apart: a run that is not what case.yaml says *fails its expectation*; a target that
differs from its own baseline is a *regression*; two architectures that differ from each other *diverge*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness import patterns
from harness.compare import calls, probed
from harness.compare.declared import between, still_compared
from harness.compare.diff import divergences, text_divergences
from harness.compare.normalise import Normaliser
from harness.compare.wording import aligned, declared_text, first_line, sentence
from harness.expectation import Expect, Expectation
from harness.observation import Divergence, Observation, Verdict, Word

STDERR_LINES = 30
_WORDS = {"broken": Word.BROKEN, "timeout": Word.TIMEOUT}


@dataclass(frozen=True)
class Rules:
    """How a case is compared: the streams of a diff, its own normalising rows, and whether to normalise."""

    streams: tuple[str, ...]
    normaliser: Normaliser


def judge_run(
    verdict: Verdict,
    observations: Sequence[Observation],
    expect: Expect,
    baseline: Observation | None,
    rules: Rules,
) -> Verdict:
    """Fill in `verdict` for a run item from its observations (one a repeat), `expect` and its own `baseline`."""
    judged = [_judge_one(observation, expect, rules) for observation in observations]
    outcomes = Counter(observation.ending() for observation in observations)
    word, cause, found, worst = max(
        ((*row, observation) for row, observation in zip(judged, observations, strict=True)),
        key=lambda row: row[0] != Word.PASS,
    )
    names = ("expected", "seen")
    if word is Word.PASS and baseline is not None:
        worst, found = _regression(observations, baseline, expect, rules)
        if found:
            word, names = Word.FAIL, ("was", "is")
            cause = f"regression on {verdict.target}: " + sentence(found, *names)
    if word is Word.PASS and any(observation.tries > 1 for observation in observations):
        tries = max(observation.tries for observation in observations)
        word, cause = Word.FLAKY, f"passed at try {tries}, after a known emulator fault"
    bad = sum(row[0] != Word.PASS for row in judged)
    told = probed.told(worst, expect)
    if len(observations) > 1 and bad:
        cause = f"{bad} of {len(observations)} runs: {cause}"
    return replace(
        verdict,
        verdict=word,
        cause=cause,
        detail=(*_detail(worst, found, names), *_calls(found, {worst.target: told}, expect)),
        divergences=found,
        diagnoses=(*calls.diagnoses(told.values()), *calls.deaths(worst)),
        normalised=rules.normaliser.counted(),
        outcomes=dict(outcomes),
    )


def judge_diff(
    verdict: Verdict,
    lefts: Sequence[Observation],
    rights: Sequence[Observation],
    expectation: Expectation,
    rules: Rules,
) -> Verdict:
    """Fill in `verdict` for a diff item from the observations of its two sides, one a repeat.

    Undeclared divergences fail, and so do declared ones that are gone. Every repeat of one side is held against
    the first of the other.
    """
    stopped = _no_comparison(verdict, lefts, rights, expectation)
    if stopped:
        return stopped
    first, second = lefts[0], rights[0]
    names = (first.target, second.target)
    arches = (first.arch, second.arch)
    expects = (expectation.on(arches[0]), expectation.on(arches[1]))
    declared = between(*expects, rules.streams)
    reasons = expectation.reasons(*arches)
    pairs = [(first, second), *((first, right) for right in rights[1:]), *((left, second) for left in lefts[1:])]
    compared = [
        still_compared(
            (*divergences(*pair, rules.streams, rules.normaliser), *probed.divergences(*pair, *expects)),
            tuple(zip(pair, expects, strict=True)),
            declared,
        )
        for pair in pairs
    ]
    # the pair that says most against the declarations: an undeclared divergence, else a declared one that is gone
    splits = [(*declared.split(rows), rows) for rows in compared]
    undeclared, gone, found = max(splits, key=lambda row: (bool(row[0]), bool(row[1])))
    if first.phase == second.phase == "build":  # what a run would have shown, nobody knows
        gone = tuple(place for place in gone if place.startswith("build"))
    if not all(side.snapshots or side.accepted for side in (first, second)):  # an older baseline has none of probes
        gone = tuple(place for place in gone if place != probed.FIELD)
    filled = replace(verdict, reasons=reasons, divergences=found, normalised=rules.normaliser.counted())
    if undeclared:
        cause = f"{names[0]} and {names[1]} diverge: {sentence(undeclared, *names)}"
        told = {side.target: probed.told(side, expect) for side, expect in zip((first, second), expects, strict=True)}
        detail = (*aligned(undeclared, *names), *_calls(undeclared, told, expects[0]))
        return replace(filled, verdict=Word.FAIL, cause=cause, detail=detail)
    if gone:
        fields = " and ".join(gone[:3]) + (f" and {len(gone) - 3} more" if len(gone) > 3 else "")
        missing = sum(bool(row[1]) for row in splits)
        often = "" if missing == len(pairs) else f" in {missing} of {len(pairs)} comparisons of repeats"
        cause = f"the declared divergence of {names[0]} and {names[1]} in {fields} no longer happens{often}"
        why = tuple(f"declared for {arch}: {reason}" for arch, reason in reasons.items())
        return replace(filled, verdict=Word.XPASS, cause=cause, detail=why)
    if found:
        return replace(filled, verdict=Word.XFAIL, cause=f"declared: {declared_text(reasons)}")
    return replace(filled, verdict=Word.PASS)


def _no_comparison(
    verdict: Verdict, lefts: Sequence[Observation], rights: Sequence[Observation], expectation: Expectation
) -> Verdict | None:
    """Return the verdict where a side is broken, or where neither came to an end that could be compared."""
    for side in (*lefts, *rights):
        if side.outcome == "broken":
            cause = f"no comparison: {side.target} is broken: {first_line(side.message)}"
            return replace(verdict, verdict=Word.BROKEN, cause=cause)
    late = [
        next((side for side in sides if side.outcome == "timeout" and not _accepts_timeout(side, expectation)), None)
        for sides in (lefts, rights)
    ]
    if all(late):
        names = " nor ".join(side.target for side in late if side)
        cause = f"no comparison: neither {names} ended in time"
        return replace(verdict, verdict=Word.TIMEOUT, cause=cause)
    return None


def _accepts_timeout(side: Observation, expectation: Expectation) -> bool:
    return "timeout" in expectation.on(side.arch).outcomes


def mismatches(observation: Observation, expect: Expect, rules: Rules) -> tuple[Divergence, ...]:
    """Return where `observation` is not what case.yaml says, expected on the left."""
    if expect.build_failure is not None or observation.phase == "build":
        return _build_mismatches(observation, expect)
    found = []
    if observation.outcome not in expect.outcomes:
        found.append(Divergence("exit outcome", _expected_ending(expect), observation.ending()))
    elif expect.exit_code is not None and observation.exit_code != expect.exit_code:
        found.append(Divergence("exit code", str(expect.exit_code), str(observation.exit_code)))
    elif expect.signal is not None and observation.signal != expect.signal:
        found.append(Divergence("exit signal", expect.signal, str(observation.signal)))
    for name, wanted in (("stdout", expect.stdout), ("stderr", expect.stderr)):
        if wanted is None:
            continue
        raw = getattr(observation, name)
        seen = rules.normaliser.apply(raw, observation)
        if any(wanted.matches(text, whole=name == "stdout") for text in (raw, seen)):
            continue
        if wanted.is_pattern:
            found.append(Divergence(f"{name} pattern", wanted.text, seen))
        else:
            found += text_divergences(name, wanted.text, seen)
    return tuple(found)


def _judge_one(observation: Observation, expect: Expect, rules: Rules) -> tuple[Word, str, tuple[Divergence, ...]]:
    if observation.outcome == "broken":
        return Word.BROKEN, first_line(observation.message), ()
    found = mismatches(observation, expect, rules)
    if not found:
        rows = (*probed.mismatches(observation, expect), *calls.deaths_differ(observation, expect.death))
        if rows:
            return Word.FAIL, sentence(rows, "declared", "found"), rows
    if not found and observation.alarms:
        more = f" (and {len(observation.alarms) - 1} more)" if len(observation.alarms) > 1 else ""
        rows = tuple(Divergence("crossing", "kept", alarm) for alarm in observation.alarms)
        return Word.FAIL, f"a promise of the ABI was broken: {observation.alarms[0]}{more}", rows
    if not found:
        return Word.PASS, "", ()
    word = _WORDS.get(observation.outcome, Word.FAIL)
    if word is Word.TIMEOUT:
        notes = f" ({observation.message})" if observation.message else ""
        return word, f"no end after {observation.seconds:.0f} s{notes}", found
    return word, sentence(found, "expected", "got"), found


def _regression(
    observations: Sequence[Observation], baseline: Observation, expect: Expect, rules: Rules
) -> tuple[Observation, tuple[Divergence, ...]]:
    """Return the first repeat that is not what `baseline` says, and where; else the first and nothing."""
    declared = between(expect, expect, rules.streams)
    for observation in observations:
        texts = divergences(baseline, observation, rules.streams, rules.normaliser)
        rows = (*texts, *probed.divergences(baseline, observation, expect, expect))
        found = still_compared(rows, ((baseline, expect), (observation, expect)), declared)
        if found:
            return observation, found
    return observations[0], ()


def _build_mismatches(observation: Observation, expect: Expect) -> tuple[Divergence, ...]:
    pattern = expect.build_failure
    texts = [str(diagnostic) for diagnostic in observation.diagnostics]
    if observation.phase != "build":
        wanted = f"a refusal that says /{pattern}/" if pattern else "a refusal"
        return (Divergence("build", wanted, f"built ({observation.ending()})"),)
    if pattern is None:
        return (Divergence("build", "built", "\n".join(texts) or observation.message),)
    if pattern and not any(patterns.search(pattern, text) for text in texts):
        return (Divergence("build diagnostic", f"one that says /{pattern}/", "\n".join(texts)),)
    return ()


def _expected_ending(expect: Expect) -> str:
    if expect.outcomes == ("exit",):
        return f"exit {expect.exit_code}" if expect.exit_code is not None else "exit"
    if expect.outcomes == ("signal",):
        return f"killed by {expect.signal or 'a signal'}"
    return " or ".join(expect.outcomes)


def _calls(
    found: Sequence[Divergence], sides: Mapping[str, Mapping[str, probed.Told]], expect: Expect
) -> Iterator[str]:
    """Yield the calls in which `found` was, as each target has them."""
    first = next(iter(sides.values()), {})
    for where, told in first.items():
        if any(row.field == probed.FIELD and row.where.partition(":")[0] == where for row in found):
            here = probed.explained({target: rows[where] for target, rows in sides.items() if where in rows})
            wanted = expect.probes.get(told.shot.at)
            yield from calls.side_by_side(here, wanted.arguments if wanted else {})


def _detail(observation: Observation, found: Sequence[Divergence], names: tuple[str, str]) -> tuple[str, ...]:
    if not found and observation.outcome != "broken":
        return ()
    lines = aligned(found, *names)
    if observation.outcome == "broken":
        lines += observation.message.splitlines()[1:]
    if observation.notes:
        lines += [f"note: {note}" for note in observation.notes]
    if observation.stderr.strip() and (found or observation.outcome == "broken"):
        tail = observation.stderr.rstrip().splitlines()
        lines.append("stderr:" if len(tail) <= STDERR_LINES else f"stderr (first {STDERR_LINES} of {len(tail)} lines):")
        lines += [f"    {line}" for line in tail[:STDERR_LINES]]
    return tuple(lines)
