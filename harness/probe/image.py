"""The files whose code a guest runs under QEMU, and where each is loaded, as far as that is known before it starts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.constants import P_FLAGS

from harness.elf import places
from harness.elf.reading import opened
from harness.probe import layout
from harness.probe.frames import finder
from harness.probe.guest import Guest
from harness.probe.layout import PAGE, Layout
from harness.qemulog.records import Record
from harness.unwind.modules import Module

_SYSTEM = re.compile(r"/(usr/)?lib\w*/")  # where the dynamic loader looks without being told (ld.so(8))
STARTS_GO = re.compile(r"_rt0_\w+_linux_lib")  # what starts Go in a c-shared library, called by the dynamic loader


def main_module(guest: Guest, found: Layout | None = None) -> Module:
    """Return the program of `guest`, with the load bias that QEMU gives it. Raises UsageError."""
    program = places.load(guest.program)
    if program.is_fixed:
        return Module(program, 0)
    start = (found or layout.layout(guest)).start
    return Module(program, 0 if start is None else start - _first_code(guest.program))


def modules(guest: Guest, found: Layout) -> tuple[Module, ...]:
    """Return the program and the libraries that are mapped with it and are not the system's. Raises UsageError."""
    return main_module(guest, found), *_libraries(guest, found)


def _libraries(guest: Guest, found: Layout) -> Iterator[Module]:
    find = finder(guest)
    for path, base in found.libraries:
        file = find(path)
        if file is not None and not is_system(guest, file):
            program = places.load(file)
            first = min((address for address, _, _ in program.segments), default=0)
            yield Module(program, base - first // PAGE * PAGE)


def is_system(guest: Guest, file: Path) -> bool:
    """Whether `file`, a library of `guest` on this machine, is the system's."""
    sysroot = guest.platform.sysroot
    emulated = guest.platform.emulator is not None and file.is_relative_to(sysroot)
    return _SYSTEM.match(f"/{file.relative_to(sysroot)}" if emulated else str(file)) is not None


def _first_code(path: Path) -> int:
    """Return the lowest address of what may be executed, which QEMU's log calls start_code. Raises UsageError."""
    with opened(path) as elf:
        loads = elf.iter_segments("PT_LOAD")
        code = [load["p_vaddr"] for load in loads if load["p_flags"] & P_FLAGS.PF_X]
        if not code:
            raise ELFError("no segment of it has code")
        return min(code)


def landmarks(found: Sequence[Module], isa_bit: int) -> Mapping[int, str]:
    """Return the addresses where execution has to come by if `found` is true, each with whose start it is.

    The first of `found` is the program; `isa_bit` is that of its `RegisterTable`. A program at fixed addresses needs
    none, and a library that is not Go's has none that is known.
    """
    first, *libraries = found
    marks = {} if first.program.is_fixed else {(first.program.entry & ~isa_bit) + first.bias: "the program"}
    for module in libraries:
        starts = [row for row in module.program.functions if STARTS_GO.fullmatch(row.name)]
        marks |= {row.start + module.bias: module.program.path.name for row in starts}
    return marks


class Landmarks:
    """Listens whether execution comes by the `starts` of what is not at fixed addresses; see `reader.Listener`."""

    def __init__(self, starts: Mapping[int, str]) -> None:
        self._starts = starts
        self._missing = dict(starts)

    @property
    def addresses(self) -> Collection[int]:
        """See `reader.Listener`."""
        return self._starts

    @property
    def wanted(self) -> frozenset[str]:
        """See `reader.Listener`: that it comes by is all."""
        return frozenset()

    def take(self, pc: int, _: Record) -> None:
        """See `reader.Listener`."""
        self._missing.pop(pc, None)

    @property
    def missing(self) -> str:
        """What a reader has to know where execution did not come by; an empty text where it did."""
        if not self._missing:
            return ""
        names = ", ".join(sorted(self._missing.values()))
        return f"{names} did not start where a trial run had it: it did not start at all, or QEMU loaded it elsewhere"
