"""From observations, expectations and baselines to verdicts.

Three words that are kept apart: a run that is not what case.yaml says *fails its expectation*; a target that
differs from its own baseline is a *regression*; two architectures that differ from each other *diverge*.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.compare.diff import divergences, text_divergences
from harness.compare.normalise import Normaliser
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
        worst, found = _regression(observations, baseline, rules)
        if found:
            word, names = Word.FAIL, ("was", "is")
            cause = f"regression on {verdict.target}: " + sentence(found, *names)
    if word is Word.PASS and any(observation.tries > 1 for observation in observations):
        tries = max(observation.tries for observation in observations)
        word, cause = Word.FLAKY, f"passed at try {tries}, after a known emulator fault"
    bad = sum(row[0] != Word.PASS for row in judged)
    if len(observations) > 1 and bad:
        cause = f"{bad} of {len(observations)} runs: {cause}"
    return replace(
        verdict,
        verdict=word,
        cause=cause,
        detail=_detail(worst, found, names),
        divergences=found,
        normalised=rules.normaliser.counted(),
        outcomes=dict(outcomes),
    )


def judge_diff(
    verdict: Verdict, left: Observation, right: Observation, expectation: Expectation, rules: Rules
) -> Verdict:
    """Fill in `verdict` for a diff item: undeclared divergences fail, and so do declared ones that are gone."""
    for side in (left, right):
        if side.outcome == "broken":
            cause = f"no comparison: {side.target} is broken: {first_line(side.message)}"
            return replace(verdict, verdict=Word.BROKEN, cause=cause)
    arches = (left.target.partition("-")[0], right.target.partition("-")[0])
    declared = expectation.on(arches[0]).differing_fields(expectation.on(arches[1]))
    reasons = expectation.reasons(*arches)
    found = divergences(left, right, rules.streams, rules.normaliser)
    undeclared = tuple(divergence for divergence in found if divergence.field not in declared)
    gone = declared - {divergence.field for divergence in found} - _not_compared(rules)
    names = (left.target, right.target)
    filled = replace(verdict, reasons=reasons, divergences=found, normalised=rules.normaliser.counted())
    if undeclared:
        cause = f"{names[0]} and {names[1]} diverge: {sentence(undeclared, *names)}"
        return replace(filled, verdict=Word.FAIL, cause=cause, detail=tuple(aligned(undeclared, *names)))
    if gone:
        fields = " and ".join(sorted(gone))
        cause = f"the declared divergence of {names[0]} and {names[1]} in {fields} no longer happens"
        why = tuple(f"declared for {arch}: {reason}" for arch, reason in reasons.items())
        return replace(filled, verdict=Word.XPASS, cause=cause, detail=why)
    if found:
        return replace(filled, verdict=Word.XFAIL, cause=f"declared: {declared_text(reasons)}")
    return replace(filled, verdict=Word.PASS)


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


def sentence(found: Sequence[Divergence], left: str, right: str) -> str:
    """Return the first divergence as one line, and how many more there are."""
    first = found[0]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{first.where}: {left} {quote(first.left)}, {right} {quote(first.right)}{more}"


def aligned(found: Sequence[Divergence], left: str, right: str, most: int = 20) -> list[str]:
    """Return the divergences as lines in which both sides stand under each other."""
    width = max(len(left), len(right))
    lines = []
    for divergence in found[:most]:
        lines.append(f"{divergence.where}:")
        lines += [f"    {left:<{width}}  {part}" for part in divergence.left.splitlines() or [""]]
        lines += [f"    {right:<{width}}  {part}" for part in divergence.right.splitlines() or [""]]
    if len(found) > most:
        lines.append(f"(and {len(found) - most} more)")
    return lines


def declared_text(reasons: Mapping[str, str]) -> str:
    """Return the declared reasons on one line."""
    return "; ".join(f"{arch}: {reason}" for arch, reason in reasons.items())


def quote(text: str, most: int = 100) -> str:
    """Return `text` on one line, shortened, in quotes unless it is one of our own words."""
    flat = " ".join(text.split())
    flat = flat if len(flat) <= most else f"{flat[:most]}…"
    return flat if re.fullmatch(r"\(.*\)|-?\d+|SIG\w+|exit -?\d+|killed by .*", flat) else f"`{flat}`"


def first_line(text: str) -> str:
    """Return the first line of `text`."""
    return text.partition("\n")[0]


def _judge_one(observation: Observation, expect: Expect, rules: Rules) -> tuple[Word, str, tuple[Divergence, ...]]:
    if observation.outcome == "broken":
        return Word.BROKEN, first_line(observation.message), ()
    found = mismatches(observation, expect, rules)
    if not found:
        return Word.PASS, "", ()
    word = _WORDS.get(observation.outcome, Word.FAIL)
    if word is Word.TIMEOUT:
        notes = f" ({observation.message})" if observation.message else ""
        return word, f"no end after {observation.seconds:.0f} s{notes}", found
    return word, sentence(found, "expected", "got"), found


def _regression(
    observations: Sequence[Observation], baseline: Observation, rules: Rules
) -> tuple[Observation, tuple[Divergence, ...]]:
    """Return the first repeat that is not what `baseline` says, and where; else the first and nothing."""
    for observation in observations:
        found = divergences(baseline, observation, rules.streams, rules.normaliser)
        if found:
            return observation, found
    return observations[0], ()


def _build_mismatches(observation: Observation, expect: Expect) -> tuple[Divergence, ...]:
    pattern = expect.build_failure
    texts = [str(diagnostic) for diagnostic in observation.diagnostics]
    if observation.phase != "build":
        return (Divergence("build", f"a refusal that says /{pattern}/", f"built ({observation.ending()})"),)
    if pattern is None:
        return (Divergence("build", "built", "\n".join(texts) or observation.message),)
    if pattern and not any(re.search(pattern, text) for text in texts):
        return (Divergence("build diagnostic", f"one that says /{pattern}/", "\n".join(texts)),)
    return ()


def _expected_ending(expect: Expect) -> str:
    if expect.outcomes == ("exit",):
        return f"exit {expect.exit_code}" if expect.exit_code is not None else "exit"
    if expect.outcomes == ("signal",):
        return f"killed by {expect.signal or 'a signal'}"
    return " or ".join(expect.outcomes)


def _not_compared(rules: Rules) -> frozenset[str]:
    return frozenset({"stdout", "stderr"}) - frozenset(rules.streams)


def _detail(observation: Observation, found: Sequence[Divergence], names: tuple[str, str]) -> tuple[str, ...]:
    if not found and observation.outcome != "broken":
        return ()
    lines = aligned(found, *names)
    if observation.outcome == "broken":
        lines += observation.message.splitlines()[1:]
    if observation.notes:
        lines += [f"note: {note}" for note in observation.notes]
    lines += [f"note: {count} bytes of {name} dropped" for name, count in observation.dropped.items()]
    if observation.stderr.strip() and (found or observation.outcome == "broken"):
        tail = observation.stderr.rstrip().splitlines()
        lines.append("stderr:" if len(tail) <= STDERR_LINES else f"stderr (first {STDERR_LINES} of {len(tail)} lines):")
        lines += [f"    {line}" for line in tail[:STDERR_LINES]]
    return tuple(lines)
