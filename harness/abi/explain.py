"""Where the arguments and the result of a prototype go, by each convention of an architecture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.abi.conventions import OF_C
from harness.abi.conventions.go import GO_ABI0, GO_INTERNAL
from harness.abi.model import Prototype
from harness.abi.place import Convention, Piece, Placed, Placement


@dataclass(frozen=True)
class Explained:
    """A `placement` by a `convention`; `why` says why there is none, and is empty otherwise."""

    convention: Convention
    placement: Placement
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data (docs/conventions.md)."""
        named = {"convention": self.convention.name, "rule": self.convention.rule, "since": self.convention.since}
        if self.why:
            return {**named, "why": self.why}
        made = self.placement
        hidden = None if made.hidden is None else _piece(made.hidden)
        return {
            **named,
            "arguments": [_pieces(placed) for placed in made.arguments],
            "result": [] if made.result is None else _pieces(made.result),
            "hidden": hidden,
            "vectors": made.vectors,
            "stack": made.stack,
            "popped": made.popped,
        }


def explain(prototype: Prototype, arch: str, *, go: bool) -> Iterator[Explained]:
    """Yield where all is on `arch` by C's convention, and, with `go`, by Go's own if the function were one of Go."""
    yield _by(OF_C[arch], prototype)
    for conventions in (GO_INTERNAL, GO_ABI0) if go else ():
        if arch in conventions:
            yield _by(conventions[arch], prototype)


def _by(convention: Convention, prototype: Prototype) -> Explained:
    try:
        return Explained(convention, convention.place(prototype.signature))
    except ValueError as error:
        return Explained(convention, Placement(()), str(error))


def _pieces(placed: Placed) -> list[dict[str, Any]]:
    return [
        {**_piece(piece), "by_reference": placed.by_reference, "extends": placed.extends} for piece in placed.pieces
    ]


def _piece(piece: Piece) -> dict[str, Any]:
    """Return a piece: `size` bytes from `offset` on are at `where`, in a register `shift` bytes above its lowest.

    A part of a register that has a name of its own is what `where` names.
    """
    return {
        "offset": piece.offset,
        "size": piece.size,
        "where": piece.where,
        "shift": 0 if piece.part else piece.shift,
        "held_as": piece.held_as,
    }
