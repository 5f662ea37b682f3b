"""The header, the segments and the notes of an ELF file, read with bounds: what a core says of itself is not believed.

pyelftools is not used here: it reads what the counts of a file ask for, and a core can come from anywhere.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

ET_CORE = 4
PT_LOAD, PT_NOTE, PT_PHDR = 1, 4, 6
MAX_SEGMENTS = 1 << 18  # four times vm.max_map_count
MAX_NOTES = 64 << 20  # bytes
_PN_XNUM = 0xFFFF  # the count stands in section 0 (elf(5))


@dataclass(frozen=True)
class Segment:
    """One program header; addresses and sizes in bytes."""

    kind: int
    flags: int
    offset: int
    address: int
    in_file: int
    size: int


@dataclass(frozen=True)
class Note:
    """One note."""

    owner: str
    kind: int
    data: bytes


@dataclass(frozen=True)
class ElfFile:
    """What the headers say; `size` is the file's length in bytes."""

    path: Path
    size: int
    machine: int
    bits: int
    big: bool
    kind: int
    entry: int
    program_headers: int  # their offset in the file
    segments: tuple[Segment, ...]

    @property
    def order(self) -> str:
        """The byte order, as struct writes it."""
        return ">" if self.big else "<"

    @property
    def said(self) -> int:
        """How long the file is by its program headers, at least (bytes)."""
        return max((segment.offset + segment.in_file for segment in self.segments), default=0)

    def read(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes of the file; fewer where it ends. Raises ValueError when it cannot be read."""
        try:
            with self.path.open("rb") as file:
                return _at(file, offset, size)
        except OSError as error:
            raise ValueError(f"{self.path}: cannot be read: {error.strerror}") from error


def load(path: Path, what: str) -> ElfFile:
    """Read the headers of `path`; `what` is the word for it. Raises ValueError, saying why it is not usable."""
    try:
        with path.open("rb") as file:
            if not os.path.isfile(path):  # noqa: PTH113 (a FIFO or a device has no size)
                raise ValueError("not a file")
            return _load(path, file)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"{path}: not a usable {what}: {error}") from error


def notes(elf: ElfFile) -> Iterator[Note]:
    """Yield the notes. Raises ValueError (without the path) where they are torn or beyond all measure."""
    left = MAX_NOTES
    for segment in elf.segments:
        if segment.kind != PT_NOTE:
            continue
        left -= segment.in_file
        if left < 0:
            raise ValueError(f"its notes have more than {MAX_NOTES} bytes")
        if segment.offset + segment.in_file > elf.size:
            raise ValueError(
                f"its notes end at {segment.offset + segment.in_file:#x}, the file at {elf.size:#x}: it is cut off"
            )
        yield from _notes(elf.read(segment.offset, segment.in_file), elf.order)


def _notes(data: bytes, order: str) -> Iterator[Note]:
    place = 0
    while len(data) - place >= 12:
        name, size, kind = struct.unpack_from(f"{order}III", data, place)
        start = place + 12 + _padded(name)
        if start + size > len(data):
            raise ValueError(f"a note at {place:#x} has {size} bytes, and its segment ends before them")
        owner = data[place + 12 : place + 12 + name].rstrip(b"\0").decode("ascii", "replace")
        yield Note(owner, kind, data[start : start + size])
        place = start + _padded(size)


def _padded(size: int) -> int:
    return (size + 3) & ~3


def _load(path: Path, file: BinaryIO) -> ElfFile:
    size = os.fstat(file.fileno()).st_size
    head = file.read(64)
    if not head:
        raise ValueError("it is empty")
    if head[:4] != b"\x7fELF":
        raise ValueError("it does not start with the ELF magic number")
    if len(head) < 52 or head[4] not in (1, 2) or head[5] not in (1, 2) or (head[4] == 2 and len(head) < 64):
        raise ValueError("its ELF header is torn")
    wide, big = head[4] == 2, head[5] == 2
    order = ">" if big else "<"
    kind, machine, _, entry, phoff, shoff, _, _, phentsize, count = struct.unpack_from(
        f"{order}HHI{'QQQ' if wide else 'III'}IHHH", head, 16
    )
    form = f"{order}{'IIQQQQQQ' if wide else 'IIIIIIII'}"
    if count and phentsize != struct.calcsize(form):
        raise ValueError(f"its program headers have {phentsize} bytes each")
    if count == _PN_XNUM:
        count = _many(file, shoff, wide, order)
    if phoff + count * phentsize > size:
        raise ValueError(f"its {count} program headers end beyond the file: it is cut off")
    rows = struct.iter_unpack(form, _at(file, phoff, count * phentsize)) if count else ()
    segments = tuple(_segment(row, wide) for row in rows)
    return ElfFile(path, size, machine, 64 if wide else 32, big, kind, entry, phoff, segments)


def _many(file: BinaryIO, shoff: int, wide: bool, order: str) -> int:
    """Return the count of program headers that is too large for the header: sh_info of section 0."""
    section = _at(file, shoff, 64 if wide else 40)
    if not shoff or len(section) < (64 if wide else 40):
        raise ValueError("it says that it has more segments than fit, and not how many")
    count = int(struct.unpack_from(f"{order}I", section, 44 if wide else 28)[0])
    if count > MAX_SEGMENTS:
        raise ValueError(f"it says that it has {count} segments")
    return count


def _segment(row: tuple[int, ...], wide: bool) -> Segment:
    if wide:
        kind, flags, offset, address, _, in_file, size, _ = row
    else:
        kind, offset, address, _, in_file, size, flags, _ = row
    return Segment(kind, flags, offset, address, in_file, size)


def _at(file: BinaryIO, offset: int, size: int) -> bytes:
    length = os.fstat(file.fileno()).st_size
    if offset >= length or size <= 0:
        return b""
    file.seek(offset)
    return file.read(min(size, length - offset))
