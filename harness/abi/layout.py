"""How large types of C are, and where their parts are: one data model for each architecture.

Sizes and alignments are those of each psABI's table of fundamental types; bit-fields are GCC's (System V psABI 3.1.2,
AAPCS32 and AAPCS64 "Bit-fields": each lies within a unit of its declared type).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from harness.abi.model import (
    POINTERS,
    UNSIGNED,
    Array,
    Complex,
    CType,
    Enumeration,
    Kind,
    Member,
    Record,
    Scalar,
    Vector,
    arrays,
)

INTEGER, FLOAT, DOUBLE, QUAD, X87, IBM, VECTOR, POINTER = (
    *("integer", "float", "double", "quad", "x87", "ibm"),
    *("vector", "pointer"),
)
"""What a leaf is to a convention. The three long doubles that are no double are told apart by their format."""


@dataclass(frozen=True, eq=False)
class DataModel:
    """`sizes` and `aligns` (bytes) by kind; `in_records` the alignments that differ there (i386 psABI 2.1.1).

    `long_double` is the format of long double, `bits_unnamed` whether an unnamed bit-field aligns the struct too
    (AAPCS). `vector_align` is the most that a vector is aligned to; `vector_sizes` (bytes) are those of which it is
    known where they are, `vectors_of_one` says whether also of one element: others depend on which instructions a
    compiler may use, or on the compiler. `pads_end`: a struct whose last member has no size ends in a byte of padding,
    so that a pointer to it is one into the struct (Go, cmd/compile/internal/types/size.go).
    """

    arch: str
    sizes: Mapping[Kind, int]
    aligns: Mapping[Kind, int]
    word: int
    char_is_signed: bool
    long_double: str
    byte_order: Literal["little", "big"] = "little"
    bits_unnamed: bool = False
    vector_align: int = 16
    vector_sizes: tuple[int, ...] = (8, 16)
    vectors_of_one: bool = True
    pads_end: bool = False
    in_records: Mapping[Kind, int] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Leaf:
    """A part that is made of no others: `offset` and `size` in bytes.

    Of a bit-field it is the bytes that it has a bit in.
    """

    offset: int
    size: int
    what: str
    kind: Kind
    is_bits: bool = False


@dataclass(frozen=True)
class Layout:
    """Size and alignment (bytes), the parts in the order of the declaration, and in `mask` the bits that hold a value.

    `starts` are where the members of a struct begin, in bits; of a bit-field these are counted as the mask's are.
    `is_misaligned` says that a part is not aligned as its type wants it. `natural` is the alignment
    without attributes on the whole of it (AAPCS64 "natural alignment", as GCC reads it: bit-fields count as their
    declared type, packed or not).
    """

    size: int
    align: int
    natural: int
    leaves: tuple[Leaf, ...]
    mask: bytes
    is_misaligned: bool = False
    starts: tuple[int, ...] = ()


_C64: dict[Kind, int] = {
    **dict.fromkeys((Kind.BOOL, Kind.CHAR, Kind.SCHAR, Kind.UCHAR), 1),
    **dict.fromkeys((Kind.SHORT, Kind.USHORT), 2),
    **dict.fromkeys((Kind.INT, Kind.UINT, Kind.FLOAT), 4),
    **dict.fromkeys((Kind.LONG, Kind.ULONG, Kind.LLONG, Kind.ULLONG, Kind.POINTER, Kind.FUNCTION, Kind.DOUBLE), 8),
    **dict.fromkeys((Kind.INT128, Kind.UINT128, Kind.LDOUBLE), 16),
}
_C32: dict[Kind, int] = {
    kind: 4 if kind in (Kind.LONG, Kind.ULONG, *POINTERS) else size
    for kind, size in _C64.items()
    if kind not in (Kind.INT128, Kind.UINT128)
}


def _model(
    arch: str,
    word: int,
    long_double: str,
    *,
    char_is_signed: bool,
    sizes: Mapping[Kind, int] = MappingProxyType({}),
    aligns: Mapping[Kind, int] = MappingProxyType({}),
    in_records: Mapping[Kind, int] = MappingProxyType({}),
    byte_order: Literal["little", "big"] = "little",
    bits_unnamed: bool = False,
    vector_align: int = 16,
    vector_sizes: tuple[int, ...] = (8, 16),
    vectors_of_one: bool = True,
) -> DataModel:
    """Return the model of `arch`; `sizes` and `aligns` are those that differ from the usual ones of its word."""
    found: dict[Kind, int] = {**(_C64 if word == 8 else _C32), **sizes}
    return DataModel(
        arch,
        MappingProxyType(found),
        MappingProxyType({**found, **aligns}),
        word,
        char_is_signed,
        long_double,
        byte_order=byte_order,
        bits_unnamed=bits_unnamed,
        vector_align=vector_align,
        vector_sizes=vector_sizes,
        vectors_of_one=vectors_of_one,
        in_records=MappingProxyType(dict(in_records)),
    )


_FOUR = dict.fromkeys((Kind.DOUBLE, Kind.LLONG, Kind.ULLONG), 4)
MODELS: Mapping[str, DataModel] = MappingProxyType(
    {
        model.arch: model
        for model in (
            _model("amd64", 8, X87, char_is_signed=True, vectors_of_one=False),
            _model("arm64", 8, QUAD, char_is_signed=False, bits_unnamed=True),
            _model("riscv64", 8, QUAD, char_is_signed=False),
            _model(
                *("s390x", 8, QUAD),
                char_is_signed=False,
                byte_order="big",
                aligns=dict.fromkeys((Kind.LDOUBLE, Kind.INT128, Kind.UINT128), 8),
            ),
            _model("ppc64le", 8, IBM, char_is_signed=False),
            _model(
                *("arm", 4, DOUBLE),
                char_is_signed=False,
                bits_unnamed=True,
                sizes={Kind.LDOUBLE: 8},
                vector_align=8,
            ),
            _model(
                *("386", 4, X87),
                char_is_signed=True,
                sizes={Kind.LDOUBLE: 12},
                aligns={Kind.LDOUBLE: 4},
                in_records=_FOUR,
                vector_sizes=(),
            ),
            _model("mips64le", 8, QUAD, char_is_signed=True),
        )
    }
)


def what(model: DataModel, kind: Kind) -> str:
    """Return what a scalar of `kind` is to a convention."""
    if kind is Kind.LDOUBLE:
        return model.long_double
    if kind in (Kind.FLOAT, Kind.DOUBLE):
        return DOUBLE if kind is Kind.DOUBLE else FLOAT
    return POINTER if kind in POINTERS else INTEGER


def is_signed(model: DataModel, kind: Kind) -> bool:
    """Whether an integer of `kind` has a sign."""
    return model.char_is_signed if kind is Kind.CHAR else kind not in UNSIGNED


@lru_cache(maxsize=4096)
def layout(model: DataModel, of: CType) -> Layout:
    """Return the layout of `of`. Raises ValueError for what C does not have: a type that the architecture lacks."""
    match of:
        case Scalar(kind):
            return _scalar(model, kind)
        case Enumeration():
            return _scalar(model, underlying(of))
        case Complex(kind):
            return _row(_scalar(model, kind), 2)
        case Vector(kind, count):
            size = _scalar(model, kind).size * count
            align = min(size, model.vector_align)
            return Layout(size, align, align, (Leaf(0, size, VECTOR, kind),), b"\xff" * size)
        case Array(element, count):
            return _row(layout(model, element), count)
        case Record():
            return _record(model, of)


def sole(model: DataModel, of: CType) -> CType | None:
    """Return the member that is as large as the struct that it is in, in which there may be others of no size.

    GCC gives the struct the machine mode of that member (stor-layout.cc, compute_record_mode): some of its conventions
    go by that. None: there is no such member, or there is an array without a count, which leaves no mode.
    """
    if any(row.is_flexible for row in arrays(of)):
        return None
    match of:
        case Array(element, 1):
            return sole(model, element)
        case Record(_, members, False):
            size = layout(model, of).size
            found = [row for row in members if row.bits is None and size and layout(model, row.type).size == size]
            return sole(model, found[0].type) if found else None
        case Array() | Record():
            return None
        case _:
            return of


def check_vectors(model: DataModel, of: CType) -> None:
    """Raise ValueError if there is a vector in a type of which it is not known where it goes."""
    match of:
        case Vector(kind, count):
            size = layout(model, of).size
            if size not in model.vector_sizes:
                why = "depends on the instructions that a compiler may use, or on the compiler"
                raise ValueError(f"where {model.arch} has vectors of {size} bytes {why}")
            if count == 1 and not model.vectors_of_one:
                raise ValueError(f"where {model.arch} has a vector of one {kind.value} depends on the compiler")
        case Array(element, _):
            check_vectors(model, element)
        case Record():
            for member in of.members:
                check_vectors(model, member.type)
        case _:
            pass


def underlying(of: Enumeration) -> Kind:
    """Return the integer type of an enum, as GCC has it: unsigned if no constant is negative, at least an int."""
    if of.least < 0:
        return Kind.INT if of.least >= -(1 << 31) and of.most < (1 << 31) else Kind.LLONG
    return Kind.UINT if of.most < (1 << 32) else Kind.ULLONG


def _scalar(model: DataModel, kind: Kind) -> Layout:
    if kind not in model.sizes:
        raise ValueError(f"{model.arch} has no {kind.value}")
    size, align = model.sizes[kind], model.aligns[kind]
    filled = 10 if what(model, kind) == X87 else size  # of an 80-bit number's room the rest is padding
    mask = b"\xff" * filled + bytes(size - filled)
    return Layout(size, align, align, (Leaf(0, size, what(model, kind), kind),), mask)


def _row(element: Layout, count: int) -> Layout:
    leaves = tuple(_moved(leaf, number * element.size) for number in range(count) for leaf in element.leaves)
    return Layout(
        element.size * count, element.align, element.natural, leaves, element.mask * count, element.is_misaligned
    )


def _moved(leaf: Leaf, by: int) -> Leaf:
    return Leaf(leaf.offset + by, leaf.size, leaf.what, leaf.kind, leaf.is_bits)


@dataclass
class _Building:
    """A struct as it grows; `end` is in bits."""

    end: int = 0
    align: int = 1
    of_bits: int = 1
    size: int = 0
    is_misaligned: bool = False
    leaves: list[Leaf] = field(default_factory=list)
    masks: list[tuple[int, bytes]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)


def _record(model: DataModel, record: Record) -> Layout:
    made = _Building()
    for member in record.members:
        if record.is_union:
            made.end = 0
        _add(model, made, record, member)
        made.size = max(made.size, -(-made.end // 8))
    if model.pads_end and made.size and not layout(model, record.members[-1].type).size:
        made.size += 1
    align = max(made.align, record.align)
    size = _up(made.size, align)
    mask = bytearray(size)
    for offset, part in made.masks:
        for index, byte in enumerate(part):
            mask[offset + index] |= byte
    natural, leaves, starts = max(made.align, made.of_bits), tuple(made.leaves), tuple(made.starts)
    return Layout(size, align, natural, leaves, bytes(mask), made.is_misaligned, starts)


def _add(model: DataModel, made: _Building, record: Record, member: Member) -> None:
    inner = layout(model, member.type)
    wanted = _in_record(model, member.type, inner.align)
    align = max(1 if record.packed else wanted, member.align)
    if member.bits is not None:
        _add_bits(model, made, record, member, inner, align)
        return
    start = _up(made.end, 8 * align)
    made.starts.append(start)
    made.end = start + 8 * inner.size
    made.align = max(made.align, align)
    offset = start // 8
    made.is_misaligned |= inner.is_misaligned or bool(offset % wanted)
    made.leaves += [_moved(leaf, offset) for leaf in inner.leaves]
    made.masks.append((offset, inner.mask))


def _add_bits(model: DataModel, made: _Building, record: Record, member: Member, unit: Layout, align: int) -> None:
    bits = member.bits or 0
    if not bits:
        made.starts.append(made.end)
        made.end = _up(made.end, 8 * unit.align)
        if model.bits_unnamed:
            made.align, made.of_bits = max(made.align, unit.align), max(made.of_bits, unit.align)
        return
    room = 8 * align  # GCC's: over no more units of the type's alignment than the type itself is
    is_over = -(-(made.end % room + bits) // room) * align > unit.size
    start = _up(made.end, room) if is_over and not record.packed else made.end
    made.starts.append(start)
    made.end = start + bits
    if member.name or model.bits_unnamed:
        made.align = max(made.align, align)
        made.of_bits = max(made.of_bits, unit.align)
    if not member.name:
        return
    first, last = start // 8, (start + bits - 1) // 8
    (leaf,) = unit.leaves
    made.leaves.append(Leaf(first, last - first + 1, leaf.what, leaf.kind, is_bits=True))
    made.masks.append((first, _bits(model, start - 8 * first, bits, last - first + 1)))


def _bits(model: DataModel, first: int, count: int, size: int) -> bytes:
    """Return the mask of `count` bits of `size` bytes, from the bit `first` in the order of the declaration."""
    if model.byte_order == "little":
        return ((1 << count) - 1 << first).to_bytes(size, "little")
    return ((1 << count) - 1 << 8 * size - first - count).to_bytes(size, "big")


def _in_record(model: DataModel, of: CType, align: int) -> int:
    """Return the alignment that a member of type `of` has; on 386 that of a double is 4."""
    base = of
    while isinstance(base, Array):
        base = base.element
    if isinstance(base, Scalar | Complex):
        return model.in_records.get(base.kind, align)
    if isinstance(base, Enumeration):
        return model.in_records.get(underlying(base), align)
    return align


def _up(value: int, to: int) -> int:
    return -(-value // to) * to
