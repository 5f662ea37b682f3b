"""What a case.yaml may say: its schema, with the checks that a schema cannot say."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from yaml.nodes import MappingNode, Node

from harness import expectation
from harness.arches import canonical
from harness.diagnoses import DEATHS
from harness.diagnoses import NAMES as DIAGNOSES
from harness.expectation import EXIT_KEYS
from harness.observation import OUTCOMES
from harness.schema import (
    BAD,
    Choice,
    Context,
    Either,
    Flag,
    ListOf,
    MapOf,
    Number,
    Record,
    Shape,
    Text,
    child,
    pattern_trouble,
    scalar,
    spellings,
)
from harness.snapshot import DEFAULT_HITS, WHEN, parse_hits
from harness.suggest import did_you_mean

KINDS = ("program", "c-host")
MODES = ("c-archive", "c-shared")
KIND_OF = {"mode": "c-host", "plugins": "program"}  # settings of a build that only one kind has
DECIDED = frozenset(  # what the target decides, whatever build.env and the caller's environment say
    ("GOOS", "GOARCH", "CC", "CXX", "AR", "CGO_ENABLED", "GOTOOLCHAIN", "GOROOT", "GOWORK", "GO111MODULE", "TMPDIR")
)
COMPARABLE = ("stdout", "stderr")

Names = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ArchName:
    """A GOARCH name or one of its synonyms."""

    names: Names

    def check(self, node: Node, context: Context) -> Any:
        """See `Shape.check`."""
        if scalar(node, context, "an architecture's name") is BAD:
            return BAD
        known = dict(self.names)
        found = canonical(node.value, known)
        if found is None:
            hint = did_you_mean(node.value, known)
            listed = ", ".join(dict.fromkeys(known.values()))
            return context.bad(node, f"no architecture is called {node.value!r}{hint} (known: {listed})")
        return found

    def json_schema(self) -> dict[str, Any]:
        """See `Shape.json_schema`."""
        return {"enum": spellings([name for name, _ in self.names])}


@dataclass(frozen=True)
class Hits:
    """Which of the times that execution comes by a place: ``3``, ``1-3`` or ``2-``."""

    def check(self, node: Node, context: Context) -> Any:
        """See `Shape.check`; the value is (first, last)."""
        if scalar(node, context, "hits: 3, 1-3 or 2-") is BAD:
            return BAD
        try:
            return parse_hits(node.value)
        except ValueError as error:
            return context.bad(node, str(error))

    def json_schema(self) -> dict[str, Any]:
        """See `Shape.json_schema`."""
        forms = [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": r"^[1-9]\d*(-([1-9]\d*)?)?$"}]
        return {"description": f"which hits: 3, 1-3 or 2- (default {DEFAULT_HITS})", "anyOf": forms}


@dataclass(frozen=True)
class Value:
    """A number, a truth value or a text that an argument should have, as `harness.abi.diagnose.said` writes it."""

    def check(self, node: Node, context: Context) -> Any:
        """See `Shape.check`; the value is a text."""
        value = scalar(node, context, "a number, true, false or a text")
        if value is BAD:
            return BAD
        if value is None:
            return context.bad(node, "expected a number, true, false or a text, found nothing")
        return str(value).lower() if isinstance(value, bool) else value if isinstance(value, str) else repr(value)

    def json_schema(self) -> dict[str, Any]:
        """See `Shape.json_schema`."""
        return {"type": ["number", "boolean", "string"]}


_WORDS = ListOf(Text())
_C_WORDS = ListOf(Text(form=r"[-+.,/0-9=A-Za-z_:$@%!~^ ]+"))  # what a #cgo line takes: go/build, safeString
_ARGUMENT = Text(form=r"[^\0]*", about="what a program can be given: no NUL character")
_ENV = MapOf(_ARGUMENT, key=r"[A-Za-z_][A-Za-z0-9_]*", about="environment variables; values are text")
_SOURCE = Text(form=r"(?!/)(?!.*(^|/)\.\.(/|$)).+\.c", about="a C file, relative to the case's folder")
_PACKAGE = Text(
    form=r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*", about="a folder of the case's with a package main"
)
_SIGNALS = tuple(sorted(member.name for member in signal.Signals if not member.name.startswith("SIGRT")))
_EXPECTABLE = tuple(word for word in OUTCOMES if word not in ("build-error", "broken"))  # of a program that ran
_PATTERN = Record({"pattern": Text(regex=True)}, required=("pattern",))
_TEXT = Either(Text(), _PATTERN, about="the exact text, or a pattern")


def _env_is_free(node: MappingNode, values: dict[str, Any], context: Context) -> None:
    for key, _ in getattr(child(node, "env"), "value", ()) if "env" in values else ():
        if key.value in DECIDED:
            context.bad(
                key, f"{key.value} is decided by the target (docs/toolchains.md), and would have no effect here"
            )


_BUILD = Record(
    {
        "env": _ENV,
        "tags": ListOf(Text(form=r"[A-Za-z0-9_.]+"), about="Go build tags"),
        "flags": ListOf(Text(form=r"-.+"), about="passed to `go build` as they are"),
        "go": Record({name: Text(empty=False) for name in ("gcflags", "ldflags", "asmflags")}),
        "c": Record({"cflags": _C_WORDS, "ldflags": _C_WORDS}, about="for the case's own C"),
        "shared": MapOf(
            ListOf(_SOURCE, least=1),
            key=r"lib[A-Za-z0-9_.+-]+\.so[0-9.]*",
            about="C shared libraries put beside the program",
        ),
        "plugins": MapOf(
            _PACKAGE,
            key=r"(?!lib)[A-Za-z0-9_][A-Za-z0-9_.+-]*\.so",  # no name that one of `shared` can have
            about="program: Go plugins put beside it, built with the same settings",
        ),
        "mode": Choice(MODES, about="c-host: how the Go package is linked"),
    },
    about="what goes into the build besides the sources",
    after=_env_is_free,
)
_RUN = Record(
    {
        "args": ListOf(_ARGUMENT, about="{bin} stands for the folder of the program"),
        "env": _ENV,
        "stdin": Text(),
        "timeout": Number(0.1, 3600, whole=False, about="seconds on real hardware"),
        "repeat": Number(1, 1000, about="run so many times and report the distribution"),
    },
    about="how the program is started",
)


_PROBE = Record(
    {
        "at": Text(empty=False, about="a function as the symbol table has it, file.c:12, or an address (0x401126)"),
        "when": Choice(WHEN, about="before the first instruction, back at the caller, or both"),
        "hits": Hits(),
        "backtrace": Flag("compare the functions that run too; registers come from stops then"),
    },
    required=("at",),
)
_PROBES = ListOf(_PROBE, about="places where registers are taken (docs/snapshots.md)")


_EXPECTED_PROBES = MapOf(
    Record(
        {
            "arguments": MapOf(Value(), about="what the caller passed, by the parameters' names"),
            "diagnosis": Choice(DIAGNOSES, about="what is wrong with the call (docs/diagnosis.md)"),
        }
    ),
    about="by the probe's `at`: what is passed there, and how the call is not what it should be",
)


def _exit_keys_agree(node: MappingNode, values: dict[str, Any], context: Context) -> None:
    given = [key for key in EXIT_KEYS if key in values]
    outcome = values.get("outcome")
    clashes = {
        "fail@build": len(given) > 1 or any(name in values for name in ("stdout", "stderr")),
        "signal": "exit" in values or outcome not in (None, "signal"),
    }
    for key, clash in clashes.items():
        if key in values and clash:
            context.bad(child(node, key), f"{key!r} cannot stand beside {', '.join(sorted(set(values) - {key}))}")


def _per_arch_once(node: MappingNode, values: dict[str, Any], context: Context) -> None:
    _exit_keys_agree(node, {k: v for k, v in values.items() if k != "per_arch"}, context)
    owner: dict[str, int] = {}
    rows = child(node, "per_arch")
    expected = expectation.from_yaml(values)
    for number, row in enumerate(values.get("per_arch", ()), 1):
        where = rows.value[number - 1]
        for arch in row["arches"]:
            if arch in owner:
                context.bad(where, f"{arch} already stands in row {owner[arch]} of per_arch")
            owner[arch] = number
        if "fail@build" in values and not any(key in row for key in EXIT_KEYS):
            context.bad(where, "the default is a failed build; say with exit, signal or outcome how it ends here")
        elif expected.rows[number - 1].expect == expected.default:
            context.bad(where, f"this row says of {', '.join(row['arches'])} what the default says; take it away")


def _row_says_something(node: MappingNode, values: dict[str, Any], context: Context) -> None:
    _exit_keys_agree(node, {k: v for k, v in values.items() if k not in ("arches", "reason", "rule")}, context)
    if not set(values) - {"arches", "reason", "rule"}:
        context.bad(
            node, "this row declares no difference; give it an exit, signal, outcome, stdout, probes or fail@build"
        )


def _rewrite_works(node: MappingNode, values: dict[str, Any], context: Context) -> None:
    trouble = pattern_trouble(values["match"], values["as"])
    if trouble:
        context.bad(child(node, "as"), f"not a replacement for {values['match']!r}: {trouble}")


def _variants_fit(node: MappingNode, values: dict[str, Any], context: Context) -> None:
    names: set[str] = set()
    listed = child(node, "variants")
    variants = values.get("variants", ())
    _build_fits(node, values, values["kind"], context)
    shared = [row.get("arches", values.get("arches")) for row in variants if "expect" not in row]
    _rows_apply(node, values, shared if variants else [values.get("arches")], context)
    for number, variant in enumerate(variants):
        where = listed.value[number]
        _rows_apply(where, variant, [variant.get("arches", values.get("arches"))], context)
        _build_fits(where, variant, values["kind"], context)
        if variant["name"] in names:
            context.bad(where, f"two variants are called {variant['name']!r}")
        names.add(variant["name"])


def _rows_apply(
    node: MappingNode, values: Mapping[str, Any], arches: Sequence[Sequence[str] | None], context: Context
) -> None:
    """Refuse a row of per_arch for an architecture on which nothing that it stands for runs (None: all do)."""
    expect = child(node, "expect")
    if (
        not arches
        or None in arches
        or not isinstance(values.get("expect"), Mapping)
        or not isinstance(expect, MappingNode)
    ):
        return
    reached = {arch for row in arches for arch in row or ()}
    rows = child(expect, "per_arch")
    for number, row in enumerate(values["expect"].get("per_arch", ())):
        for arch in row["arches"]:
            if arch not in reached:
                only = ", ".join(dict.fromkeys(arch for names in arches for arch in names or ()))
                context.bad(rows.value[number], f"nothing here runs on {arch} (arches: {only}); take it out of the row")


def _build_fits(node: MappingNode, values: Mapping[str, Any], kind: str, context: Context) -> None:
    build = child(node, "build")
    for key, of in KIND_OF.items():
        if kind != of and key in values.get("build", {}) and isinstance(build, MappingNode):
            context.bad(child(build, key), f"{key!r} is for kind: {of} only")


@lru_cache(maxsize=8)
def case_shape(names: Names) -> Shape:
    """Return the schema of a case.yaml; `names` are (spelling, GOARCH) pairs."""
    arches = ListOf(ArchName(names), least=1, about="GOARCH names or synonyms")
    outcome = Choice(_EXPECTABLE)
    seen: dict[str, Shape] = {
        "exit": Number(0, 255, about="exit code"),
        "signal": Choice(_SIGNALS, about="the signal that ends the program"),
        "outcome": Either(outcome, ListOf(outcome, least=1), about="what kind of end; any of a list"),
        "fail@build": Text(regex=True, about="the build must fail with a diagnostic that this finds"),
        "stdout": _TEXT,
        "stderr": _TEXT,
        "probes": _EXPECTED_PROBES,
        "death": Choice(DEATHS, about="what it dies of, seen in a second run (docs/diagnosis.md)"),
    }
    row = Record(
        {
            "arches": arches,
            "reason": Text(empty=False, about="the mechanism, in a sentence"),
            "rule": Text(empty=False, about="the clause of the ABI that says so"),
            **seen,
        },
        required=("arches", "reason"),
        after=_row_says_something,
    )
    expect = Either(
        Choice(("fail@build",)),
        Record({**seen, "per_arch": ListOf(row, least=1)}, after=_per_arch_once),
        about="what should happen",
    )
    variant = Record(
        {
            "name": Text(form=r"[A-Za-z0-9_]+"),
            "about": Text(empty=False),
            "arches": arches,
            "build": _BUILD,
            "run": _RUN,
            "expect": expect,
            "probes": _PROBES,
        },
        required=("name",),
    )
    return Record(
        {
            "kind": Choice(KINDS, about="program: a Go main package; c-host: a C main that includes libcase.h"),
            "about": Text(empty=False, about="what it shows and why anyone cares"),
            "arches": arches,
            "build": _BUILD,
            "run": _RUN,
            "expect": expect,
            "probes": _PROBES,
            "compare": ListOf(Choice(COMPARABLE), least=1, about="streams that a diff compares"),
            "normalise": ListOf(
                Record(
                    {"match": Text(regex=True), "as": Text()}, required=("match", "as"), after=_rewrite_works
                )
            ),
            "variants": ListOf(variant, least=1, about="several programs' worth in one folder"),
        },
        required=("kind", "about"),
        about="a crossabi case",
        after=_variants_fit,
    )  # fmt: skip
