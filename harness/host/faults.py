"""`toolchains/emulator-faults.yaml`: what is known to go wrong outside the program under test."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from harness import yamlsource
from harness.data import toolchains_dir
from harness.host.crossings import SHAPE, Broken, Crossing, Subject, crossings
from harness.host.versions import in_range, is_range
from harness.schema import Choice, Context, ListOf, Record, Text, validate
from harness.target import RUNNERS
from harness.toolchain import FAULTS_FILE, Toolchains

if TYPE_CHECKING:
    from yaml.nodes import MappingNode

    from harness.host.resolve import Survey

_VERSION = re.compile(r"version (\d+(?:\.\d+)*)")


def _ranges_are_ranges(node: MappingNode, values: dict[str, object], context: Context) -> None:
    for name in ("emulator", "go", "versions"):
        if trouble := is_range(str(values.get(name, ""))):
            context.bad(node, f"{name}: not a range of versions: {trouble}")


_TEXT = Text(empty=False)


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
                    "symptom": Text(regex=True),
                    "what": _TEXT,
                    "mend": _TEXT,
                    "link": _TEXT,
                },
                required=("id", "what", "mend"),
                after=_ranges_are_ranges,
            )
        ),
        "crossings": ListOf(SHAPE),
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
    symptom: str = ""
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
class Faults:
    """All tables."""

    pairs: tuple[Pair, ...]
    faults: tuple[Fault, ...]
    crossings: tuple[Crossing, ...] = ()

    def known(self, alarm: Broken, subject: Subject) -> str:
        """Return the id of the row that knows this `alarm` of the watch on `subject`, or an empty text."""
        return next((row.id for row in self.crossings if row.knows(alarm, subject)), "")

    def suspects(self, arch: str, runner: str, emulator: str, go: str, stderr: str) -> tuple[str, ...]:
        """Return a note for each bad pair that may be behind what `stderr` says; `emulator` and `go` are version texts.

        Unlike the symptom of a fault it proves nothing: the program may as well say so for reasons of its own.
        """
        number, release = emulator_number(emulator), go.removeprefix("go")
        return tuple(
            f"perhaps not the program's doing, {row.id}: {row.what}; {row.mend}"
            for row in self.pairs
            if row.symptom and row.applies(arch, runner, number, release) and re.search(row.symptom, stderr)
        )

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


@lru_cache(maxsize=4)
def load(folders: tuple[Path, ...] = ()) -> Faults:
    """Read the shipped tables and those of the user's own folders. Raises InputError."""
    pairs: list[Pair] = []
    faults: list[Fault] = []
    known: list[Crossing] = []
    for folder in dict.fromkeys((toolchains_dir(), *folders)):
        path = folder / FAULTS_FILE
        if not path.exists():
            continue
        values = validate(_SHAPE, yamlsource.read(path), path)
        for row in values.get("pairs", ()):
            pairs.append(Pair(**{**row, "arches": tuple(row.get("arches", ())), "blocks": row.get("blocks") == "true"}))
        known += crossings(values.get("crossings", ()))
        for row in values.get("faults", ()):
            faults.append(Fault(**{**row, "pattern": re.compile(row["pattern"]), "retry": row["retry"] == "true"}))
    return Faults(tuple(pairs), tuple(faults), tuple(known))


def bad_pairs(toolchains: Toolchains, survey: Survey, go_release: str) -> Sequence[Pair]:
    """Return the known bad pairs that `survey` with `go_release` falls under."""
    emulator = emulator_number(survey.emulator.version) if survey.emulator else ""
    go = go_release.removeprefix("go")
    table = load(toolchains.folders).pairs
    return [pair for pair in table if pair.applies(survey.toolchain.arch, survey.runner, emulator, go)]
