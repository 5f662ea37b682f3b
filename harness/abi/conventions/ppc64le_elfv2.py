"""64-bit ELF V2 ABI 2.2.3: a parameter save area of doublewords, of which the first eight have a register each."""

from __future__ import annotations

from dataclasses import replace

from harness.abi.conventions.aapcs64 import homogeneous
from harness.abi.layout import DOUBLE, FLOAT, IBM, INTEGER, MODELS, VECTOR, DataModel, layout, sole
from harness.abi.model import Complex, CType, Record, Scalar, Signature, Vector, arrays
from harness.abi.narrow import extension
from harness.abi.place import Convention, Piece, Placed, Placement, Registers
from harness.abi.room import across, up

_WORD = 8
_SAVE_AREA = 32  # bytes above the stack pointer (2.2.2.1)
_MOST = 8  # members of a homogeneous aggregate, and doublewords in registers
_VECTOR = 16  # bytes of a vector register; a smaller vector is passed as an integer
_VECTORS = tuple(f"v{number}" for number in range(2, 14))

ROWS = Registers(
    integers=tuple(f"r{number}" for number in range(3, 11)),
    floats=tuple(f"f{number}" for number in range(1, 14)),
    integer_results=("r3", "r4"),
    float_results=tuple(f"f{number}" for number in range(1, 9)),
    hidden="",
    hidden_result="",  # GCC leaves the address in r3 and clang does not: the document does not ask for it
    stack=_SAVE_AREA,
    slot=_WORD,
    roles=("the register of the {} doubleword", "{} floating-point argument", ""),
)


