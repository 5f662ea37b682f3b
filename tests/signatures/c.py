"""Signatures by their number: the same number gives the same signature, on every machine."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import lru_cache

from harness.abi.layout import DataModel, layout
from harness.abi.model import Array, Complex, CType, Enumeration, Kind, Member, Record, Scalar, Signature, Vector

_INTEGERS = [kind for kind in Kind if kind not in (Kind.FLOAT, Kind.DOUBLE, Kind.LDOUBLE, Kind.FUNCTION)]
_SMALL = (Kind.BOOL, Kind.CHAR, Kind.SCHAR, Kind.UCHAR, Kind.SHORT, Kind.USHORT, Kind.FLOAT)
_ENUMS = (Enumeration("small", 0, 3), Enumeration("signed", -2, 3))


class Maker:
    """Makes types and signatures of C for one architecture, by `dice`."""

    def __init__(self, model: DataModel, dice: random.Random, vectors: Sequence[int] = (8, 16)) -> None:
        self.model, self.dice, self.vectors = model, dice, vectors
        self._records = 0
        self._kinds = [kind for kind in Kind if kind in model.sizes]

    def scalar(self) -> CType:
        """Return a type that is no record."""
        roll = self.dice.randrange(20)
        if roll < 12:
            return Scalar(self.dice.choice(self._kinds))
        if roll < 16:
            return Scalar(self.dice.choice((Kind.FLOAT, Kind.DOUBLE, Kind.INT, Kind.UCHAR)))
        if roll < 17:
            return Complex(self.dice.choice((Kind.FLOAT, Kind.DOUBLE, Kind.LDOUBLE)))
        if roll < 18 and self.vectors:
            kind = self.dice.choice((Kind.FLOAT, Kind.DOUBLE, Kind.INT, Kind.SHORT))
            sizes = [size for size in self.vectors if size > self.model.sizes[kind]]
            return Vector(kind, self.dice.choice(sizes) // self.model.sizes[kind])
        return self.dice.choice(_ENUMS)

    def member(self, depth: int) -> CType:
        """Return the type of a member."""
        roll = self.dice.randrange(10)
        if roll < 2 and depth < 2:
            return self.record(depth + 1)
        if roll < 4:
            element = self.scalar() if roll == 2 or depth > 1 else self.record(depth + 1)
            return Array(element, self.dice.choice((1, 2, 3, 4, 5)))
        return self.scalar()

    def record(self, depth: int = 0) -> Record:
        """Return a struct or union."""
        self._records += 1
        name = f"r{self._records}"
        roll = self.dice.randrange(20)
        if roll < 7:  # all of one type: homogeneous, up to one too many
            element = Scalar(
                self.dice.choice((Kind.FLOAT, Kind.DOUBLE, Kind.FLOAT, Kind.DOUBLE, Kind.INT, Kind.LDOUBLE))
            )
            members = [Member(f"m{number}", element) for number in range(self.dice.randrange(1, 6))]
        elif roll < 10:  # bytes: each size up to a few more than is passed in registers
            members = [
                Member(
                    "m0",
                    Array(
                        Scalar(Kind.UCHAR), self.dice.choice((1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 32, 33, 64))
                    ),
                )
            ]
        elif roll < 12:
            members = [self._bits(number) for number in range(self.dice.randrange(1, 6))]
        elif roll < 13:
            members = (
                []
                if self.dice.randrange(3) == 0
                else [Member("m0", self.scalar()), Member("m1", Record(f"{name}e", ()))]
            )
        else:
            members = [Member(f"m{number}", self.member(depth)) for number in range(self.dice.randrange(1, 5))]
        packed = self.dice.randrange(16) == 0
        align = self.dice.choice((0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 16, 32))
        return Record(name, tuple(members), self.dice.randrange(10) == 0, packed, align)

    def _bits(self, number: int) -> Member:
        kind = self.dice.choice((Kind.INT, Kind.UINT, Kind.UCHAR, Kind.USHORT, Kind.ULLONG, Kind.FLOAT))
        if kind is Kind.FLOAT:
            return Member(f"m{number}", Scalar(kind))
        bits = self.dice.randrange(1, 8 * self.model.sizes[kind] + 1)
        return Member(f"m{number}", Scalar(kind), bits)

    def argument(self) -> CType:
        """Return the type of an argument."""
        return self.scalar() if self.dice.randrange(5) < 3 else self.record()

    def variadic(self) -> CType:
        """Return the type of an argument that is not declared: none that is promoted."""
        while True:
            made = self.argument()
            if not isinstance(made, Scalar | Enumeration) or (isinstance(made, Scalar) and made.kind not in _SMALL):
                return made

    def signature(self) -> Signature:
        """Return a signature: any number of arguments, more often about as many as there are registers."""
        count = self.dice.choice((0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 17, 20))
        style = self.dice.randrange(10)
        fixed = None
        if style < 2:  # the same again and again, then something else
            filler = Scalar(self.dice.choice((Kind.INT, Kind.DOUBLE, Kind.LONG, Kind.FLOAT, Kind.UCHAR)))
            arguments = [filler] * count + [self.argument() for _ in range(3)]
        elif style == 2:
            fixed = self.dice.randrange(1, 10)
            arguments = [self.argument() for _ in range(fixed)] + [self.variadic() for _ in range(count)]
        else:
            arguments = [self.argument() for _ in range(count)]
        result = None if self.dice.randrange(3) == 0 else self.argument()
        return Signature(tuple(arguments), result, fixed)


def _types(model: DataModel, vectors: Sequence[int]) -> list[CType]:
    """Return every type that is made of no others."""
    found: list[CType] = [Scalar(kind) for kind in Kind if kind in model.sizes]
    found += [Complex(kind) for kind in (Kind.FLOAT, Kind.DOUBLE, Kind.LDOUBLE)]
    found += [Vector(Kind.FLOAT, size // 4) for size in vectors]
    return [*found, _ENUMS[0]]


def _struct(*types: CType, name: str = "r1", is_union: bool = False) -> Record:
    return Record(name, tuple(Member(f"m{number}", of) for number, of in enumerate(types)), is_union)


def _wrapped(of: CType) -> Iterator[Record]:
    """Yield a type wrapped in the ways in which conventions differ."""
    byte, number = Scalar(Kind.UCHAR), Scalar(Kind.INT)
    yield _struct(of)
    yield _struct(of, number)
    yield _struct(Scalar(Kind.FLOAT), of)
    yield _struct(Array(of, 4))
    yield _struct(byte, of, _struct(of, name="r2"), byte)
    yield _struct(_ENUMS[0], _struct(of, number, name="r2", is_union=True))
    yield _struct(of, number, is_union=True)


@lru_cache(maxsize=16)
def core(model: DataModel, vectors: tuple[int, ...]) -> tuple[Signature, ...]:
    """Return the signatures that come first: no dice."""
    types = _types(model, vectors)
    number, double = Scalar(Kind.INT), Scalar(Kind.DOUBLE)
    found = [Signature((of, number, of), of) for of in types]
    found += [Signature((number, record, record), record) for of in types for record in _wrapped(of)]
    pairs = (_struct(one, other) for one in types for other in types)
    found += [Signature((pair, number, pair), pair) for pair in pairs]
    for front in ((), (number,) * 8 + (double,) * 8):
        for slid, filler in ((Scalar(Kind.UCHAR), double), (Scalar(Kind.FLOAT), number)):
            for length in (4, 16):
                for place in range(length):
                    arguments = [filler] * length
                    arguments[place] = slid
                    found.append(Signature((*front, *arguments), None))
    for most in range(1, 10):  # of one kind, to one more than any convention keeps in registers
        for kind in (Kind.FLOAT, Kind.DOUBLE, Kind.LDOUBLE):
            record = _struct(Array(Scalar(kind), most))
            found.append(Signature((record, number, record), record))
    return tuple(found)


def _without_elements(types: Sequence[CType]) -> Iterator[Record]:
    """Yield structs with an array of no elements in them: declared so, or without a count."""
    for of in (*types, Array(Scalar(Kind.FLOAT), 1), Array(Scalar(Kind.DOUBLE), 2)):
        element = of.element if isinstance(of, Array) else of
        for row in (Array(element, 0), Array(element, 0, is_flexible=True)):
            yield _struct(of, row)
            yield _struct(of, of, row)
            yield _struct(Scalar(Kind.INT), of, row)
            yield _struct(_struct(of, row, name="r2"))
        for row in (Array(element, 0), Array(Array(element, 2), 0), Array(Array(element, 0), 2)):
            yield _struct(row, of)
            yield _struct(of, row, is_union=True)
            yield _struct(of, _struct(row, name="r2"))
        packed = _struct(of, Array(element, 0))
        yield Record(packed.name, packed.members, packed=True)


def seldom(model: DataModel, vectors: Sequence[int]) -> tuple[Signature, ...]:
    """Return signatures without a number: what few programs have, and no document tells how it is passed."""
    number, long = Scalar(Kind.INT), Scalar(Kind.LONG)
    records = _without_elements(_types(model, vectors))
    found = [Signature((record, number, record), record) for record in records]
    for kind in (Kind.CHAR, Kind.USHORT, Kind.SHORT, Kind.INT, Kind.UINT, Kind.LONG, Kind.LLONG):
        for of in (Complex(kind), *_wrapped(Complex(kind))):
            found.append(Signature((of, number, of), of))
            found.append(Signature((*(long,) * 7, of, number, of), of))
            found.append(Signature((number, number, of, number, of), None, 2))
    for kind in (Kind.DOUBLE, Kind.LLONG) if vectors and model.vectors_of_one else ():
        for of in (Vector(kind, 1), *_wrapped(Vector(kind, 1))):
            found.append(Signature((of, number, of), of))
    types = _types(model, vectors)
    found += [Signature((number, number), of, 1) for of in (*types, *map(_struct, types))]  # with ... arm has others
    return tuple(found)


def made(model: DataModel, number: int, vectors: Sequence[int] = (8, 16)) -> Signature:
    """Return the signature `number`."""
    first = core(model, tuple(vectors))
    if number < len(first):
        return first[number]
    maker = Maker(model, random.Random(number), vectors)
    while True:
        found = maker.signature()
        total = sum(layout(model, argument).size for argument in found.arguments)
        if total <= 1500:
            return found
