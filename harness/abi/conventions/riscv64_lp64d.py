"""RISC-V psABI, "Integer Calling Convention" and "Hardware Floating-point Calling Convention", XLEN 64, FLEN 64."""

from __future__ import annotations

from harness.abi.layout import DOUBLE, FLOAT, INTEGER, MODELS, DataModel, Layout, Leaf, layout, sole
from harness.abi.model import Array, Complex, CType, Record, Scalar, Signature, arrays
from harness.abi.narrow import extension
from harness.abi.place import Convention, Piece, Placed, Placement, Registers
from harness.abi.room import Room, up

_WORD = 8

ROWS = Registers(
    integers=tuple(f"a{number}" for number in range(8)),
    floats=tuple(f"fa{number}" for number in range(8)),
    integer_results=("a0", "a1"),
    float_results=("fa0", "fa1"),
    hidden="",
    hidden_result="",  # GCC leaves the address in a0 and clang does not: the document does not ask for it
    stack=0,
    slot=_WORD,
)


def _has_union(of: CType) -> bool:
    if isinstance(of, Array):
        return _has_union(of.element)
    return isinstance(of, Record) and (of.is_union or any(_has_union(member.type) for member in of.members))


def _by_mode(model: DataModel, made: Layout, of: CType) -> tuple[Leaf, ...]:
    """Return the leaves of a struct that GCC does not flatten, since an array in it has no elements.

    It is passed as its member is that is as large as itself, if that has a floating-point mode (riscv.cc,
    riscv_pass_mode_in_fpr_p) and is aligned.
    """
    member = sole(model, of)
    is_float = isinstance(member, Scalar | Complex) and made.leaves[0].what in (FLOAT, DOUBLE)
    return made.leaves if is_float and not made.is_misaligned and made.align >= made.leaves[0].size else ()


def _flat(model: DataModel, made: Layout, of: CType) -> tuple[Leaf, ...]:
    """Return the one or two leaves of what floating-point registers can hold at least a part of, else none."""
    if not all(row.count for row in arrays(of)):
        return _by_mode(model, made, of)
    leaves = made.leaves
    floats = [leaf for leaf in leaves if leaf.what in (FLOAT, DOUBLE)]
    others = [
        leaf for leaf in leaves if leaf.what == INTEGER and leaf.size <= _WORD
    ]  # no compiler says a pointer is one
    if not floats or len(leaves) > 2 or len(floats) + len(others) != len(leaves) or _has_union(of):
        return ()
    return leaves


def _by_floats(room: Room, leaves: tuple[Leaf, ...]) -> tuple[Piece, ...] | None:
    is_float = [leaf.what in (FLOAT, DOUBLE) for leaf in leaves]
    if not leaves or sum(is_float) > room.free_floats or is_float.count(False) > room.free_integers:
        return None
    return tuple(
        Piece(leaf.offset, leaf.size, room.float() if floating else room.integer())
        for leaf, floating in zip(leaves, is_float, strict=True)
    )


def _value(room: Room, model: DataModel, of: CType, *, is_named: bool) -> Placed:
    made = layout(model, of)
    by_floats = _by_floats(room, _flat(model, made, of)) if is_named else None
    extends = extension(model, of, _WORD, by_int=True)
    if by_floats:
        return Placed(
            by_floats, extends=extends if len(by_floats) == 1 and not by_floats[0].register.startswith("f") else ""
        )
    size, by_reference = made.size, made.size > 2 * _WORD
    if by_reference:
        size = _WORD
    align = min(16, made.align) if not by_reference else _WORD
    if align == 16 and not is_named:
        room.even()
    words = up(size, _WORD) // _WORD
    if words <= room.free_integers:
        return Placed(room.words(size, _WORD), by_reference, extends)
    if room.free_integers > 0:  # the first half in the last register, the other on the stack
        split = room.free_integers * _WORD
        return Placed((*room.words(split, _WORD), *room.on_stack(size - split, _WORD, offset=split)))
    return Placed(room.on_stack(size, align), by_reference, extends)


def _place(registers: Registers, model: DataModel, signature: Signature) -> Placement:
    room = Room(registers)
    result, hidden = None, None
    if signature.result is not None:
        made = layout(model, signature.result)
        if made.size > 2 * _WORD and not _flat(model, made, signature.result):
            hidden = Piece(0, _WORD, room.integer())
            result = registers.in_memory(_WORD)
        else:
            result = _value(Room(registers.for_results), model, signature.result, is_named=True)
    placed = tuple(
        _value(room, model, argument, is_named=signature.is_named(index))
        for index, argument in enumerate(signature.arguments)
    )
    return Placement(placed, result, hidden, stack=room.stack)


RISCV64_LP64D = Convention(
    "riscv64-lp64d", "riscv64", 'RISC-V psABI "Procedure Calling Convention"', ROWS, MODELS["riscv64"], _place
)
