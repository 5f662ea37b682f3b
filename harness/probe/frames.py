"""The backtrace of a program that a stub stopped: its registers, its memory, the files that it maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from harness.probe.guest import Guest
from harness.stub.client import Stub
from harness.stub.errors import MemoryUnreadable
from harness.unwind.expressions import Memory
from harness.unwind.modules import AT_SYSINFO_EHDR, Module, modules, vdso
from harness.unwind.unwinder import Backtrace, unwind


class Frames:
    """The backtraces of `guest`, which `stub` serves; `main` is its program. What stays is read once."""

    def __init__(self, stub: Stub, guest: Guest, main: Module) -> None:
        self._stub, self._guest, self._main = stub, guest, main
        self._memory = reader(stub)

    def backtrace(self, values: Mapping[str, int]) -> Backtrace:
        """Return that of the thread that stopped, whose registers are `values`."""
        return unwind(self._guest.table, values, self._memory, self.modules)

    def modules(self) -> Sequence[Module]:
        """Return the program and what it maps now."""
        return modules(self._main, self._memory, finder(self._guest), self._vdso)

    @cached_property
    def _vdso(self) -> tuple[Module, ...]:
        return vdso(self._memory, self._stub.auxv().get(AT_SYSINFO_EHDR, 0))


def reader(stub: Stub) -> Memory:
    """Return what reads the program's memory by way of `stub`."""

    def memory(address: int, size: int) -> bytes | None:
        try:
            return stub.memory(address, size)
        except (MemoryUnreadable, ValueError):
            return None

    return memory


def finder(guest: Guest) -> Callable[[str], Path | None]:
    """Return what finds a library of `guest` on this machine: an emulator looks in its sysroot first."""
    return below(*([] if guest.platform.emulator is None else [guest.platform.sysroot]))


def below(*roots: Path) -> Callable[[str], Path | None]:
    """Return what finds a file of another machine on this one: below `roots` first, then under its own name."""

    def find(name: str) -> Path | None:
        candidates = (*(root / name.lstrip("/") for root in roots), Path(name))
        return next((path for path in candidates if path.is_file()), None)

    return find
