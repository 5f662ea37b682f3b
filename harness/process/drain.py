"""Carries what is written into a pipe to a file, as fast as it is written: a process that waits for nobody.

A thread of Python's waits for the others, milliseconds in which a fast writer fills a pipe. Only the standard library:
this file is run by itself.
"""

import contextlib
import ctypes
import fcntl
import os
import select
import signal
import struct
import sys
import termios

SIZE = 1 << 20  # bytes of the pipe; more is for those who may do anything
PAUSE = 1  # milliseconds in which the pipe may fill a little: waking up for each write costs more than it
FULL, NO_ROOM = 3, 4
"""Exit statuses: the writer may have had to wait; the file could not be written."""
_COUNT = struct.Struct("i")
_PR_SET_PDEATHSIG = 1
_AT_ONCE = 4096  # bytes that stdio writes at most (the size of a pipe's blocks), which take one page


class Source:
    """The reading end of a pipe. `was_full`: somebody may have waited for room in it."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        with contextlib.suppress(OSError):  # somebody who has many pipes may not have a large one
            fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, SIZE)
        self.capacity = fcntl.fcntl(fd, fcntl.F_GETPIPE_SZ)
        self.was_full = False
        self._ending = select.poll()
        self._ending.register(fd, 0)

    def wait(self) -> None:
        """Wait for the first one to write, or for one that has been there."""
        first = select.poll()
        first.register(self._fd, select.POLLIN)
        first.poll()

    def read(self) -> bytes:
        """Return what there is, and wait for it; nothing: the last writer is gone.

        Since the last time nobody else has taken anything out of it: it was never fuller than now.
        """
        (count,) = _COUNT.unpack(fcntl.ioctl(self._fd, termios.FIONREAD, bytes(_COUNT.size)))
        is_full = 2 * count >= self.capacity and not self._has_room()  # its pages are half full at least
        data = os.read(self._fd, self.capacity)  # nobody writes meanwhile (fs/pipe.c, pipe_read)
        came = len(data) - count
        self.was_full |= is_full or (2 * len(data) >= self.capacity and came > _AT_ONCE)
        if 16 * len(data) < self.capacity:
            self._ending.poll(PAUSE)
        return data

    def _has_room(self) -> bool:
        """Whether somebody could write now; where that cannot be found out, nobody may have."""
        try:
            fd = os.open(f"/proc/self/fd/{self._fd}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            writer = select.poll()
            writer.register(fd, select.POLLOUT)
            return any(events & select.POLLOUT for _, events in writer.poll(0))
        finally:
            os.close(fd)


def carry(pipe: int, file: int) -> int:
    """Carry all from the descriptor `pipe` to `file`, until the last writer has closed; return an exit status."""
    with contextlib.suppress(OSError):  # for those who may: before all that is busy
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    source = Source(pipe)
    source.wait()
    while data := source.read():
        try:
            _write(file, data)
        except OSError:
            return NO_ROOM
    return FULL if source.was_full else 0


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _end_with(parent: int) -> None:
    """End when the process `parent` does, which has started this one, even while this one is stopped."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


if __name__ == "__main__":
    _end_with(int(sys.argv[3]))
    sys.exit(carry(int(sys.argv[1]), int(sys.argv[2])))
