"""What a place is to a convention, in words: ``rdi`` is the 1st integer argument."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from harness.abi.conventions import OF_C
from harness.abi.conventions.go import GO_ABI0, GO_INTERNAL
from harness.abi.place import Convention

BY_NAME: Mapping[tuple[str, str], Convention] = MappingProxyType(
    {(row.arch, row.name): row for rows in (OF_C, GO_ABI0, GO_INTERNAL) for row in rows.values()}
)
"""Every convention, by architecture and name."""

_ENDINGS = {1: "st", 2: "nd", 3: "rd"}


def role(arch: str, convention: str, where: str) -> str:
    """Return what `where` (see `harness.snapshot.Argument`) is to a convention, for an argument; empty: nothing says.

    ``x0+x1`` has two, ``*rdi`` is an address in one.
    """
    rows = BY_NAME.get((arch, convention))
    if rows is None:
        return ""
    names = where.lstrip("*").split("+")
    if names[0] == "stack":
        return "on the stack"
    found = [_one(rows, name) for name in names if not name.isdigit()]
    if not all(found):
        return ""
    told = " and ".join(dict.fromkeys(found))
    return f"{told}: its address" if where.startswith("*") else told


def _one(convention: Convention, name: str) -> str:
    rows = convention.registers
    if name == rows.hidden:
        return "the result's address"
    for names, told in zip((rows.integers, rows.floats, rows.parts), rows.roles, strict=True):
        if name in names:
            return told.format(_ordinal(names.index(name) + 1))
    return ""


def _ordinal(number: int) -> str:
    ending = "th" if 10 < number % 100 < 20 else _ENDINGS.get(number % 10, "th")
    return f"{number}{ending}"
