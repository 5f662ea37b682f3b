"""Enters and leaves crossings."""

from __future__ import annotations

from collections.abc import Hashable

from harness.registers import ARM64, RegisterTable
from harness.watch.entries import Entered
from harness.watch.pairs import Pairs
from harness.watch.sites import CALLBACK, Exit

EXIT, SP, MOVED, FRAME, C_FRAME = 0x2000, 0x400000, 0x10000, 0x130, 0x7000
A, B = 0xC000, 0xC100  # goroutines


class Run:
    """Enters and leaves, and says which entry each exit was told to belong to."""

    def __init__(self, table: RegisterTable = ARM64) -> None:
        self.table, self.pairs, self.entered = table, Pairs(table), 0
        self.on_c, self.on_go = self.pairs.on_c, self.pairs.on_go

    def registers(self, sp: int, **changed: int) -> dict[str, int]:
        return {**dict.fromkeys(self.table.by_name, 0), self.table.sp: sp, **changed}

    def enter(self, sp: int, who: int, crossing: str = CALLBACK, thread: Hashable = None, **changed: int) -> int:
        self.entered += 1
        registers = self.registers(sp, **{self.table.g or "eax": who}, **changed)
        g = who if self.table.g and who else None
        self.pairs.enter(Entered(crossing, "f", self.entered, registers, None, thread, sp, g))
        return self.entered

    def leave(self, sp: int, who: int, crossing: str = CALLBACK, thread: Hashable = None, **changed: int) -> list[int]:
        registers = self.registers(sp, **{self.table.g or "eax": who}, **changed)
        found = self.pairs.left(Exit((crossing,), "g", sure=True), EXIT, sp, registers, thread)
        for entered in found:
            self.pairs.leave(entered, EXIT, sp, registers)
        return [entered.hit for entered in found]
