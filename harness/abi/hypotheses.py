"""What a caller may have believed of a function instead of what it is: each belief has the arguments elsewhere.

A belief is a `Meaning` of its own, so that the same registers and the same stack can be read by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from packaging.version import Version

from harness.abi.conventions import OF_C
from harness.abi.conventions.go import GO_ABI0, of_release
from harness.abi.layout import layout
from harness.abi.meaning import Meaning
from harness.abi.model import FLOATS, POINTERS, Array, CType, Kind, Member, Prototype, Record, Scalar, Signature
from harness.abi.place import Convention, Placed, Placement
from harness.diagnoses import (
    APART,
    AS_ABI0,
    AS_C,
    AS_GO,
    AS_INTERNAL,
    BY_REFERENCE,
    FIXED,
    FLOAT_FOR_INTEGER,
    INTEGER_FOR_FLOAT,
    NO_ROOM,
    PROMOTED,
    ROOM,
    TOGETHER,
    VARIADIC,
    WHOLE,
)

_MOST = 8  # arguments that are tried one by one
_BIG = Record("", (Member("", Array(Scalar(Kind.LONG), 16)),))  # is returned in memory everywhere
_AS_INTEGERS, _AS_FLOATS = (Kind.INT, Kind.LLONG), (Kind.DOUBLE, Kind.FLOAT)


@dataclass(frozen=True)
class Belief:
    """What the caller took the function for: its `kind`, the argument it is `about`, if of one, and how that reads.

    `same_arguments`, `same_results`: these are where they really are.
    """

    kind: str
    meaning: Meaning
    about: str
    same_arguments: bool
    same_results: bool


def beliefs(actual: Meaning, release: str) -> tuple[Belief, ...]:
    """Return what else a caller may have believed of the function that `actual` is of.

    `release` is that of the Go in its program (``1.27.4``), empty where there is none.
    """
    found = list(_by_convention(actual, release))
    for kind, about, made in _by_signature(actual):
        if _read_alike(made, actual) or any(row.kind == kind and _read_alike(made, row.meaning) for row in found):
            continue
        found.append(_belief(kind, made, about, actual))
    return tuple(found)


def _belief(kind: str, made: Meaning, about: str, actual: Meaning) -> Belief:
    ours, theirs = made.placement, actual.placement
    same = [_pieces(row) == _pieces(other) for row, other in zip(ours.arguments, theirs.arguments, strict=True)]
    results = tuple(map(_pieces, ours.results)) == tuple(map(_pieces, theirs.results))
    return Belief(kind, made, about, all(same), results)


def _pieces(placed: Placed) -> tuple[object, ...]:
    return placed.pieces, placed.by_reference


def _read_alike(one: Meaning, other: Meaning) -> bool:
    """Whether the same bytes are read for the arguments, as values of the same types."""
    types = one.prototype.signature.arguments == other.prototype.signature.arguments
    places = [list(map(_pieces, made.placement.arguments)) for made in (one, other)]
    return types and places[0] == places[1] and one.convention.model.byte_order == other.convention.model.byte_order


def _by_convention(actual: Meaning, release: str) -> Iterator[Belief]:
    """Yield what may be believed of the language that it is written in, or of which of Go's conventions it has."""
    arch, signature = actual.convention.arch, actual.prototype.signature
    if not release:
        return
    abi0, usual = GO_ABI0[arch], of_release(arch, Version(release).release)
    rows: list[tuple[str, Convention]] = [(AS_GO, usual)]
    if actual.prototype.is_go:
        signature = replace(signature, more_results=(), result=None if signature.more_results else signature.result)
        has_arrays = any(isinstance(of, Array) for of in (*signature.arguments, *signature.results))
        rows = [] if has_arrays else [(AS_C, OF_C[arch])]  # C passes no arrays
    if usual is not abi0:
        rows.append((AS_INTERNAL, usual) if actual.convention is abi0 else (AS_ABI0, abi0))
    believed = replace(signature, fixed=None)
    for kind, convention in rows:
        made = _placed(actual, believed, convention)
        if made is not None:
            yield _belief(kind, made, "", actual)


