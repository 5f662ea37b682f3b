"""Reaching a stub that may not listen yet: bounded, woken by the kernel, and given up when its server is gone."""

from __future__ import annotations

import contextlib
import ctypes
import ipaddress
import os
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from harness.stub.errors import StubBroken, unreachable

Address = Path | tuple[str, int]

_IN_CREATE, _IN_MOVED_TO = 0x100, 0x80
_IN_NONBLOCK, _IN_CLOEXEC = os.O_NONBLOCK, os.O_CLOEXEC
_LOOK = 0.05  # seconds between two looks at whether the server lives
_FIRST, _LAST = 0.0001, 0.05  # seconds before the next try where no event tells: between bind and listen, and over TCP
_PATH_BYTES = 107  # of sun_path, without its NUL (unix(7))

_libc = ctypes.CDLL(None, use_errno=True)
_unused: deque[int] = deque()


def connect(address: Address, timeout: float, alive: Callable[[], bool] | None = None) -> socket.socket:
    """Return a socket that is connected to `address`, a unix socket's path or a numeric host and a port.

    A path that does not exist yet is waited for (inotify(7)); a refusal is tried again, because a server that has
    bound its address may not listen yet. `alive` says whether the server still runs. Raises StubBroken after `timeout`
    seconds, when the server is gone, and when the address cannot be one.
    """
    deadline = time.monotonic() + timeout
    if isinstance(address, Path):
        with _folder(address) as (events, name):
            return _try(socket.AF_UNIX, name, str(address), deadline, timeout, alive, events)
    host, port = address
    try:
        version = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        # a resolver's time has no bound
        raise StubBroken(f"{host!r} is no numeric address", mend="give the stub's address in numbers") from None
    if not 0 < port < 1 << 16:
        raise StubBroken(f"{port} is no port")
    family = socket.AF_INET if version.version == 4 else socket.AF_INET6
    return _try(family, (str(version), port), f"{host}:{port}", deadline, timeout, alive, None)


def _try(
    family: int,
    target: str | tuple[str, int],
    shown: str,
    deadline: float,
    timeout: float,
    alive: Callable[[], bool] | None,
    events: int | None,
) -> socket.socket:
    pause = _FIRST
    while True:
        lives = alive is None or alive()  # before the try: a server that ended after it could be missed otherwise
        left = deadline - time.monotonic()
        if left <= 0:
            raise unreachable(shown, timeout)
        channel = socket.socket(family, socket.SOCK_STREAM)
        try:
            channel.settimeout(left)
            channel.connect(target)
            if family == socket.AF_UNIX:
                return channel
            if channel.getsockname() == channel.getpeername():
                raise ConnectionRefusedError  # nobody listened, and TCP has connected the socket with itself
            channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return channel
        except FileNotFoundError:
            channel.close()
            pause = _FIRST
            wait = min(_LOOK, left) if alive else left
        except (ConnectionRefusedError, BlockingIOError, ConnectionResetError, InterruptedError):
            channel.close()
            wait = pause = min(pause * 2, _LAST, left)
        except TimeoutError:
            channel.close()
            continue
        except OSError as error:
            channel.close()
            raise StubBroken(f"cannot connect to the stub at {shown}: {error}") from error
        except BaseException:
            channel.close()
            raise
        if not lives:
            raise StubBroken(
                f"the emulator ended before its stub listened at {shown}",
                why="it could not start: the program, its loader or its sysroot is missing, or the address is taken",
                mend="look at what it printed",
            )
        _sleep(events, wait)


def _sleep(events: int | None, seconds: float) -> None:
    """Wait until something happens in the folder, at most `seconds`."""
    select.select([] if events is None else [events], [], [], seconds)
    if events is not None:
        with contextlib.suppress(BlockingIOError):
            os.read(events, 1 << 16)


@contextlib.contextmanager
def _folder(path: Path) -> Iterator[tuple[int, str]]:
    """Watch the folder of `path`; yield the events' descriptor and a name for `path` that fits into sun_path."""
    with _watches() as events:
        watch = _libc.inotify_add_watch(events, os.fsencode(path.parent), _IN_CREATE | _IN_MOVED_TO)
        if watch < 0:
            raise StubBroken(f"the folder of the stub's socket, {path.parent}: {os.strerror(ctypes.get_errno())}")
        try:
            if len(os.fsencode(path)) <= _PATH_BYTES:
                yield events, str(path)
                return
            folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                yield events, f"/proc/self/fd/{folder}/{path.name}"
            finally:
                os.close(folder)
        finally:
            _libc.inotify_rm_watch(events, watch)


@contextlib.contextmanager
def _watches() -> Iterator[int]:
    """Yield an inotify instance. They are kept: the kernel takes 10 ms to close one, as long as a whole snapshot."""
    try:
        events = _unused.pop()
    except IndexError:
        events = _libc.inotify_init1(_IN_NONBLOCK | _IN_CLOEXEC)
        if events < 0:
            raise StubBroken(
                f"no more folders can be watched: {os.strerror(ctypes.get_errno())}", mend="see inotify(7)"
            ) from None
    try:
        yield events
    finally:
        _unused.append(events)
