"""A gate before every new process of a program: the kernel asks us (see `harness.process.seccomp`).

Counting processes from time to time is no bound: an exponential fork bomb makes thousands between two looks, and
from then on leaves the looker no processor to look with (seen in a container, where nothing shares processors out
by session). Here each fork waits for an answer, so the bound is exact. Threads pass without being asked.
"""

from __future__ import annotations

import errno
from collections.abc import Callable

from harness.process.seccomp import Asked, Listener, Rule, Test, argument

_CLONE_THREAD = 0x10000


def _rules(forks: tuple[int, ...], clone: int, clone3: int) -> tuple[Rule, ...]:
    """Return the rules of a table: fork and vfork, and clone without CLONE_THREAD, are asked about.

    clone3, whose flags a filter cannot see, does not exist, so that libraries fall back to clone.
    """
    thread = Test(argument(0), _CLONE_THREAD, wanted=False)
    return (*map(Rule, forks), Rule(clone, (thread,)), Rule(clone3, absent=True))


_COMPAT = _rules((2, 190), 120, 435)  # of both 32-bit tables
TABLES = {
    "x86_64": {0xC000003E: _rules((57, 58), 56, 435), 0x40000003: _COMPAT},
    "aarch64": {0xC00000B7: _rules((), 220, 435), 0x40000028: _COMPAT},
}


class Gate:
    """Lets as many processes live at once as `bound`, the first included. `count` tells how many there are."""

    def __init__(self, listener: Listener, bound: int, count: Callable[[], int]) -> None:
        self._listener = listener
        self._bound = bound
        self._count = count
        self._granted = bound - 1  # how many more may come before the living ones have to be counted

    def take(self, asked: Asked) -> bool:
        """Answer one request; return whether it was granted. What is refused fails with EAGAIN, as at RLIMIT_NPROC."""
        if self._granted <= 0:
            self._granted = self._bound - self._count()
        granted = self._granted > 0
        self._granted -= 1
        return not self._listener.answer(asked, 0 if granted else errno.EAGAIN) or granted
