"""Wake a keeper that the program it runs has stopped: SIGSTOP cannot be refused, and a stopped keeper ends nothing.

A thread waits for that, which the kernel tells a parent (waitid(2), WSTOPPED). What stops the keeper again and again
would leave it no time to work in between, and is killed from here.
"""

from __future__ import annotations

import os
import signal
import threading

from harness.process import family

MOST = 100  # stops in one run; the next one ends it


class Waker:
    """Watches over one keeper, the child `pid` of this process, until that has ended."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.stops = 0  # since the run began
        self._fd = os.pidfd_open(pid)
        self._thread = threading.Thread(target=self._watch, name=f"crossabi keeper {pid}", daemon=True)
        self._thread.start()

    @property
    def killed(self) -> bool:
        """Whether the program of this run was killed for it."""
        return self.stops > MOST

    def join(self) -> None:
        """Wait for the end of the thread, once the keeper has ended."""
        self._thread.join()

    def _watch(self) -> None:
        try:
            while self._stopped():
                self.stops += 1
                if self.killed:
                    found = family.descendants(self.pid)
                    others = {pid: group for pid, group in found.items() if group != self.pid}  # never the keeper
                    family.signal_all(others, signal.SIGKILL)
                signal.pidfd_send_signal(self._fd, signal.SIGCONT)
        except (ChildProcessError, ProcessLookupError):
            pass  # it has ended and been collected
        finally:
            os.close(self._fd)

    def _stopped(self) -> bool:
        """Wait until the keeper has been stopped, or has ended: that is left to its owner to collect."""
        seen = os.waitid(os.P_PIDFD, self._fd, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        if seen is None or seen.si_code != os.CLD_STOPPED:
            return False
        os.waitid(os.P_PIDFD, self._fd, os.WSTOPPED | os.WNOHANG)
        return True
