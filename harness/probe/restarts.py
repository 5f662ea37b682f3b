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
        self._due: set[tuple[str, int]] = set()  # places, and the goroutine that is about to enter

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

    def come_by(self, pc: int, goroutine: int) -> None:
        """Take in that execution is at `pc`; `goroutine` is 0 where no register tells it."""
        if pc in self._places:
            self._due.add((self._places[pc], goroutine))

    def is_same(self, probe: Probe, goroutine: int) -> bool:
        """Whether the call that enters the place of `probe` now is the one that did before; asked once a call."""
        key = probe.at, goroutine
        is_due = key in self._due
        self._due.discard(key)
        return is_due

    def forget(self) -> None:
        """Follow nothing any more."""
        self._places.clear()
