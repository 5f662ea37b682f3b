"""What a case says should happen, per architecture where it differs, with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from harness import patterns
from harness.diagnoses import NONE

EXIT_KEYS = ("exit", "signal", "outcome", "fail@build")
FIELDS = ("build", "exit", "stdout", "stderr", "probe")


@dataclass(frozen=True)
class TextMatch:
    """Exact text (compared line by line) or a pattern."""

    text: str
    is_pattern: bool = False

    def matches(self, seen: str, *, whole: bool) -> bool:
        """Whether `seen` is the text; a pattern has to match all of it when `whole`, else any part.

        Raises PatternUnusable.
        """
        if not self.is_pattern:
            return seen == self.text
        return (patterns.matches if whole else patterns.search)(self.text, seen)


@dataclass(frozen=True)
class Called:
    """What the caller of a probed function passes, by the parameters' names, and how its call is not what it should be.

    Values are as `harness.abi.diagnose.said` writes them; an empty `diagnosis`: nothing is wrong.
    """

    arguments: Mapping[str, str] = field(default_factory=dict)
    diagnosis: str = ""


@dataclass(frozen=True)
class Expect:
    """What one run should show; a field that is None is not looked at.

    `outcomes` are accepted words of `harness.observation.OUTCOMES`; `build_failure` is a pattern searched in
    the compiler's diagnostics ("" accepts any), or None where the build has to succeed. `probes` are by place; `death`
    is the diagnosis of the fault that the program dies of, empty where nobody says.
    """

    outcomes: tuple[str, ...] = ("exit",)
    exit_code: int | None = None
    signal: str | None = None
    stdout: TextMatch | None = None
    stderr: TextMatch | None = None
    build_failure: str | None = None
    probes: Mapping[str, Called] = field(default_factory=dict)
    death: str = ""

    def leaves_open(self, other: Expect) -> bool:
        """Whether the end is any of several kinds, so that two ends of which each is accepted need not be alike."""
        several = len(self.outcomes) > 1 or len(other.outcomes) > 1
        return several and not set(self.outcomes).isdisjoint(other.outcomes)

    def differing_fields(self, other: Expect) -> frozenset[str]:
        """Return the names (of `FIELDS`) in which two architectures are expected to differ."""
        if (self.build_failure is None) != (other.build_failure is None):
            return frozenset({"build"})
        mine = (self.outcomes, self.exit_code, self.signal)
        theirs = (other.outcomes, other.exit_code, other.signal)
        different = {
            "build": self.build_failure != other.build_failure,
            "exit": mine != theirs,
            "stdout": self.stdout != other.stdout,
            "stderr": self.stderr != other.stderr,
            "probe": _diagnoses(self) != _diagnoses(other),
        }
        return frozenset(name for name, differs in different.items() if differs)


def _diagnoses(expect: Expect) -> Mapping[str, str]:
    return {at: called.diagnosis for at, called in expect.probes.items() if called.diagnosis}


@dataclass(frozen=True)
class ArchRow:
    """A declared difference: on `arches`, `expect` holds, for `reason`, by `rule`."""

    arches: tuple[str, ...]
    reason: str
    rule: str
    expect: Expect


@dataclass(frozen=True)
class Expectation:
    """The default and the declared differences of a case or variant."""

    default: Expect = Expect(exit_code=0)
    rows: tuple[ArchRow, ...] = ()

    @cached_property
    def looks_at_stderr(self) -> bool:
        """Whether what the program says on stderr is part of what should happen, anywhere."""
        return any(expect.stderr is not None for expect in (self.default, *(row.expect for row in self.rows)))

    @cached_property
    def _by_arch(self) -> Mapping[str, ArchRow]:
        return {arch: row for row in self.rows for arch in row.arches}

    def row(self, arch: str) -> ArchRow | None:
        """Return the declared difference for `arch`, if there is one."""
        return self._by_arch.get(arch)

    def on(self, arch: str) -> Expect:
        """Return what should happen on `arch`."""
        row = self.row(arch)
        return row.expect if row else self.default

    def reasons(self, *arches: str) -> dict[str, str]:
        """Return the declared reason, on one line, of each of `arches` that has a row of its own."""
        rows = {arch: self.row(arch) for arch in arches}
        return {
            arch: " ".join(row.reason.split()) + (f" [{row.rule}]" if row.rule else "")
            for arch, row in rows.items()
            if row
        }


def from_yaml(values: Mapping[str, Any] | str | None) -> Expectation:
    """Build an Expectation from validated YAML data (the value of ``expect:``)."""
    if values is None:
        return Expectation()
    if isinstance(values, str):  # the scalar form, `expect: fail@build`
        return Expectation(Expect(("build-error",), build_failure=""))
    default = _expect(values, Expect(exit_code=0))
    rows = tuple(
        ArchRow(tuple(row["arches"]), row["reason"], row.get("rule", ""), _expect(row, default))
        for row in values.get("per_arch", ())
    )
    return Expectation(default, rows)


def _expect(values: Mapping[str, Any], base: Expect) -> Expect:
    outcomes, exit_code, signal = base.outcomes, base.exit_code, base.signal
    failure = base.build_failure
    if any(key in values for key in EXIT_KEYS):
        exit_code, signal, failure = values.get("exit"), values.get("signal"), values.get("fail@build")
        given = values.get("outcome")
        if given:
            outcomes = (given,) if isinstance(given, str) else tuple(given)
        elif failure is not None:
            outcomes = ("build-error",)
        else:
            outcomes = ("signal",) if signal else ("exit",)
    built = failure is None
    return Expect(
        outcomes,
        exit_code,
        signal,
        _match(values.get("stdout"), base.stdout) if built else None,
        _match(values.get("stderr"), base.stderr) if built else None,
        failure,
        _probes(values.get("probes", {}), base.probes) if built else {},
        values.get("death", base.death) if built else "",
    )


def _probes(rows: Mapping[str, Mapping[str, Any]], base: Mapping[str, Called]) -> Mapping[str, Called]:
    """Return `base` with what `rows` say of some probes: what a row leaves out stays."""
    found = dict(base)
    for at, row in rows.items():
        before = base.get(at, Called())
        arguments = {**before.arguments, **row.get("arguments", {})}
        diagnosis = row.get("diagnosis", before.diagnosis)
        found[at] = Called(arguments, "" if diagnosis == NONE else diagnosis)
    return found


def _match(value: str | Mapping[str, str] | None, base: TextMatch | None) -> TextMatch | None:
    if value is None:
        return base
    if isinstance(value, str):
        return TextMatch(value)
    return TextMatch(value["pattern"], is_pattern=True)
