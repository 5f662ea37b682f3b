"""Named pipes with a writer of our own."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
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


def test_who_still_writes_when_the_run_is_over_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipe, "GRACE", 0.2)
    made = Pipe(tmp_path / "log")
    with (tmp_path / "log").open("wb", buffering=0) as log:
        log.write(b"all")
        made.finish()
        with pytest.raises(RunnerBroken, match="ended with status -9") as broken:
            read(made)
    assert "a process that outlived the run has the log open" in str(broken.value.why)


def test_what_was_held_goes_on_when_the_run_is_over(tmp_path: Path) -> None:
    made = Pipe(tmp_path / "log")
    made._carrier.send_signal(signal.SIGSTOP)
    made.finish()
    assert read(made) == b""


HARNESS = """
import os, pathlib, signal, sys
from harness.probe.pipe import Pipe
path = pathlib.Path(sys.argv[1])
made = Pipe(path)
if int(sys.argv[2]):  # as one is held that has carried much
    log = path.open("wb", buffering=0)
    log.write(b"something")
    next(made.parts())
os.kill(made._carrier.pid, int(sys.argv[2]))
os.write(1, b"%d" % made._carrier.pid)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("before", [0, signal.SIGSTOP])
def test_what_carries_ends_with_a_harness_that_was_killed(before: int, tmp_path: Path) -> None:
    argv = [sys.executable, "-c", HARNESS, str(tmp_path / "log"), str(int(before))]
    ran = subprocess.run(argv, stdout=subprocess.PIPE, timeout=30, check=False)  # all that have its output ended
    assert ran.returncode == -signal.SIGKILL
    try:
        carrier = os.pidfd_open(int(ran.stdout))
    except ProcessLookupError:
        return
    waiter = select.poll()
    waiter.register(carrier, select.POLLIN)
    assert waiter.poll(10_000)
    os.close(carrier)


def opened() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir() if path.exists()}


def test_a_pipe_that_cannot_be_made_leaves_nothing_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pids = []

    def fails(pid: int) -> int:
        pids.append(pid)
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "pidfd_open", fails)
    before = opened()
    with pytest.raises(OSError, match="Too many open files"):
        Pipe(tmp_path / "log")
    assert opened() == before
    with pytest.raises(ProcessLookupError):  # nor anybody running
        os.kill(pids[0], 0)
