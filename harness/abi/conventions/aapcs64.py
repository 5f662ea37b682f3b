"""AAPCS64 6.8: NGRN, NSRN and NSAA; homogeneous aggregates."""

from __future__ import annotations

from harness.abi.layout import DOUBLE, FLOAT, MODELS, QUAD, VECTOR, DataModel, Layout, layout, sole
from harness.abi.model import Complex, CType, Record, Signature, Vector, arrays
from harness.abi.place import Convention, Piece, Placed, Placement, Registers
from harness.abi.room import Room, up

_WORD = 8
_MOST = 16  # bytes of a composite that is not passed by reference (6.8.2, B.4)
_OF_VECTORS = (FLOAT, DOUBLE, QUAD, VECTOR)

ROWS = Registers(
    integers=tuple(f"x{number}" for number in range(8)),
    floats=tuple(f"v{number}" for number in range(8)),
    integer_results=("x0", "x1"),
    float_results=("v0", "v1", "v2", "v3"),
    hidden="x8",
    hidden_result="",
    stack=0,
    slot=_WORD,
)


def homogeneous(made: Layout, of: CType, most: int, kinds: tuple[str, ...] = _OF_VECTORS) -> int:
    """Return how many members a homogeneous aggregate has, up to `most`; 0: it is none.

    AAPCS64 5.9.5 and AAPCS32 5.3.5, "Homogeneous Aggregates" alike: all of one fundamental floating-point type or
    vectors of one size. None has an array without elements: GCC needs a count of at least 1 (as on Power,
    rs6000_discover_homogeneous_aggregate; aarch64.cc, aapcs_vfp_sub_candidate).
    """
    if not all(row.count for row in arrays(of)):
        return 0
    kinds_seen = {(leaf.what, leaf.size) for leaf in made.leaves}
    if not isinstance(of, Record | Complex) or len(kinds_seen) != 1 or any(leaf.is_bits for leaf in made.leaves):
        return 0
    ((what, size),) = kinds_seen
    count = len({leaf.offset for leaf in made.leaves})
    return count if what in kinds and 0 < count <= most and made.size == count * size and not made.is_misaligned else 0


def _registers(model: DataModel, of: CType) -> int:
    """Return how many registers for floating-point numbers and vectors a value takes; 0: none.

    A struct of a complex number or a vector and an array without elements has the mode of that, which GCC asks for
    first (aarch64.cc, aarch64_vfp_is_call_or_return_candidate).
    """
    made, member = layout(model, of), sole(model, of)
    as_if = member if isinstance(member, Complex | Vector) else of
    return homogeneous(made, as_if, 4) or _is_float(made, as_if)


def _elements(made: Layout, count: int, registers: list[str]) -> tuple[Piece, ...]:
    size = made.size // count
    return tuple(Piece(number * size, size, registers[number]) for number in range(count))


def _argument(room: Room, model: DataModel, of: CType) -> Placed:
    made = layout(model, of)
    count = _registers(model, of)
    if count:
        if count <= room.free_floats:
            return Placed(_elements(made, count, [room.float() for _ in range(count)]))
        room.floats = len(room.registers.floats)
        return Placed(room.on_stack(made.size, _stack_align(made)))
    if isinstance(of, Record) and made.size > _MOST:
        return Placed(_integer(room, _WORD, _WORD), by_reference=True)
    return Placed(_integer(room, made.size, 16 if made.natural >= 16 else _WORD))


def _is_float(made: Layout, of: CType) -> int:
    return int(not isinstance(of, Record) and bool(made.leaves) and made.leaves[0].what in _OF_VECTORS)


def _stack_align(made: Layout) -> int:
    return 16 if made.natural >= 16 else _WORD


def _integer(room: Room, size: int, align: int) -> tuple[Piece, ...]:
    words = up(size, _WORD) // _WORD
    if align == 16:
        room.even()
    if words <= room.free_integers:
        return room.words(size, _WORD)
    room.integers = len(room.registers.integers)
    return room.on_stack(size, align)


def _place(registers: Registers, model: DataModel, signature: Signature) -> Placement:
    room = Room(registers)
    result, hidden = None, None
    if signature.result is not None:
        made = layout(model, signature.result)
        count = _registers(model, signature.result)
        if count:
            result = Placed(_elements(made, count, list(registers.float_results)))
        elif isinstance(signature.result, Record | Vector) and made.size > _MOST:
            hidden = Piece(0, _WORD, registers.hidden)
            result = registers.in_memory(_WORD)
        else:
            result = Placed(Room(registers.for_results).words(made.size, _WORD))
    placed = tuple(_argument(room, model, argument) for argument in signature.arguments)
    return Placement(placed, result, hidden, stack=room.stack)


AAPCS64 = Convention("aapcs64", "arm64", "AAPCS64 6.8", ROWS, MODELS["arm64"], _place)
