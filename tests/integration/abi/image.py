"""Registers and stack as bytes: what a convention says of a value is read from them, or written into them."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from harness.abi.layout import DOUBLE, X87, DataModel, layout
from harness.abi.model import CType
from harness.abi.place import SIGN, SIGN32, Convention, Piece, Placed

from . import machine


@dataclass(frozen=True)
class Form:
    """Where each register is in a block, how large it is, and where the stack begins."""

    at: Mapping[str, int]
    sizes: Mapping[str, int]
    stack: int

    def span(self, piece: Piece, order: str) -> slice:
        """Return where `piece` is."""
        if not piece.register:
            start = self.stack + piece.stack
            return slice(start, start + piece.size)
        start, size = self.at[piece.register], self.sizes[piece.register]
        if order == "big":
            end = start + size - piece.shift
            return slice(end - piece.size, end)
        return slice(start + piece.shift, start + piece.shift + piece.size)


def of_arguments(arch: str) -> Form:
    """Return the form of what is captured, and of what is given."""
    rows = machine.ARGUMENTS[arch]
    return Form(machine.places(rows), rows, machine.stack(arch))


def of_results(arch: str) -> Form:
    """Return the form of what a function comes back with."""
    rows = machine.RESULTS[arch]
    return Form(machine.places(rows, 0), rows, machine.answered(arch))


def _of_x87(mantissa: int, exponent: int) -> float:
    try:
        number = math.ldexp(mantissa, (exponent & 0x7FFF) - 16383 - 63)
    except OverflowError:
        number = math.inf
    return -number if exponent >> 15 else number


def _x87(number: float) -> bytes:
    mantissa, exponent = math.frexp(abs(number))
    return struct.pack("<QH", int(mantissa * (1 << 64)), exponent - 1 + 16383 + (0x8000 if number < 0 else 0))


_FORMATS = {4: "<f", 8: "<d"}
_FROM = {
    DOUBLE: lambda block, at: struct.unpack_from("<d", block, at)[0],
    X87: lambda block, at: _of_x87(*struct.unpack_from("<QH", block, at)),
}
_TO = {DOUBLE: lambda number: struct.pack("<d", number), X87: _x87}


def read(form: Form, order: str, piece: Piece, block: bytes) -> bytes:
    """Return the bytes of `piece`."""
    if piece.held_as and piece.size in _FORMATS:
        number = _FROM[piece.held_as](block, form.at[piece.register])
        try:
            return struct.pack(_FORMATS[piece.size], number)
        except OverflowError:
            return bytes(piece.size)
    return block[form.span(piece, order)]


def write(form: Form, order: str, piece: Piece, block: bytearray, data: bytes) -> None:
    """Put the bytes of `piece` of the value `data` there."""
    part = data[piece.offset : piece.offset + piece.size]
    if piece.held_as and piece.size in _FORMATS:
        data = _TO[piece.held_as](*struct.unpack(_FORMATS[piece.size], part))
        block[form.at[piece.register] : form.at[piece.register] + len(data)] = data
    else:
        block[form.span(piece, order)] = part


def value(convention: Convention, form: Form, placed: Placed, of: CType, block: bytes) -> bytes:
    """Return the bytes of a value that is in `block` itself."""
    found = bytearray(layout(convention.model, of).size)
    for piece in placed.pieces:
        found[piece.offset : piece.offset + piece.size] = read(form, convention.model.byte_order, piece, block)
    return bytes(found)


BOXED = (("riscv64", "fa"),)
"""Registers in which a narrower number has ones above it (RISC-V ISA, "NaN Boxing of Narrower Values")."""


def put(convention: Convention, form: Form, placed: Placed, block: bytearray, data: bytes) -> None:
    """Put a value into `block`, with what has to be above it."""
    order = convention.model.byte_order
    for piece in placed.pieces:
        if placed.extends:
            span = _whole(convention, form, piece)
            block[span] = extended(convention.model, placed, data, span.stop - span.start)
        if (convention.arch, piece.register[:2]) in BOXED:
            block[_whole(convention, form, piece)] = b"\xff" * form.sizes[piece.register]
        write(form, order, piece, block, data)


def _whole(convention: Convention, form: Form, piece: Piece) -> slice:
    """Return the whole register or slot that `piece` is in."""
    order = convention.model.byte_order
    if piece.register:
        start = form.at[piece.register]
        return slice(start, start + form.sizes[piece.register])
    slot = convention.registers.slot
    span = form.span(piece, order)
    return slice(span.stop - slot, span.stop) if order == "big" else slice(span.start, span.start + slot)


def extended(model: DataModel, placed: Placed, data: bytes, size: int) -> bytes:
    """Return the integer `data` in a register of `size` bytes, as a caller has to extend it."""
    order = model.byte_order
    number = int.from_bytes(data, order, signed=placed.extends in (SIGN, SIGN32))
    return (number % (1 << 8 * size)).to_bytes(size, order)


def is_extended(convention: Convention, form: Form, placed: Placed, block: bytes, data: bytes) -> bool:
    """Whether what is above a narrow integer is what the convention promises."""
    if not placed.extends:
        return True
    spans = [_whole(convention, form, piece) for piece in placed.pieces]
    return all(block[span] == extended(convention.model, placed, data, span.stop - span.start) for span in spans)


def poison(number: int, size: int) -> bytearray:
    """Return bytes that nothing else is."""
    return bytearray(random.Random(f"poison {number}").randbytes(size))


def answer(convention: Convention, placed: Placed | None, number: int, data: bytes) -> bytes:
    """Return the registers with which a function comes back that returns `data` in registers."""
    form = of_results(convention.arch)
    block = poison(number, machine.answered(convention.arch))
    if "fxsave" in form.at:
        on_x87 = sum(piece.register.startswith("st") for piece in placed.pieces) if placed is not None else 0
        at, top = form.at["fxsave"], (8 - on_x87) % 8
        tags = sum(1 << 7 - each for each in range(on_x87))
        struct.pack_into("<HHBxHQQII", block, at, 0x37F, top << 11, tags, 0, 0, 0, 0x1F80, 0xFFFF)
        block[at + 416 : at + 512] = bytes(96)
    if placed is not None and not placed.by_reference:
        put(convention, form, placed, block, data)
    return bytes(block)


def masked(model: DataModel, of: CType, data: bytes) -> bytes:
    """Return `data` without what holds no value."""
    return bytes(a & b for a, b in zip(data, layout(model, of).mask, strict=False))