class _Area:
    """`slots` are the doublewords of the parameter save area that are taken."""

    def __init__(self, registers: Registers) -> None:
        self.registers = registers
        self.slots = self.floats = self.vectors = 0

    def at(self, slot: int, offset: int, size: int) -> Piece:
        """Return where the bytes of a value from `offset` on are that belong into `slot`."""
        if slot < len(self.registers.integers):
            return Piece(offset, size, self.registers.integers[slot])
        return Piece(offset, size, stack=self.registers.stack + slot * _WORD)

    def take(self, size: int, *, align: int = _WORD) -> int:
        """Take the slots of `size` bytes; return the first."""
        if align > _WORD:
            self.slots = up(self.slots, 2)
        first = self.slots
        self.slots += up(size, _WORD) // _WORD
        return first

    def words(self, first: int, start: int, size: int) -> tuple[Piece, ...]:
        """Return the pieces of the bytes from `start` on of a value of `size` bytes that begins in the slot `first`."""
        found = []
        at = start
        while at < size:
            end = min((at // _WORD + 1) * _WORD, size)
            piece = self.at(first + at // _WORD, at, end - at)
            within = at % _WORD
            found.append(
                Piece(
                    at,
                    end - at,
                    piece.register,
                    within if piece.register else 0,
                    piece.stack + (0 if piece.register else within),
                )
            )
            at = end
        return _joined(found)


def _joined(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Return the same with what lies side by side on the stack in one."""
    found: list[Piece] = []
    for piece in pieces:
        last = found[-1] if found else None
        if last is not None and not piece.register and not last.register and last.stack + last.size == piece.stack:
            found[-1] = Piece(last.offset, last.size + piece.size, stack=last.stack)
        else:
            found.append(piece)
    return tuple(found)


def _elements(model: DataModel, of: CType) -> tuple[str, int, int]:
    """Return of what, of what size and of how many parts a value for floating-point or vector registers is; 0: none."""
    made = layout(model, of)
    if isinstance(of, Record):
        count = homogeneous(made, of, _MOST, (FLOAT, DOUBLE, IBM, VECTOR))
        what = made.leaves[0].what if count else ""
        if (what == IBM and 2 * count > _MOST) or (what == VECTOR and made.size // count < _VECTOR):
            count = 0
        return (what, made.size // count, count) if count else ("", 0, 0)
    leaf = made.leaves[0]
    is_one = leaf.what in (FLOAT, DOUBLE, IBM) or (leaf.what == VECTOR and made.size == _VECTOR)
    return (leaf.what, made.size, 1) if is_one else ("", 0, 0)


def _by_mode(model: DataModel, of: CType) -> CType:
    """Return what GCC passes an argument like: a struct with an array without elements is like its sole member.

    It is not homogeneous then, and only its machine mode counts (rs6000-call.cc, rs6000_function_arg); not as a result.
    """
    member = sole(model, of) if not all(row.count for row in arrays(of)) else None
    return member if isinstance(member, Scalar | Vector) else of


def _value(area: _Area, model: DataModel, of: CType, *, is_named: bool) -> tuple[Piece, ...]:
    made = layout(model, of)
    what, size, count = _elements(model, _by_mode(model, of))
    align = 16 if made.align >= 16 and isinstance(of, Record | Vector) and what in ("", VECTOR) else _WORD
    first = area.take(made.size, align=align)
    if not count or not is_named:
        return area.words(first, 0, made.size)
    if what == IBM:
        size, count = _WORD, made.size // _WORD
    pieces: list[Piece] = []
    for number in range(count):
        offset = number * size
        if what == VECTOR:
            if area.vectors == len(_VECTORS):
                return (*pieces, *area.words(first, offset, made.size))
            pieces.append(Piece(offset, size, _VECTORS[area.vectors]))
            area.vectors += 1
        else:
            if area.floats == len(area.registers.floats):  # GCC: a doubleword of which half is left goes as a whole
                return (*pieces, *area.words(first, offset - offset % _WORD, made.size))
            pieces.append(
                Piece(offset, size, area.registers.floats[area.floats], held_as=DOUBLE if what == FLOAT else "")
            )
            area.floats += 1
    return tuple(pieces)


def _argument(area: _Area, model: DataModel, of: CType, *, is_named: bool) -> Placed:
    made = layout(model, of)
    if isinstance(of, Complex):  # its two parts are arguments of their own
        half = Scalar(of.kind)
        parts = [_value(area, model, half, is_named=is_named) for _ in range(2)]
        moved = (replace(piece, offset=piece.offset + made.size // 2) for piece in parts[1])
        return Placed((*parts[0], *moved))
    return Placed(_value(area, model, of, is_named=is_named), extends=extension(model, of, _WORD))


def _result(registers: Registers, model: DataModel, of: CType) -> Placed | None:
    """Return where a result is; None: in memory."""
    made = layout(model, of)
    what, size, count = _elements(model, of)
    if isinstance(of, Complex):
        what, size, count = made.leaves[0].what, made.size // 2, 2
    if what == IBM:
        size, count = _WORD, made.size // _WORD
    if count:
        by_kind = {VECTOR: _VECTORS, INTEGER: registers.integer_results}  # GCC: complex integers are in parts, too
        names = by_kind.get(what, registers.float_results)
        return Placed(
            tuple(
                Piece(number * size, size, names[number], held_as=DOUBLE if what == FLOAT else "")
                for number in range(count)
            )
        )
    if isinstance(of, Record) and made.size > 2 * _WORD:
        return None
    if isinstance(_by_mode(model, of), Vector) and made.size == _VECTOR:  # GCC: a vector's mode in two registers
        return Placed(across(made.size, _WORD, registers.integer_results[::-1]))
    return Placed(across(made.size, _WORD, registers.integer_results), extends=extension(model, of, _WORD))


def _place(registers: Registers, model: DataModel, signature: Signature) -> Placement:
    area = _Area(registers)
    result = _result(registers, model, signature.result) if signature.result is not None else None
    hidden = None
    if signature.result is not None and result is None:
        hidden = area.at(area.take(_WORD), 0, _WORD)
        result = registers.in_memory(_WORD)
    placed = tuple(
        _argument(area, model, argument, is_named=signature.is_named(index))
        for index, argument in enumerate(signature.arguments)
    )
    return Placement(placed, result, hidden, stack=max(0, area.slots - len(registers.integers)) * _WORD)


PPC64LE_ELFV2 = Convention("ppc64le-elfv2", "ppc64le", "64-bit ELF V2 ABI 2.2.3", ROWS, MODELS["ppc64le"], _place)
