"""The identity of an ELF file: machine, class, byte order; and whether it is the one that was asked for."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.descriptions import describe_e_machine
from elftools.elf.elffile import ELFFile

from harness.elf.reading import DAMAGE
from harness.toolchain import Elf


@dataclass(frozen=True)
class Identity:
    """What an ELF header says; `name` is the machine in the words that readelf uses."""

    machine: str
    bits: int
    byte_order: str
    kind: str
    name: str

    def __str__(self) -> str:
        return describe(self.machine, self.bits, self.byte_order)


def describe(machine: str, bits: int, byte_order: str) -> str:
    """Return ``AArch64, 64-bit, little-endian``."""
    name = _NAMES.get(machine) or describe_e_machine(machine)
    return f"{name}, {bits}-bit, {byte_order}-endian"


_NAMES = {"EM_X86_64": "x86-64", "EM_386": "80386", "EM_S390": "IBM S/390", "EM_RISCV": "RISC-V"}


def identify(path: Path) -> Identity:
    """Read the header of `path`. Raises ValueError, saying why, when it is not an ELF file."""
    try:
        if not stat.S_ISREG(path.stat().st_mode) and not path.is_dir():  # a named pipe would be waited for
            raise ValueError("not a regular file")
        with path.open("rb") as file:
            elf = ELFFile(file)
            machine = elf["e_machine"]
            return Identity(
                str(machine),
                elf.elfclass,
                "little" if elf.little_endian else "big",
                str(elf["e_type"]),
                _NAMES.get(machine) or describe_e_machine(machine),
            )
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from error
    except DAMAGE as error:
        raise ValueError(f"{path}: not a usable ELF file: {error}") from error


def mismatch(path: Path, wanted: Elf) -> str:
    """Return an empty text when `path` is what was asked for, else how it differs."""
    try:
        found = identify(path)
    except ValueError as error:
        return str(error)
    if (found.machine, found.bits, found.byte_order) == (wanted.machine, wanted.bits, wanted.byte_order):
        return ""
    asked = describe(wanted.machine, wanted.bits, wanted.byte_order)
    if found.machine == wanted.machine:
        return f"asked for {asked}, got {found}"
    return f"asked for {asked.split(',')[0]}, got {found.name}"