def _by_signature(actual: Meaning) -> Iterator[tuple[str, str, Meaning]]:
    """Yield what may be believed of the prototype, with the argument that it is about."""
    signature, names = actual.prototype.signature, actual.prototype.names
    whole = {
        NO_ROOM if actual.placement.hidden else ROOM: [
            replace(signature, result=None if actual.placement.hidden else _BIG, more_results=())
        ],
        PROMOTED: [replace(signature, arguments=tuple(map(_promoted, signature.arguments)))],
        VARIADIC: [replace(signature, fixed=fixed) for fixed in range(len(signature.arguments))],
        FIXED: [replace(signature, fixed=None)],
    }
    for kind, several in whole.items():
        if kind == VARIADIC and (signature.is_variadic or actual.prototype.is_go):
            continue
        for believed in several:
            made = _placed(actual, believed, actual.convention)
            if made is not None:
                yield kind, "", made
    yield from _all_at_once(actual)
    for index, of in enumerate(signature.arguments[:_MOST]):
        for kind, other in _instead(of):
            believed = replace(signature, arguments=_with(signature.arguments, index, other))
            made = _placed(actual, believed, actual.convention)
            if made is not None:
                yield kind, names[index], made
        if isinstance(of, Record) and layout(actual.convention.model, of).size:
            for kind, found in _of_record(actual, index, of).items():
                if found is not None:
                    yield kind, names[index], found


def _all_at_once(actual: Meaning) -> Iterator[tuple[str, str, Meaning]]:
    """Yield that all numbers of one kind were passed as the other: one mistake about several arguments."""
    signature, names = actual.prototype.signature, actual.prototype.names
    ways: dict[tuple[str, CType], dict[int, str]] = {}
    for index, of in enumerate(signature.arguments):
        for way in _instead(of):
            ways.setdefault(way, {})[index] = names[index]
    for (kind, other), about in ways.items():
        if len(about) > 1:
            instead = tuple(other if index in about else of for index, of in enumerate(signature.arguments))
            made = _placed(actual, replace(signature, arguments=instead), actual.convention)
            if made is not None:
                yield kind, TOGETHER.join(about.values()), made


def _promoted(of: CType) -> CType:
    return Scalar(Kind.DOUBLE) if of == Scalar(Kind.FLOAT) else of


def _instead(of: CType) -> Iterator[tuple[str, CType]]:
    """Yield what a caller may have passed for an argument of type `of`, and how that is called."""
    if not isinstance(of, Scalar) or of.kind in POINTERS:
        return
    is_float = of.kind in FLOATS
    for kind in _AS_INTEGERS if is_float else _AS_FLOATS:
        yield INTEGER_FOR_FLOAT if is_float else FLOAT_FOR_INTEGER, Scalar(kind)


def _of_record(actual: Meaning, index: int, of: Record) -> dict[str, Meaning | None]:
    """Return how a struct reads that was passed as another one would be."""
    signature, model = actual.prototype.signature, actual.convention.model
    made = layout(model, of)
    parts = [member.type for member in of.members]
    row = Record("", (Member("bytes", Array(Scalar(Kind.UCHAR), made.size)),), align=made.align)
    is_plain = not of.is_union and all(member.bits is None and layout(model, member.type).size for member in of.members)

    def read(believed: Sequence[CType], starts: Sequence[int] = (0,), *, by_reference: bool = False) -> Meaning | None:
        """Return how it reads that `believed` was passed, whose first bits are the `starts` of the struct's."""
        changed = _with(signature.arguments, index, *believed)
        try:
            placement = actual.convention.place(replace(signature, arguments=changed))
        except ValueError:
            return None
        there = placement.arguments[index : index + len(believed)]
        if any(placed.by_reference for placed in there):
            return None
        found = tuple(
            replace(piece, offset=piece.offset + start // 8)
            for placed, start in zip(there, starts, strict=True)
            for piece in placed.pieces
        )
        before, behind = placement.arguments[:index], placement.arguments[index + len(believed) :]
        arguments = (*before, Placed(found, by_reference=by_reference), *behind)
        return Meaning(actual.prototype, actual.convention, replace(placement, arguments=arguments))

    return {
        BY_REFERENCE: read([Scalar(Kind.POINTER)], by_reference=True),
        APART: read(parts, made.starts) if is_plain and len(parts) > 1 else None,
        WHOLE: read([row]),
    }


def _with(arguments: tuple[CType, ...], index: int, *instead: CType) -> tuple[CType, ...]:
    return (*arguments[:index], *instead, *arguments[index + 1 :])


def _placed(actual: Meaning, believed: Signature, convention: Convention) -> Meaning | None:
    """Return how the arguments read where `believed` is what the function is, by `convention`."""
    try:
        placement: Placement = convention.place(believed)
    except ValueError:  # the convention has no such types
        return None
    was, spelled = actual.prototype.signature.arguments, actual.prototype.types
    types = tuple(
        text if before == now or not isinstance(now, Scalar) else now.kind.value
        for before, now, text in zip(was, believed.arguments, spelled, strict=True)
    )
    made: Prototype = replace(actual.prototype, signature=believed, types=types)
    return Meaning(made, convention, placement)
