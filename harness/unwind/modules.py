"""The files that a program maps: where each is loaded, its functions, and its call frame information."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

from elftools.elf.elffile import ELFFile

from harness.elf import places
from harness.elf.places import Function, Program
from harness.elf.reading import DAMAGE
from harness.errors import UsageError
from harness.unwind import cfi
from harness.unwind.cursor import CfiBroken
from harness.unwind.expressions import Memory

MOST_MODULES = 256
AT_SYSINFO_EHDR = 33  # of the auxiliary vector (include/uapi/linux/auxvec.h)
MOST_VDSO = 1 << 16  # bytes
PAGE = 4096
MOST_SECTION = 64 << 20  # bytes of call frame information
_DEBUG, _MIPS_MAP, _MIPS_MAP_REL, _NULL = 21, 0x70000016, 0x70000035, 0  # gABI "Dynamic Section"; DT_MIPS_RLD_MAP*
_NAMESPACES = 16  # at most (DL_NNS of glibc); dlmopen(3) makes them
_EXTENDED = 2  # r_version of <link.h> from which r_next is there, the next namespace's r_debug
_SECTIONS = ((".debug_frame", False), (".eh_frame", True))


@dataclass(frozen=True)
class Module:
    """One mapped file, `bias` bytes above the addresses that its headers say. `called`: its name if that has none."""

    program: Program
    bias: int
    called: str = field(default="", kw_only=True)

    @property
    def name(self) -> str:
        """What it is called."""
        return self.called or self.program.path.name

    def holds(self, address: int) -> bool:
        """Whether its file has what is mapped at `address`."""
        return any(start <= address - self.bias < start + size for start, size, _ in self.program.segments)

    def function(self, address: int) -> Function | None:
        """Return the function at a run-time address."""
        return self.program.function_at(address - self.bias)

    def name_at(self, address: int) -> str:
        """Return ``symbol+0x10`` of a run-time address, or the bare address."""
        return self.program.name_at(address - self.bias) if self.function(address) else hex(address)

    def function_name_at(self, address: int) -> str:
        """Return the symbol of the function at a run-time address, or the bare address."""
        found = self.function(address)
        return found.name if found else hex(address)

    def code_name_at(self, address: int) -> str:
        """Return ``symbol+0x10`` of a run-time address that is in a function's code, or an empty text."""
        found = self.function(address) if self.holds(address) else None
        inside = found is not None and address - self.bias - found.start < self.program.size(found)
        return self.program.name_at(address - self.bias) if inside else ""

    def starts(self, address: int) -> bool:
        """Whether a function starts at a run-time address."""
        found = self.function(address)
        return found is not None and found.start + self.bias == address

    def covers(self, address: int) -> bool:
        """Whether there is call frame information of a run-time address."""
        return any(frames.entry(address - self.bias) is not None for frames in self.frames)

    def row(self, address: int) -> cfi.Row | None:
        """Return what its call frame information says of a run-time address. Raises CfiBroken."""
        for frames in self.frames:
            row = frames.row(address - self.bias)
            if row is not None:
                return row
        return None

    def body(self, address: int) -> cfi.Row | None:
        """Return what holds in the body of the function at `address`, after its prologue. Raises CfiBroken."""
        for frames in self.frames:
            entry = frames.entry(address - self.bias)
            if entry is not None:
                return frames.body(entry)
        return None

    @cached_property
    def frames(self) -> tuple[cfi.Frames, ...]:
        """The tables of its file."""
        stat = self.program.path.stat()
        return _frames(self.program.path, (stat.st_size, stat.st_mtime_ns))


def start_at(found: Iterable[Module], address: int) -> str:
    """Return the name of the function whose first instruction is at a run-time address, or an empty text."""
    module = holding(found, address)
    return module.function_name_at(address) if module is not None and module.starts(address) else ""


def code_at(found: Iterable[Module], address: int) -> str:
    """Return ``symbol+0x10`` of a run-time address that is in a function's code, or an empty text."""
    module = holding(found, address)
    return module.code_name_at(address) if module is not None else ""


def holding(found: Iterable[Module], address: int) -> Module | None:
    """Return the one that has `address`."""
    return next((module for module in found if module.holds(address)), None)


