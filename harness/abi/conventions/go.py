"""Go's own conventions: ABIInternal and ABI0.

ABIInternal is that of cmd/compile/abi-internal.md, "Function call argument and result passing"; ABI0 (go.dev/doc/asm)
is the same without registers, and has all on the stack. The
registers are those of abi-internal.md's section on each architecture; the stack begins above what the assembler keeps
for the return address (cmd/internal/obj: a word, on ppc64 four).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from packaging.version import Version

from harness.abi.go_types import GO_MODELS
from harness.abi.layout import DOUBLE, FLOAT, DataModel, Leaf, layout
from harness.abi.model import Array, Complex, CType, Kind, Record, Scalar, Signature, Vector
from harness.abi.place import Convention, Piece, Placed, Placement, Registers
from harness.abi.room import Room, up


def _numbered(prefix: str, *numbers: int) -> tuple[str, ...]:
    return tuple(f"{prefix}{number}" for number in numbers)


CONTEXT: Mapping[str, str] = MappingProxyType(
    {
        "amd64": "rdx",
        "arm64": "x26",
        "riscv64": "s10",
        "s390x": "r12",
        "ppc64le": "r11",
        "arm": "r7",
        "386": "edx",
        "mips64le": "s6",
    }
)
"""In which register the code of a func value finds it (abi-internal.md; ABI0 alike)."""
_BELOW: Mapping[str, int] = MappingProxyType({**dict.fromkeys(CONTEXT, 8), "ppc64le": 32, "arm": 4, "386": 4})
"""Bytes below the first argument on the stack: a return address, or the room for one."""

_SINCE: Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = MappingProxyType(
    {
        "amd64": (
            "1.17",
            ("rax", "rbx", "rcx", "rdi", "rsi", "r8", "r9", "r10", "r11"),
            _numbered("xmm", *range(15)),
        ),
        "arm64": ("1.18", _numbered("x", *range(16)), _numbered("v", *range(16))),
        "ppc64le": ("1.18", _numbered("r", *range(3, 11), *range(14, 18)), _numbered("f", *range(1, 13))),
        "riscv64": (
            "1.19",
            (*_numbered("a", *range(8)), "s0", "s1", *_numbered("s", *range(2, 8))),
            (*_numbered("fa", *range(8)), "fs0", "fs1", *_numbered("fs", *range(2, 8))),
        ),
        "s390x": ("1.26", _numbered("r", *range(2, 10)), _numbered("f", *range(16))),
    }
)
"""From which release on ABIInternal has registers, and which: of integers, of floating-point numbers."""
_HELD_AS: Mapping[str, str] = MappingProxyType({"ppc64le": DOUBLE})
_LEFT_OF: Mapping[str, int] = MappingProxyType({"s390x": 4})  # bytes that a float32 is above the register's lowest


class _Full(Exception):
    """A value does not fit into what is left of the registers, or is of a type that never does."""


def _in_registers(room: Room, arch: str, leaves: Iterable[Leaf]) -> tuple[Piece, ...]:
    """Take registers for the parts of a value. Raises _Full."""
    found = []
    for leaf in leaves:
        is_float = leaf.what in (FLOAT, DOUBLE)
        if not (room.free_floats if is_float else room.free_integers):
            raise _Full
        register = room.float() if is_float else room.integer()
        narrow = is_float and leaf.size == 4
        held_as = _HELD_AS.get(arch, "") if narrow else ""
        found.append(Piece(leaf.offset, leaf.size, register, _LEFT_OF.get(arch, 0) if narrow else 0, held_as=held_as))
    return tuple(found)


def _has_rows(of: CType) -> bool:
    """Whether an array of more than one element is part of `of`, which is never register-assigned."""
    match of:
        case Array(element, count):
            return count > 1 or (count == 1 and _has_rows(element))
        case Record(_, members):
            return any(_has_rows(member.type) for member in members)
        case _:
            return False


def _assigned(room: Room, model: DataModel, of: CType) -> Placed:
    """Assign a value to registers, or else to the stack."""
    made, before = layout(model, of), (room.integers, room.floats)
    if made.size and room.registers.integers and not _has_rows(of):
        try:
            return Placed(_in_registers(room, model.arch, made.leaves))
        except _Full:
            room.integers, room.floats = before
    return Placed(room.on_stack(made.size, made.align))


def _check(of: CType) -> None:
    """Raise ValueError for a type that Go has not."""
    match of:
        case Record() if of.is_union or of.packed or of.align or any(row.bits is not None for row in of.members):
            raise ValueError(f"Go has no unions, packed or aligned structs or bit-fields, as {of.name} is one")
        case Record():
            for member in of.members:
                _check(member.type)
        case Array(element, _):
            _check(element)
        case Vector():
            raise ValueError("Go has no vectors")
        case Scalar(kind) | Complex(kind) if kind in (Kind.LDOUBLE, Kind.INT128, Kind.UINT128):
            raise ValueError(f"Go has no {kind.value}")
        case _:
            pass


def _place(registers: Registers, model: DataModel, signature: Signature) -> Placement:
    if signature.is_variadic:
        raise ValueError("Go has no variadic functions as C has them")
    for of in (*signature.arguments, *signature.results):
        _check(of)
    room = Room(registers)
    arguments = tuple(_assigned(room, model, of) for of in signature.arguments)
    room.integers = room.floats = 0
    room.stack = up(room.stack, model.word)
    room.registers = registers.for_results
    results = tuple(_assigned(room, model, of) for of in signature.results)
    return Placement(
        arguments, results[0] if results else None, stack=up(room.stack, model.word), more_results=results[1:]
    )


def _rows(arch: str, integers: tuple[str, ...] = (), floats: tuple[str, ...] = ()) -> Registers:
    return Registers(
        integers=integers,
        floats=floats,
        integer_results=integers,
        float_results=floats,
        hidden="",
        hidden_result="",
        stack=_BELOW[arch],
        slot=1,
        context=CONTEXT[arch],
    )


GO_ABI0: Mapping[str, Convention] = MappingProxyType(
    {
        arch: Convention("go-abi0", arch, "abi-internal.md", _rows(arch), model, _place)
        for arch, model in GO_MODELS.items()
    }
)
GO_INTERNAL: Mapping[str, Convention] = MappingProxyType(
    {
        arch: Convention("go-internal", arch, "abi-internal.md", _rows(arch, *names), GO_MODELS[arch], _place, since)
        for arch, (since, *names) in _SINCE.items()
    }
)
"""Where Go calls Go by registers. Elsewhere, and before `Convention.since`, it does as ABI0 does."""


def of_release(arch: str, release: Sequence[int]) -> Convention:
    """Return the convention by which Go code of a `release` (its numbers) calls Go code on `arch`."""
    internal = GO_INTERNAL.get(arch)
    if internal is None or tuple(release) < Version(internal.since).release:
        return GO_ABI0[arch]
    return internal
