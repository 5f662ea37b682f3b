"""Goroutines' stacks, which Go moves as they grow and shrink (runtime/stack.go, copystack): from where, and how far.

A call that is waited for is known by the stack pointer at its return. When the stack has moved that is elsewhere, and
where it was there may be the stack of another goroutine. copystack is entered before, and has told g's new bounds when
anything is on either of them again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from packaging.version import InvalidVersion, Version

from harness.abi.conventions.go import of_release
from harness.abi.fetch import Memory, Place, Unknown, fetch
from harness.abi.model import Kind, Scalar, Signature
from harness.abi.place import Convention
from harness.elf import gobuild
from harness.registers import RegisterTable
from harness.unwind.modules import Module

_NAME, _INTERNAL, _ABI0, _RUNTIME = "runtime.copystack", "go-internal", ".abi0", "runtime."
_POINTER = Scalar(Kind.POINTER)
_TYPE = Signature((_POINTER, Scalar(Kind.ULONG)))  # gp *g, newsize uintptr


class Move(NamedTuple):
    """What was on a stack from `low` to `high` is `by` bytes higher now."""

    low: int
    high: int
    by: int


class Moves:
    """Follows those of a program of Go, as `memory` shows it; `addresses` are where execution comes by before."""

    def __init__(self, table: RegisterTable, module: Module, memory: Memory) -> None:
        self._table, self._memory = table, memory
        self._moving: list[tuple[int, int, int]] = []  # g, and what its stack's bounds were
        self._convention: Convention | None = None
        with contextlib.suppress(InvalidVersion):  # none of Go, or none that says its release
            self._convention = of_release(table.arch, Version(gobuild.version(module.program.path)).release)
        rows = module.program.by_name.get(_NAME, ()) if self._convention is not None else ()
        self.addresses = frozenset(row.entries[-1] + module.bias for row in rows)

    def has_g(self, module: Module, pc: int) -> bool:
        """Whether a register has g wherever the function at `pc` is entered and returns (abi-internal.md)."""
        if self._convention is None or not self._table.g:
            return False
        name = module.function_name_at(pc)
        is_kept = bool(self._table.link) or (self._convention.name == _INTERNAL and not name.endswith(_ABI0))
        is_usual = "." in name and not name.startswith(_RUNTIME)  # of which some are entered from C, and set g
        return is_kept and is_usual and bool(gobuild.version(module.program.path))

    def begin(self, registers: Mapping[str, int]) -> None:
        """Take in that execution is at one of `addresses`."""
        convention, table = self._convention, self._table
        assert convention is not None
        placed, _ = convention.place(_TYPE).arguments
        try:
            data = fetch(convention.model, _POINTER, placed, Place(registers, self._memory, registers[table.sp]))
        except Unknown:
            return
        g = int.from_bytes(data, table.byte_order)
        bounds = self._bounds(g)
        if bounds is not None:
            self._moving.append((g, *bounds))

    def done(self) -> Iterator[Move]:
        """Yield what has moved since it was asked the last time, in turn."""
        for row in tuple(self._moving):
            g, low, high = row
            now = self._bounds(g)
            if now is not None and now != (low, high):
                self._moving.remove(row)
                yield Move(low, high, now[1] - high)

    def _bounds(self, g: int) -> tuple[int, int] | None:
        """Return the first two words of a g: its stack (runtime/runtime2.go, "offset known to runtime/cgo")."""
        word = self._table.word
        data = self._memory(g, 2 * word)
        if data is None or len(data) < 2 * word:
            return None
        low, high = (int.from_bytes(data[at : at + word], self._table.byte_order) for at in (0, word))
        return low, high