@lru_cache(maxsize=16)
def _frames(path: Path, stamp: tuple[int, int]) -> tuple[cfi.Frames, ...]:
    found = []
    try:
        with path.open("rb") as file:
            elf = ELFFile(file)
            order: Literal["little", "big"] = "little" if elf.little_endian else "big"
            for name, is_eh in _SECTIONS:
                section = elf.get_section_by_name(name)
                if section is None or section["sh_type"] == "SHT_NOBITS" or section.data_size > MOST_SECTION:
                    continue
                table, _ = cfi.read(
                    section.data(), section["sh_addr"], is_eh=is_eh, word=elf.elfclass // 8, order=order
                )
                found.append(table)
    except (OSError, *DAMAGE):
        pass
    return tuple(found)


def modules(
    main: Module, memory: Memory, find: Callable[[str], Path | None], more: Iterable[Module] = ()
) -> tuple[Module, ...]:
    """Return `main` and the shared libraries of its process, by the dynamic linker's list (r_debug of <link.h>).

    `find` returns the file on this machine that a name of the process stands for. `more` are modules that the list has
    not (see `vdso`). What cannot be read is left out.
    """
    found = [main, *more]
    try:
        for bias, name in _linked(main, memory):
            path = find(name)
            if path is not None:
                found.append(Module(places.load(path), bias))
    except (CfiBroken, UsageError):
        pass
    return tuple(found)


def vdso(memory: Memory, start: int) -> tuple[Module, ...]:
    """Return the library that the kernel maps into each process, which is in no file (vdso(7)), if there is one.

    `start` is where it is: AT_SYSINFO_EHDR of the auxiliary vector, 0: nowhere.
    """
    pieces = itertools.takewhile(bool, (memory(start + at, PAGE) for at in range(0, MOST_VDSO, PAGE)) if start else ())
    data = b"".join(piece or b"" for piece in pieces)
    if not data.startswith(b"\x7fELF"):
        return ()
    try:
        program = places.load(_in_memory(data))
    except UsageError:
        return ()
    first = program.segments[:1]
    return tuple(Module(program, start - at // PAGE * PAGE, called="[vdso]") for at, _, _ in first)


@lru_cache(maxsize=8)
def _in_memory(data: bytes) -> Path:
    """Return a file with `data` that is in no folder, and gone when this process is."""
    file = os.memfd_create("crossabi-vdso")
    os.write(file, data)
    return Path(f"/proc/self/fd/{file}")


def _linked(main: Module, memory: Memory) -> Iterator[tuple[int, str]]:
    """Yield the load bias and the name of each entry of the list but the program's own."""
    word, order, dynamic = _dynamic(main.program.path)
    if not dynamic:
        return

    def load(address: int, size: int = word) -> int:
        data = memory(address, size)
        if data is None or len(data) != size:
            raise CfiBroken(f"the memory at {address:#x} cannot be read")
        return int.from_bytes(data, order)

    where = 0
    for index in range(MOST_MODULES):
        place = dynamic + main.bias + 2 * index * word
        tag, value = load(place), load(place + word)
        if tag == _NULL:
            break
        if tag == _DEBUG and value:
            where = value
        elif tag in {_MIPS_MAP, _MIPS_MAP_REL} and not where:
            where = load(value + (place if tag == _MIPS_MAP_REL else 0))
    left = MOST_MODULES
    for _ in range(_NAMESPACES):
        if not where:
            return
        entry = load(where + word)
        while entry and left:
            bias, name = load(entry), _text(load(entry + word), memory)
            if name:
                yield bias, name
            entry, left = load(entry + 3 * word), left - 1
        where = load(where + 5 * word) if load(where, 4) >= _EXTENDED else 0


@lru_cache(maxsize=16)
def _dynamic(path: Path) -> tuple[int, Literal["little", "big"], int]:
    """Return the size of a word, the byte order, and where the dynamic section is (0: there is none)."""
    try:
        with path.open("rb") as file:
            elf = ELFFile(file)
            found = next((row["p_vaddr"] for row in elf.iter_segments() if row["p_type"] == "PT_DYNAMIC"), 0)
            return elf.elfclass // 8, "little" if elf.little_endian else "big", found
    except (OSError, *DAMAGE):
        return 8, "little", 0


def _text(address: int, memory: Memory) -> str:
    """Return the text at `address`, of at most 4096 bytes."""
    found = b""
    while address and len(found) < 4096:
        data = memory(address + len(found), 64 - (address + len(found)) % 64)
        if not data:
            break
        head, end, _ = data.partition(b"\0")
        found += head
        if end:
            break
    return found.decode(errors="replace")
