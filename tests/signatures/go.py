"""Signatures of Go by their number, as `signatures` has them for C."""

from __future__ import annotations

import random

from harness.abi.go_types import INTERFACE, NAMES, SLICE, STRING
from harness.abi.layout import DataModel, layout
from harness.abi.model import Array, Complex, CType, Kind, Member, Record, Scalar, Signature

_KINDS = tuple(NAMES)
_MOST = 200  # bytes of the arguments, and of the results: a wrapper may not split the stack, of which 800 are left


class Maker:
    """Makes types and signatures of Go, by `dice`."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self._records = 0

    def scalar(self) -> CType:
        """Return a type that is no struct and no array."""
        roll = self.dice.randrange(20)
        if roll < 11:
            return Scalar(self.dice.choice(_KINDS))
        if roll < 15:
            return Scalar(self.dice.choice((Kind.FLOAT, Kind.DOUBLE, Kind.LONG, Kind.UCHAR)))
        if roll < 17:
            return Complex(self.dice.choice((Kind.FLOAT, Kind.DOUBLE)))
        return self.dice.choice((STRING, SLICE, INTERFACE))

    def value(self, depth: int = 0) -> CType:
        """Return any type."""
        roll = self.dice.randrange(10)
        if roll < 5 or depth > 2:
            return self.scalar()
        if roll < 6:
            return Array(self.value(depth + 1), self.dice.choice((0, 1, 1, 1, 2, 3)))
        return self.record(depth)

    def record(self, depth: int) -> Record:
        """Return a struct."""
        self._records += 1
        name = f"r{self._records}"
        if self.dice.randrange(3) == 0:  # all of one type, up to more than there are registers
            element = Scalar(self.dice.choice((Kind.FLOAT, Kind.DOUBLE, Kind.LONG, Kind.UCHAR)))
            count = self.dice.choice((1, 2, 3, 4, 5, 8, 9, 10, 12, 13, 14, 15, 16, 17))
            return Record(name, tuple(Member(f"m{number}", element) for number in range(count)))
        count = self.dice.choice((0, 1, 2, 3, 4))
        return Record(name, tuple(Member(f"m{number}", self.value(depth + 1)) for number in range(count)))

    def signature(self) -> Signature:
        """Return a signature, with up to four results."""
        count = self.dice.choice((0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 20))
        arguments = [self.value() for _ in range(count)]
        if self.dice.randrange(4) == 0:  # about as many of one kind as there are registers, then something else
            filler = Scalar(self.dice.choice((Kind.LONG, Kind.DOUBLE, Kind.UCHAR, Kind.FLOAT)))
            arguments = [filler] * self.dice.randrange(6, 18) + arguments[:3]
        results = [self.value() for _ in range(self.dice.choice((0, 1, 1, 1, 2, 2, 3, 4)))]
        return Signature(tuple(arguments), results[0] if results else None, more_results=tuple(results[1:]))


def made(model: DataModel, number: int) -> Signature:
    """Return the signature `number`."""
    maker = Maker(random.Random(f"go {number}"))
    while True:
        found = maker.signature()
        if all(sum(layout(model, of).size for of in each) <= _MOST for each in (found.arguments, found.results)):
            return found
