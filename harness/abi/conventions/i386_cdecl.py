"""i386 psABI 2.2: everything on the stack."""

from __future__ import annotations

from harness.abi.layout import DOUBLE, FLOAT, MODELS, X87, DataModel, layout
from harness.abi.model import Complex, CType, Record, Signature
from harness.abi.place import Convention, Piece, Placed, Placement, Registers
from harness.abi.room import Room, across

_WORD = 4

ROWS = Registers(
    integers=(),
    floats=(),
    integer_results=("eax", "edx"),
    float_results=("st0",),
    hidden="",
    hidden_result="eax",
    stack=4,  # above the return address
    slot=_WORD,
)


def _result(registers: Registers, model: DataModel, of: CType) -> Placed | None:
    """Return where a result is; None: in memory (2.2.3)."""
    made = layout(model, of)
    if isinstance(of, Record) or (isinstance(of, Complex) and made.size > 2 * _WORD):
        return None
    if not isinstance(of, Complex) and made.leaves[0].what in (FLOAT, DOUBLE, X87):
        return Placed((Piece(0, min(made.size, 10), registers.float_results[0], held_as=X87),))
    return Placed(across(made.size, _WORD, registers.integer_results))


def _place(registers: Registers, model: DataModel, signature: Signature) -> Placement:
    room = Room(registers)
    result = _result(registers, model, signature.result) if signature.result is not None else None
    hidden, popped = None, 0
    if signature.result is not None and result is None:
        (hidden,) = room.on_stack(_WORD, _WORD)
        result, popped = registers.in_memory(_WORD), _WORD
    placed = tuple(Placed(room.on_stack(layout(model, argument).size, _WORD)) for argument in signature.arguments)
    return Placement(placed, result, hidden, stack=room.stack, popped=popped)


I386_CDECL = Convention("i386-cdecl", "386", "i386 psABI 2.2", ROWS, MODELS["386"], _place)
