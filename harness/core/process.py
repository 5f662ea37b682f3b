"""What a core says of the process: its name, its signal, its auxiliary vector, its mapped files."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from harness.core.layout import Layout
from harness.snapshot import NO_ADDRESS_TOLD, WAS_SENT

AT_PHDR, AT_BASE, AT_ENTRY = 3, 7, 9  # include/uapi/linux/auxvec.h
_WITH_ADDRESS = (4, 5, 7, 8, 11)  # SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV: si_addr is theirs (sigaction(2))
_SI_KERNEL = 0x80
_MAX_FILES = 1 << 18


@dataclass(frozen=True)
class Signal:
    """siginfo: `address` is si_addr, None where a process sent the signal or where its kind has none; `why` says so.

    `word` is what stands in the place of si_addr, whatever it is.
    """

    number: int
    code: int
    address: int | None
    why: str = ""
    word: int = field(default=0, compare=False)

    def address_at(self, pc: int) -> tuple[int | None, str]:
        """Return `address` and `why` for the instruction at `pc`.

        s390x gives some faults the code of a signal that was sent, and yet the address of the instruction (do_fp_trap
        of the kernel's traps.c: compare and trap).
        """
        return (pc, "") if pc and pc == self.word else (self.address, self.why)


@dataclass(frozen=True)
class MappedFile:
    """A mapping of NT_FILE: addresses, and the offset in the file, in bytes."""

    start: int
    end: int
    offset: int
    name: str


@dataclass(frozen=True)
class Program:
    """NT_PRPSINFO: the name (15 bytes at most, 16 of QEMU) and the start of the command line (79 bytes)."""

    pid: int
    name: str
    arguments: str


def program(data: bytes, order: str) -> Program:
    """Decode NT_PRPSINFO from its end: how wide uid_t is differs, what stands after it does not.

    elfcore.h: pid, ppid, pgrp, sid, fname[16], psargs[80]. Raises ValueError.
    """
    start = len(data) - 112
    if start < 8:
        raise ValueError(f"NT_PRPSINFO has {len(data)} bytes")
    (pid,) = struct.unpack_from(f"{order}i", data, start)
    return Program(pid, _text(data[start + 16 : start + 32]), _text(data[start + 32 :]).rstrip(" "))


def signal(data: bytes, order: str, layout: Layout) -> Signal:
    """Decode NT_SIGINFO (asm-generic/siginfo.h). Raises ValueError."""
    address_at = 16 if layout.bits == 64 else 12
    if len(data) < address_at + layout.bits // 8:
        raise ValueError(f"NT_SIGINFO has {len(data)} bytes")
    number, second, third = struct.unpack_from(f"{order}iii", data)
    code = second if layout.swapped else third
    (address,) = struct.unpack_from(f"{order}{_word(layout)}", data, address_at)
    if code == _SI_KERNEL:
        return Signal(number, code, None, NO_ADDRESS_TOLD, address)
    if number not in _WITH_ADDRESS or code <= 0:
        return Signal(number, code, None, WAS_SENT, address)
    return Signal(number, code, address, word=address)


def auxiliary(data: bytes, order: str, layout: Layout) -> dict[int, int]:
    """Decode NT_AUXV: values by AT_*; a torn last pair is left out."""
    pair = f"{order}2{_word(layout)}"
    size = struct.calcsize(pair)
    found = {}
    for key, value in struct.iter_unpack(pair, data[: len(data) // size * size]):
        if key == 0:
            break
        found[key] = value
    return found


def files(data: bytes, order: str, layout: Layout) -> tuple[MappedFile, ...]:
    """Decode NT_FILE (fs/binfmt_elf.c, fill_files_note). Raises ValueError."""
    word = layout.bits // 8
    if len(data) < 2 * word:
        raise ValueError(f"NT_FILE has {len(data)} bytes")
    count, page = struct.unpack_from(f"{order}2{_word(layout)}", data)
    rows_end = 2 * word + count * 3 * word
    if count > _MAX_FILES or rows_end > len(data):
        raise ValueError(f"NT_FILE says that {count} files were mapped, and has {len(data)} bytes")
    names = data[rows_end:].split(b"\0")
    if len(names) < count:
        raise ValueError(f"NT_FILE says that {count} files were mapped, and names {len(names)}")
    rows = struct.iter_unpack(f"{order}3{_word(layout)}", data[2 * word : rows_end])
    return tuple(
        MappedFile(start, end, offset * page, name.decode(errors="replace"))
        for (start, end, offset), name in zip(rows, names, strict=False)
    )


def _word(layout: Layout) -> str:
    return "Q" if layout.bits == 64 else "I"


def _text(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode(errors="replace")
