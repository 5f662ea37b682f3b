"""Numbers out of bytes that nobody vouches for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from harness.elf import leb128


class CfiBroken(ValueError):
    """Call frame information that is none, or that nothing here can follow. The text says why."""


class Cursor:
    """Reads `data` from `place` up to `end`. Everything raises CfiBroken at the end of the data."""

    def __init__(self, data: bytes, order: Literal["little", "big"], place: int = 0, end: int | None = None) -> None:
        self.data, self.order, self.place = data, order, place
        self.end = len(data) if end is None else min(end, len(data))

    @property
    def is_done(self) -> bool:
        """Whether nothing is left."""
        return self.place >= self.end

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        if not 0 <= count <= self.end - self.place:
            raise CfiBroken(f"{count} bytes are wanted where {max(self.end - self.place, 0)} are left")
        self.place += count
        return self.data[self.place - count : self.place]

    def number(self, size: int, *, signed: bool = False) -> int:
        """Return a number of `size` bytes."""
        return int.from_bytes(self.take(size), self.order, signed=signed)

    def unsigned(self) -> int:
        """Return a ULEB128, of at most 64 bits."""
        return self._leb(leb128.unsigned)

    def signed(self) -> int:
        """Return an SLEB128, of at most 64 bits."""
        return self._leb(leb128.signed)

    def _leb(self, read: Callable[[bytes, int, int], tuple[int, int]]) -> int:
        try:
            value, self.place = read(self.data, self.place, self.end)
        except ValueError as error:
            raise CfiBroken(str(error)) from None
        return value

    def text(self) -> bytes:
        """Return the bytes before the next zero."""
        found = self.data.find(b"\0", self.place, self.end)
        if found < 0:
            raise CfiBroken("a text without an end")
        text = self.take(found - self.place)
        self.place += 1
        return text

    def block(self) -> bytes:
        """Return bytes that are preceded by their number (DW_FORM_exprloc)."""
        return self.take(self.unsigned())
