"""MIPSpro N32 ABI Handbook, chapter 2, for 64-bit pointers: eight slots, each an integer and a float register."""

from __future__ import annotations

from harness.abi.layout import DOUBLE, FLOAT, MODELS, QUAD, DataModel, Layout, layout
from harness.abi.model import Complex, CType, Kind, Record, Scalar, Signature
from harness.abi.narrow import extension
from harness.abi.place import Convention, Piece, Placed, Placement, Registers
from harness.abi.room import across, up

_WORD = 8

ROWS = Registers(
    integers=tuple(f"a{number}" for number in range(8)),
    floats=tuple(f"f{number}" for number in range(12, 20)),
    integer_results=("v0", "v1"),
    float_results=("f0", "f2"),
    hidden="",
    hidden_result="v0",
    stack=0,
    slot=_WORD,
    roles=("the register of the {} doubleword", "the register of the {} doubleword", ""),
)


class _Slots:
    """`taken` are the doublewords that are taken, in registers and on the stack."""

    def __init__(self, registers: Registers) -> None:
        self.registers, self.taken = registers, 0

    def take(self, size: int, *, align: int = _WORD) -> int:
        """Take the slots of `size` bytes; return the first."""
        if align > _WORD:
            self.taken = up(self.taken, 2)
        first = self.taken
        self.taken += up(size, _WORD) // _WORD
        return first

    def piece(self, slot: int, offset: int, size: int, *, is_float: bool = False) -> Piece:
        """Return where `size` bytes of a value are that belong into `slot`."""
        if slot < len(self.registers.integers):
            return Piece(offset, size, (self.registers.floats if is_float else self.registers.integers)[slot])
        return Piece(offset, size, stack=self.registers.stack + (slot - len(self.registers.integers)) * _WORD)


def _doubles(model: DataModel, of: CType) -> set[int]:
    """Return the doublewords of a struct that are a member of type double."""
    if not isinstance(of, Record) or of.is_union:
        return set()
    found, made = set(), layout(model, of)
    for index, member in enumerate(of.members):
        if member.type == Scalar(Kind.DOUBLE) and member.bits is None:
            before = Record(of.name, of.members[: index + 1], packed=of.packed, align=of.align)
            offset = layout(model, before).leaves[-1].offset
            if not offset % _WORD:
                found.add(offset // _WORD)
    return found if made.size else set()


def _argument(slots: _Slots, model: DataModel, of: CType, *, is_named: bool) -> Placed:
    made = layout(model, of)
    extends = extension(model, of, _WORD, by_int=True)
    align = 16 if made.align >= 16 else _WORD
    if is_named and isinstance(of, Complex) and made.leaves[0].what in (FLOAT, DOUBLE):
        half, left = made.size // 2, len(slots.registers.integers) - slots.taken
        if left < 2:  # not in two registers then
            first = slots.take(made.size)
            return Placed(tuple(slots.piece(first + at // _WORD, at, _WORD) for at in range(0, made.size, _WORD)))
        first = slots.take(2 * _WORD)
        return Placed(tuple(slots.piece(first + part, part * half, half, is_float=True) for part in range(2)))
    first = slots.take(made.size, align=align)
    is_float = is_named and not isinstance(of, Record) and made.leaves[0].what in (FLOAT, DOUBLE, QUAD)
    doubles = _doubles(model, of) if is_named else set()
    pieces = [
        slots.piece(first + at // _WORD, at, min(_WORD, made.size - at), is_float=is_float or at // _WORD in doubles)
        for at in range(0, made.size, _WORD)
    ]
    return Placed(tuple(pieces), extends=extends)


_QUAD_IN_STRUCT = ("f0", "f1")  # GCC: next to each other, unlike a long double by itself, which is in f0 and f2


def _floats(made: Layout, of: CType) -> bool:
    """Whether a struct is of one or two floating-point members and nothing else, which come back like these."""
    members = of.members if isinstance(of, Record) and not of.is_union else ()
    return 0 < len(members) <= 2 and all(
        isinstance(member.type, Scalar)
        and member.type.kind in (Kind.FLOAT, Kind.DOUBLE, Kind.LDOUBLE)
        and member.bits is None
        for member in members
    )


def _result(registers: Registers, model: DataModel, of: CType) -> Placed | None:
    """Return where a result is; None: in memory."""
    made = layout(model, of)
    if made.size > 2 * _WORD and not isinstance(of, Complex):
        return None
    if isinstance(of, Complex) and of.kind is Kind.LDOUBLE:
        return None
    if made.leaves and made.leaves[0].what == QUAD and _floats(made, of):
        return Placed(across(made.size, _WORD, _QUAD_IN_STRUCT))
    is_complex = isinstance(of, Complex) and made.leaves[0].what in (FLOAT, DOUBLE)
    if is_complex or _floats(made, of):
        return Placed(
            tuple(
                Piece(leaf.offset, leaf.size, name)
                for leaf, name in zip(made.leaves, registers.float_results, strict=False)
            )
        )
    if not isinstance(of, Record) and made.leaves[0].what in (FLOAT, DOUBLE, QUAD):
        return Placed(across(made.size, _WORD, registers.float_results))
    return Placed(across(made.size, _WORD, registers.integer_results), extends=extension(model, of, _WORD, by_int=True))


def _place(registers: Registers, model: DataModel, signature: Signature) -> Placement:
    slots = _Slots(registers)
    result = _result(registers, model, signature.result) if signature.result is not None else None
    hidden = None
    if signature.result is not None and result is None:
        hidden = slots.piece(slots.take(_WORD), 0, _WORD)
        result = registers.in_memory(_WORD)
    placed = tuple(
        _argument(slots, model, argument, is_named=signature.is_named(index))
        for index, argument in enumerate(signature.arguments)
    )
    return Placement(placed, result, hidden, stack=max(0, slots.taken - len(registers.integers)) * _WORD)


MIPS64_N64 = Convention("mips64-n64", "mips64le", "MIPSpro N32 ABI Handbook 2", ROWS, MODELS["mips64le"], _place)
