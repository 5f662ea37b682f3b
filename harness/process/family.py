"""The keeper's descendants: see all of them, stop them, kill them. Only the standard library: the keeper imports it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from typing import NamedTuple

KILL_SECONDS = 30.0  # how long to go on killing what keeps forking
_EXITING = 0x4  # PF_EXITING of the flags in /proc/PID/stat (include/linux/sched.h)
WAIT_SECONDS = 0.1  # between two looks at what is ending


def state(pid: int) -> str:
    """Return the letter that the kernel gives the state of `pid`. Raises OSError where it is gone."""
    with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
        return file.read().rpartition(b")")[2].split()[0].decode()


class Relative(NamedTuple):
    """A descendant: its parent, its process group, and whether it has ended and awaits its parent (a zombie)."""

    parent: int
    group: int
    ended: bool


def tree(root: int) -> dict[int, Relative]:
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


def runs_on(root: int) -> bool:
    """Return whether there is a descendant of `root` that is not ending. Children are asked first: that is fast."""
    try:
        with open(f"/proc/{root}/task/{root}/children", "rb") as file:  # noqa: PTH123
            children = [int(pid) for pid in file.read().split()]
    except OSError:  # a kernel without CONFIG_PROC_CHILDREN
        children = []
    return not all(map(is_ending, children)) or not all(map(is_ending, descendants(root)))


def holds(root: int, path: str) -> bool | None:
    """Return whether the first child of `root` has `path` open; None: it is ending, or there is none."""
    try:
        with open(f"/proc/{root}/task/{root}/children", "rb") as file:  # noqa: PTH123
            first = min(file.read().split(), key=lambda pid: _started(int(pid)), default=b"0")
        names = os.listdir(f"/proc/{int(first)}/fd")  # noqa: PTH208
    except OSError:
        return None
    found = any(_link(f"/proc/{int(first)}/fd/{name}") == path for name in names)
    return None if not found and is_ending(int(first)) else found


def _started(pid: int) -> int:
    """Return when a process was started, in the kernel's clock ticks; of one that is gone, later than any."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
            return int(file.read().rpartition(b")")[2].split()[19])
    except OSError:
        return sys.maxsize


def _link(name: str) -> str:
    try:
        return os.readlink(name)  # noqa: PTH115
    except OSError:
        return ""


def is_ending(pid: int) -> bool:
    """Return whether `pid` is on its way out, or gone: the kernel closes its files meanwhile."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
            return bool(int(file.read().rpartition(b")")[2].split()[6]) & _EXITING)
    except OSError:
        return True


def descendants(root: int) -> dict[int, int]:
    """Return the process groups of the living descendants of `root`."""
    return {pid: relative.group for pid, relative in tree(root).items() if not relative.ended}


def freeze(alive: dict[int, int]) -> set[int]:
    """Stop the descendants `alive` and those they made meanwhile; return them all. What is stopped cannot fork."""
    deadline = time.monotonic() + KILL_SECONDS
    frozen: set[int] = set()
    while time.monotonic() < deadline and not frozen.issuperset(alive):
        signal_all(alive, signal.SIGSTOP)
        frozen.update(alive)
        alive = descendants(os.getpid())
    return frozen


def kill_descendants() -> None:
    """Kill and reap every descendant; all of them end up as children of this process, so none is left unseen."""
    deadline = time.monotonic() + KILL_SECONDS
    while not reap_all() and time.monotonic() < deadline:
        alive = descendants(os.getpid())
        signal_all(alive, signal.SIGKILL)
        if not alive:
            signal.sigtimedwait([signal.SIGCHLD], WAIT_SECONDS)  # they are ending, and each says so


def signal_all(processes: dict[int, int], number: int) -> None:
    """Signal process groups as wholes: the kernel lets no member fork in the middle of that."""
    own = os.getpgrp()
    for group in set(processes.values()) - {own}:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
    for pid, group in processes.items():
        if group == own:
            signal_process(pid, number)


def signal_process(pid: int, number: int) -> None:
    """Signal one process, if it is still there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def reap_all() -> bool:
    """Collect every child that has ended; return whether none is left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    return False
