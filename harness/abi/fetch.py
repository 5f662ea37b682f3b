"""The bytes of a value, put together from the registers and the memory in which a convention has them."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harness.abi.layout import X87, DataModel, layout
from harness.abi.model import CType
from harness.abi.place import Piece, Placed
from harness.abi.values import of_x87

Memory = Callable[[int, int], bytes | None]
"""Takes an address and a size (bytes); None: it is not known what is there."""

_FORMATS = {4: "<f", 8: "<d"}


@dataclass(frozen=True)
class Place:
    """Where arguments are looked for: registers by name, and `memory` with the stack pointer `sp`.

    At a function's first instruction `sp` is that register; at its return, where results on the stack are looked for,
    it has to be what it was then. `name_of` returns the symbol at an address, or an empty text.
    """

    registers: Mapping[str, int]
    memory: Memory
    sp: int
    name_of: Callable[[int], str] = field(default=lambda _: "", repr=False)


class Unknown(Exception):
    """What a value is made of is not known. Its text says which register, or what part of memory."""


def fetch(model: DataModel, of: CType, placed: Placed, place: Place) -> bytes:
    """Return the bytes of a value of type `of`, as they would be in memory. Raises Unknown."""
    size = layout(model, of).size
    if placed.by_reference:
        pointer = bytearray(model.word)
        for piece in placed.pieces:
            pointer[piece.offset : piece.offset + piece.size] = _piece(model, piece, place)
        return read(place, int.from_bytes(pointer, model.byte_order), size)
    found = bytearray(size)
    for piece in placed.pieces:
        found[piece.offset : piece.offset + piece.size] = _piece(model, piece, place)
    return bytes(found)


def _piece(model: DataModel, piece: Piece, place: Place) -> bytes:
    if not piece.register:
        return read(place, place.sp + piece.stack, piece.size)
    value = place.registers.get(piece.register)
    if value is None:
        raise Unknown(piece.register)
    if piece.held_as:
        return converted(value, piece.held_as, piece.size)
    return (value >> 8 * piece.shift & (1 << 8 * piece.size) - 1).to_bytes(piece.size, model.byte_order)


def read(place: Place, address: int, size: int) -> bytes:
    """Return `size` bytes of memory. Raises Unknown where they are not all known."""
    data = place.memory(address, size) if size else b""
    if data is None or len(data) < size:
        raise Unknown(f"the {size} bytes of memory at {address:#x}")
    return data


def converted(value: int, held_as: str, size: int) -> bytes:
    """Return the `size` bytes (little-endian) of the number that a register of another format holds.

    What has no such number, because the register holds something else, becomes the nearest: infinity, or zero.
    """
    if held_as == X87 and size > 8:
        return value.to_bytes(10, "little")[:size].ljust(size, b"\0")
    number = _of_x87(value) if held_as == X87 else struct.unpack("<d", value.to_bytes(8, "little"))[0]
    try:
        return struct.pack(_FORMATS[size], number)
    except OverflowError:
        return struct.pack(_FORMATS[size], math.copysign(math.inf, number))


def _of_x87(value: int) -> float:
    try:
        number = float(of_x87(value & (1 << 79) - 1))
    except OverflowError:
        number = math.inf
    return -number if value >> 79 else number
