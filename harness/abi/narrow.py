"""What the bits above a narrow integer hold, where a convention promises that."""

from __future__ import annotations

from harness.abi.layout import INTEGER, DataModel, is_signed, layout
from harness.abi.model import CType, Enumeration, Scalar
from harness.abi.place import SIGN, SIGN32, ZERO


def extension(model: DataModel, of: CType, word: int, *, by_int: bool = False) -> str:
    """Return how a caller extends an integer to `word` bytes. `by_int`: one of 32 bits always by its bit 31."""
    if not isinstance(of, Scalar | Enumeration):
        return ""
    (leaf,) = layout(model, of).leaves
    if leaf.what != INTEGER or leaf.size >= word:
        return ""
    if by_int and leaf.size == 4:
        return SIGN32
    return SIGN if is_signed(model, leaf.kind) else ZERO


def extended(value: int, bits: int, word: int, how: str) -> int:
    """Return what a register of `word` bits holds whose lowest `bits` are those of `value`, extended as `how` says."""
    bits = 32 if how == SIGN32 else bits
    low = value & (1 << bits) - 1
    is_negative = how != ZERO and low >> bits - 1
    return low | ((1 << word) - (1 << bits) if is_negative else 0)
