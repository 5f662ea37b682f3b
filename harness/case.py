"""`case.yaml`: one program and what it should do, as frozen records, validated with line and column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness import expectation, packages, yamlsource
from harness.caseshape import MODES, Names, case_shape
from harness.errors import InputError
from harness.expectation import Expectation
from harness.schema import validate
from harness.snapshot import DEFAULT_HITS, ENTRY, Probe, parse_hits

CASE_FILE = "case.yaml"
BASELINE_FILE = "baseline.yaml"
DEFAULT_TIMEOUT = 20.0


@dataclass(frozen=True)
class BuildSettings:
    """What goes into the build besides the sources.

    `shared` maps a library's file name to its C sources, `plugins` a Go plugin's to the folder of its package.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    gcflags: str = ""
    go_ldflags: str = ""
    asmflags: str = ""
    cflags: tuple[str, ...] = ()
    c_ldflags: tuple[str, ...] = ()
    shared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    plugins: Mapping[str, str] = field(default_factory=dict)
    mode: str = ""


@dataclass(frozen=True)
class RunSettings:
    """How the program is started. `timeout` is seconds on real hardware; emulators get a multiple."""

    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: str = ""
    timeout: float = DEFAULT_TIMEOUT
    repeat: int = 1


@dataclass(frozen=True)
class Rewrite:
    """A case's own normalising row."""

    match: str
    replacement: str


@dataclass(frozen=True)
class Variant:
    """One program's worth of a case; `name` is empty where the case has no parameter list."""

    name: str
    arches: tuple[str, ...] | None
    build: BuildSettings
    run: RunSettings
    expect: Expectation
    probes: tuple[Probe, ...] = ()

    def runs_on(self, arch: str) -> bool:
        """Whether the variant has anything to say on `arch`."""
        return self.arches is None or arch in self.arches

    @property
    def is_shared(self) -> bool:
        """Whether it is for more than one architecture, so that there is something to compare it with."""
        return self.arches is None or len(self.arches) > 1


@dataclass(frozen=True)
class Case:
    """A folder with a ``case.yaml`` and its sources; `name` is ``group/folder``."""

    name: str
    folder: Path
    kind: str
    about: str
    compare: tuple[str, ...]
    normalise: tuple[Rewrite, ...]
    variants: tuple[Variant, ...]

    @property
    def path(self) -> Path:
        """The case.yaml itself."""
        return self.folder / CASE_FILE


def load(path: Path, name: str, names: Names) -> Case:
    """Read ``case.yaml`` at `path`. Raises InputError with every problem in the file, or with those beside it."""
    root = yamlsource.read(path)
    values = validate(case_shape(names), root, path)
    troubles = packages.troubles(root, path.parent)
    if troubles:
        raise InputError(path, troubles)
    base = Variant(
        "",
        tuple(values["arches"]) if "arches" in values else None,
        _build(values.get("build", {}), BuildSettings(mode=MODES[0] if values["kind"] == "c-host" else "")),
        _run(values.get("run", {}), RunSettings()),
        expectation.from_yaml(values.get("expect")),
        _probes(values.get("probes", ())),
    )
    variants = tuple(_variant(row, base) for row in values.get("variants", ())) or (base,)
    return Case(
        name=name,
        folder=path.parent,
        kind=values["kind"],
        about=values["about"],
        compare=tuple(values.get("compare", ("stdout",))),
        normalise=tuple(Rewrite(row["match"], row["as"]) for row in values.get("normalise", ())),
        variants=variants,
    )


def _variant(values: Mapping[str, Any], base: Variant) -> Variant:
    return Variant(
        values["name"],
        tuple(values["arches"]) if "arches" in values else base.arches,
        _build(values.get("build", {}), base.build),
        _run(values.get("run", {}), base.run),
        expectation.from_yaml(values["expect"]) if "expect" in values else base.expect,
        _probes(values["probes"]) if "probes" in values else base.probes,
    )


def _probes(rows: Sequence[Mapping[str, Any]]) -> tuple[Probe, ...]:
    default = parse_hits(DEFAULT_HITS)
    found = []
    for row in rows:
        first, last = row.get("hits", default)
        backtrace = row.get("backtrace", False)
        found.append(
            Probe(row["at"], row.get("when", ENTRY), first, last, backtrace=backtrace, meant=True, doubted=True)
        )
    return tuple(found)


def _build(values: Mapping[str, Any], base: BuildSettings) -> BuildSettings:
    if not values:
        return base
    go, c = values.get("go", {}), values.get("c", {})
    shared = {name: tuple(files) for name, files in values.get("shared", {}).items()}
    changes: dict[str, Any] = {
        "env": MappingProxyType({**base.env, **values.get("env", {})}),
        "tags": tuple(values.get("tags", base.tags)),
        "flags": tuple(values.get("flags", base.flags)),
        "gcflags": go.get("gcflags", base.gcflags),
        "go_ldflags": go.get("ldflags", base.go_ldflags),
        "asmflags": go.get("asmflags", base.asmflags),
        "cflags": tuple(c.get("cflags", base.cflags)),
        "c_ldflags": tuple(c.get("ldflags", base.c_ldflags)),
        "shared": MappingProxyType({**base.shared, **shared}),
        "plugins": MappingProxyType({**base.plugins, **values.get("plugins", {})}),
        "mode": values.get("mode", base.mode),
    }
    return replace(base, **changes)


def _run(values: Mapping[str, Any], base: RunSettings) -> RunSettings:
    if not values:
        return base
    return RunSettings(
        tuple(values.get("args", base.args)),
        MappingProxyType({**base.env, **values.get("env", {})}),
        values.get("stdin", base.stdin),
        float(values.get("timeout", base.timeout)),
        values.get("repeat", base.repeat),
    )
