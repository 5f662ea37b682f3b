"""What is left of a convention's registers and of the stack while arguments are placed one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.abi.place import Piece, Registers


@dataclass
class Room:
    """`integers` and `floats` count the registers that are taken, `stack` the bytes of arguments on the stack."""

    registers: Registers
    integers: int = 0
    floats: int = 0
    stack: int = 0

    @property
    def free_integers(self) -> int:
        """How many are left."""
        return len(self.registers.integers) - self.integers

    @property
    def free_floats(self) -> int:
        """How many are left."""
        return len(self.registers.floats) - self.floats

    def integer(self) -> str:
        """Take the next one."""
        self.integers += 1
        return self.registers.integers[self.integers - 1]

    def float(self) -> str:
        """Take the next one."""
        self.floats += 1
        return self.registers.floats[self.floats - 1]

    def even(self) -> None:
        """Skip a register where an even one has to be next."""
        self.integers += self.integers % 2

    def words(self, size: int, word: int, offset: int = 0) -> tuple[Piece, ...]:
        """Take registers for the bytes from `offset` on, a word each, as many as there are bytes up to `size`."""
        return tuple(Piece(at, min(word, size - at), self.integer()) for at in range(offset, size, word))

    def on_stack(self, size: int, align: int, *, offset: int = 0, pad: int = 0) -> tuple[Piece, ...]:
        """Take stack for `size` bytes of a value from its byte `offset` on. `pad`: they are the last of their slot."""
        slot = self.registers.slot
        start = up(self.stack, max(slot, align))
        self.stack = start + up(size, slot)
        return (Piece(offset, size, stack=self.registers.stack + start + pad),) if size else ()


def up(value: int, to: int) -> int:
    """Return `value` rounded up to a multiple of `to`."""
    return -(-value // to) * to


def across(size: int, word: int, registers: Sequence[str]) -> tuple[Piece, ...]:
    """Return the pieces of `size` bytes in `registers`, a word each."""
    return tuple(Piece(at, min(word, size - at), registers[at // word]) for at in range(0, size, word))
