"""A named pipe whose writer never waits, as long as there is room on the disk.

A write that waits for room in the pipe is ended by a signal whose handler has no SA_RESTART (signal(7)), and QEMU drops
what it could not write into its log.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from harness.errors import RunnerBroken, StoreBroken
from harness.process import drain
from harness.process.client import own_environment

PART = 1 << 20  # bytes that are read at once
GRACE, LOOKS = 10.0, 100  # seconds in which what is in the pipe is carried, once nobody writes any more
BACKLOG = 1 << 30  # bytes that may wait to be read
TICKS = 2, 32  # milliseconds between two looks at the file, while it grows and when it does not
_PUNCH, _KEEP_SIZE = 2, 1  # of fallocate(2)


class Writer(Protocol):
    """Who writes into a pipe."""

    def runs_on(self) -> bool:
        """Whether a process of it is there and not on its way out."""

    def holds(self, path: Path) -> bool | None:
        """Whether it has the pipe at `path` open; None where that is not known."""


class Nobody:
    """Stands for a writer that tells nothing."""

    def runs_on(self) -> bool:
        """See `Writer`."""
        return False

    def holds(self, path: Path) -> bool | None:
        """See `Writer`."""
        return None


NOBODY = Nobody()


class Pipe:
    """Makes a named pipe at `path`; what is written into it waits in a file beside until it is read from `parts`.

    The `writer` has the pipe open until it ends; when it closes before, `cut` is set. `was_full` is set where the
    writer may have had to wait. What carries it ends with the thread that has made this.

    Raises OSError where it cannot be made.
    """

    def __init__(self, path: Path, writer: Writer = NOBODY) -> None:
        self.cut = self.was_full = False
        self._path, self._writer = path, writer
        self._was_open = self._is_finishing = self._is_held = self._is_late = False
        with contextlib.ExitStack() as made:
            os.mkfifo(path, 0o600)
            reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            made.callback(os.close, reading)
            with contextlib.suppress(OSError):  # before anybody writes; who has many pipes may not have a large one
                fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, drain.SIZE)
            os.set_blocking(reading, True)
            kept = path.with_name(f"{path.name}.kept")
            self._file = os.open(kept, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            made.callback(os.close, self._file)
            kept.unlink()
            self._carrier = subprocess.Popen(
                [sys.executable, "-I", "-S", drain.__file__, str(reading), str(self._file), str(os.getpid())],
                env=own_environment(),
                pass_fds=[reading, self._file],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            made.callback(self._end)
            self._ended = os.pidfd_open(self._carrier.pid)
            made.callback(os.close, self._ended)
            self._made = made.pop_all()

    def parts(self) -> Iterator[bytes]:
        """Yield what is written, until the end. Raises StoreBroken where the disk is full, RunnerBroken."""
        waiter = select.poll()
        waiter.register(self._ended, select.POLLIN)
        at, tick, has_ended, look = 0, TICKS[0], False, 0.0
        while True:
            if time.monotonic() >= look:
                self._look()
                look = time.monotonic() + TICKS[1] / 1000
            data = os.pread(self._file, PART, at)
            if data:
                yield data
                self._forget(at, len(data))
                at, tick = at + len(data), TICKS[0]
                self._hold(os.fstat(self._file).st_size - at)
            elif has_ended:
                break
            elif waiter.poll(tick):
                has_ended = True
                self.cut |= not self._is_finishing and self._writer.runs_on()
            else:
                tick = min(2 * tick, TICKS[1])
        status = self._carrier.wait()
        self.was_full |= status == drain.FULL
        if status == drain.NO_ROOM:
            raise StoreBroken(
                f"no room for QEMU's log on the disk of {self._path.parent}: what came then was not seen",
                mend="make room, ask for fewer hits, or use --source=stub",
            )
        if status not in (0, drain.FULL):
            raise RunnerBroken(
                f"what carries QEMU's log ended with status {status}",
                why=(
                    "a process that outlived the run has the log open"
                    if self._is_late
                    else "it was killed from outside"
                ),
            )

    def finish(self) -> None:
        """End when all is carried that was written; who still writes after `GRACE` is not waited for."""
        self._is_finishing = True
        with contextlib.suppress(OSError):  # nobody reads any more, or there is no descriptor to be had
            os.close(os.open(self._path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC))
        waiter = select.poll()
        waiter.register(self._ended, select.POLLIN)
        for _ in range(LOOKS):
            self._carrier.send_signal(signal.SIGCONT)  # again: the other thread may just stop it
            if waiter.poll(GRACE * 1000 / LOOKS):
                return
        self._is_late = True
        self._carrier.kill()

    def close(self) -> None:
        """Give back what it has; nobody may still read from `parts`."""
        self._made.close()

    def _end(self) -> None:
        self._carrier.kill()
        self._carrier.wait()

    def _look(self) -> None:
        """Look whether the writer still has the pipe open: a child of its own may have, and then that has no end."""
        if not self._is_finishing:
            is_open = self._writer.holds(self._path)
            self.cut |= self._was_open and is_open is False
            self._was_open |= is_open is True

    def _forget(self, at: int, size: int) -> None:
        """Give a piece of the file back to the disk, where that can do it."""
        _libc.fallocate(self._file, _PUNCH | _KEEP_SIZE, ctypes.c_int64(at), ctypes.c_int64(size))

    def _hold(self, waiting: int) -> None:
        """Let the pipe fill where too much waits to be read."""
        if not self._is_held and waiting > BACKLOG and not self._is_finishing:
            self._carrier.send_signal(signal.SIGSTOP)
            self._is_held = self.was_full = True
        elif self._is_held and waiting < BACKLOG // 2:
            self._carrier.send_signal(signal.SIGCONT)
            self._is_held = False


_libc = ctypes.CDLL(None)
