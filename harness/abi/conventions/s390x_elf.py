"""s390x ELF ABI, "Parameter Passing" and "Return Values", without the vector facility."""

from __future__ import annotations

from harness.abi.layout import DOUBLE, FLOAT, MODELS, QUAD, DataModel, Layout, layout
from harness.abi.model import Complex, CType, Record, Scalar, Signature, Vector
from harness.abi.narrow import extension
from harness.abi.place import Convention, Piece, Placed, Placement, Registers
from harness.abi.room import Room

_WORD = 8

ROWS = Registers(
    integers=("r2", "r3", "r4", "r5", "r6"),
    floats=("f0", "f2", "f4", "f6"),
    integer_results=("r2",),
    float_results=("f0",),
    hidden="",
    hidden_result="",  # GCC leaves the address in r2 and clang does not
    stack=160,  # above the register save area
    slot=_WORD,
)


def _by_reference(made: Layout, of: CType) -> bool:
    if isinstance(of, Complex | Vector) or made.size > _WORD:
        return True
    return isinstance(of, Record) and made.size not in (1, 2, 4, 8)


def _is_float(made: Layout, of: CType) -> bool:
    """Whether it is passed as a float or double: one, or a struct of one member that is like it."""
    if isinstance(of, Record):
        return not of.is_union and len(of.members) == 1 and _is_float(made, of.members[0].type)
    return isinstance(of, Scalar) and made.leaves[0].what in (FLOAT, DOUBLE)


def _argument(room: Room, model: DataModel, of: CType) -> Placed:
    made = layout(model, of)
    if _by_reference(made, of):
        return Placed(_integer(room, _WORD), by_reference=True)
    if _is_float(made, of):
        if room.free_floats:
            return Placed((Piece(0, made.size, room.float(), _WORD - made.size),))
        return Placed(room.on_stack(made.size, _WORD, pad=_WORD - made.size))
    return Placed(_integer(room, made.size), extends=extension(model, of, _WORD))


def _integer(room: Room, size: int) -> tuple[Piece, ...]:
    """Take a register, in whose low bytes the value is, or a slot, of which it is the last bytes."""
    if room.free_integers:
        return (Piece(0, size, room.integer()),)
    return room.on_stack(size, _WORD, pad=_WORD - size)


def _place(registers: Registers, model: DataModel, signature: Signature) -> Placement:
    room = Room(registers)
    result, hidden = None, None
    if signature.result is not None:
        made = layout(model, signature.result)
        if isinstance(signature.result, Record | Complex | Vector) or made.size > _WORD or made.leaves[0].what == QUAD:
            hidden = Piece(0, _WORD, room.integer())
            result = registers.in_memory(_WORD)
        elif made.leaves[0].what in (FLOAT, DOUBLE):
            result = Placed((Piece(0, made.size, registers.float_results[0], _WORD - made.size),))
        else:
            extends = extension(model, signature.result, _WORD)
            result = Placed((Piece(0, made.size, registers.integer_results[0]),), extends=extends)
    placed = tuple(_argument(room, model, argument) for argument in signature.arguments)
    return Placement(placed, result, hidden, stack=room.stack)


S390X_ELF = Convention("s390x-elf", "s390x", 's390x ELF ABI "Parameter Passing"', ROWS, MODELS["s390x"], _place)
