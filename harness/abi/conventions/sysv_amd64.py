"""System V AMD64 psABI 3.2: eightbytes and their classes."""

from __future__ import annotations

from harness.abi.layout import DOUBLE, FLOAT, MODELS, VECTOR, X87, DataModel, Layout, layout
from harness.abi.model import Complex, CType, Kind, Signature
from harness.abi.place import Convention, Piece, Placed, Placement, Registers
from harness.abi.room import Room

_INTEGER, _SSE, _UP, _X87, _X87UP, _MEMORY = "INTEGER", "SSE", "SSEUP", "X87", "X87UP", "MEMORY"
_WORD = 8
_MOST = 16  # bytes of what is not in memory; vectors of 32 need AVX

ROWS = Registers(  # 3.2.3 "Passing", "Returning of Values"; figure 3.4
    integers=("rdi", "rsi", "rdx", "rcx", "r8", "r9"),
    floats=tuple(f"xmm{number}" for number in range(8)),
    integer_results=("rax", "rdx"),
    float_results=("xmm0", "xmm1"),
    hidden="",
    hidden_result="rax",
    stack=8,  # above the return address
    slot=_WORD,
)
_X87_RESULTS = ("st0", "st1")


def _merge(one: str, other: str) -> str:
    """Merge two classes of an eightbyte (3.2.3 "Classification", 4)."""
    if one in ("", other):
        return other
    if not other:
        return one
    for strong in (_MEMORY, _INTEGER):
        if strong in (one, other):
            return strong
    return _MEMORY if {one, other} & {_X87, _X87UP} else _SSE


def classes(made: Layout) -> list[str]:
    """Return the class of each eightbyte of a value; one in memory is one `MEMORY`."""
    if made.size > _MOST or made.is_misaligned:
        return [_MEMORY]
    found = [""] * -(-made.size // _WORD)
    for leaf in made.leaves:
        first, last = leaf.offset // _WORD, (leaf.offset + leaf.size - 1) // _WORD
        for index in range(first, last + 1):
            is_first = index == first
            if leaf.what == X87:
                kind = _X87 if is_first else _X87UP
            elif leaf.what == VECTOR:
                kind = _SSE if is_first else _UP
            else:
                kind = _SSE if leaf.what in (FLOAT, DOUBLE) else _INTEGER
            found[index] = _merge(found[index], kind)
    ups = [index for index, kind in enumerate(found) if kind == _X87UP and (not index or found[index - 1] != _X87)]
    if _MEMORY in found or ups:
        return [_MEMORY]
    return [
        _SSE if kind == _UP and (not index or found[index - 1] not in (_SSE, _UP)) else kind
        for index, kind in enumerate(found)
    ]


def _in_registers(made: Layout, found: list[str], integers: list[str], floats: list[str]) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    for index, kind in enumerate(found):
        size = min(_WORD, made.size - index * _WORD)
        if kind == _UP:
            last = pieces.pop()
            pieces.append(Piece(last.offset, last.size + size, last.register))
        elif kind:
            pieces.append(Piece(index * _WORD, size, (integers if kind == _INTEGER else floats).pop(0)))
    return tuple(pieces)


def _argument(room: Room, made: Layout) -> tuple[Piece, ...]:
    found = classes(made)
    integers, floats = found.count(_INTEGER), found.count(_SSE)
    in_memory = _MEMORY in found or _X87 in found
    if in_memory or integers > room.free_integers or floats > room.free_floats:
        return room.on_stack(made.size, made.align)
    return _in_registers(made, found, [room.integer() for _ in range(integers)], [room.float() for _ in range(floats)])


def _result(registers: Registers, model: DataModel, of: CType) -> Placed | None:
    """Return where a result is; None: in memory."""
    made = layout(model, of)
    if isinstance(of, Complex) and of.kind is Kind.LDOUBLE:
        return Placed(tuple(Piece(16 * number, 10, name) for number, name in enumerate(_X87_RESULTS)))
    found = classes(made)
    if found == [_X87, _X87UP]:
        return Placed((Piece(0, 10, _X87_RESULTS[0]),))
    if _MEMORY in found or _X87 in found:
        return None
    return Placed(_in_registers(made, found, list(registers.integer_results), list(registers.float_results)))


def _place(registers: Registers, model: DataModel, signature: Signature) -> Placement:
    room = Room(registers)
    result = _result(registers, model, signature.result) if signature.result is not None else None
    hidden = None
    if signature.result is not None and result is None:
        hidden = Piece(0, _WORD, room.integer())
        result = registers.in_memory(_WORD)
    placed = tuple(Placed(_argument(room, layout(model, argument))) for argument in signature.arguments)
    vectors = room.floats if signature.is_variadic else None
    return Placement(placed, result, hidden, vectors, room.stack)


SYSV_AMD64 = Convention("sysv-amd64", "amd64", "System V AMD64 psABI 3.2", ROWS, MODELS["amd64"], _place)
