"""The items that pytest runs: they ask the session for observations and the judge for a verdict."""

from __future__ import annotations

import abc
import os
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from _pytest._code.code import ExceptionChainRepr, ReprEntryNative, ReprFileLocation, ReprTraceback

from harness.case import Case, Variant
from harness.compare.judge import Rules, judge_diff, judge_run
from harness.compare.normalise import Normaliser
from harness.errors import InputError
from harness.observation import Observation, Verdict, Word
from harness.patterns import PatternUnusable
from harness.plugin.state import STATE, Chosen, State
from harness.report.failure import explain, printable
from harness.session import Job
from harness.target import Target

RECORDS = pytest.StashKey[dict[str, Any]]()  # what an item leaves for the records: observations and a verdict
GOOD = frozenset({Word.PASS, Word.FLAKY})


class VerdictFailed(Exception):
    """Carries a failing verdict to pytest's report, which prints what `explain` makes of it."""

    def __init__(self, verdict: Verdict, text: str) -> None:
        super().__init__(printable(verdict.cause))
        self.verdict = verdict
        self.text = text


@dataclass(frozen=True)
class Judged:
    """A verdict, the observations behind it, and those of them that this item made (no other item did)."""

    verdict: Verdict
    seen: tuple[Observation, ...] = ()
    made: tuple[Observation, ...] = ()


class CrossItem(pytest.Item):
    """What every item of a case.yaml has in common."""

    lonely = False
    case_name: str  # in tables and records; see `names.tell_apart`

    def __init__(self, *, name: str, parent: pytest.Collector, **kwargs: Any) -> None:
        # The text form, which pytest takes apart as it does the ids that it keeps for --lf: an id that pytest makes of
        # `name` itself is another since 9.2, where what stands in brackets is a part of its own.
        super().__init__(name=name, parent=parent, nodeid=f"{parent.nodeid}::{name}", **kwargs)

    @property
    def ihook(self) -> Any:
        """The hooks for this item: those for its case.yaml (see `collect.CaseFile`)."""
        assert self.parent is not None
        return self.parent.ihook

    @property
    def state(self) -> State:
        """The plugin's state."""
        return self.config.stash[STATE]

    def rename(self, name: str) -> None:
        """Call the item's case `name` from now on."""
        self.case_name = name

    @abc.abstractmethod
    def judge(self) -> Judged:
        """Return the verdict and what it rests on."""

    def runtest(self) -> None:
        """Judge, keep the records, and turn the verdict into what pytest understands."""
        judged = self.judge()
        verdict = judged.verdict
        self.stash[RECORDS] = {
            "observations": [observation.to_json() for observation in judged.made],
            "verdict": verdict.to_json(),
            "lonely": self.lonely,
        }
        self.user_properties += properties(verdict, judged.seen)
        if verdict.verdict is Word.SKIP:
            raise pytest.skip.Exception(verdict.cause, _use_item_location=True)
        if verdict.verdict is Word.XFAIL:
            pytest.xfail(printable(verdict.cause.removeprefix("declared: ")))
        if verdict.verdict not in GOOD:
            raise VerdictFailed(verdict, explain(verdict, judged.seen, self.rerun()))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Print a verdict as its explanation, without a Python traceback (which costs 60 ms for each XFAIL)."""
        if isinstance(excinfo.value, VerdictFailed):
            return failure(excinfo.value, self.path)
        if isinstance(excinfo.value, pytest.xfail.Exception):
            return excinfo.value.msg
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Locate the item in its case.yaml; the headline names the case, not the file that all cases have."""
        return self.path, 0, f"{self.case_name} {self.name}"

    def rerun(self) -> str:
        """Return the command that runs just this item again."""
        options = [f"--arch={','.join(self.rerun_arches())}"]
        for name in ("runner", "against", "pairs", "watch-by"):
            value = self.config.getoption(name.replace("-", "_"))
            if value not in (None, "auto", "reference"):
                options.append(f"--{name}={value}")
        options += [f"--toolchains={folder}" for folder in self.config.getoption("toolchains")]
        options += ["--raw"] if self.config.getoption("raw") else []
        options += [f"--snapshot={probe}" for probe in self.config.getoption("snapshot")]
        options += ["--watch-crossings"] if self.config.getoption("watch_crossings") else []
        place = os.path.relpath(self.path, self.config.invocation_params.dir)
        given = [f"{name}={shlex.quote(value)}" for name, value in self.state.given.items()]
        command = shlex.join(["pytest", *options, f"{place}::{self.name}" if self.path.is_file() else place])
        return " ".join([*given, command])

    def rerun_arches(self) -> list[str]:
        """Return the architectures that have to be asked for to get this item."""
        return list(self.state.arches)


