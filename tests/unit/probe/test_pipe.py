"""Named pipes with a writer of our own."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from harness.errors import RunnerBroken, StoreBroken
from harness.probe import pipe
from harness.probe.pipe import Pipe
from harness.process import drain


def read(made: Pipe) -> bytes:
    try:
        return b"".join(made.parts())
    finally:
        made.close()


def test_what_is_written_is_read_and_the_file_gives_its_room_back(tmp_path: Path) -> None:
    made = Pipe(tmp_path / "log")
    data = os.urandom(3 * pipe.PART)
    with (tmp_path / "log").open("wb") as log:
        log.write(data)
    parts = made.parts()
    assert b"".join(parts) == data
    assert not made.cut
    assert os.fstat(made._file).st_blocks * 512 < pipe.PART  # where the file system can do it: any of Linux's own
    made.close()


def test_a_writer_that_is_ahead_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipe, "BACKLOG", 1 << 20)
    made = Pipe(tmp_path / "log")
    data = bytes(4 << 20)
    with (tmp_path / "log").open("wb") as log:
        log.write(data)
    assert read(made) == data
    assert made.was_full


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "full.py").write_text(f"raise SystemExit({drain.NO_ROOM})")
    monkeypatch.setattr(drain, "__file__", str(tmp_path / "full.py"))
    made = Pipe(tmp_path / "log")
    with pytest.raises(StoreBroken, match="no room for QEMU's log on the disk of"):
        read(made)


def test_a_carrier_that_was_killed_is_told(tmp_path: Path) -> None:
    made = Pipe(tmp_path / "log")
    made._carrier.send_signal(signal.SIGKILL)
    with pytest.raises(RunnerBroken, match="ended with status -9"):
        read(made)
