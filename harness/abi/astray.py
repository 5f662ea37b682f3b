"""Where execution went that went astray: a func value of Go that was called as code, or code that was called as one.

A func value is the address of an object whose first word is the address of the code; the caller leaves it in the
context register (abi-internal.md, "Closures"). A pointer to a function of C is the address of the code. Of a pointer
to a pointer of C nothing is said: both mistakes need code of Go, which is called or calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness import diagnoses as of
from harness.abi import dwarf
from harness.abi.conventions.go import CONTEXT
from harness.abi.diagnose import CERTAIN, LIKELY, Diagnosis
from harness.abi.fetch import Memory
from harness.elf import gobuild
from harness.registers import RegisterTable
from harness.snapshot import GO_ASSEMBLY
from harness.unwind.modules import Module, code_at, holding, start_at

_RULE = 'abi-internal.md, "Closures"'
_ALIGNED = 0xF  # bits of an address that a jump may have taken for the mode, or left out


def astray(
    table: RegisterTable,
    pc: int,
    registers: Mapping[str, int],
    memory: Memory,
    name_of: Callable[[int], str],
    starts: Callable[[int], str],
    go: Callable[[int], str],
) -> Diagnosis | None:
    """Return why a program died where it did, if it was a func value that was not called as one, or the other way.

    `name_of` returns the symbol at an address of code, `starts` the name of the function whose first instruction is at
    an address, and `go` how sure it is that the code at an address is Go's; each an empty text where there is none.
    """
    context = registers.get(CONTEXT[table.arch], 0)
    code = starts(context & ~table.isa_bit)
    word = _word(table, memory, context & ~table.isa_bit)
    went, back = _is(pc, word), _back(table, registers, memory)
    by_go = code and word and go(back if went else pc)
    if by_go and (went or (word in registers.values() and memory(word, 1) is None)):
        return Diagnosis(
            of.CODE_AS_FUNC_VALUE,
            f"the address of {code}'s code was called as a func value of Go: one dereference too many",
            (
                f"{CONTEXT[table.arch]}, which has the func value that is called, is {context:#x}: {code}'s code",
                f"execution went to {word:#x}, which is what that instruction's bytes are as an address",
                *(_returns_to(name_of(back + 1)) if went else ()),
            ),
            _RULE,
            "call it through cgo; a func value is made of it by the address of a variable that holds its address",
            by_go if went else LIKELY,
        )
    entry = _word(table, memory, pc) & ~table.isa_bit
    called = "" if name_of(pc) else starts(entry)
    of_go = called and go(entry)
    if of_go:
        return Diagnosis(
            of.FUNC_VALUE_AS_CODE,
            f"a func value of Go, of {called}, was called as the address of code: one dereference too few",
            (
                f"execution went to {pc:#x}, which is data: the word there is the address of {called}",
                *_returns_to(name_of(back + 1)),
            ),
            _RULE,
            "give C the address of an exported function (//export), and the func value as a cgo.Handle beside it",
            of_go,
        )
    return None


def told(
    table: RegisterTable, pc: int, registers: Mapping[str, int], memory: Memory, found: Sequence[Module]
) -> tuple[str, ...]:
    """Return the name and the lines of what `astray` says of a program that has mapped `found`; nothing: nothing."""
    row = astray(
        table,
        pc,
        registers,
        memory,
        lambda at: code_at(found, at),
        lambda at: start_at(found, at),
        lambda at: _go_at(found, at),
    )
    return () if row is None else (row.name, *row.lines())


def _go_at(found: Sequence[Module], address: int) -> str:
    """Return how sure it is that the code at an address is Go's; symbols of Go have the package before a dot."""
    module = holding(found, address)
    if module is None:
        return ""
    path = module.program.path
    language = dwarf.language(path, address - module.bias)
    if language in ("Go", GO_ASSEMBLY):
        return CERTAIN
    return LIKELY if not language and gobuild.version(path) and "." in module.code_name_at(address) else ""


def _back(table: RegisterTable, registers: Mapping[str, int], memory: Memory) -> int:
    """Return an address within what has called the function that has not begun: the call, or its delay slot."""
    back = registers.get(table.link, 0) if table.link else _word(table, memory, registers.get(table.sp, 0))
    return max((back & ~table.isa_bit) - 1, 0)


def _returns_to(place: str) -> tuple[str, ...]:
    return (f"it would return to {place}",) if place else ()


def _is(pc: int, word: int) -> bool:
    return pc | _ALIGNED == word | _ALIGNED


def _word(table: RegisterTable, memory: Memory, address: int) -> int:
    """Return a word of memory, 0 where it is not known."""
    return int.from_bytes(memory(address, table.word) or b"", table.byte_order)
