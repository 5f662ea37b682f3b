"""Which calls are taken down, by the filter and by a real kernel."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.process import client, opens, seccomp
from harness.process.client import Keeper
from harness.process.spec import Command, Finished
from unit.process import bpf

ALLOW, ASK = 0x7FFF0000, 0x7FC00000
AMD64, I386, ARM64, ARM = 0xC000003E, 0x40000003, 0xC00000B7, 0x40000028
HIGH = 0x7F12_3456_7890  # where a shared C library stands


@pytest.mark.parametrize(
    ("machine", "audit", "number", "arguments", "pointer", "answer"),
    [
        ("x86_64", AMD64, 257, (), 0x401000, ASK),
        ("x86_64", AMD64, 2, (), 0x401000, ASK),
        ("x86_64", AMD64, 59, (), HIGH, ASK),
        ("x86_64", AMD64, 262, (), HIGH, ASK),
        ("x86_64", AMD64, 262, (3, 0, 0, 0x1000), HIGH, ALLOW),  # fstat
        ("x86_64", AMD64, 262, (), 0x401000, ALLOW),  # a Go tool
        ("x86_64", AMD64, 332, (3, 0, 0x1000), HIGH, ALLOW),
        ("x86_64", AMD64, 332, (), HIGH, ASK),
        ("x86_64", AMD64, 0, (), HIGH, ALLOW),
        ("x86_64", I386, 5, (), 0x8048000, ASK),
        ("x86_64", I386, 195, (), 0x8048000, ASK),
        ("x86_64", I386, 257, (), 0, ALLOW),
        ("aarch64", ARM64, 56, (), 0x401000, ASK),
        ("aarch64", ARM64, 79, (), HIGH, ASK),
        ("aarch64", ARM64, 79, (), 0x401000, ALLOW),
        ("aarch64", ARM, 322, (), 0x8000, ASK),
    ],
)
def test_what_is_asked_about(
    machine: str, audit: int, number: int, arguments: tuple[int, ...], pointer: int, answer: int
) -> None:
    assert bpf.run(seccomp.instructions(opens.TABLES[machine]), audit, number, arguments, pointer) == answer


# As Docker 20 does without CAP_SYS_PTRACE: process_vm_readv is refused.
FORBIDS = """
from harness.process import seccomp as s
import ctypes
filter = s.instructions({0xC000003E: [s.Rule(310, absent=True)], 0xC00000B7: [s.Rule(270, absent=True)]})
program = s._Program(len(filter) // 8, filter)
s._libc.prctl(38, 1, 0, 0, 0)
if s._libc.syscall(s.NUMBERS[s.platform.machine()], 1, 0, ctypes.byref(program)):
    raise OSError(ctypes.get_errno(), "no filter")
"""


@pytest.fixture(scope="module", params=["by the call", "by the file"])
def keeper(request: pytest.FixtureRequest) -> Iterator[Keeper]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "by the file":
            patch.setattr(client, "BOOT", client.BOOT.replace("main(", f"exec({FORBIDS!r}); main("))
        made = Keeper()
        yield made
        made.close()


def watch(keeper: Keeper, code: str, cwd: Path) -> tuple[set[str], set[str]]:
    """Return what a Python program opened and what it sought, below `cwd`."""
    found = run(keeper, code, cwd)
    assert found.ok, found.text
    assert found.opened is not None
    assert found.sought is not None
    assert sys.executable in found.opened
    opened, sought = (
        {path.removeprefix(f"{cwd}/") for path in paths if path.startswith(f"{cwd}/")}
        for paths in (found.opened, found.sought)
    )
    return opened, sought


def run(keeper: Keeper, code: str, cwd: Path) -> Finished:
    return keeper.run(
        Command((sys.executable, "-I", "-S", "-c", code), {"PATH": os.environ["PATH"]}, 30.0, cwd, watched=True)
    )


def test_what_is_read_tried_or_executed_is_taken_down_and_what_is_written_is_not(
    keeper: Keeper, tmp_path: Path
) -> None:
    for name in ("read", "both", "dir/deep"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    code = """
import os
os.open("read", os.O_RDONLY)
os.open("both", os.O_RDWR)
os.open("made", os.O_WRONLY | os.O_CREAT)
os.open("lock", os.O_RDWR | os.O_CREAT)
place = os.open("dir", os.O_RDONLY)
os.open("deep", os.O_RDONLY, dir_fd=place)
for name in ("absent", "x" * 5000):
    try:
        open(name)
    except OSError:
        pass
if os.fork() == 0:
    try:
        os.execv("./program", ["x"])
    finally:
        os._exit(0)
os.wait()
os.path.exists("looked")
"""
    opened, sought = watch(keeper, code, tmp_path)
    assert opened == {"read", "both", "dir", "dir/deep", "absent", "./program"}
    assert "looked" in sought


def test_a_path_that_crosses_pages_is_read_whole(keeper: Keeper, tmp_path: Path) -> None:
    name = "a" * 200
    code = f"""
import ctypes, mmap
memory = mmap.mmap(-1, 3 * 4096)
base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
libc = ctypes.CDLL(None)
for at in range(4096 - 210, 4096 + 5):
    memory[at:at + 201] = b"{name}\\0"
    libc.open(ctypes.c_void_p(base + at), 0)
libc.open(ctypes.c_void_p(8), 0)
"""
    opened, _ = watch(keeper, code, tmp_path)
    assert opened == {name}


def test_without_a_listener_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    boot = client.BOOT.replace("main(", "from harness.process import seccomp; seccomp.NUMBERS.clear(); main(")
    monkeypatch.setattr(client, "BOOT", boot)
    keeper = Keeper()
    try:
        found = run(keeper, "", tmp_path)
        assert (found.ok, found.opened, found.sought) == (True, None, None)
    finally:
        keeper.close()


def test_more_paths_than_are_kept_are_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    boot = client.BOOT.replace("main(", "from harness.process import opens; opens.MOST = 3; main(")
    monkeypatch.setattr(client, "BOOT", boot)
    keeper = Keeper()
    try:
        assert run(keeper, "", tmp_path).opened is None
    finally:
        keeper.close()


def test_a_program_that_cannot_be_started_says_so(keeper: Keeper, tmp_path: Path) -> None:
    found = keeper.run(Command((str(tmp_path / "none"),), {}, 30.0, watched=True))
    assert found.ended == "not-started"
    assert "No such file" in found.error
