"""Smaller signatures that may fail as a large one does, so that a reader is given the smallest that fails."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

from harness.abi.model import Array, Complex, CType, Enumeration, Kind, Record, Scalar, Signature, Vector

_INT = Scalar(Kind.INT)
MOST = 40  # candidates of one step: they are compiled together


def smallest(signature: Signature, failing: Callable[[Sequence[Signature]], Collection[int]]) -> Signature:
    """Return the smallest signature found that fails as `signature` does.

    `failing` returns the indices, of those that it is given, that fail.
    """
    while True:
        candidates = sorted(dict.fromkeys(simpler(signature)), key=size)
        for first in range(0, len(candidates), MOST):
            part = candidates[first : first + MOST]
            found = failing(part)
            if found:
                signature = part[min(found)]
                break
        else:
            return signature


def size(signature: Signature) -> int:
    """Return how much there is to read."""
    return sum(map(_weight, (*signature.arguments, *signature.results))) + signature.is_variadic


def simpler(signature: Signature) -> Iterator[Signature]:
    """Yield signatures that are a little smaller."""
    arguments, fixed = signature.arguments, signature.fixed
    for index in range(len(arguments)):
        named = fixed is not None and index < fixed
        if fixed != 1 or not named:  # C11 6.7.6.3: something is declared before ...
            less = fixed - 1 if named and fixed is not None else fixed
            yield replace(signature, arguments=arguments[:index] + arguments[index + 1 :], fixed=less)
        for of in _simpler_types(arguments[index]):
            if fixed is None or named or _is_whole(of):
                yield replace(signature, arguments=(*arguments[:index], of, *arguments[index + 1 :]))
    if fixed is not None:
        yield replace(signature, fixed=None)
    if signature.result is not None and not signature.more_results:
        yield replace(signature, result=None)
        for of in _simpler_types(signature.result):
            yield replace(signature, result=of)


def _weight(of: CType) -> int:
    match of:
        case Record():
            inner = sum(_weight(member.type) + (member.bits is not None) + bool(member.align) for member in of.members)
            return 2 + inner + of.is_union + of.packed + bool(of.align)
        case Array(element, count):
            return count + 1 + _weight(element)
        case Scalar(Kind.INT):
            return 1
        case Scalar() | Enumeration():
            return 2
        case _:
            return 3


def _simpler_types(of: CType) -> Iterator[CType]:
    if of != _INT:
        yield _INT
    match of:
        case Record():
            yield from (member.type for member in of.members if not isinstance(member.type, Array))
            yield from (replace(of, members=members) for members in _fewer(of))
            changes = ({"is_union": False}, {"packed": False}, {"align": 0})
            yield from (replace(of, **change) for change in changes if replace(of, **change) != of)
        case Complex(kind) | Vector(kind, _):
            yield Scalar(kind)


def _fewer(of: Record) -> Iterator[tuple]:  # type: ignore[type-arg]
    members = of.members
    for index, member in enumerate(members):
        before, after = members[:index], members[index + 1 :]
        yield before + after
        if member.bits is not None or member.align:
            yield (*before, replace(member, bits=None, align=0, name=member.name or "m"), *after)
        if isinstance(member.type, Array):
            yield (*before, replace(member, type=member.type.element), *after)
            if member.type.count > 1:
                yield (*before, replace(member, type=replace(member.type, count=member.type.count // 2)), *after)
        elif member.bits is None:
            yield from ((*before, replace(member, type=type_), *after) for type_ in _simpler_types(member.type))


def _is_whole(of: CType) -> bool:
    """Whether a type can be one of ``...``: none that is promoted."""
    return not isinstance(of, Scalar) or of.kind in (Kind.INT, Kind.LONG, Kind.LLONG, Kind.DOUBLE, Kind.LDOUBLE)
