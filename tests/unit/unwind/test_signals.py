"""Frames of signals that are written by hand: what has to be right for one to be believed."""

from __future__ import annotations

import pytest

from harness.registers import TABLES
from harness.unwind.cursor import CfiBroken
from harness.unwind.signals import SIGNAL_FRAMES, interrupted

SP = 0x7000_0000
ARCHES = pytest.mark.parametrize("arch", SIGNAL_FRAMES)


def frame(arch: str, context: int = 0, *, alternate: bool = False) -> dict[int, int]:
    """The words of a frame at SP, by address, with a value of its own in each register: the last stands there first."""
    row, table = SIGNAL_FRAMES[arch], TABLES[arch]
    word, at = table.word, SP + row.contexts[context]
    there = 0x1000 if alternate else SP + 0x800
    found = {SP: there if row.chained else 0, at + word: 0}
    found |= {at + place: 0x100 + index for index, place in enumerate(row.registers.values())}
    found[at + row.registers[table.sp]] = there
    flags, size = (4, 3) if row.size_first else (3, 4)
    stack = (SP - 0x4000, 0x8000) if alternate else (0x100, 0x100)
    found |= {at + 2 * word: stack[0], at + flags * word: 0, at + size * word: stack[1]}
    if row.number is not None:
        found[SP + row.number] = 11
    return found


def read(arch: str, memory: dict[int, int]) -> dict[str, int] | None:
    def load(address: int, size: int) -> int:
        return memory.get(address, 0) & (1 << 8 * size) - 1

    return interrupted(TABLES[arch], SP, load)


@ARCHES
@pytest.mark.parametrize("alternate", [False, True])
def test_every_register_is_where_it_stands(arch: str, alternate: bool) -> None:
    table, row = TABLES[arch], SIGNAL_FRAMES[arch]
    for context in range(len(row.contexts)):
        found = read(arch, frame(arch, context, alternate=alternate))
        assert found is not None
        assert found.keys() == row.registers.keys() <= table.by_name.keys()
        assert {table.pc, table.sp} <= found.keys()
        assert not table.link or table.link in found
        assert found[table.sp] == (0x1000 if alternate else SP + 0x800)
        others = {name: value for name, value in found.items() if name != table.sp}
        assert others == {name: 0x100 + index for index, name in enumerate(row.registers) if name != table.sp}


@ARCHES
def test_what_is_not_right_is_no_frame(arch: str) -> None:
    row, table = SIGNAL_FRAMES[arch], TABLES[arch]
    good, at, word = frame(arch), SP + row.contexts[0], table.word
    wrong = {
        "a link to another context": {at + word: 8},
        "a stack pointer below the frame, and no stack of its own": {at + row.registers[table.sp]: SP - 16},
        "a stack pointer far above": {at + row.registers[table.sp]: SP + 0x80_0000},
    }
    if row.number is not None:
        wrong |= {"no signal": {SP + row.number: 0}, "a signal that is none": {SP + row.number: 129}}
    if row.chained:
        wrong["another stack pointer in the chain"] = {SP: SP + 0x808}
    assert read(arch, good) is not None
    assert {what: read(arch, good | change) for what, change in wrong.items()} == dict.fromkeys(wrong)
    assert read(arch, {}) is None


@ARCHES
def test_an_alternate_stack_that_is_disabled_or_elsewhere_is_none(arch: str) -> None:
    row, word = SIGNAL_FRAMES[arch], TABLES[arch].word
    good, at = frame(arch, alternate=True), SP + SIGNAL_FRAMES[arch].contexts[0]
    assert read(arch, good) is not None
    assert read(arch, good | {at + (4 if row.size_first else 3) * word: 2}) is None
    assert read(arch, good | {at + 2 * word: SP + 16}) is None
    assert read(arch, good | {at + (3 if row.size_first else 4) * word: 0x4000}) is None


@ARCHES
def test_memory_that_cannot_be_read_is_said(arch: str) -> None:
    def load(address: int, size: int) -> int:
        raise CfiBroken(f"the memory at {address:#x} cannot be read")

    with pytest.raises(CfiBroken):
        interrupted(TABLES[arch], SP, load)
