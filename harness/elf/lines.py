"""Rows of a program's line table (DWARF 2 to 5, section 6.2): which address belongs to which line of which file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from elftools.common.exceptions import DWARFError, ELFError
from elftools.elf.elffile import ELFFile

Row = tuple[int, int, bool]  # address, line, whether it is a recommended place for a breakpoint (is_stmt)


@lru_cache(maxsize=32)
def rows_of(path: Path, file: str) -> tuple[Row, ...]:
    """Return the rows of source `file` (a name, or the end of its path), in the order of the table."""
    try:
        with path.open("rb") as stream:
            elf = ELFFile(stream)
            return tuple(_rows(elf.get_dwarf_info(), file)) if elf.has_dwarf_info() else ()
    except (OSError, ELFError, DWARFError, ValueError, KeyError, TypeError, AttributeError):
        return ()


def _rows(dwarf: Any, wanted: str) -> Iterator[Row]:
    for unit in dwarf.iter_CUs():
        program = dwarf.line_program_for_CU(unit)
        if program is None:
            continue
        names = [_name(entry) for entry in program["file_entry"]]
        first = 0 if program["version"] >= 5 else 1  # files count from 1 before DWARF 5
        numbers = {number for number, name in enumerate(names, first) if _is(name, wanted)}
        if not numbers:
            continue
        for entry in program.get_entries():
            state = entry.state
            if state is not None and state.file in numbers and not state.end_sequence:
                yield state.address, state.line, bool(state.is_stmt)


def _name(entry: Any) -> str:
    name = entry.name
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name)


def _is(name: str, wanted: str) -> bool:
    """Whether the table's `name`, which may lack its folder, can be the file `wanted`."""
    return name == wanted or name.endswith(f"/{wanted}") or wanted.endswith(f"/{name}")
