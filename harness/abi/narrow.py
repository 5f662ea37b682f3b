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
