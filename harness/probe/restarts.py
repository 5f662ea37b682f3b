"""Tells a call of a Go function from one that only begins again: its stack had to grow, or it was preempted there."""

from __future__ import annotations

from collections.abc import Iterable

from harness.elf import calls
from harness.snapshot import Probe
from harness.unwind.modules import Module


class Restarts:
    """Follows the places of probes; `addresses` are where execution comes by before one is entered again (run time)."""

    def __init__(self, arch: str) -> None:
        self._arch = arch
        self._places: dict[int, str] = {}
        self._due: set[tuple[str, int]] = set()  # places that are about to be entered, and the stack pointer then

    @property
    def addresses(self) -> Iterable[int]:
        """All of them."""
        return self._places.keys()

    def follow(self, probe: Probe, module: Module, entry: int) -> tuple[int, ...]:
        """Follow `probe` at `entry` in `module`, and return its addresses; none of what is no function's entry."""
        function = module.function(entry)
        if function is None or entry - module.bias not in {function.start, *function.entries}:
            return ()
        found = tuple(back + module.bias for back in calls.restarts(module.program, function, self._arch))
        self._places.update(dict.fromkeys(found, probe.at))
        return found

    def come_by(self, pc: int, sp: int) -> None:
        """Take in that execution is at `pc`, with the stack pointer that it has when it enters."""
        if pc in self._places:
            self._due.add((self._places[pc], sp))

    def is_same(self, probe: Probe, sp: int) -> bool:
        """Whether the call that enters the place of `probe` now is the one that did before; asked once a call."""
        key = probe.at, sp
        is_due = key in self._due
        self._due.discard(key)
        return is_due

    def forget(self) -> None:
        """Follow nothing any more."""
        self._places.clear()
