"""What the arguments and results at a probe say, where the program's debug information tells its prototype."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.abi import meaning
from harness.abi.dwarf import NotKnown
from harness.abi.fetch import Memory, Place
from harness.abi.meaning import Meaning
from harness.registers import RegisterTable
from harness.snapshot import Meant
from harness.unwind.modules import Module

INSIDE = "the place is no function's first instruction"


@dataclass(frozen=True)
class Entered:
    """A call as its entry showed it: `of` is its function's meaning, or why there is none, `room` that of the result.

    `sp` is the stack pointer at the function's first instruction.
    """

    of: Meaning | str
    sp: int
    room: int | None = None

    def moved(self, by: int) -> Entered:
        """Return it when its stack is `by` bytes higher."""
        return Entered(self.of, self.sp + by, self.room)


class Meanings:
    """Decodes at the stops of one program; `name_of` returns the symbol at a run-time address, or an empty text."""

    def __init__(self, table: RegisterTable, memory: Memory, name_of: Callable[[int], str]) -> None:
        self._table, self._memory, self._name_of = table, memory, name_of
        self._known: dict[tuple[Path, int, int], Meaning | str] = {}

    def enter(self, module: Module, pc: int, registers: Mapping[str, int]) -> tuple[Entered, Meant]:
        """Return what is at the entry where execution is, whose registers are `registers`."""
        sp, key = registers[self._table.sp], (module.program.path, module.bias, pc)
        if key not in self._known:
            self._known[key] = self._of(module, pc)
        made = self._known[key]
        if isinstance(made, str):
            return Entered(made, sp), Meant(why=made)
        place = self._place(registers, sp)
        return Entered(made, sp, made.room(place)), Meant(made.convention.name, made.arguments(place))

    def leave(self, entered: Entered, registers: Mapping[str, int]) -> Meant:
        """Return what is at the return of a call that was entered."""
        if isinstance(entered.of, str):
            return Meant(why=entered.of)
        found = entered.of.results(self._place(registers, entered.sp), entered.room)
        return Meant(entered.of.convention.name, results=found)

    def _of(self, module: Module, pc: int) -> Meaning | str:
        """Return the meaning of the function that starts at a run-time address, or why there is none."""
        function, at = module.function(pc), pc - module.bias
        if function is None or at not in {function.start, *function.entries}:
            return INSIDE
        try:
            return meaning.of(module.program, function, self._table.arch)
        except NotKnown as error:
            return str(error)

    def _place(self, registers: Mapping[str, int], sp: int) -> Place:
        return Place(registers, self._memory, sp, lambda address: self._name_of(address & ~self._table.isa_bit))
