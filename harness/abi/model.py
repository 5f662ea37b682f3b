"""Types of C, without an architecture: what a declaration says. How large they are is `layout`'s to say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """The types that are not made of others. The value is how C spells it."""

    BOOL = "_Bool"
    CHAR = "char"
    SCHAR = "signed char"
    UCHAR = "unsigned char"
    SHORT = "short"
    USHORT = "unsigned short"
    INT = "int"
    UINT = "unsigned int"
    LONG = "long"
    ULONG = "unsigned long"
    LLONG = "long long"
    ULLONG = "unsigned long long"
    INT128 = "__int128"
    UINT128 = "unsigned __int128"
    POINTER = "void *"
    FUNCTION = "void (*)(void)"
    FLOAT = "float"
    DOUBLE = "double"
    LDOUBLE = "long double"


FLOATS = frozenset({Kind.FLOAT, Kind.DOUBLE, Kind.LDOUBLE})
POINTERS = frozenset({Kind.POINTER, Kind.FUNCTION})
UNSIGNED = frozenset({Kind.BOOL, Kind.UCHAR, Kind.USHORT, Kind.UINT, Kind.ULONG, Kind.ULLONG, Kind.UINT128, *POINTERS})


@dataclass(frozen=True)
class Scalar:
    """One of C's own types."""

    kind: Kind


@dataclass(frozen=True)
class Enumeration:
    """An enum without a fixed type whose constants are from `least` to `most`."""

    name: str
    least: int = 0
    most: int = 1


@dataclass(frozen=True)
class Complex:
    """`_Complex` of a floating type, or, as GCC has it, of an integer."""

    kind: Kind


@dataclass(frozen=True)
class Vector:
    """A vector of `count` elements of a scalar (GCC's vector_size)."""

    kind: Kind
    count: int


@dataclass(frozen=True)
class Array:
    """`count` elements in a row. It is a member only: C passes no arrays.

    `is_flexible`: it is declared without a count (C11 6.7.2.1p18), which is 0 then; compilers tell them apart.
    """

    element: CType
    count: int
    is_flexible: bool = False


@dataclass(frozen=True)
class Member:
    """A member of a struct or union. `bits`: it is a bit-field; without a name it only takes room. `align` in bytes."""

    name: str
    type: CType
    bits: int | None = None
    align: int = 0


@dataclass(frozen=True)
class Record:
    """A struct or union. `packed` and `align` (bytes) are GCC's attributes on the whole of it."""

    name: str
    members: tuple[Member, ...]
    is_union: bool = False
    packed: bool = False
    align: int = 0


CType = Scalar | Enumeration | Complex | Vector | Array | Record


def arrays(of: CType) -> Iterator[Array]:
    """Yield the arrays that are part of a type, those within others too."""
    match of:
        case Array(element, _):
            yield of
            yield from arrays(element)
        case Record():
            for member in of.members:
                yield from arrays(member.type)
        case _:
            pass


@dataclass(frozen=True)
class Signature:
    """A function's type. `result` None is void; the arguments from `fixed` on are variadic, None: there are none.

    A function of Go may have `more_results`, and its receiver is its first argument.
    """

    arguments: tuple[CType, ...]
    result: CType | None = None
    fixed: int | None = None
    more_results: tuple[CType, ...] = ()

    @property
    def results(self) -> tuple[CType, ...]:
        """All of them."""
        return () if self.result is None else (self.result, *self.more_results)

    @property
    def is_variadic(self) -> bool:
        """Whether the prototype ends in ``...``."""
        return self.fixed is not None

    def is_named(self, index: int) -> bool:
        """Whether the argument `index` is declared, not one of ``...``."""
        return self.fixed is None or index < self.fixed


@dataclass(frozen=True)
class Prototype:
    """A function with its `signature`: its name, and what its arguments are called, as far as they are.

    `types` and `result_types` are how the source spells them, where that is known. `is_go`: it is written in Go;
    `is_local`: of C, and no other file can call it by its name, so that the compiler knows all callers.
    """

    name: str
    signature: Signature
    names: tuple[str, ...]
    types: tuple[str, ...] = ()
    result_types: tuple[str, ...] = ()
    is_go: bool = False
    is_local: bool = False
