"""Whether a thread that is in no code came there by a call: what it would return to is behind one that goes there.

Nothing has been done there yet, so the call's registers still are as they were. Without that the return address would
be a guess: a function that was overwritten, or what a return went to, leave something else in its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from harness.elf.calls import calls
from harness.registers import RegisterTable
from harness.unwind.modules import Module, holding

_MEMORY = re.compile(
    r"\[(?P<base>[a-z]\w*)(?: \+ (?P<index>[a-z]\w*)(?:\*(?P<scale>\d))?)?"
    r"(?: (?P<sign>[+-]) (?P<by>0x[0-9a-f]+|\d+))?\]"
)
_WORD = re.compile(r"[a-z]\w*")
_IN_NO_OPERAND = {"bctrl": "ctr"}  # of ppc64le


def came_by_call(
    table: RegisterTable,
    modules: Sequence[Module],
    registers: Mapping[str, int],
    back: int,
    load: Callable[[int], int],
    *,
    by_any: bool,
) -> bool:
    """Return whether a call that returns to `back` goes to the program counter in `registers`.

    `by_any`: a direct call will do, which goes there by way of a stub (a procedure linkage table's): where the program
    counter is cannot be code. `load` returns the word at an address. Raises CfiBroken where it cannot be read, OSError.
    """
    module = holding(modules, back - 1)
    function = module.function(back - 1) if module is not None else None
    if module is None or function is None:
        return False
    made = calls(module.program, function, table.arch)
    call = next((call for call in made if call.back + module.bias == back), None)
    if call is None:
        return False
    pc = registers[table.pc] & ~table.isa_bit
    if call.target is not None:
        return by_any or call.target + module.bias == pc
    return any(
        value & ~table.isa_bit == pc for value in _goes_to(table, call.by, call.back + module.bias, registers, load)
    )


def _goes_to(
    table: RegisterTable, by: str, back: int, registers: Mapping[str, int], load: Callable[[int], int]
) -> list[int]:
    """Return where a call goes whose text is `by`: its instruction and operands."""
    values = {**registers, table.pc: back}
    memory = _MEMORY.search(by)
    if memory:
        parts = (memory["base"], memory["index"] or memory["base"])
        if not values.keys() >= set(parts):
            return []
        at = values[memory["base"]] + (int(memory["by"] or "0", 0) * (-1 if memory["sign"] == "-" else 1))
        if memory["index"]:
            at += values[memory["index"]] * int(memory["scale"] or "1")
        return [load(at & (1 << 8 * table.word) - 1)]
    mnemonic, _, operands = by.partition(" ")
    names = [_IN_NO_OPERAND.get(mnemonic, ""), *_WORD.findall(operands)]
    return [values[name] for name in names if name in values and name != table.link]
