"""The rows of a symbol table, without an object for each field: a program has thousands, and every use needs them."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from typing import NamedTuple

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

NOTYPE, OBJECT, FUNC, GNU_IFUNC = 0, 1, 2, 10
"""Values of ``st_info & 0xf`` (gABI "Symbol Table"; 10 is GNU's)."""
LOCAL = 0  # ``st_info >> 4``
UNDEFINED = 0  # of st_shndx
_DOUBLE = "local."
_FIELDS = {32: "IIIBBH", 64: "IBBHQQ"}


class Symbol(NamedTuple):
    """One symbol; `size` in bytes, `other` the whole of st_other.

    One that is not `is_defined` (SHN_UNDEF) is in another file; its value, if it has one, is a stub's (lazy binding).
    """

    name: str
    value: int
    size: int
    kind: int
    bind: int
    other: int
    is_defined: bool


def symbols(elf: ELFFile, section: str, kinds: Collection[int]) -> Iterator[Symbol]:
    """Yield the symbols of `kinds` in `section`, in its order; nothing where there is none. Raises ELFError.

    Where a program can take plugins, Go's linker writes each global symbol a second time, as a local one whose name
    begins with ``local.`` (cmd/link/internal/ld, putelfsym): those are left out.
    """
    table = elf.get_section_by_name(section)
    if not isinstance(table, SymbolTableSection):
        return
    found = list(_rows(elf, table, kinds))
    doubles = {symbol for symbol in found if symbol.bind == LOCAL and symbol.name.startswith(_DOUBLE)}
    if doubles:
        known = {(symbol.value, symbol.name) for symbol in found if symbol.bind != LOCAL}
        doubles = {symbol for symbol in doubles if (symbol.value, symbol.name.removeprefix(_DOUBLE)) in known}
    yield from (symbol for symbol in found if symbol not in doubles)


def _rows(elf: ELFFile, table: SymbolTableSection, kinds: Collection[int]) -> Iterator[Symbol]:
    row = struct.Struct(("<" if elf.little_endian else ">") + _FIELDS[elf.elfclass])
    data, names = table.data(), table.stringtable.data()
    for fields in row.iter_unpack(data[: len(data) // row.size * row.size]):
        if elf.elfclass == 64:
            name, info, other, index, value, size = fields
        else:
            name, value, size, info, other, index = fields
        if info & 0xF in kinds:
            text = names[name : names.find(b"\0", name)].decode(errors="replace")
            yield Symbol(text, value, size, info & 0xF, info >> 4, other, index != UNDEFINED)
