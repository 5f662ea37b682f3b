"""The harness's side of the keeper: start it once, hand it commands, get `Finished` back."""

from __future__ import annotations

import atexit
import base64
import contextlib
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from harness.errors import RunnerBroken
from harness.process import family
from harness.process.keeper import FOLDER
from harness.process.spec import Command, Finished
from harness.process.waker import MOST, Waker

PACKAGES = Path(__file__).parents[2]  # where `harness` is imported from
BOOT = "import sys; sys.path.append(sys.argv[1]); from harness.process.keeper import main; main(int(sys.argv[2]))"
ANSWER_SLACK = 60.0  # seconds beyond the command's own time in which the keeper has to answer
STOPPED = "it stopped the process that watches over it"
END_SECONDS = 35.0  # in which the keeper has to end what it runs and itself


class Keeper:
    """A running keeper process. One command at a time; callers in several threads take turns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._waker: Waker | None = None
        self._guard = threading.Lock()
        self._runs = 0
        self._cut = False

    def run(self, command: Command) -> Finished:
        """Run `command` to its end and return what it showed.

        Raises RunnerBroken when the keeper cannot be started, dies or does not answer in time. Then the program has
        been killed, and so has all that it started, unless the keeper itself was killed with SIGKILL.
        """
        with self._lock:
            try:
                channel, waker = self._connect()
                waker.stops = 0
                with self._guard:
                    if self._cut:
                        raise EOFError("it was cut short before it began")
                channel.settimeout(command.timeout + sum(s.grace for s in command.stops) + ANSWER_SLACK)
                body = json.dumps(_request(command)).encode()
                shared = [command.stdin] if isinstance(command.stdin, int) else []
                socket.send_fds(channel, [struct.pack(">I", len(body))], shared)
                channel.sendall(body)
                (length,) = struct.unpack(">I", _exactly(channel, 4))
                answer = json.loads(_exactly(channel, length))
            except (OSError, EOFError) as error:
                self._drop()
                raise RunnerBroken(
                    f"the keeper process ended or hung while running {command.argv[0]}: {error}",
                    why="it was killed from outside (out of memory?), or the machine is overloaded",
                    mend="run again; if it persists, look at the kernel log",
                ) from error
            except BaseException:
                self._drop()  # an interrupt in the middle: closing the socket makes the keeper kill the run
                raise
            finally:
                with self._guard:
                    self._runs += 1
                    cut, self._cut = self._cut, False
                if cut:
                    self._drop()
        return _with_stops(_finished(answer), waker.stops)

    def interrupt(self) -> None:
        """Cut the connection, from another thread: a command that is running is killed, and its `run` raises."""
        channel = self._socket
        if channel is not None:
            with contextlib.suppress(OSError):
                channel.shutdown(socket.SHUT_RDWR)

    def runs_on(self) -> bool:
        """Return whether a process that it runs is there and not on its way out."""
        process = self._process
        return process is not None and family.runs_on(process.pid)

    def holds(self, path: Path) -> bool | None:
        """Return whether what it runs has `path` open; None: nothing runs, or it is ending."""
        process = self._process
        return None if process is None else family.holds(process.pid, str(path))

    def interrupter(self) -> Callable[[], None]:
        """Return what another thread cuts the next run short with; after that run's end it does nothing."""
        number = self._runs

        def interrupt() -> None:
            with self._guard:
                if self._runs == number:
                    self._cut = True
                    self.interrupt()

        return interrupt

    def close(self) -> None:
        """End the keeper; a command that it is running is killed."""
        with self._lock:
            self._drop()

    def _connect(self) -> tuple[socket.socket, Waker]:
        if self._socket is None or self._waker is None or self._process is None or self._process.poll() is not None:
            self._drop()
            ours, theirs = socket.socketpair()
            self._socket = ours
            with theirs:
                self._process = _start(theirs.fileno())
            self._waker = Waker(self._process.pid)
        return self._socket, self._waker

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is not None:
            try:
                self._process.wait(timeout=END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            if self._process.returncode < 0:  # one that was killed has left its folder
                for left in Path(tempfile.gettempdir()).glob(f"{FOLDER.format(self._process.pid)}*"):
                    shutil.rmtree(left, ignore_errors=True)
            self._process = None
        if self._waker is not None:
            self._waker.join()
            self._waker = None


def own_environment() -> dict[str, str]:
    """Return this process's environment, while other threads may change it."""
    return {name: value for name in os.environ if (value := os.environ.get(name)) is not None}


def _start(fd: int) -> subprocess.Popen[bytes]:
    """Start a keeper that serves `fd`.

    The environment is a copy: with the C library's own one, a setenv in another thread (pytest sets
    PYTEST_CURRENT_TEST all the time) frees what the kernel is just reading, and the start fails with EFAULT.
    """
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", BOOT, str(PACKAGES), str(fd)],
        env=own_environment(),
        pass_fds=[fd],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def _request(command: Command) -> dict[str, Any]:
    return {
        "argv": command.argv,
        "env": dict(command.env),
        "timeout": command.timeout,
        "cwd": str(command.cwd) if command.cwd else "",
        "stdin": base64.b64encode(command.stdin if isinstance(command.stdin, bytes) else b"").decode(),
        "limits": asdict(command.limits),
        "stops": [asdict(stop) for stop in command.stops],
        "watched": command.watched,
        "in_turns": command.in_turns,
    }


def _finished(answer: dict[str, Any]) -> Finished:
    for name in ("stdout", "stderr"):
        answer[name] = base64.b64decode(answer[name])
    answer["notes"] = tuple(answer["notes"])
    for name in ("opened", "sought"):
        answer[name] = None if answer[name] is None else tuple(answer[name])
    return Finished(**answer)


def _with_stops(finished: Finished, stops: int) -> Finished:
    """Return `finished` with what is to be said of `stops` of the keeper: too many were its end."""
    if stops == 0:
        return finished
    if stops <= MOST:
        return replace(
            finished, notes=(*finished.notes, "it stopped the process that watches over it, which was woken")
        )
    note = f"it stopped the process that watches over it more than {MOST} times"
    return replace(finished, ended="limit", notes=(*finished.notes, note))


def _exactly(channel: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        part = channel.recv(count - len(data))
        if not part:
            raise EOFError("the connection closed")
        data += part
    return bytes(data)


class Keepers:
    """One keeper for each thread that runs commands, so that threads run them side by side."""

    def __init__(self) -> None:
        self._own = threading.local()
        self._all: list[Keeper] = []

    def mine(self) -> Keeper:
        """Return the calling thread's keeper."""
        keeper: Keeper = getattr(self._own, "keeper", None) or Keeper()
        self._own.keeper = keeper
        if keeper not in self._all:
            self._all.append(keeper)
        return keeper

    def close(self) -> None:
        """End all of them; what they are running is killed."""
        for keeper in self._all:
            keeper.interrupt()
        while self._all:
            self._all.pop().close()


_keepers = Keepers()
atexit.register(_keepers.close)


def run(command: Command) -> Finished:
    """Run `command` under the calling thread's keeper. See `Keeper.run`."""
    return _keepers.mine().run(command)


def interrupter() -> Callable[[], None]:
    """Return what another thread cuts the calling thread's next run short with: it is killed, and `run` raises."""
    return _keepers.mine().interrupter()


def mine() -> Keeper:
    """Return the calling thread's keeper, which other threads may ask about what it runs."""
    return _keepers.mine()


def close() -> None:
    """End every keeper of this process and what it is running; a later `run` starts a new one."""
    _keepers.close()
