"""binutils' readelf as an oracle of call frame information: the same entries, each with the same rows of the CFA."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest
from elftools.elf.elffile import ELFFile

from harness.elf import places
from harness.unwind import cfi
from harness.unwind.modules import Module

from ..stub import needs
from ..support import shipped
from .conftest import Build
from .test_chain import QEMU_ARCHES

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


@pytest.mark.parametrize("arch", QEMU_ARCHES)
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


def test_pyelftools_still_needs_a_reader_of_ours(build: Build) -> None:
    """The day that it reads riscv64's and mips64le's .debug_frame, ours can be looked at anew."""
    from elftools.common.exceptions import ELFParseError

    for arch in ("riscv64", "mips64le"):
        with build(arch).open("rb") as file, pytest.raises(ELFParseError):
            ELFFile(file).get_dwarf_info().CFI_entries()
