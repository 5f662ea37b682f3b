"""The memory of a core: which pieces the process had, and which of their bytes are in the file."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from functools import cached_property

from harness.core.elffile import PT_LOAD, ElfFile, Segment

NOT_MAPPED = "not in the core: nothing was mapped there"
LEFT_OUT = "not in the core: mapped, and its bytes were left out"
CUT_OFF = "not in the core: its bytes are beyond the end of the file, which is cut off"


@dataclass(frozen=True)
class Piece:
    """A mapping of the process: `size` bytes from `address`, of which the first `present` are in the file.

    `flags` are `r`, `w` and `x` or `-`. A kernel leaves out file-backed pages (core_filter), QEMU code that the
    guest cannot write (of x86 guests it is there).
    """

    address: int
    size: int
    present: int
    flags: str
    offset: int

    @property
    def end(self) -> int:
        """The address after the last."""
        return self.address + self.size


class NotInCoreError(LookupError):
    """The byte at `address` was asked for and is not in the core, for the reason `why`."""

    def __init__(self, address: int, why: str) -> None:
        super().__init__(f"{address:#x}: {why}")
        self.address, self.why = address, why


@dataclass(frozen=True)
class Memory:
    """The pieces by address; hostile ones that overlap are taken in the order of their starts."""

    elf: ElfFile

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """Every mapping that the core lists."""
        loads = (segment for segment in self.elf.segments if segment.kind == PT_LOAD and segment.size)
        return tuple(sorted((_piece(load, self.elf.size) for load in loads), key=lambda piece: piece.address))

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        return tuple(piece.address for piece in self.pieces)

    def piece(self, address: int) -> Piece | None:
        """Return the mapping that holds `address`."""
        index = bisect.bisect_right(self._starts, address) - 1
        found = self.pieces[index] if index >= 0 else None
        return found if found is not None and address < found.end else None

    def why_not(self, address: int) -> str:
        """Return why the byte at `address` is not in the core, or an empty text where it is."""
        piece = self.piece(address)
        if piece is None:
            return NOT_MAPPED
        into = address - piece.address
        if into < piece.present:
            return ""
        if into < self._promised(piece):
            return CUT_OFF
        return LEFT_OUT

    def read(self, address: int, size: int) -> bytes:
        """Return exactly `size` bytes from `address`. Raises NotInCoreError, naming the first that is not there."""
        parts: list[bytes] = []
        place, end = address, address + size
        while place < end:
            why = self.why_not(place)
            piece = self.piece(place)
            if why or piece is None:
                raise NotInCoreError(place, why)
            into = place - piece.address
            want = min(end - place, piece.present - into)
            data = self.elf.read(piece.offset + into, want)
            if not data:
                raise NotInCoreError(place, CUT_OFF)
            parts.append(data)
            place += len(data)
        return b"".join(parts)

    def _promised(self, piece: Piece) -> int:
        """Return how many bytes of a piece the headers say the file has."""
        return next(
            (
                min(load.in_file, load.size)
                for load in self.elf.segments
                if load.kind == PT_LOAD and (load.address, load.size) == (piece.address, piece.size)
            ),
            piece.present,
        )


def _piece(load: Segment, file_size: int) -> Piece:
    flags = "".join(letter if load.flags & bit else "-" for letter, bit in (("r", 4), ("w", 2), ("x", 1)))
    present = min(load.in_file, load.size, max(file_size - load.offset, 0))
    return Piece(load.address, load.size, present, flags, load.offset)
