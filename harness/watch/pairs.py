"""Which entry an exit belongs to, whichever stack it is on.

An entry whose exit does not come (a panic, a longjmp, a thread that ended) says nothing. Such leftovers are nobody's
fault: where one can be taken for the entry that is meant, nothing is held.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from harness.registers import RegisterTable
from harness.watch.entries import Entered, serial
from harness.watch.on_c import OnC
from harness.watch.on_go import ON_GO_STACKS, OnGo
from harness.watch.sites import SIGNALS, Exit

MOST = 1 << 13  # exits that are remembered


class Pairs:
    """Holds entries until they are left, those `on_c` and those `on_go`."""

    def __init__(self, table: RegisterTable) -> None:
        self.on_go = OnGo(table)
        self.on_c = OnC(table, self.on_go)
        self._last: dict[Hashable, int] = {}  # by thread, the serial number of the last entry that is no signal's
        self._left: dict[tuple[int, int], tuple[int, Mapping[str, int]]] = {}  # with the serial number that was next

    @property
    def unheld(self) -> int:
        """How many exits were not held, because their entries might be left over from others that did not return."""
        return self.on_c.unheld + self.on_go.unheld

    def enter(self, entered: Entered) -> None:
        """Take in an entry, unless it is the thread's last one, logged again because a signal kept it from running."""
        if entered.crossing not in SIGNALS:
            last = self._last.get(entered.thread)
            if last is not None and last == self.on_c.same(entered):
                return
            self._last[entered.thread] = entered.serial
        (self.on_go if entered.crossing in ON_GO_STACKS else self.on_c).enter(entered)

    def left(self, left: Exit, pc: int, sp: int, registers: Mapping[str, int], thread: Hashable) -> list[Entered]:
        """Return the entries that are left at `pc` with the stack pointer `sp`, which has then to be told to `leave`.

        QEMU logs a block again that a signal kept from running: by another sight of it nothing older is left.
        """
        since, last = self._left.get((pc, sp), (0, None))
        if left.crossings[0] in ON_GO_STACKS:
            found = self.on_go.left(left, pc, sp, registers, thread)
            return [] if found and found[0].serial < since and last == registers else found
        if last is not None and self.on_c.since(left, sp) < since and last == registers:
            return []
        before = self.on_c.unheld
        found = self.on_c.left(left, pc, sp, thread)
        if self.on_c.unheld > before:
            self._remember(pc, sp, registers)
        return found

    def leave(self, entered: Entered, pc: int, sp: int, registers: Mapping[str, int]) -> None:
        """Forget what was left at `pc` with the stack pointer `sp`."""
        self._remember(pc, sp, registers)
        if entered.crossing in ON_GO_STACKS:
            self.on_go.leave(entered, sp)
        else:
            self.on_c.leave(entered)

    def _remember(self, pc: int, sp: int, registers: Mapping[str, int]) -> None:
        self._left[pc, sp] = serial(), registers
        if len(self._left) > MOST:
            del self._left[next(iter(self._left))]

    def drop(self, crossing: str) -> None:
        """Forget the entries of `crossing`."""
        (self.on_go if crossing in ON_GO_STACKS else self.on_c).drop(crossing)
