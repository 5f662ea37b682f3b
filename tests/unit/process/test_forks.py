"""Which calls the gate asks about; what a kernel makes of its filter is tested with the keeper."""

from __future__ import annotations

import errno

import pytest

from harness.process import forks, seccomp
from unit.process import bpf

ALLOW, ASK = 0x7FFF0000, 0x7FC00000
ABSENT = 0x00050000 | errno.ENOSYS
AMD64, I386, ARM64, ARM = 0xC000003E, 0x40000003, 0xC00000B7, 0x40000028
THREAD, FORK = 0x10000 | 0x100, 17  # CLONE_THREAD | CLONE_VM, SIGCHLD


def verdict(machine: str, audit: int, number: int, argument: int = 0) -> int:
    """Run the filter over one system call."""
    return bpf.run(seccomp.instructions(forks.TABLES[machine]), audit, number, (argument,))


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
