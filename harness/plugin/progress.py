"""Live progress: long phases say what they do, in this process or from a worker of pytest-xdist.

Workers send datagrams to a socket of the controller, where a thread writes them to the terminal. Losing one
costs a line of progress and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.plugin.state import Progress

SOCKET = "progress.sock"
LONGEST = 4096


class TerminalProgress(Progress):
    """Writes to this process's terminal, through pytest's capturing."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def __call__(self, text: str) -> None:
        """Say `text` on a line of its own."""
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None or self._config.get_verbosity() < 0:
            return
        capture = self._config.pluginmanager.get_plugin("capturemanager")
        with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
            reporter.ensure_newline()
            reporter.write_line(f"crossabi: {text}", cyan=True)


class WorkerProgress(Progress):
    """Sends to the controller."""

    def __init__(self, folder: Path, worker: str) -> None:
        self._folder = folder
        self._worker = worker
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def __call__(self, text: str) -> None:
        """Send `text`; a full or missing socket loses it."""
        with contextlib.suppress(OSError), _address(self._folder) as address:
            self._socket.sendto(f"{self._worker} {text}".encode()[:LONGEST], address)


class Listener:
    """The controller's end: a thread that hands on what workers say."""

    def __init__(self, folder: Path, tell: Progress) -> None:
        self._tell = tell
        self._folder = folder
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with _address(folder) as address:
            self._socket.bind(address)
        self._thread = threading.Thread(target=self._listen, name="crossabi-progress", daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            data = self._socket.recv(LONGEST)
            if not data:
                return
            self._tell(data.decode(errors="replace"))

    def close(self) -> None:
        """End the thread: an empty datagram tells it to."""
        sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with contextlib.suppress(OSError), sender, _address(self._folder) as address:
            sender.sendto(b"", address)
            self._thread.join(timeout=5.0)
        self._socket.close()


@contextlib.contextmanager
def _address(folder: Path) -> Iterator[str]:
    """Yield the socket's address, through an open folder: an address has 107 bytes, and a path may be longer."""
    opened = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{opened}/{SOCKET}"
    finally:
        os.close(opened)
