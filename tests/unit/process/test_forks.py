"""The filter as a small interpreter of BPF reads it; what a kernel makes of it is tested with the keeper."""

from __future__ import annotations

import errno
import struct

import pytest

from harness.process import forks

ALLOW, ASK = 0x7FFF0000, 0x7FC00000
ABSENT = 0x00050000 | errno.ENOSYS
AMD64, I386, ARM64, ARM = 0xC000003E, 0x40000003, 0xC00000B7, 0x40000028
THREAD, FORK = 0x10000 | 0x100, 17  # CLONE_THREAD | CLONE_VM, SIGCHLD


def verdict(machine: str, audit: int, number: int, argument: int = 0) -> int:
    """Run the filter over one system call."""
    code = list(struct.iter_unpack("<HBBI", forks.instructions(forks.HOSTS[machine].tables)))
    data = struct.pack("<iIQ6Q", number, audit, 0, argument, 0, 0, 0, 0, 0)
    accumulator, place = 0, 0
    while True:
        kind, yes, no, value = code[place]
        place += 1
        match kind:
            case 0x20:
                (accumulator,) = struct.unpack_from("<I", data, value)
            case 0x15:
                place += yes if accumulator == value else no
            case 0x45:
                place += yes if accumulator & value else no
            case 0x06:
                return int(value)


@pytest.mark.parametrize(
    ("machine", "audit", "number", "argument", "answer"),
    [
        ("x86_64", AMD64, 57, 0, ASK),
        ("x86_64", AMD64, 58, 0, ASK),
        ("x86_64", AMD64, 56, FORK, ASK),
        ("x86_64", AMD64, 56, THREAD, ALLOW),
        ("x86_64", AMD64, 56, 0xFFFF_0000_0000 | FORK, ASK),
        ("x86_64", AMD64, 435, 0, ABSENT),
        ("x86_64", AMD64, 0, THREAD, ALLOW),
        ("x86_64", AMD64, 2, 0, ALLOW),  # open here, fork on i386
        ("x86_64", I386, 2, 0, ASK),
        ("x86_64", I386, 190, 0, ASK),
        ("x86_64", I386, 120, FORK, ASK),
        ("x86_64", I386, 120, THREAD, ALLOW),
        ("x86_64", I386, 57, 0, ALLOW),
        ("x86_64", I386, 435, 0, ABSENT),
        ("x86_64", ARM64, 220, FORK, ALLOW),
        ("aarch64", ARM64, 220, FORK, ASK),
        ("aarch64", ARM64, 220, THREAD, ALLOW),
        ("aarch64", ARM64, 435, 0, ABSENT),
        ("aarch64", ARM, 2, 0, ASK),
        ("aarch64", ARM, 120, THREAD, ALLOW),
    ],
)
def test_only_new_processes_are_asked_about(machine: str, audit: int, number: int, argument: int, answer: int) -> None:
    assert verdict(machine, audit, number, argument) == answer
