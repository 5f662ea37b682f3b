"""Addresses to ``symbol+offset``, for programs that are loaded where their headers say (ET_EXEC)."""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from elftools.elf.elffile import ELFFile

from harness.elf import symtab
from harness.elf.reading import DAMAGE

Range = tuple[int, int]

_NAMED = (symtab.FUNC, symtab.OBJECT)


def load_ranges(path: Path) -> tuple[Range, ...]:
    """Return (start, end) of what is loaded at fixed addresses; nothing for PIE, whose load bias is not known."""
    with path.open("rb") as file:
        elf = ELFFile(file)
        if elf["e_type"] != "ET_EXEC":
            return ()
        segments = (segment for segment in elf.iter_segments() if segment["p_type"] == "PT_LOAD")
        return tuple((segment["p_vaddr"], segment["p_vaddr"] + segment["p_memsz"]) for segment in segments)


def symbolise(path: Path, addresses: Iterable[int]) -> dict[int, str]:
    """Return ``symbol+0xoffset`` for each of `addresses` that lies inside a function or object of `path`."""
    starts, rows = _table(path)
    found = {}
    for address in addresses:
        index = bisect.bisect_right(starts, address) - 1
        if index >= 0:
            start, size, name = rows[index]
            if address < start + size:
                found[address] = f"{name}+{address - start:#x}"
    return found


@lru_cache(maxsize=8)
def _table(path: Path) -> tuple[list[int], list[tuple[int, int, str]]]:
    """Return the sorted starts and (start, size, name) of every sized symbol; one name an address."""
    rows: dict[int, tuple[int, int, str]] = {}
    try:
        with path.open("rb") as file:
            for symbol in symtab.symbols(ELFFile(file), ".symtab", _NAMED):
                if symbol.size:
                    rows.setdefault(symbol.value, (symbol.value, symbol.size, symbol.name))
    except (OSError, *DAMAGE):
        return [], []
    ordered = [rows[start] for start in sorted(rows)]
    return [row[0] for row in ordered], ordered
