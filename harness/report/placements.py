"""Tables of where arguments go, for people."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from harness.abi.explain import Explained
from harness.abi.model import Prototype
from harness.abi.place import SIGN, SIGN32, ZERO, Placed

GAP = "  "
MOST = 16  # parts of a value that are told: a struct of 64 KB has 8192 on mips64le
_BITS = {ZERO: "zero", SIGN: "copies of its sign", SIGN32: "copies of its bit 31"}


def lines(prototype: Prototype, rows: Sequence[tuple[str, Explained]], width: int) -> Iterator[str]:
    """Yield a table of `rows`, each with its architecture, in several parts where it is wider than `width` columns."""
    heads = [_head(index, name) for index, name in enumerate(prototype.names, 1)] + ["result"]
    names = [f"{arch} {row.convention.name}" for arch, row in rows]
    cells = [_cells(row, len(heads)) for _, row in rows]
    columns = [[head, *column] for head, *column in zip(heads, *cells, strict=True)]
    first = ["", *names]
    for part in _parts(columns, max(map(len, first)), width):
        for line in zip(first, *part, strict=True):
            padded = (cell.ljust(max(map(len, column))) for cell, column in zip(line, (first, *part), strict=True))
            yield GAP.join(padded).rstrip()
        yield ""
    notes = [(name, note) for name, (_, row) in zip(names, rows, strict=True) for note in _notes(row, heads)]
    for note, group in itertools.groupby(sorted(notes, key=lambda row: row[1]), key=lambda row: row[1]):
        yield f"{', '.join(name for name, _ in group)}: {note}"


def _head(index: int, name: str) -> str:
    return f"{index} {name}".rstrip()


def _parts(columns: list[list[str]], taken: int, width: int) -> Iterator[list[list[str]]]:
    part: list[list[str]] = []
    used = taken
    for column in columns:
        needed = len(GAP) + max(map(len, column))
        if part and used + needed > width:
            yield part
            part, used = [], taken
        part.append(column)
        used += needed
    yield part


def _cells(row: Explained, count: int) -> list[str]:
    return ["-"] * count if row.why else [*map(_cell, row.placement.arguments), _result(row)]


def _cell(placed: Placed) -> str:
    parts, left = placed.pieces[:MOST], len(placed.pieces) - MOST
    where = "+".join(piece.where for piece in parts) or "nothing"
    if left > 0:
        where += f"+... ({left} more, to {placed.pieces[-1].where})"
    return f"*{where}" if placed.by_reference else where


def _result(row: Explained) -> str:
    made = row.placement
    if made.result is None:
        return "void"
    if made.hidden is not None:
        return f"*{made.hidden.where}"
    return _cell(made.result)


def _notes(row: Explained, heads: Sequence[str]) -> Iterator[str]:
    made = row.placement
    if row.why:
        yield row.why
        return
    placed = [*zip(heads, made.arguments, strict=False), *([("result", made.result)] if made.result else [])]
    by_extension: dict[str, list[str]] = {}
    for head, value in placed:
        if value.extends:
            by_extension.setdefault(value.extends, []).append(head)
    for extension, which in by_extension.items():
        yield f"the bits above {', '.join(which)} are {_BITS[extension]}"
    if made.hidden is not None:
        back = made.result.pieces[0].where if made.result is not None and made.result.pieces else ""
        comes = f", which comes back in {back}" if back else ""
        yield f"the caller passes the address of the result's room in {made.hidden.where}{comes}"
    if made.vectors is not None:
        yield f"AL is {made.vectors}, the number of vector registers that hold arguments"
    if made.popped:
        yield f"the callee takes {made.popped} bytes off the stack as it returns"
    if row.convention.since:
        yield f"from Go {row.convention.since} on"
