from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.stub.connect import connect
from harness.stub.errors import StubBroken, StubSilent


@contextmanager
def later(seconds: float, *acts: Callable[[], object]) -> Iterator[None]:
    """Do one thing after the other in a thread, `seconds` apart."""

    def run() -> None:
        for act in acts:
            time.sleep(seconds)
            act()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def test_a_socket_that_is_made_later_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as server:
        with later(0.05, lambda: server.bind(str(path)), server.listen), connect(path, 10) as channel:
            channel.sendall(b"x")
        with server.accept()[0] as theirs:
            assert theirs.recv(1) == b"x"


def test_a_socket_in_a_deep_folder_is_reached_by_a_short_way(tmp_path: Path) -> None:
    folder = tmp_path / ("d" * 100)
    folder.mkdir()
    here = Path.cwd()
    os.chdir(folder)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("s")
            server.listen()
            with connect(folder / "s", 5):
                pass
            with connect(Path("s"), 5):
                pass
    finally:
        os.chdir(here)


def test_nobody_there_is_given_up_in_time(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(StubSilent, match=r"within 0\.1 s"):
        connect(tmp_path / "never", 0.1)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "bound"))
        with pytest.raises(StubSilent):
            connect(tmp_path / "bound", 0.1)
    assert time.monotonic() - began < 5


def test_a_full_queue_is_given_up_in_time(tmp_path: Path) -> None:
    path = tmp_path / "full"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(0)
        with connect(path, 0.2), pytest.raises(StubSilent):
            connect(path, 0.2)


def test_a_server_that_is_gone_is_not_waited_for(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(StubBroken, match="the emulator ended before its stub listened"):
        connect(tmp_path / "never", 60, alive=lambda: False)
    with pytest.raises(StubBroken, match="the emulator ended before its stub listened"):
        connect(tmp_path / "never", 60, alive=lambda: time.monotonic() - began < 0.1)
    assert time.monotonic() - began < 10


def test_a_server_that_listened_and_is_gone_can_still_be_reached(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        connect(path, 5, alive=lambda: False).close()


def test_a_folder_that_does_not_exist_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(StubBroken, match=r"the folder of the stub's socket, .*/no: No such file"):
        connect(tmp_path / "no" / "s", 60)


def test_a_file_that_is_no_socket_is_no_stub(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(StubSilent):
        connect(tmp_path / "folder", 0.1)


def test_nothing_stays_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with pytest.raises(StubSilent):
            connect(tmp_path / "never", 0.01)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "localhost")])
def test_a_port_is_connected_to_when_somebody_listens(family: socket.AddressFamily, host: str) -> None:
    with socket.socket(family) as server:
        server.bind(("127.0.0.1", 0))
        with later(0.05, server.listen), connect((host, server.getsockname()[1]), 10) as channel:
            assert channel.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_where_nobody_listens_is_given_up_in_time() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        with pytest.raises(StubSilent):
            connect(("127.0.0.1", server.getsockname()[1]), 0.1)


@pytest.mark.parametrize("address", [("example.org", 1), ("", 1), ("127.0.0.1", 0), ("127.0.0.1", 1 << 16)])
def test_an_address_that_cannot_be_one_is_refused(address: tuple[str, int]) -> None:
    with pytest.raises(StubBroken, match="is no"):
        connect(address, 60)
