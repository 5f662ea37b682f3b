"""AAPCS32 6.5, "Parameter Passing", with 7.1, "VFP and SIMD vector Register Arguments" (hard float)."""

from __future__ import annotations

from harness.abi.conventions.aapcs64 import homogeneous
from harness.abi.layout import DOUBLE, FLOAT, MODELS, VECTOR, DataModel, Layout, layout
from harness.abi.model import Complex, CType, Record, Signature
from harness.abi.narrow import extension
from harness.abi.place import Convention, Piece, Placed, Placement, Registers
from harness.abi.room import Room, across, up

_WORD = 4
_SINGLES = 16  # s0 to s15 hold arguments
_MOST = 4  # members of a homogeneous aggregate

ROWS = Registers(
    integers=("r0", "r1", "r2", "r3"),
    floats=tuple(f"d{number}" for number in range(8)),
    integer_results=("r0", "r1", "r2", "r3"),
    float_results=tuple(f"d{number}" for number in range(8)),
    hidden="",
    hidden_result="",  # GCC leaves the address in r0 and clang does not: the document does not ask for it
    stack=0,
    slot=_WORD,
    parts=tuple(f"s{number}" for number in range(_SINGLES)),
    roles=("the register of the {} word", "{} double-precision register", "{} single-precision register"),
)


class _Singles:
    """Which of s0 to s15 are free: later arguments fill holes (7.1.2.3 of "Procedure Calling", "Parameter passing")."""

    def __init__(self) -> None:
        self._free = set(range(_SINGLES))

    def take(self, count: int, size: int) -> list[int] | None:
        """Return the first of each of `count` registers in a row, `size` singles each; None: there are no more."""
        for start in range(0, _SINGLES, size):
            wanted = range(start, start + count * size)
            if self._free.issuperset(wanted):
                self._free.difference_update(wanted)
                return list(wanted[::size])
        self._free.clear()
        return None


def _candidate(made: Layout, of: CType) -> int:
    """Return of how many registers a value is, 0: it is none for them.

    7.1.2.1, "VFP co-processor register candidates".
    """
    if isinstance(of, Record | Complex):
        return homogeneous(made, of, _MOST, (FLOAT, DOUBLE, VECTOR))
    return int(made.leaves[0].what in (FLOAT, DOUBLE, VECTOR))


def _in_singles(made: Layout, starts: list[int], registers: tuple[str, ...]) -> tuple[Piece, ...]:
    size = made.size // len(starts)
    return tuple(
        Piece(
            number * size + part,
            min(8, size),
            registers[(start + part // _WORD) // 2],
            (start + part // _WORD) % 2 * _WORD,
            part=ROWS.parts[start] if size == _WORD else "",
        )
        for number, start in enumerate(starts)
        for part in range(0, size, 8)
    )


def _argument(room: Room, singles: _Singles | None, model: DataModel, of: CType) -> Placed:
    made = layout(model, of)
    extends = extension(model, of, _WORD)
    count = _candidate(made, of) if singles is not None and made.leaves else 0
    align = 8 if made.natural >= 8 else _WORD
    if count and singles is not None:
        starts = singles.take(count, max(1, made.size // count // _WORD))
        if starts is not None:
            return Placed(_in_singles(made, starts, room.registers.floats))
        return Placed(room.on_stack(made.size, align))
    if align == 8:
        room.even()
    words = up(made.size, _WORD) // _WORD
    if words <= room.free_integers:
        return Placed(room.words(made.size, _WORD), extends=extends)
    if room.free_integers > 0 and not room.stack:  # C.5: the first part in registers, the rest on the stack
        split = room.free_integers * _WORD
        return Placed((*room.words(split, _WORD), *room.on_stack(made.size - split, _WORD, offset=split)))
    room.integers = len(room.registers.integers)
    return Placed(room.on_stack(made.size, align), extends=extends)


def _place(registers: Registers, model: DataModel, signature: Signature) -> Placement:
    room = Room(registers)
    singles = None if signature.is_variadic else _Singles()
    result, hidden = None, None
    if signature.result is not None:
        made = layout(model, signature.result)
        count = _candidate(made, signature.result) if singles is not None and made.leaves else 0
        if count:
            starts = _Singles().take(count, max(1, made.size // count // _WORD)) or []
            result = Placed(_in_singles(made, starts, registers.float_results))
        elif isinstance(signature.result, Record | Complex) and made.size > _WORD:
            hidden = Piece(0, _WORD, room.integer())
            result = registers.in_memory(_WORD)
        else:
            pieces = across(made.size, _WORD, registers.integer_results)
            result = Placed(pieces, extends=extension(model, signature.result, _WORD))
    placed = tuple(_argument(room, singles, model, argument) for argument in signature.arguments)
    return Placement(placed, result, hidden, stack=room.stack)


AAPCS_VFP = Convention("aapcs-vfp", "arm", "AAPCS32 6.5, 7.1", ROWS, MODELS["arm"], _place)
