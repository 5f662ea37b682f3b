"""The keeper: a small program that runs commands for one harness process and outlives it just long enough.

It is started once per harness process, in a session of its own, with one end of a socket pair. It adopts every
descendant of what it runs (PR_SET_CHILD_SUBREAPER), so nothing escapes by forking twice or by leaving the
process group, and when the other end of the socket closes, because the harness ended or was killed with
SIGKILL, it kills everything that it started, removes the private folders, and ends.

A program can stop it with SIGSTOP, which nobody can refuse: the harness wakes it (`harness.process.waker`).

Only the standard library and what stands beside it: it is run as ``python -I -S -c BOOT FOLDER FD`` (see client.py).

Protocol: a 4-byte big-endian length, then JSON. Request: the fields of `harness.process.spec.Command`;
answer: those of `Finished`, byte strings in base64.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import errno
import json
import math
import os
import resource
import select
import shutil
import signal
import socket
import struct
import tempfile
import time
from collections.abc import Callable
from typing import Any

from harness.process import family, forks, opens, seccomp, turnstile

SHARED = "shared stdin"  # the key of a request under which the descriptor stands that came with it
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
FOLDER = "crossabi-run-{}_"  # begins the name of a run's private folder: with its keeper's process id
TICK = 0.1  # seconds between looks at the number of processes
CHUNK = 1 << 18
DRAIN_SECONDS = 5.0  # how long to read what is left in the pipes after everything has been killed

Json = dict[str, Any]

_libc = ctypes.CDLL(None, use_errno=True)


class ParentGone(Exception):
    """The harness closed its end of the socket or died."""


class Stream:
    """One output pipe: keeps the first `bound` bytes, counts the rest."""

    def __init__(self, fd: int, bound: int, sink: int) -> None:
        self.fd = fd
        self.bound = bound
        self.sink = sink
        self.kept = bytearray()
        self.dropped = 0
        self.open = True

    def pull(self, event: int = 0) -> bool:
        """Take what is there without blocking; return whether more may come.

        Beyond the bound the kernel throws it away for us.
        """
        room = self.bound - len(self.kept)
        try:
            if room > 0:
                data = os.read(self.fd, min(CHUNK, room))
                self.kept += data
                count = len(data)
            else:
                count = os.splice(self.fd, self.sink, 1 << 20)
                self.dropped += count
        except BlockingIOError:
            return True
        if count == 0:
            self.close()
        return self.open

    def close(self) -> None:
        """Close the pipe, once."""
        if self.open:
            self.open = False
            os.close(self.fd)


class Run:
    """One command from start to end."""

    def __init__(self, request: Json, control: socket.socket) -> None:
        self.request = request
        self.control = control
        self.notes: list[str] = []
        self.status: int | None = None
        self.cpu_seconds = 0.0
        self.ended = ""
        self.workdir = request["cwd"] or tempfile.mkdtemp(prefix=FOLDER.format(os.getpid()))
        self.listener: seccomp.Listener | None = None
        self.asked: forks.Gate | opens.Watcher | None = None
        self.turnstile: turnstile.Turnstile | None = None

    def execute(self) -> Json:
        """Run the command to its end, leave nothing of it behind, and return the answer."""
        started = time.monotonic()
        sink = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        out_r, out_w = os.pipe2(os.O_CLOEXEC)
        err_r, err_w = os.pipe2(os.O_CLOEXEC)
        for fd in (out_r, err_r):
            os.set_blocking(fd, False)
        bound = self.request["limits"]["output"]
        self.streams = {"stdout": Stream(out_r, bound, sink), "stderr": Stream(err_r, bound, sink)}
        error = ""
        try:
            error = self.start(out_w, err_w)
            if not error:
                self.watch(started + self.request["timeout"])
        finally:
            family.kill_descendants()
            self.drain()
            os.close(sink)
            self.notes += [
                f"{stream.dropped} more bytes of {name} were dropped and not looked at"
                for name, stream in self.streams.items()
                if stream.dropped
            ]
            if self.turnstile:
                self.turnstile.open()
            if self.listener:
                self.listener.close()
            if not self.request["cwd"]:
                shutil.rmtree(self.workdir, ignore_errors=True)
        return self.answer(error, time.monotonic() - started)

    def start(self, out_w: int, err_w: int) -> str:
        """Fork and exec; return an empty string or why the program could not be started."""
        stdin = self.request.pop(SHARED, None)
        if stdin is None:
            stdin = self.written_stdin()
        argv = [arg.replace("{workdir}", self.workdir) for arg in self.request["argv"]]
        env = {name: value.replace("{workdir}", self.workdir) for name, value in self.request["env"].items()}
        failed_r, failed_w = os.pipe2(os.O_CLOEXEC)
        ours, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            self.become(argv, env, (stdin, out_w, err_w), failed_w, theirs)
        theirs.close()
        for fd in (stdin, out_w, err_w, failed_w):
            os.close(fd)
        with ours:
            self.listen(ours)
        failed = self.await_exec(failed_r)
        if failed:
            os.waitpid(self.pid, 0)
            self.ended = "not-started"
        return failed

    def written_stdin(self) -> int:
        """Return a descriptor from which the request's own text is read."""
        stdin = os.memfd_create("stdin", os.MFD_CLOEXEC)
        data = base64.b64decode(self.request["stdin"])
        while data:
            data = data[os.write(stdin, data) :]
        os.lseek(stdin, 0, os.SEEK_SET)
        return stdin

    def listen(self, channel: socket.socket) -> None:
        """Take the listener, if any, that the child sends."""
        bound = self.request["limits"]["processes"]
        if self.tables() is None:
            return
        self.listener = seccomp.receive(channel)
        if self.listener is None:
            return
        if self.request["in_turns"]:
            self.turnstile = turnstile.Turnstile(self.listener, self.pid)
        if bound is not None:
            self.asked = forks.Gate(self.listener, bound, self.count)
        elif self.request["watched"]:
            self.asked = opens.Watcher(self.listener)

    def tables(self) -> seccomp.Machines | None:
        """Return the calls that are asked about, or None where nothing is."""
        if self.request["limits"]["processes"] is not None:
            return seccomp.merged(forks.TABLES, turnstile.TABLES) if self.request["in_turns"] else forks.TABLES
        if self.request["in_turns"]:
            return turnstile.TABLES
        return opens.TABLES if self.request["watched"] else None

    def await_exec(self, pipe: int) -> str:
        """Return what the child writes to `pipe`, which closes as it turns into the program: why it could not."""
        failed = bytearray()
        poller = select.poll()
        poller.register(pipe, select.POLLIN)
        if self.listener:
            poller.register(self.listener.fd, select.POLLIN)
        try:
            while True:
                for fd, event in poller.poll():
                    if fd != pipe:
                        if not self.ask(event):
                            poller.unregister(fd)
                        continue
                    part = os.read(pipe, CHUNK)
                    if not part:
                        return failed.decode(errors="replace")
                    failed += part
        finally:
            os.close(pipe)

    def become(
        self, argv: list[str], env: dict[str, str], stdio: tuple[int, ...], failed_w: int, channel: socket.socket
    ) -> None:
        """In the child: put the limits on and turn into the program; never returns."""
        place = argv[0]
        try:
            os.setsid()
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
                signal.signal(number, signal.SIG_DFL)  # what is ignored here would stay so in the program
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            for target, fd in enumerate(stdio):
                os.dup2(fd, target)
            for name, *wanted in rlimits(self.request["limits"]):
                _, most = resource.getrlimit(name)
                soft, hard = (value if most == resource.RLIM_INFINITY else min(value, most) for value in wanted)
                resource.setrlimit(name, (soft, hard))
            place = self.workdir
            os.chdir(place)
            place = argv[0]
            tables = self.tables()
            if tables is not None:
                seccomp.install(channel, tables)
            channel.close()
            os.execvpe(place, argv, env)
        except OSError as error:
            code = errno.errorcode.get(error.errno or 0, "?")
            os.write(failed_w, f"{place}: {error.strerror} ({code})".encode())
        except BaseException as error:
            os.write(failed_w, repr(error).encode())
        finally:
            os._exit(127)

    def watch(self, deadline: float) -> None:
        """Wait for the program's end, its deadline, or a limit; then end what is left."""
        self.wait(deadline)
        if self.status is None:
            if not self.ended:
                self.ended = "timeout"
                self.describe_state()
            for stop in self.request["stops"]:
                self.send(getattr(signal, stop["signal"]))
                self.wait(time.monotonic() + stop["grace"])
                if self.status is not None:
                    break
        left = 0 if family.reap_all() else len(family.descendants(os.getpid()))
        if left and not self.ended:
            self.notes.append(f"{left} process(es) that it left behind were killed")

    def wait(self, deadline: float) -> None:
        """Pump output until the program has ended, `deadline` has passed, or a limit was broken."""
        poller = select.poll()
        pidfd = os.pidfd_open(self.pid)
        handlers: dict[int, Callable[[int], bool]] = {pidfd: self.reap, self.control.fileno(): self.hang_up}
        handlers |= {stream.fd: stream.pull for stream in self.streams.values() if stream.open}
        if self.listener:
            handlers[self.listener.fd] = self.ask
        for fd in handlers:
            poller.register(fd, select.POLLIN)
        before = self.ended
        next_look = math.inf if self.asked else time.monotonic() + TICK
        next_turn = time.monotonic() if self.turnstile else math.inf
        try:
            while self.status is None and self.ended == before:
                now = time.monotonic()
                if now >= deadline:
                    return
                if now >= next_look:
                    next_look = now + TICK
                    self.look()
                if now >= next_turn and self.turnstile:
                    next_turn = now + TICK
                    self.turnstile.look()
                timeout = max(0.0, min(deadline, next_look, next_turn) - now)
                for fd, event in poller.poll(timeout * 1000 + 1):
                    if not handlers[fd](event):
                        poller.unregister(fd)
        finally:
            os.close(pidfd)

    def hang_up(self, event: int) -> bool:
        """The harness wrote out of turn, or is gone."""
        raise ParentGone

    def ask(self, event: int) -> bool:
        """Answer who waits for it; return whether anybody can still ask."""
        if not event & select.POLLIN:
            return False
        asked = self.listener.next() if self.listener else None
        if asked is None or self.listener is None:
            return True
        if self.turnstile and self.turnstile.wants(asked):
            self.turnstile.take(asked)
        elif self.asked is None:
            self.listener.answer(asked)
        elif not self.asked.take(asked) and not self.ended:
            self.cut_down()
        return True

    def reap(self, event: int) -> bool:
        """Take the program's exit status."""
        _, status, usage = os.wait4(self.pid, 0)
        self.status = status
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        return False

    def count(self) -> int:
        """Return how many processes there are, with those that have ended and await their parent, but not us."""
        number = 0
        for pid, relative in family.tree(os.getpid()).items():
            if relative.ended and relative.parent == os.getpid() and pid != self.pid:
                os.waitpid(pid, os.WNOHANG)  # an orphan
            else:
                number += 1
        return number

    def look(self) -> None:
        """Without a gate: see whether there are more processes than allowed."""
        bound = self.request["limits"]["processes"]
        if bound is not None and not self.ended and len(family.descendants(os.getpid())) > bound:
            self.cut_down()

    def cut_down(self) -> None:
        """Kill every process but the first: it had, or wanted, more of them than allowed."""
        for pid in family.freeze(family.descendants(os.getpid())) - {self.pid}:
            family.signal_process(pid, signal.SIGKILL)
        self.ended = "limit"
        self.notes.append(f"it wanted more than the {self.request['limits']['processes']} processes allowed")

    def describe_state(self) -> None:
        """Note what is unusual about a program whose time ran out."""
        with contextlib.suppress(OSError):
            state = family.state(self.pid)
            if state in "Tt":
                self.notes.append("it was stopped (SIGSTOP or SIGTSTP) when its time ran out")
            if not any(stream.open for stream in self.streams.values()):
                self.notes.append("it had closed stdout and stderr")

    def send(self, number: int) -> None:
        """Signal the whole group, waking it first where it is stopped."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)
            if number != signal.SIGKILL:
                os.killpg(self.pid, signal.SIGCONT)

    def drain(self) -> None:
        """Read what is left in the pipes; every writer is dead, so this ends at once."""
        deadline = time.monotonic() + DRAIN_SECONDS
        for stream in self.streams.values():
            while stream.open and time.monotonic() < deadline:
                if not select.select([stream.fd], [], [], 0.05)[0]:
                    break
                stream.pull()
            stream.close()

    def answer(self, error: str, seconds: float) -> Json:
        """Return the fields of `Finished`."""
        code = signal_name = None
        if self.status is not None:
            if os.WIFSIGNALED(self.status):
                signal_name = name_of(os.WTERMSIG(self.status))
            else:
                code = os.WEXITSTATUS(self.status)
        seen = self.asked.found() if isinstance(self.asked, opens.Watcher) else None
        opened, sought = seen or (None, None)
        return {
            "opened": opened,
            "sought": sought,
            "ended": self.ended or ("signaled" if signal_name else "exited"),
            "code": code,
            "signal": signal_name,
            "stdout": base64.b64encode(self.streams["stdout"].kept).decode(),
            "stderr": base64.b64encode(self.streams["stderr"].kept).decode(),
            "dropped": {name: stream.dropped for name, stream in self.streams.items() if stream.dropped},
            "notes": self.notes,
            "error": error,
            "seconds": seconds,
            "cpu_seconds": self.cpu_seconds,
            "pid": getattr(self, "pid", 0),
            "workdir": self.workdir,
        }


def rlimits(limits: Json) -> list[tuple[int, int, int]]:
    """Return (resource, soft, hard) for the limits that are set.

    At its hard CPU limit a process gets a SIGKILL that tells nobody why, so the SIGXCPU of the soft one comes first.
    """
    rows = [
        (resource.RLIMIT_CORE, limits["core"], 0),
        (resource.RLIMIT_DATA, limits["memory"], 0),
        (resource.RLIMIT_FSIZE, limits["file_size"], 0),
        (resource.RLIMIT_CPU, limits["cpu"], 1),
    ]
    return [(name, value, value + more) for name, value, more in rows if value is not None]


def name_of(number: int) -> str:
    """Return the name of a signal."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def receive(control: socket.socket) -> Json:
    """Return the next request, with the descriptor that came with it. Raises ParentGone at the connection's end."""
    header, shared, _, _ = socket.recv_fds(control, 4, 1)
    if not header:
        raise ParentGone
    header += read_exactly(control, 4 - len(header))
    request: Json = json.loads(read_exactly(control, struct.unpack(">I", header)[0]))
    for fd in shared:
        os.set_inheritable(fd, False)
        request[SHARED] = fd
    return request


def read_exactly(control: socket.socket, count: int) -> bytes:
    """Return `count` bytes. Raises ParentGone at the end of the connection."""
    data = bytearray()
    while len(data) < count:
        part = control.recv(count - len(data))
        if not part:
            raise ParentGone
        data += part
    return bytes(data)


def main(fd: int) -> None:
    """Serve the requests that come through the socket `fd` until the harness goes away."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])  # for sigtimedwait; a program's mask is cleared
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    control = socket.socket(fileno=fd)
    control.set_inheritable(False)
    try:
        while True:
            run = Run(receive(control), control)
            body = json.dumps(run.execute()).encode()
            control.sendall(struct.pack(">I", len(body)) + body)
    except (ParentGone, BrokenPipeError, ConnectionResetError):
        family.kill_descendants()
