"""binutils' readelf as an oracle of call frame information: the same entries, each with the same rows of the CFA.

pyelftools as one of line tables and symbols, which we read ourselves because its way takes a second a unit.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.enums import ENUM_ST_INFO_BIND, ENUM_ST_INFO_TYPE

from harness.elf import places, symtab
from harness.elf.lineprogram import line_rows
from harness.unwind import cfi
from harness.unwind.modules import Module

from ..stub import needs
from ..support import shipped, some
from .conftest import Build
from .test_chain import QEMU_ARCHES

BINDS, KINDS = ({value: name for name, value in table.items()} for table in (ENUM_ST_INFO_BIND, ENUM_ST_INFO_TYPE))
_HEAD = re.compile(r"[0-9a-f]+ [0-9a-f]+ [0-9a-f]+ FDE .*pc=([0-9a-f]+)\.\.([0-9a-f]+)")
_ROW = re.compile(r"([0-9a-f]{8,16}) (\S+?)([+-]\d+)\s")


def rows_of_readelf(text: str) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Yield start, end, and (address, offset of the CFA) of each row of each FDE."""
    entry: tuple[int, int, list[tuple[int, int]]] | None = None
    for line in text.splitlines():
        head, row = _HEAD.match(line), _ROW.match(line)
        if head:
            if entry:
                yield entry
            entry = int(head[1], 16), int(head[2], 16), []
        elif not line.strip() and entry:
            yield entry
            entry = None
        elif row and entry:
            entry[2].append((int(row[1], 16), int(row[3])))
    if entry:
        yield entry


@pytest.mark.parametrize("arch", some(QEMU_ARCHES))
def test_every_row_of_every_entry_is_readelfs(build: Build, arch: str) -> None:
    program = places.load(build(arch))
    readelf = needs(f"{shipped().by_arch[arch].compiler.removesuffix('gcc')}readelf")
    argv = [readelf, "--debug-dump=frames-interp", str(program.path)]
    text = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    theirs = {(start, end): dict(rows) for start, end, rows in rows_of_readelf(text) if start < end}
    ours = {}
    for frames in Module(program, 0).frames:
        for entry in frames.entries:
            ours[entry.start, entry.end] = {
                address: row.cfa.number for address, row in frames.rows(entry) if row.cfa.kind == cfi.IN
            }
    assert len(theirs) > 1000
    assert ours.keys() == theirs.keys()
    differing = {key: (ours[key], rows) for key, rows in theirs.items() if rows and rows != ours[key]}
    assert not differing, next(iter(differing.items()))


@pytest.mark.parametrize("arch", some(QEMU_ARCHES))
def test_every_row_of_the_line_tables_is_pyelftools(build: Build, arch: str) -> None:
    count = 0
    with build(arch).open("rb") as file:
        dwarf = ELFFile(file).get_dwarf_info()
        for unit in dwarf.iter_CUs():
            lines = dwarf.line_program_for_CU(unit)
            if lines is None:
                continue
            ours = [(row.address, row.file, row.line, row.end_sequence) for row in line_rows(lines)]
            states = [entry.state for entry in lines.get_entries()]
            assert ours == [
                (row.address, row.file, row.line, bool(row.end_sequence)) for row in states if row is not None
            ]
            count += len(ours)
    assert count > 10_000


@pytest.mark.parametrize("arch", QEMU_ARCHES)
def test_every_symbol_is_pyelftools(build: Build, arch: str) -> None:
    with build(arch).open("rb") as file:
        elf = ELFFile(file)
        for section in (".symtab", ".dynsym"):
            theirs = [
                (row.name, row["st_value"], row["st_size"], *(row["st_info"][field] for field in ("bind", "type")))
                for row in elf.get_section_by_name(section).iter_symbols()
            ]
            ours = [
                (row.name, row.value, row.size, BINDS.get(row.bind, row.bind), KINDS.get(row.kind, row.kind))
                for row in symtab.symbols(elf, section, range(16))
            ]
            assert ours == theirs
            assert len(ours) > 10


def test_pyelftools_still_needs_a_reader_of_ours(build: Build) -> None:
    """The day that it reads riscv64's and mips64le's .debug_frame, ours can be looked at anew."""
    from elftools.common.exceptions import ELFParseError

    for arch in ("riscv64", "mips64le"):
        with build(arch).open("rb") as file, pytest.raises(ELFParseError):
            ELFFile(file).get_dwarf_info().CFI_entries()