class LoadItem(CrossItem):
    """Stands for a case.yaml, or a folder below ``cases``, that cannot be read: fails with every problem in it."""

    def __init__(self, *, error: InputError, case: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.error = error
        self.case_name = case

    def judge(self) -> Judged:
        """Fail with file:line:column and message."""
        return Judged(malformed(Verdict(self.nodeid, "load", self.case_name, "", "", Word.FAIL), self.error))


class AbsentItem(CrossItem):
    """Stands for a case that is for none of the architectures that were asked for: skipped, with that reason."""

    def __init__(self, *, cause: str, case: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cause = cause
        self.case_name = case

    def judge(self) -> Judged:
        """See `CrossItem.judge`."""
        return Judged(Verdict(self.nodeid, "absent", self.case_name, "", "", Word.SKIP, self.cause))


class JobItem(CrossItem):
    """An item of one variant of one case."""

    def __init__(self, *, case: Case, variant: Variant, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.case = case
        self.case_name = case.name
        self.variant = variant

    def rename(self, name: str) -> None:
        """See `CrossItem.rename`."""
        super().rename(name)
        self.case = replace(self.case, name=name)

    @abc.abstractmethod
    def jobs(self) -> list[Job]:
        """Return the jobs whose observations this item needs."""

    @property
    def rules(self) -> Rules:
        """How outputs of this case are compared."""
        return Rules(self.case.compare, Normaliser(self.case.normalise, self.config.getoption("raw")))

    def observe(self, target: Target) -> tuple[tuple[Observation, ...], tuple[Observation, ...]]:
        """Return the observations on `target`, and those of them that were made just now."""
        observations, made = self.state.session.observe(Job(self.case, self.variant, target))
        return observations, observations if made else ()

    def blank(self, kind: str, target: str, against: str | None = None) -> Verdict:
        """Return a verdict that nothing is said in yet."""
        return Verdict(self.nodeid, kind, self.case.name, target, self.variant.name, Word.PASS, against=against)

    def skipped(self, verdict: Verdict, target: Chosen) -> Verdict | None:
        """Return the SKIP verdict where `target` cannot run here."""
        if isinstance(target, Target):
            return None
        cause = f"{target.arch} cannot run here: {target.cause}; mend: {target.mend}"
        return replace(verdict, verdict=Word.SKIP, cause=cause)


class RunItem(JobItem):
    """``run[arm64]``: one variant on one target, held against case.yaml and the target's own baseline.

    `lonely` says that no other architecture was there to compare it with, neither live nor as a baseline.
    """

    def __init__(self, *, target: Chosen, lonely: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target = target
        self.lonely = lonely

    def jobs(self) -> list[Job]:
        """See `JobItem.jobs`."""
        return [Job(self.case, self.variant, self.target)] if isinstance(self.target, Target) else []

    def judge(self) -> Judged:
        """See `CrossItem.judge`."""
        target = self.target
        verdict = self.blank("run", target.id if isinstance(target, Target) else target.arch)
        skip = self.skipped(verdict, target)
        if skip or not isinstance(target, Target):
            return Judged(skip or verdict)
        observations, made = self.observe(target)
        accepted = None
        if not self.config.getoption("update_baselines"):
            try:
                accepted = self.state.baseline(self.case.folder, self.case.name).of(target.id, self.variant.name)
            except InputError as error:
                return Judged(malformed(verdict, error), observations, made)
        expect = self.variant.expect.on(target.arch)
        try:
            judged = judge_run(verdict, observations, expect, accepted, self.rules)
        except PatternUnusable as error:
            judged = unusable(verdict, self.path, error)
        return Judged(judged, observations, made)

    def rerun_arches(self) -> list[str]:
        """See `CrossItem.rerun_arches`."""
        return [self.target.arch]


class DiffItem(JobItem):
    """``diff[amd64~arm64]``: two targets of one variant held against each other.

    A side is a target, or the name of an architecture whose committed baseline stands in for it.
    """

    def __init__(self, *, left: Chosen | str, right: Chosen | str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sides = (left, right)

    def jobs(self) -> list[Job]:
        """See `JobItem.jobs`."""
        return [Job(self.case, self.variant, side) for side in self.sides if isinstance(side, Target)]

    def judge(self) -> Judged:
        """See `CrossItem.judge`."""
        names = [_name(side) for side in self.sides]
        live = next(
            (name for name, side in zip(names, self.sides, strict=True) if not isinstance(side, str)),
            names[0],
        )
        other = next(name for name in names if name != live)
        both_live = not any(isinstance(side, str) for side in self.sides)
        verdict = self.blank("diff", names[1] if both_live else live, names[0] if both_live else other)
        seen: list[tuple[Observation, ...]] = []
        made: tuple[Observation, ...] = ()
        for side in sorted(self.sides, key=lambda side: _name(side) == verdict.target):  # left of a divergence: against
            if isinstance(side, str):
                seen.append((self._accepted(side),))
                continue
            skip = self.skipped(verdict, side)
            if skip or not isinstance(side, Target):
                return Judged(skip or verdict, tuple(row[0] for row in seen), made)
            observations, fresh = self.observe(side)
            made += fresh
            seen.append(observations)
        left, right = seen
        try:
            judged = judge_diff(verdict, left, right, self.variant.expect, self.rules)
        except PatternUnusable as error:
            judged = unusable(verdict, self.path, error)
        return Judged(judged, (left[0], right[0]), made)

    def _accepted(self, arch: str) -> Observation:
        found = self.state.baseline(self.case.folder, self.case.name).of(arch, self.variant.name)
        if found is None:
            raise RuntimeError(f"the baseline of {arch} is gone")
        return found

    def rerun_arches(self) -> list[str]:
        """See `CrossItem.rerun_arches`."""
        return [_name(side) for side in self.sides if not isinstance(side, str)]


def failure(failed: VerdictFailed, path: Path) -> ExceptionChainRepr:
    """Return what pytest prints of a verdict: all of it, and the cause alone in its summary and in JUnit's message."""
    text = ReprTraceback([ReprEntryNative([f"{failed.text}\n"])], None, "native")
    return ExceptionChainRepr([(text, ReprFileLocation(str(path), 1, str(failed)), None)])


def malformed(verdict: Verdict, error: InputError) -> Verdict:
    """Return `verdict` failed for a file that cannot be read: file:line:column and message of every problem."""
    lines = str(error).splitlines()
    cause = lines[0] + (f" (and {len(lines) - 1} more)" if len(lines) > 1 else "")
    return replace(verdict, verdict=Word.FAIL, cause=cause, detail=tuple(lines))


def unusable(verdict: Verdict, path: Path, error: PatternUnusable) -> Verdict:
    """Return `verdict` failed for a pattern of the case.yaml at `path` that cannot be applied."""
    return replace(verdict, verdict=Word.FAIL, cause=f"{path}: {error.what}", detail=(str(error),))


def properties(verdict: Verdict, seen: tuple[Observation, ...]) -> list[tuple[str, object]]:
    """Return what JUnit shows of an item."""
    rows: dict[str, object] = {
        "crossabi.case": verdict.case,
        "crossabi.target": verdict.target,
        "crossabi.against": verdict.against or "",
        "crossabi.verdict": verdict.verdict.value,
        "crossabi.cause": verdict.cause,
    }
    for observation in seen[-1:]:
        environment = observation.environment
        rows |= {
            "crossabi.go": environment.go,
            "crossabi.c_compiler": environment.c_compiler,
            "crossabi.emulator": environment.emulator or environment.runner,
            "crossabi.binary": observation.binary,
        }
    return [(name, value) for name, value in rows.items() if value != ""]


def _name(side: Chosen | str) -> str:
    if isinstance(side, str):
        return side
    return side.id if isinstance(side, Target) else side.arch
