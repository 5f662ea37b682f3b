"""Pipes that are really filled; nothing here runs an emulator."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from harness.process import drain

RECORD = 2700  # bytes of one of the log's


def carried(data: bytes, tmp_path: Path, *, blocks: str = "unlimited") -> tuple[int, bytes]:
    """Write `data` into a pipe that the file as a program carries into another, and return how that ended."""
    reading, writing = os.pipe()
    program = [sys.executable, "-I", "-S", drain.__file__]
    with (tmp_path / "file").open("w+b") as file:
        process = subprocess.Popen(
            [
                "sh",
                "-c",
                f'ulimit -f {blocks}; exec "$@"',
                "sh",
                *program,
                str(reading),
                str(file.fileno()),
                str(os.getpid()),
            ],
            pass_fds=[reading, file.fileno()],
        )
        os.close(reading)
        with os.fdopen(writing, "wb") as pipe:
            try:
                pipe.write(data)
                pipe.flush()
            except BrokenPipeError:
                os.dup2(os.open(os.devnull, os.O_WRONLY), writing)
        status = process.wait(30)
        file.seek(0)
        return status, file.read()


def test_all_is_carried_in_order(tmp_path: Path) -> None:
    data = b"".join(b"%08d" % number for number in range(500_000))
    status, found = carried(data, tmp_path)
    assert status in (0, drain.FULL)
    assert found == data


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    status, _ = carried(bytes(1 << 16), tmp_path, blocks="1")
    assert status == drain.NO_ROOM


def test_a_pipe_that_was_full_is_told_and_one_that_nearly_was_is_not() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    source = drain.Source(reading)
    room = source.capacity // 4096
    for count, is_full in ((room - 1, False), (room, True)):
        for _ in range(count):  # each takes a page
            os.write(writing, bytes(RECORD))
        assert len(source.read()) == count * RECORD
        assert source.was_full == is_full
    os.close(writing)
    assert source.read() == b""
    os.close(reading)


def test_who_waited_while_it_was_looked_is_told() -> None:
    reading, writing = os.pipe()
    source = drain.Source(reading)
    for _ in range(source.capacity // 4096):
        os.write(writing, bytes(RECORD))
    waiting = threading.Thread(target=lambda: os.write(writing, bytes(RECORD)))
    waiting.start()
    source.wait()
    source.read()
    assert source.was_full
    waiting.join()
    os.close(writing)
    os.close(reading)


def test_where_it_cannot_be_known_whether_there_was_room_it_was_full(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> int:
        raise OSError(24, "Too many open files")

    reading, writing = os.pipe()
    source = drain.Source(reading)
    os.write(writing, bytes(source.capacity // 2))
    monkeypatch.setattr(os, "open", refuses)
    source.read()
    assert source.was_full
    os.close(writing)
    os.close(reading)


def test_it_carries_for_its_parent_alone() -> None:
    program = [sys.executable, "-I", "-S", drain.__file__, "0", "1", "1"]
    with subprocess.Popen(program, stdin=subprocess.PIPE) as process:
        try:
            assert process.wait(30) == 1
        finally:
            process.kill()
