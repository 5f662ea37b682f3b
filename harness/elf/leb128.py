"""LEB128 numbers (DWARF 5 section 7.6), as call frame information and line programs have them."""

from __future__ import annotations

MOST = 10  # bytes of a 64-bit number
WORD = (1 << 64) - 1


def unsigned(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return the ULEB128 at `at`, of at most 64 bits, and where it ends. Raises ValueError if not before `end`."""
    value, end = _bits(data, at, end)
    return value & WORD, end


def signed(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return the SLEB128 at `at` and where it ends. Raises ValueError if not before `end`."""
    value, end = _bits(data, at, end)
    return (value - (1 << 7 * (end - at)) if data[end - 1] & 0x40 else value), end


def _bits(data: bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    for place in range(at, min(end, at + MOST)):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place + 1
        shift += 7
    raise ValueError(f"a LEB128 that has no end within {min(end - at, MOST)} bytes")
