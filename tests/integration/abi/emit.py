"""A type of C as C writes it."""

from __future__ import annotations

from collections.abc import Iterator

from harness.abi.model import Array, Complex, CType, Enumeration, Kind, Member, Record, Scalar, Vector


def declared(of: CType, name: str) -> str:
    """Return the declaration of `name`."""
    match of:
        case Scalar(Kind.FUNCTION):
            return f"void (*{name})(void)"
        case Scalar(kind):
            return f"{kind.value} {name}"
        case Enumeration():
            return f"enum {of.name} {name}"
        case Complex(kind):
            return f"_Complex {kind.value} {name}"
        case Vector(kind, count):
            return f"{vector(of)} {name}"
        case Array(element, count, is_flexible):
            return declared(element, f"{name}[{'' if is_flexible else count}]")
        case Record():
            return f"{'union' if of.is_union else 'struct'} {of.name} {name}"


def vector(of: Vector) -> str:
    """Return the name of a vector's type."""
    return f"v_{of.kind.value.replace(' ', '_')}_{of.count}"


def definitions(types: Iterator[CType], prefix: str, seen: set[str]) -> Iterator[str]:
    """Yield what has to be written before `types` can be used."""
    for of in types:
        match of:
            case Enumeration() if of.name not in seen:
                seen.add(of.name)
                yield f"enum {of.name} {{ {of.name}_least = {of.least}, {of.name}_most = {of.most} }};"
            case Vector() if vector(of) not in seen:
                seen.add(vector(of))
                size = f"sizeof({of.kind.value}) * {of.count}"
                yield f"typedef {of.kind.value} {vector(of)} __attribute__((vector_size({size})));"
            case Array(element, _):
                yield from definitions(iter((element,)), prefix, seen)
            case Record() if of.name not in seen:
                seen.add(of.name)
                yield from definitions((member.type for member in of.members), prefix, seen)
                members = " ".join(map(_member, of.members))
                yield f"{'union' if of.is_union else 'struct'} {of.name} {{ {members} }}{_attributes(of)};"
            case _:
                pass


def _member(member: Member) -> str:
    bits = f" : {member.bits}" if member.bits is not None else ""
    align = f" __attribute__((aligned({member.align})))" if member.align else ""
    return f"{declared(member.type, member.name)}{bits}{align};"


def _attributes(of: Record) -> str:
    words = ["packed"] * of.packed + [f"aligned({of.align})"] * bool(of.align)
    return f" __attribute__(({', '.join(words)}))" if words else ""
