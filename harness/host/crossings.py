"""The table `crossings` of `toolchains/emulator-faults.yaml`: promises of the ABI that Go itself is known to break.

A row says as much of the alarm as is known, so that another fault in the same register of the same crossing is not
taken for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from harness.host.versions import in_range, is_range
from harness.schema import Choice, Context, ListOf, Number, Record, Text

if TYPE_CHECKING:
    from yaml.nodes import MappingNode

A_GOROUTINE = "g"
"""What `holds` says of a pointer to a goroutine."""


class Broken(Protocol):
    """A promise that was broken: see `harness.watch.alarms`."""

    @property
    def says(self) -> str:
        """In what way."""

    @property
    def what(self) -> str:
        """The register's name."""

    @property
    def crossing(self) -> str:
        """The crossing's name."""

    @property
    def caller(self) -> str:
        """Where."""

    @property
    def after(self) -> int:
        """What the register holds."""

    @property
    def by(self) -> int:
        """By how much it is off."""

    @property
    def within(self) -> str:
        """Where on a thread's stack C begins, if it is about that."""

    @property
    def is_g(self) -> bool:
        """Whether it holds a goroutine."""


class Subject(Protocol):
    """The program that is watched."""

    @property
    def arch(self) -> str:
        """The GOARCH name."""

    @property
    def go(self) -> str:
        """The version of Go that built it (``1.27.4``), or an empty text."""

    def name_at(self, address: int) -> str:
        """Return ``symbol+0x10``, or the bare address."""


_TEXT = Text(empty=False)


def _range_is_a_range(node: MappingNode, values: dict[str, object], context: Context) -> None:
    if trouble := is_range(str(values.get("go", ""))):
        context.bad(node, f"go: not a range of versions: {trouble}")


SHAPE = Record(
    {
        "id": _TEXT,
        "arches": ListOf(_TEXT, least=1),
        "crossing": _TEXT,
        "register": _TEXT,
        "says": Choice(("changed", "misaligned", "unfit", "wrong stack", "drifted", "no goroutine")),
        "caller": Text(regex=True, empty=False),
        "within": Text(regex=True, empty=False),
        "by": Number(-(1 << 32), 1 << 32),
        "holds": Text(regex=True, empty=False),
        "go": _TEXT,
        "reason": _TEXT,
        "link": _TEXT,
    },
    required=("id", "arches", "crossing", "register", "reason"),
    after=_range_is_a_range,
)
"""One row."""


@dataclass(frozen=True)
class Crossing:
    """A promise that Go is known to break: at which crossing, and which registers (with spaces between) show it.

    The rest narrows it. `says` is the kind of the alarm, `caller` a pattern of all of its place, `within` one of where
    on a thread's stack C begins (see `harness.watch.stacks`), `by` how much the register is off (bytes), `holds` a
    pattern of what stands in it: the name of an address in the program, or ``g`` for a goroutine. `go` is a range of
    versions of Go that built the program.
    """

    id: str
    arches: tuple[str, ...]
    crossing: str
    register: str
    reason: str
    says: str = "changed"
    caller: str = ""
    within: str = ""
    by: int | None = None
    holds: str = ""
    go: str = ""
    link: str = ""

    @cached_property
    def registers(self) -> frozenset[str]:
        """The names of the registers."""
        return frozenset(self.register.split())

    def knows(self, alarm: Broken, subject: Subject) -> bool:
        """Whether `alarm` of the program `subject` is this one."""
        return (
            alarm.crossing == self.crossing
            and alarm.what in self.registers
            and alarm.says == self.says
            and subject.arch in self.arches
            and (self.by is None or alarm.by == self.by)
            and (not self.caller or re.fullmatch(self.caller, alarm.caller) is not None)
            and (not self.within or re.fullmatch(self.within, alarm.within) is not None)
            and in_range(subject.go if self.go else "", self.go)
            and (not self.holds or re.fullmatch(self.holds, self._held(alarm, subject)) is not None)
        )

    @staticmethod
    def _held(alarm: Broken, subject: Subject) -> str:
        return A_GOROUTINE if alarm.is_g else subject.name_at(alarm.after)


def crossings(rows: Sequence[Mapping[str, Any]]) -> tuple[Crossing, ...]:
    """Return the table that validated `rows` make up."""
    return tuple(Crossing(**{**row, "arches": tuple(row["arches"])}) for row in rows)
