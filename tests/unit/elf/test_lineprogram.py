"""pyelftools runs line programs too, and is the oracle."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from elftools.dwarf.lineprogram import LineProgram
from elftools.dwarf.structs import DWARFStructs
from hypothesis import given
from hypothesis import strategies as st

from harness.elf.lineprogram import line_rows

LENGTHS = (0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1)  # of the standard opcodes, DWARF 5 section 6.2.4
SEQUENCE = b"\0\1\1"


def program(code: bytes, *, little: bool = True, step: int = 1, statement: int = 1) -> Any:
    structs = DWARFStructs(little_endian=little, dwarf_format=32, address_size=8, dwarf_version=4)
    header = {
        "default_is_stmt": statement,
        "line_base": -5,
        "line_range": 14,
        "opcode_base": 13,
        "minimum_instruction_length": step,
        "maximum_operations_per_instruction": 1,
        "standard_opcode_lengths": LENGTHS,
        "file_entry": [],
    }
    return LineProgram(header, BytesIO(code), structs, 0, len(code))


def address(value: int, order: Any) -> bytes:
    return b"\0\x09\2" + value.to_bytes(8, order)


def leb(value: int) -> bytes:
    return bytes([value & 0x7F | 0x80, value >> 7 & 0x7F])


NUMBERS = st.integers(0, (1 << 14) - 1)


def instructions(order: Any) -> st.SearchStrategy[bytes]:
    return st.one_of(
        st.integers(13, 255).map(lambda number: bytes([number])),
        st.sampled_from([b"\1", b"\6", b"\7", b"\x08", b"\x0a", b"\x0b", SEQUENCE, b"\0\3\x80ab"]),
        st.tuples(st.sampled_from([2, 3, 4, 5, 12]), NUMBERS).map(lambda row: bytes([row[0]]) + leb(row[1])),
        st.integers(0, 0xFFFF).map(lambda number: b"\x09" + number.to_bytes(2, order)),
        st.integers(0, (1 << 64) - 1).map(lambda number: address(number, order)),
    )


@given(st.data(), st.booleans(), st.sampled_from([1, 2, 4]), st.integers(0, 1))
def test_the_rows_are_pyelftools(data: st.DataObject, little: bool, step: int, statement: int) -> None:
    code = b"".join(data.draw(st.lists(instructions("little" if little else "big"), max_size=30)))
    states = [entry.state for entry in program(code, little=little, step=step, statement=statement).get_entries()]
    theirs = [
        (row.address, row.file, row.line, bool(row.is_stmt), bool(row.end_sequence))
        for row in states
        if row is not None
    ]
    ours = [
        # pyelftools says of the end of a sequence that it is no statement, which DWARF does not
        (*row[:3], row.is_stmt and not row.end_sequence, row.end_sequence)
        for row in line_rows(program(code, little=little, step=step, statement=statement))
    ]
    assert ours == theirs


@pytest.mark.parametrize("code", [b"\2", b"\2\x80", b"\0", b"\0\x09", b"\0\x80", b"\3" + b"\xff" * 12])
def test_one_that_is_cut_off_is_an_error(code: bytes) -> None:
    with pytest.raises((IndexError, ValueError)):
        list(line_rows(program(code)))
