"""Stop replies: why a program under a stub is not running (GDB manual, "Stop Reply Packets")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from harness.stub.errors import StubRefused, nonsense
from harness.stub.signals import name_of

_THREAD = re.compile(r"(p-?[0-9a-f]{1,16}(\.-?[0-9a-f]{1,16})?|-?[0-9a-f]{1,16})")
BREAKPOINT, VFORK, VFORK_DONE = "swbreak", "vfork", "vforkdone"
_FORKS = ("fork", VFORK)
_REASONS = (BREAKPOINT, "hwbreak", "watch", "rwatch", "awatch", *_FORKS, VFORK_DONE, "exec", "library")
_REASONS_MORE = ("syscall_entry", "syscall_return", "create", "replaylog")


class How(Enum):
    """What became of the program."""

    STOPPED = "stopped"
    EXITED = "exited"
    KILLED = "killed"  # by a signal
    NONE_LEFT = "no thread is left that could run"


@dataclass(frozen=True)
class Stop:
    """One stop reply. `signal` is a name (``SIGTRAP``), `status` what the program exited with, else None.

    `thread` is the protocol's text for the thread that stopped, empty where the stub does not say. `reason` is what the
    stub adds (``swbreak``, ``exec``, …), `child` the thread of a process that was forked. `output` is what the program
    printed by way of the stub.
    """

    how: How
    signal: str = ""
    status: int | None = None
    thread: str = ""
    reason: str = ""
    child: str = ""
    output: bytes = b""

    @property
    def is_alive(self) -> bool:
        """Whether there still is a program."""
        return self.how is How.STOPPED

    @property
    def is_exec(self) -> bool:
        """Whether the process has become another program (execve(2)), of which nothing is known."""
        return self.reason == "exec"


def parse(payload: bytes, output: bytes = b"") -> Stop:
    """Return the stop that `payload` tells of. Raises StubRefused for an error, StubBroken for anything else."""
    text = payload.decode("ascii", "replace")
    kind, body = text[:1], text[1:]
    if kind == "N" and not body:
        return Stop(How.NONE_LEFT, output=output)
    if kind == "E" or not text:
        raise StubRefused(f"the stub does not let the program run: {text or 'it does not know how'}")
    head, _, rest = body.partition(";") if kind in "WX" else (body[:2], "", body[2:])
    if kind not in "STWX" or not re.fullmatch("[0-9a-fA-F]{1,2}", head):
        raise nonsense("no stop reply", payload)
    number = int(head, 16)
    if kind == "W":
        return Stop(How.EXITED, status=number, output=output)
    if kind == "X":
        return Stop(How.KILLED, signal=name_of(number), output=output)
    pairs = [pair.partition(":") for pair in rest.split(";") if pair]
    thread = next((value for name, _, value in pairs if name == "thread"), "")
    reason = next((name for name, _, _ in pairs if name in _REASONS or name in _REASONS_MORE), "")
    child = next((checked(value) for name, _, value in pairs if name in _FORKS), "")
    return Stop(How.STOPPED, name_of(number), None, checked(thread) if thread else "", reason, child, output)


def checked(thread: str) -> str:
    """Return `thread` if it is the protocol's text for one. Raises StubBroken otherwise."""
    if not _THREAD.fullmatch(thread):
        raise nonsense("no thread", thread.encode(errors="replace"))
    return thread
