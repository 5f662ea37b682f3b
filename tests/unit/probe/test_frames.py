"""What stays the same while a program runs is asked for once, not at each backtrace."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from harness.elf.places import Program
from harness.probe.frames import Frames
from harness.registers import AMD64
from harness.stub.errors import MemoryUnreadable
from harness.unwind.modules import AT_SYSINFO_EHDR, Module

VDSO = 0x7000


class Asked:
    """A stub that counts what it is asked for."""

    def __init__(self) -> None:
        self.auxiliary, self.kernels = 0, 0

    def auxv(self) -> Mapping[int, int]:
        self.auxiliary += 1
        return {AT_SYSINFO_EHDR: VDSO}

    def memory(self, address: int, size: int) -> bytes:
        self.kernels += address == VDSO
        raise MemoryUnreadable(address, b"", "E14")


def test_the_kernel_s_library_is_looked_for_once() -> None:
    stub: Any = Asked()
    guest: Any = SimpleNamespace(table=AMD64, platform=SimpleNamespace(emulator=None))
    frames = Frames(stub, guest, Module(Program(Path("/nonexistent"), True, 0, (), ()), 0))
    for _ in range(3):
        found = frames.backtrace({"rip": 0x1000, "rsp": 0x2000})
        assert [frame.pc for frame in found.frames] == [0x1000]
    assert (stub.auxiliary, stub.kernels) == (1, 1)
