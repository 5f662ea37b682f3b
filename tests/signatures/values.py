"""Values for types: bytes by chance that are valid numbers."""

from __future__ import annotations

import random

from harness.abi.layout import DOUBLE, FLOAT, IBM, QUAD, VECTOR, X87, DataModel, Leaf, layout
from harness.abi.model import CType, Kind


def of_type(model: DataModel, of: CType, dice: random.Random) -> bytes:
    """Return the bytes of a value: any bits, but for numbers, which are normal ones, and truth values."""
    made = layout(model, of)
    found = bytearray(dice.randbytes(made.size))
    for leaf in made.leaves:
        if not leaf.is_bits:
            found[leaf.offset : leaf.offset + leaf.size] = _leaf(model, leaf, dice, of)
    return bytes(found)


def _leaf(model: DataModel, leaf: Leaf, dice: random.Random, of: CType) -> bytes:
    order = model.byte_order
    if leaf.what == VECTOR:
        element = model.sizes[leaf.kind]
        whats = {Kind.FLOAT: FLOAT, Kind.DOUBLE: DOUBLE}
        part = Leaf(0, element, whats.get(leaf.kind, "integer"), leaf.kind)
        return b"".join(_leaf(model, part, dice, of) for _ in range(leaf.size // element))
    if leaf.kind is Kind.BOOL:
        return bytes([dice.randrange(2)])
    bits = {FLOAT: (8, 32), DOUBLE: (11, 64), QUAD: (15, 128)}.get(leaf.what)
    if bits:
        exponent, size = bits
        number = dice.getrandbits(size - exponent - 1) | (dice.randrange(1, (1 << exponent) - 1) << size - exponent - 1)
        return (number | dice.randrange(2) << size - 1).to_bytes(leaf.size, order)
    if leaf.what == X87:
        number = dice.getrandbits(63) | 1 << 63 | dice.randrange(1, 0x7FFF) << 64
        return number.to_bytes(10, "little") + dice.randbytes(leaf.size - 10)
    if leaf.what == IBM:
        high = dice.getrandbits(52) | 1000 << 52
        low = dice.getrandbits(52) | 500 << 52
        return high.to_bytes(8, "little") + low.to_bytes(8, "little")
    return dice.randbytes(leaf.size)
