"""`toolchains/emulator-faults.yaml`: what is known to go wrong outside the program under test."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from harness import yamlsource
from harness.data import toolchains_dir
from harness.schema import Choice, Context, ListOf, Record, Text, validate
from harness.target import RUNNERS
from harness.toolchain import FAULTS_FILE, Toolchains

if TYPE_CHECKING:
    from yaml.nodes import MappingNode

    from harness.host.resolve import Survey

_VERSION = re.compile(r"version (\d+(?:\.\d+)*)")


def _ranges_are_ranges(node: MappingNode, values: dict[str, object], context: Context) -> None:
    for name in ("emulator", "go", "versions"):
        try:
            SpecifierSet(str(values.get(name, "")))
        except InvalidSpecifier as error:
            context.bad(node, f"{name}: not a range of versions: {error}")


_TEXT = Text(empty=False)


class Broken(Protocol):
    """A promise that was broken: what (a register), and in which crossing."""

    @property
    def what(self) -> str:
        """The register's name."""

    @property
    def crossing(self) -> str:
        """The crossing's name."""


_FLAG = Choice(("true", "false"))
_SHAPE = Record(
    {
        "pairs": ListOf(
            Record(
                {
                    "id": _TEXT,
                    "arches": ListOf(_TEXT),
                    "runner": Choice(RUNNERS),
                    "emulator": _TEXT,
                    "go": _TEXT,
                    "blocks": _FLAG,
                    "what": _TEXT,
                    "mend": _TEXT,
                    "link": _TEXT,
                },
                required=("id", "what", "mend"),
                after=_ranges_are_ranges,
            )
        ),
        "crossings": ListOf(
            Record(
                {
                    **{"id": _TEXT, "arches": ListOf(_TEXT, least=1), "crossing": _TEXT, "register": _TEXT},
                    **{"reason": _TEXT, "link": _TEXT},
                },
                required=("id", "arches", "crossing", "register", "reason"),
            )
        ),
        "faults": ListOf(
            Record(
                {
                    "id": _TEXT,
                    "pattern": Text(regex=True),
                    "versions": _TEXT,
                    "what": _TEXT,
                    "mend": _TEXT,
                    "link": _TEXT,
                    "retry": _FLAG,
                },
                required=("id", "pattern", "what", "retry"),
                after=_ranges_are_ranges,
            )
        ),
    }
)


@dataclass(frozen=True)
class Pair:
    """A combination that is known to be bad."""

    id: str
    what: str
    mend: str
    arches: tuple[str, ...] = ()
    runner: str = ""
    emulator: str = ""
    go: str = ""
    blocks: bool = False
    link: str = ""

    def applies(self, arch: str, runner: str, emulator: str, go: str) -> bool:
        """Whether the combination is this one; versions that cannot be read do not match a range."""
        return (
            (not self.arches or arch in self.arches)
            and (not self.runner or runner == self.runner)
            and in_range(emulator, self.emulator)
            and in_range(go, self.go)
        )


@dataclass(frozen=True)
class Fault:
    """A symptom of an emulator's own trouble."""

    id: str
    pattern: re.Pattern[str]
    what: str
    retry: bool
    versions: str = ""
    mend: str = ""
    link: str = ""


@dataclass(frozen=True)
class Crossing:
    """A promise that Go is known to break: at which crossing, and which registers (with spaces between) show it."""

    id: str
    arches: tuple[str, ...]
    crossing: str
    register: str
    reason: str
    link: str = ""

    def knows(self, alarm: Broken, arch: str) -> bool:
        """Whether `alarm` on `arch` is this one."""
        return arch in self.arches and alarm.crossing == self.crossing and alarm.what in self.register.split()


@dataclass(frozen=True)
class Faults:
    """All tables."""

    pairs: tuple[Pair, ...]
    faults: tuple[Fault, ...]
    crossings: tuple[Crossing, ...] = ()

    def known(self, alarm: Broken, arch: str) -> Crossing | None:
        """Return the row that knows this `alarm` of the watch on `arch`, or None."""
        return next((row for row in self.crossings if row.knows(alarm, arch)), None)

    def symptom(self, stderr: str, emulator: str) -> Fault | None:
        """Return the row whose symptom `stderr` shows under the `emulator` of that version text."""
        number = emulator_number(emulator)
        for fault in self.faults:
            if fault.pattern.search(stderr) and in_range(number, fault.versions):
                return fault
        return None


def emulator_number(text: str) -> str:
    """Return ``7.2.22`` from what ``qemu-… --version`` prints, or an empty text."""
    found = _VERSION.search(text)
    return found[1] if found else ""


def in_range(number: str, versions: str) -> bool:
    """Whether version `number` is in the range `versions`; an empty range holds every version."""
    if not versions:
        return True
    try:
        return SpecifierSet(versions).contains(Version(number), prereleases=True)
    except InvalidVersion:
        return False


@lru_cache(maxsize=4)
def load(folders: tuple[Path, ...] = ()) -> Faults:
    """Read the shipped tables and those of the user's own folders. Raises InputError."""
    pairs: list[Pair] = []
    faults: list[Fault] = []
    crossings: list[Crossing] = []
    for folder in dict.fromkeys((toolchains_dir(), *folders)):
        path = folder / FAULTS_FILE
        if not path.exists():
            continue
        values = validate(_SHAPE, yamlsource.read(path), path)
        for row in values.get("pairs", ()):
            pairs.append(Pair(**{**row, "arches": tuple(row.get("arches", ())), "blocks": row.get("blocks") == "true"}))
        for row in values.get("crossings", ()):
            crossings.append(Crossing(**{**row, "arches": tuple(row["arches"])}))
        for row in values.get("faults", ()):
            faults.append(Fault(**{**row, "pattern": re.compile(row["pattern"]), "retry": row["retry"] == "true"}))
    return Faults(tuple(pairs), tuple(faults), tuple(crossings))


def bad_pairs(toolchains: Toolchains, survey: Survey, go_release: str) -> Sequence[Pair]:
    """Return the known bad pairs that `survey` with `go_release` falls under."""
    emulator = emulator_number(survey.emulator.version) if survey.emulator else ""
    go = go_release.removeprefix("go")
    table = load(toolchains.folders).pairs
    return [pair for pair in table if pair.applies(survey.toolchain.arch, survey.runner, emulator, go)]
