"""Where on a thread's stack C begins.

asmcgocall runs C at g0.sched.sp, which is where the thread's last callback, or its start, left that stack. That is in
memory; what follows from it is not: below one entry into Go, C begins at the same place each time
(runtime/asm_*.s, cgocallback and asmcgocall; runtime/proc.go, mstart1).
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from harness.watch.ordered import Ordered

FRAMES = 4096  # bytes below a stack pointer that hardly anything but its own stack occupies
OWN = 256  # bytes that asmcgocall takes at most of the stack it is called on, if it stays there
ROUNDED = 16  # bytes by which it may align a stack

UNTOLD = "untold"
"""Where C began, as long as that cannot be told."""


@dataclass(frozen=True)
class Begun:
    """C has begun: `within` says where, `expected` where it had to, if that is another place.

    `within` is empty on the stack on which the program's first thread started Go, else the distance from what is above.
    """

    within: str
    expected: int | None = None


class Stacks:
    """Takes in where threads enter Go and C."""

    def __init__(self) -> None:
        self._above: dict[int, tuple[str, Hashable]] = {}  # what entered Go at a stack pointer, and its thread
        self._places = Ordered()  # of these, by thread
        self._depths: dict[str, int] = {}
        self._first: dict[Hashable, int] = {}  # by thread, where that can be told

    def enter_go(self, name: str, sp: int, thread: Hashable) -> None:
        """C has called `name`, which enters Go: what was below is gone."""
        for at in self._places.between(thread, sp - FRAMES + 1, sp + 1):
            self.leave_go(at)
        self.leave_go(sp)
        self._above[sp] = name, thread
        self._places.add(thread, sp)

    def leave_go(self, sp: int) -> None:
        """What was called at `sp` has returned."""
        if sp in self._above:
            _, thread = self._above.pop(sp)
            self._places.remove(thread, sp)

    @staticmethod
    def on_its_own(name: str, at: int, sp: int) -> Begun | None:
        """Return where C began at `sp`, if the function `name` that was called at `at` has stayed on its stack."""
        return Begun(_below(at - sp, name)) if 0 <= at - sp < OWN else None

    def begin(self, sp: int, thread: Hashable, *, is_only: bool) -> Begun:
        """A goroutine has called C, which begins at `sp`.

        `is_only`: there is only one runtime of Go, and so one thread that C has not started for it.
        """
        near = self._places.between(thread, sp, sp + FRAMES)
        if near:
            nearest, _ = self._above[near[0]]
            self._depths.setdefault(nearest, near[0] - sp)
            for at in near:  # the nearest may be left over from an entry that did not return
                name, _ = self._above[at]
                if abs(at - sp - self._depths.get(name, sp)) < ROUNDED:
                    return Begun(_below(at - sp, name))
            return Begun(_below(near[0] - sp, nearest), near[0] - self._depths[nearest])
        first = self._first.setdefault(thread, sp)
        return Begun("", first if is_only and abs(sp - first) >= ROUNDED else None)


def _below(distance: int, name: str) -> str:
    return f"{distance} below {name}"
