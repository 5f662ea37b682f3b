"""Broken promises, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Alarm:
    """A broken promise. `what` names the register; `crossing` and `caller` where it was.

    `is_g` says that `after` is a goroutine, `known` is the id of the row of `toolchains/emulator-faults.yaml` that
    knows it, `within` where on its thread's stack C begins, at a C function's entry (see `harness.watch.stacks`).
    `function` is the one of C that was called, where it is not the crossing.
    """

    says: ClassVar[str] = "changed"

    what: str
    crossing: str
    caller: str
    hit: int
    before: int
    after: int
    rule: str
    is_g: bool = False
    known: str = ""
    within: str = ""
    function: str = ""

    @property
    def by(self) -> int:
        """By how much the register is off."""
        return self.after - self.before

    def __str__(self) -> str:
        return (
            f"{self.what} changed across {self.crossing}{f' of {self.function}' if self.function else ''} "
            f"called from {self.caller} at hit {self.hit}: {self.before:#x} → {self.after:#x}; {self.rule}"
        )


@dataclass(frozen=True)
class Misaligned(Alarm):
    """The stack pointer at a C function's entry is not where the ABI wants it; `after` is by how much (bytes)."""

    says: ClassVar[str] = "misaligned"

    @property
    def by(self) -> int:
        """By how many bytes."""
        return self.after

    def __str__(self) -> str:
        where = f"at the entry of {self.caller} at hit {self.hit}"
        place = f" ({self.within})" if self.within else ""
        return f"{self.what} is {self.before:#x} {where}{place}, off by {self.after} bytes; {self.rule}"


@dataclass(frozen=True)
class Unfit(Alarm):
    """A register that has to hold `before` at an entry or a return holds `after`."""

    says: ClassVar[str] = "unfit"

    def __str__(self) -> str:
        return (
            f"{self.what} is {self.after:#x} at {self.caller} at hit {self.hit} of {self.crossing} "
            f"and has to be {self._wanted}; {self.rule}"
        )

    @property
    def _wanted(self) -> str:
        return f"{self.before:#x}"


@dataclass(frozen=True)
class WrongStack(Alarm):
    """Code runs on the other side's stack: `before` is that side's stack pointer, `after` where the code runs."""

    says: ClassVar[str] = "wrong stack"

    def __str__(self) -> str:
        return (
            f"{self.what} is {self.after:#x} at the entry of {self.caller} at hit {self.hit} of {self.crossing}: "
            f"the stack of {self.before:#x}, which is the other side's; {self.rule}"
        )


@dataclass(frozen=True)
class Drifted(Alarm):
    """C begins on its thread's stack at `after`, and began at `before` when it was called there first."""

    says: ClassVar[str] = "drifted"

    def __str__(self) -> str:
        return (
            f"{self.what} is {self.after:#x} at the entry of {self.caller} at hit {self.hit} and was {self.before:#x} "
            f"when a goroutine called C there before; {self.rule}"
        )


@dataclass(frozen=True)
class NoGoroutine(Unfit):
    """The register of g holds `after`, which is none."""

    says: ClassVar[str] = "no goroutine"

    @property
    def _wanted(self) -> str:
        return "a goroutine"
