"""Who descends from a process, from one look at /proc. Only the standard library: the keeper imports it."""

from __future__ import annotations

import os
from typing import NamedTuple


def process_state(pid: int) -> str:
    """Return the letter that the kernel gives the state of `pid`. Raises OSError where it is gone."""
    with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
        return file.read().rpartition(b")")[2].split()[0].decode()


class Relative(NamedTuple):
    """A descendant: its parent, its process group, and whether it has ended and awaits its parent (a zombie)."""

    parent: int
    group: int
    ended: bool


def family(root: int) -> dict[int, Relative]:
    """Return every descendant of `root`, from one look at /proc."""
    children: dict[int, list[int]] = {}
    seen: dict[int, Relative] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                    state, parent, group = file.read().rpartition(b")")[2].split()[:3]
            except (OSError, ValueError):
                continue
            seen[int(name)] = Relative(int(parent), int(group), state in (b"Z", b"X"))
            children.setdefault(int(parent), []).append(int(name))
    found: dict[int, Relative] = {}
    queue = [root]
    while queue:
        for pid in children.get(queue.pop(), ()):
            queue.append(pid)
            found[pid] = seen[pid]
    return found


def descendants(root: int) -> dict[int, int]:
    """Return the process groups of the living descendants of `root`."""
    return {pid: relative.group for pid, relative in family(root).items() if not relative.ended}
