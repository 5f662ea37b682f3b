"""What is laid out as the model says is fetched and decoded to what it was, for any signature of any convention."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable, Sequence

import pytest

from harness.abi.conventions import OF_C
from harness.abi.conventions.go import GO_ABI0, GO_INTERNAL
from harness.abi.fetch import Place, Unknown, converted, fetch
from harness.abi.layout import MODELS, X87, layout
from harness.abi.model import CType, Kind, Scalar
from harness.abi.place import Convention, Piece, Placed
from harness.abi.values import decoded
from tests.signatures import c, go
from tests.signatures.values import of_type

SP, HEAP = 0x10000, 0x14000
FIRST, COUNT = 1000, 60  # numbers of signatures: those before are a core without chance
CHANCE = random.Random("memory").randbytes(0x30000)
ALL = [*OF_C.values(), *GO_INTERNAL.values(), *GO_ABI0.values()]


def name(convention: Convention) -> str:
    return f"{convention.name}-{convention.arch}"


class Machine:
    """Registers and memory full of chance, into which values are put."""

    def __init__(self, convention: Convention, dice: random.Random) -> None:
        self.convention, self.order = convention, convention.model.byte_order
        self.registers: dict[str, int] = {}
        self.memory = bytearray(CHANCE)
        self.free = HEAP
        self.dice = dice

    @property
    def place(self) -> Place:
        return Place(self.registers, lambda address, size: bytes(self.memory[address : address + size]), SP)

    def put(self, placed: Placed, data: bytes) -> None:
        if placed.by_reference:
            self.memory[self.free : self.free + len(data)] = data
            data = self.free.to_bytes(self.convention.model.word, self.order)
            self.free += 4096
        for piece in placed.pieces:
            part = data[piece.offset : piece.offset + piece.size]
            if piece.register:
                self.into(piece, part)
            else:
                self.memory[SP + piece.stack : SP + piece.stack + piece.size] = part

    def into(self, piece: Piece, part: bytes) -> None:
        if piece.held_as == X87:
            self.registers[piece.register] = int.from_bytes(extended(part), "little")
        elif piece.held_as:
            (number,) = struct.unpack("<f", part)
            self.registers[piece.register] = int.from_bytes(struct.pack("<d", number), "little")
        else:
            before = self.registers.get(piece.register, self.dice.getrandbits(128))
            mask = (1 << 8 * piece.size) - 1
            value = int.from_bytes(part, self.order) << 8 * piece.shift
            self.registers[piece.register] = before & ~(mask << 8 * piece.shift) | value


def extended(part: bytes) -> bytes:
    """Return the 80 bits that hold a normal double or float."""
    if len(part) not in (4, 8):
        return part[:10]
    bits, fraction, bias = (64, 52, 1023) if len(part) == 8 else (32, 23, 127)
    number = int.from_bytes(part, "little")
    sign, exponent = number >> bits - 1, number >> fraction & (1 << bits - 1 - fraction) - 1
    mantissa = (1 << fraction | number & (1 << fraction) - 1) << 63 - fraction
    return mantissa.to_bytes(8, "little") + (sign << 15 | exponent - bias + 16383).to_bytes(2, "little")


def masked(convention: Convention, of: CType, data: bytes) -> bytes:
    return bytes(one & other for one, other in zip(data, layout(convention.model, of).mask, strict=True))


def held(convention: Convention, types: Sequence[CType], places: Sequence[Placed], dice: random.Random) -> None:
    machine = Machine(convention, dice)
    meant = [of_type(convention.model, of, dice) for of in types]
    for placed, data in zip(places, meant, strict=True):
        machine.put(placed, data)
    for of, placed, data in zip(types, places, meant, strict=True):
        found = fetch(convention.model, of, placed, machine.place)
        assert masked(convention, of, found) == masked(convention, of, data)
        assert decoded(convention.model, of, found) == decoded(convention.model, of, data)


def round_trips(convention: Convention, numbers: Iterable[int]) -> None:
    """Lay out, fetch and decode the arguments and results of each signature."""
    model, is_c = convention.model, convention in OF_C.values()
    vectors = () if convention.arch == "386" else (8, 16)
    for number in numbers:
        signature = c.made(model, number, vectors) if is_c else go.made(model, number)
        dice, made = random.Random(number), convention.place(signature)
        held(convention, signature.arguments, made.arguments, dice)
        if made.hidden is None:
            held(convention, signature.results, made.results, dice)


@pytest.mark.parametrize("convention", ALL, ids=name)
def test_what_is_laid_out_comes_back(convention: Convention) -> None:
    round_trips(convention, range(FIRST, FIRST + COUNT))


def test_what_is_not_known_is_no_zero() -> None:
    model, number = MODELS["amd64"], Scalar(Kind.INT)
    for piece, missing in ((Piece(0, 4, "rdi"), "rdi"), (Piece(0, 4, stack=8), "the 4 bytes of memory at 0x10008")):
        with pytest.raises(Unknown, match=missing):
            fetch(model, number, Placed((piece,)), Place({}, lambda *_: None, SP))
        with pytest.raises(Unknown, match=missing):
            fetch(model, number, Placed((piece,)), Place({}, lambda *_: b"abc", SP))


def test_what_a_register_of_another_format_holds_that_is_no_such_number() -> None:
    assert struct.unpack("<f", converted(struct.unpack("<Q", struct.pack("<d", -1e300))[0], "double", 4)) == (
        -float("inf"),
    )
    assert struct.unpack("<d", converted(0x7FFE << 64 | 1 << 63, X87, 8)) == (float("inf"),)
    assert struct.unpack("<d", converted(0xFFFF << 64 | 1 << 63, X87, 8)) == (-float("inf"),)
    (nothing,) = struct.unpack("<d", converted(0x7FFF << 64 | 3 << 62, X87, 8))
    assert nothing != nothing  # noqa: PLR0124
