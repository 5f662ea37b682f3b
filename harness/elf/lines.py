"""Rows of a program's line table (DWARF 2 to 5, section 6.2): which address belongs to which line of which file."""

from __future__ import annotations

import bisect
import weakref
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile

from harness.elf.lineprogram import line_rows
from harness.elf.reading import DAMAGE

Row = tuple[int, int, bool]  # address, line, whether it is a recommended place for a breakpoint (is_stmt)


@lru_cache(maxsize=32)
def rows_of(path: Path, file: str) -> tuple[Row, ...]:
    """Return the rows of source `file` (a name, or the end of its path), in the order of the table."""
    try:
        with path.open("rb") as stream:
            elf = ELFFile(stream)
            return tuple(_rows(elf.get_dwarf_info(), file)) if elf.has_dwarf_info() else ()
    except (OSError, *DAMAGE):
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
        for row in line_rows(program):
            if row.file in numbers and not row.end_sequence:
                yield row.address, row.line, row.is_stmt


def _name(entry: Any) -> str:
    name = entry.name
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name)


def _is(name: str, wanted: str) -> bool:
    """Whether the table's `name`, which may lack its folder, can be the file `wanted`."""
    return name == wanted or name.endswith(f"/{wanted}") or wanted.endswith(f"/{name}")


def line_at(path: Path, address: int) -> tuple[str, int]:
    """Return the file, as the line table has it, and the line of link-time `address`; ("", 0) where there is none."""
    try:
        stat = path.stat()
        return _Lines.of(path, (stat.st_size, stat.st_mtime_ns)).at(address)
    except (OSError, *DAMAGE):
        return "", 0


class _Lines:
    """The units of a program by the addresses they cover; the rows of a unit are read when one of them is asked for."""

    def __init__(self, path: Path) -> None:
        stream = path.open("rb")
        weakref.finalize(self, stream.close)  # of many programs the first is forgotten, in a session of others' tests
        elf = ELFFile(stream)
        self._dwarf: Any = elf.get_dwarf_info() if elf.has_dwarf_info() else None
        self._ranges: list[tuple[int, int, Any]] = []
        self._known: dict[int, tuple[str, int]] = {}
        self._rows: dict[int, tuple[list[int], list[tuple[str, int]]]] = {}
        for unit in self._dwarf.iter_CUs() if self._dwarf is not None else ():
            self._ranges += ((low, high, unit) for low, high in self._covered(unit))

    @classmethod
    @lru_cache(maxsize=16)
    def of(cls, path: Path, stamp: tuple[int, int]) -> _Lines:
        return cls(path)

    def at(self, address: int) -> tuple[str, int]:
        if address not in self._known:
            self._known[address] = self._find(address)
        return self._known[address]

    def _find(self, address: int) -> tuple[str, int]:
        for low, high, unit in self._ranges:
            if low <= address < high:
                starts, rows = self._of_unit(unit)
                index = bisect.bisect_right(starts, address) - 1
                if index >= 0 and rows[index][1]:
                    return rows[index]
        return "", 0

    def _covered(self, unit: Any) -> Iterator[tuple[int, int]]:
        top = unit.get_top_DIE()
        low = top.attributes.get("DW_AT_low_pc")
        base = low.value if low is not None else 0
        high, ranges = top.attributes.get("DW_AT_high_pc"), top.attributes.get("DW_AT_ranges")
        if high is not None:
            yield base, high.value if high.form == "DW_FORM_addr" else base + high.value
        elif ranges is not None:
            lists = self._dwarf.range_lists()
            for entry in lists.get_range_list_at_offset(ranges.value, unit) if lists is not None else ():
                if hasattr(entry, "base_address"):
                    base = entry.base_address
                else:
                    start = 0 if getattr(entry, "is_absolute", False) else base
                    yield start + entry.begin_offset, start + entry.end_offset

    def _of_unit(self, unit: Any) -> tuple[list[int], list[tuple[str, int]]]:
        if unit.cu_offset not in self._rows:
            program = self._dwarf.line_program_for_CU(unit)
            found: list[tuple[int, tuple[str, int]]] = []
            if program is not None:
                first = 0 if program["version"] >= 5 else 1
                names = [_name(entry) for entry in program["file_entry"]]
                for row in line_rows(program):
                    index = row.file - first
                    name = names[index] if 0 <= index < len(names) else ""
                    found.append((row.address, ("", 0) if row.end_sequence else (name, row.line)))
            found.sort(key=lambda row: row[0])
            self._rows[unit.cu_offset] = [row[0] for row in found], [row[1] for row in found]
        return self._rows[unit.cu_offset]
