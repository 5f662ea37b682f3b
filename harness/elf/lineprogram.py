"""The line-number program of a unit, run (DWARF 5 section 6.2.5; versions 2 to 5 have the same opcodes).

pyelftools runs it too, and keeps an object for each instruction: some ten times slower, which a backtrace pays once
for each unit that it goes through.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from harness.elf.leb128 import signed, unsigned

_COPY, _ADVANCE_PC, _ADVANCE_LINE, _SET_FILE, _NEGATE_STMT = 1, 2, 3, 4, 6
_CONST_ADD_PC, _FIXED_ADVANCE_PC = 8, 9
_END_SEQUENCE, _SET_ADDRESS = 1, 2


class LineRow(NamedTuple):
    """A row of the line table: a link-time address, the file's number in the header, the line, and two of its flags."""

    address: int
    file: int
    line: int
    is_stmt: bool
    end_sequence: bool


def line_rows(program: Any) -> Iterator[LineRow]:  # noqa: PLR0912 - a branch an opcode, and no call a row
    """Yield the rows of a pyelftools `LineProgram`, in its order.

    Raises IndexError or ValueError where it is cut off.
    """
    header = program.header
    program.stream.seek(program.program_start_offset)
    code = program.stream.read(program.program_end_offset - program.program_start_offset)
    order: Literal["little", "big"] = "little" if program.structs.little_endian else "big"
    base, spread, first = header["line_base"], header["line_range"], header["opcode_base"]
    step, default = header["minimum_instruction_length"], bool(header["default_is_stmt"])
    lengths = (0, *header["standard_opcode_lengths"])
    constant = (255 - first) // spread * step
    advances = [(number // spread * step, base + number % spread) for number in range(256 - first)]
    address, file, line, is_stmt = 0, 1, 1, default
    at, end = 0, len(code)
    while at < end:
        opcode = code[at]
        at += 1
        if opcode >= first:
            further, lines = advances[opcode - first]
            address += further
            line += lines
            yield LineRow(address, file, line, is_stmt, False)
        elif opcode == 0:
            length, at = unsigned(code, at, end)
            extended, operand, at = code[at], code[at + 1 : at + length], at + length
            if extended == _END_SEQUENCE:
                yield LineRow(address, file, line, is_stmt, True)
                address, file, line, is_stmt = 0, 1, 1, default
            elif extended == _SET_ADDRESS:
                address = int.from_bytes(operand, order)
        elif opcode == _COPY:
            yield LineRow(address, file, line, is_stmt, False)
        elif opcode == _ADVANCE_PC:
            further, at = unsigned(code, at, end)
            address += further * step
        elif opcode == _ADVANCE_LINE:
            lines, at = signed(code, at, end)
            line += lines
        elif opcode == _SET_FILE:
            file, at = unsigned(code, at, end)
        elif opcode == _NEGATE_STMT:
            is_stmt = not is_stmt
        elif opcode == _CONST_ADD_PC:
            address += constant
        elif opcode == _FIXED_ADVANCE_PC:
            address += int.from_bytes(code[at : at + 2], order)
            at += 2
        else:  # the column and what says nothing about these columns of the table
            for _ in range(lengths[opcode]):
                _, at = unsigned(code, at, end)
