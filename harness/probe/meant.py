"""What the arguments and results at a probe say, where the program's debug information tells its prototype."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.abi import dwarf, meaning
from harness.abi.dwarf import NotKnown
from harness.abi.fetch import Memory, Place
from harness.abi.hypotheses import Belief, beliefs
from harness.abi.meaning import Meaning
from harness.diagnoses import ROOM
from harness.elf import gobuild
from harness.registers import RegisterTable
from harness.snapshot import Doubts, Meant, Reading
from harness.unwind.modules import Module
from harness.unwind.switches import G_HI, G_LO, G_M, M_G0

INSIDE = "the place is no function's first instruction"


@dataclass(frozen=True)
class Entered:
    """A call as its entry showed it: `of` is its function's meaning, or why there is none, `room` that of the result.

    `sp` is the stack pointer at the function's first instruction, `kept` what the registers held there that a call of C
    preserves; it is empty where nobody asked.
    """

    of: Meaning | str
    sp: int
    room: int | None = None
    kept: Mapping[str, int] = field(default_factory=dict)

    def moved(self, by: int) -> Entered:
        """Return it when its stack is `by` bytes higher."""
        return replace(self, sp=self.sp + by)


@dataclass(frozen=True)
class Caller:
    """What has just called a function: `back` is where that returns to, in `module`.

    `entered_at` returns the canonical frame address of the caller, None where it is not known.
    """

    module: Module
    back: int
    entered_at: Callable[[], int | None]


class Meanings:
    """Decodes at the stops of one program; `name_of` returns the symbol at a run-time address, or an empty text.

    `release` is that of the Go in it, empty where there is none.
    """

    def __init__(self, table: RegisterTable, memory: Memory, name_of: Callable[[int], str], release: str = "") -> None:
        self._table, self._memory, self._name_of, self._release = table, memory, name_of, release
        self._known: dict[tuple[Path, int, int], Meaning | str] = {}
        self._beliefs: dict[tuple[Path, int, int], tuple[Belief, ...]] = {}

    def enter(
        self, module: Module, pc: int, registers: Mapping[str, int], caller: Caller | None = None
    ) -> tuple[Entered, Meant]:
        """Return what is at the entry where execution is, whose registers are `registers`.

        With the `caller` it is doubted too.
        """
        sp, key = registers[self._table.sp], (module.program.path, module.bias, pc)
        if key not in self._known:
            self._known[key] = self._of(module, pc)
        made = self._known[key]
        if isinstance(made, str):
            return Entered(made, sp), Meant(why=made)
        place = self._place(registers, sp)
        doubts = None
        if caller is not None:
            if key not in self._beliefs:
                self._beliefs[key] = beliefs(made, self._release)
            doubts = self._doubts(made, self._beliefs[key], place, (module, pc), caller)
        kept = {} if caller is None or made.prototype.is_go else self._kept(registers)
        entered = Entered(made, sp, made.room(place), kept)
        return entered, Meant(made.convention.name, made.arguments(place), doubts=doubts)

    def leave(self, entered: Entered, registers: Mapping[str, int]) -> Meant:
        """Return what is at the return of a call that was entered."""
        if isinstance(entered.of, str):
            return Meant(why=entered.of)
        found = entered.of.results(self._place(registers, entered.sp), entered.room)
        now = self._kept(registers)
        clobbered = tuple(
            f"{name} was {before:#x} at the call, and is {now[name]:#x}; it is preserved ({self._table.rule})"
            for name, before in entered.kept.items()
            if name in now and now[name] != before
        )
        doubts = Doubts(entered.of.prototype.is_go, clobbered=clobbered) if clobbered else None
        return Meant(entered.of.convention.name, results=found, doubts=doubts)

    def _kept(self, registers: Mapping[str, int]) -> dict[str, int]:
        """Return what the registers hold, but the stack pointer, that a call of C preserves: those bits."""
        rows = (row for row in self._table.preserved if row.name in registers and row.name != self._table.sp)
        return {row.name: registers[row.name] & (1 << row.preserved) - 1 for row in rows}

    def _doubts(
        self, made: Meaning, others: Sequence[Belief], place: Place, function: tuple[Module, int], caller: Caller
    ) -> Doubts:
        readings = tuple(
            Reading(
                row.kind,
                row.about,
                row.meaning.convention.name,
                row.meaning.arguments(place),
                row.same_arguments,
                row.same_results,
            )
            for row in others
            if row.kind != ROOM or self._is_mapped(row.meaning.room(place))
        )
        # a function that never returns may be called by its caller's last instruction
        module, call = caller.module, caller.back - 1
        name = module.function_name_at(call) if module.holds(call) else ""
        written = _language(module, call - module.bias)
        is_go, is_local = made.prototype.is_go, made.prototype.is_local
        return Doubts(
            is_go,
            name,
            written,
            self._room(place),
            dirty=() if is_local else made.dirty(place),
            misaligned=() if is_go or is_local else self._misaligned(place.sp, function, name, caller),
            uncounted=() if is_local else made.uncounted(place),
            relied=made.relied(),
            readings=readings,
        )

    def _is_mapped(self, address: int | None) -> bool:
        return address is not None and self._memory(address, 1) is not None

    def _room(self, place: Place) -> int | None:
        """Return how far the stack pointer is above the end of the goroutine's stack, if it is on that at all."""
        table, word = self._table, self._table.word
        g = place.registers.get(table.g, 0) if table.g and self._release else 0
        bounds = place.memory(g, 2 * word) if g else None
        if bounds is None:
            return None
        low, high = (int.from_bytes(bounds[at * word : (at + 1) * word], table.byte_order) for at in (G_LO, G_HI))
        if not low <= place.sp < high:
            return None
        of_thread = self._word(self._word(g + G_M * word) + M_G0 * word)
        return place.sp - low if of_thread not in (0, g) else None

    def _word(self, address: int) -> int:
        """Return a word of memory, 0 where there is none."""
        word = self._table.word
        return int.from_bytes(self._memory(address, word) or b"", self._table.byte_order)

    def _is_aligned(self, cfa: int | None) -> bool:
        """Whether the stack pointer was aligned as at a call of C, if that is known; see `Frame.cfa`."""
        return cfa is None or cfa % self._table.stack_alignment == 0

    def _misaligned(self, sp: int, function: tuple[Module, int], name: str, caller: Caller) -> tuple[str, ...]:
        """Say it where the stack pointer is not aligned as at a call of C; `sp` is that at the first instruction.

        It need not be where gcc has compiled a `function` before it calls it, and knows what that needs
        (preferred_incoming_stack_boundary), where the kernel or its emulator calls a handler, and where it was not so
        in the caller, whose fault this is not. What Go's runtime does the watch tells.
        """
        table, (module, pc) = self._table, function
        at, call = sp + (0 if table.link else table.word), caller.back - 1
        together = caller.module.program.path == module.program.path and dwarf.are_compiled_together(
            module.program.path, call - caller.module.bias, pc - module.bias
        )
        is_excused = not caller.module.holds(call) or name.startswith("runtime.") or together
        if self._is_aligned(at) or is_excused or not self._is_aligned(caller.entered_at()):
            return ()
        return (f"{table.sp} is {sp:#x}, and {table.stack_alignment}-byte alignment is promised ({table.stack_rule})",)

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


def _language(module: Module, address: int) -> str:
    """Return what the code at a link-time address is written in; a file that has no Go in it has C's alone."""
    known = dwarf.language(module.program.path, address)
    return known or ("" if gobuild.version(module.program.path) else "C")
