"""What to run and what came of it, as frozen records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

MIB = 1 << 20
WORKDIR = "{workdir}"  # stands for the private folder in arguments and environment values


@dataclass(frozen=True)
class Limits:
    """Bounds on one process tree; None means unbounded.

    `output` bounds stdout and stderr each, in bytes; what comes after is counted and dropped. `memory` is
    private writable memory (RLIMIT_DATA) of each process and `file_size` of each file, in bytes; `cpu` is
    seconds of each process; `processes` is how many may live at once.
    """

    output: int = MIB
    memory: int | None = None
    file_size: int | None = None
    cpu: int | None = None
    processes: int | None = None
    core: int = 0


@dataclass(frozen=True)
class Stop:
    """One step of ending a process group: send `signal`, then give it `grace` seconds."""

    signal: str
    grace: float


TERMINATE = (Stop("SIGTERM", 1.0), Stop("SIGKILL", 5.0))
GO_TERMINATE = (Stop("SIGQUIT", 2.0), *TERMINATE)  # the Go runtime answers SIGQUIT with every goroutine


@dataclass(frozen=True)
class Command:
    """One program to run in a process group of its own. `timeout` is seconds of wall time.

    `stdin` is what it reads, or the number of a descriptor of ours that it reads from.

    Without `cwd` it gets a private folder that is removed afterwards. `watched` asks for the files that it and all that
    it starts open; not together with a bound on processes. With `in_turns` it is an emulator
    that serves a debugger, and whose threads stop one at a time, where the kernel can be asked to see to that.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    timeout: float
    cwd: Path | None = None
    stdin: bytes | int = b""
    limits: Limits = Limits()
    stops: tuple[Stop, ...] = TERMINATE
    watched: bool = False
    in_turns: bool = False


@dataclass(frozen=True)
class Finished:
    """How a command ended.

    `ended` is ``exited``, ``signaled``, ``timeout``, ``limit`` (see `notes`) or ``not-started`` (see `error`).
    `code` is the exit code, `signal` the name of the deadly signal; both also tell how a process ended that was
    stopped at a limit. `seconds` is wall time, `cpu_seconds` user and system time of the program itself. `opened` are
    the absolute paths that a watched command, or what it started, opened to read or executed, or tried to, and
    `sought` those that it only looked for; None where they are not known.
    """

    ended: str
    code: int | None = None
    signal: str | None = None
    stdout: bytes = b""
    stderr: bytes = b""
    dropped: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    error: str = ""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    pid: int = 0
    workdir: str = ""
    opened: tuple[str, ...] | None = None
    sought: tuple[str, ...] | None = None

    @property
    def ok(self) -> bool:
        """Whether it ended by itself with exit code 0."""
        return self.ended == "exited" and self.code == 0

    @property
    def text(self) -> str:
        """Both streams, decoded with replacement, for messages."""
        return (self.stdout + self.stderr).decode(errors="replace")
