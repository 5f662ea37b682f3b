import os
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.elf import identity
from harness.elf.identity import Identity, identify
from harness.toolchain import Elf
from unit.samples import shipped

MACHINES = {"EM_386": 3, "EM_MIPS": 8, "EM_PPC64": 21, "EM_S390": 22, "EM_ARM": 40, "EM_X86_64": 62}
MACHINES |= {"EM_AARCH64": 183, "EM_RISCV": 243}
KINDS = {"ET_REL": 1, "ET_EXEC": 2, "ET_DYN": 3}


def header(elf: Elf, kind: str = "ET_EXEC", machine: int | None = None) -> bytes:
    """Return the header of an ELF file without sections and segments."""
    order, wide = "<" if elf.byte_order == "little" else ">", elf.bits == 64
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    number = MACHINES[elf.machine] if machine is None else machine
    address = "Q" if wide else "I"
    sizes = (64, 56, 0, 64, 0, 0) if wide else (52, 32, 0, 40, 0, 0)
    return ident + struct.pack(f"{order}HHI3{address}I6H", KINDS[kind], number, 1, 0, 0, 0, 0, *sizes)


def write(folder: Path, content: bytes) -> Path:
    path = folder / "program"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("arch", list(shipped().by_arch))
@pytest.mark.parametrize("kind", KINDS)
def test_the_identity_of_every_architecture(arch: str, kind: str, tmp_path: Path) -> None:
    wanted = shipped().by_arch[arch].elf
    path = write(tmp_path, header(wanted, kind))
    found = identity.identify(path)
    assert (found.machine, found.bits, found.byte_order, found.kind) == (*vars(wanted).values(), kind)
    assert identity.mismatch(path, wanted) == ""


def test_an_identity_reads_as_people_say_it() -> None:
    found = Identity("EM_AARCH64", 64, "little", "ET_EXEC", "AArch64")
    assert str(found) == "AArch64, 64-bit, little-endian"
    assert identity.describe("EM_S390", 64, "big") == "IBM S/390, 64-bit, big-endian"


@pytest.mark.parametrize(
    ("arch", "made", "says"),
    [
        (
            "arm64",
            Elf("EM_X86_64", 64, "little"),
            "asked for AArch64, got x86-64",
        ),
        (
            "ppc64le",
            Elf("EM_PPC64", 64, "big"),
            "asked for PowerPC64, 64-bit, little-endian, got PowerPC64, 64-bit, big-endian",
        ),
        (
            "riscv64",
            Elf("EM_RISCV", 32, "little"),
            "asked for RISC-V, 64-bit, little-endian, got RISC-V, 32-bit, little-endian",
        ),
    ],
)
def test_a_file_for_another_machine_class_or_byte_order_is_told(
    arch: str, made: Elf, says: str, tmp_path: Path
) -> None:
    assert identity.mismatch(write(tmp_path, header(made)), shipped().by_arch[arch].elf) == says


def test_a_machine_that_nobody_knows_is_a_mismatch(tmp_path: Path) -> None:
    wanted = shipped().by_arch["arm64"].elf
    assert "asked for AArch64, got " in identity.mismatch(write(tmp_path, header(wanted, machine=0xFFF0)), wanted)


WANTED = Elf("EM_AARCH64", 64, "little")


@pytest.mark.parametrize(
    "content", [b"", b"#!/bin/sh\n", b"\x7fELF", header(WANTED)[:30], b"\x7fELF\x07\x01\x01" + bytes(60), b"!<arch>\n"]
)
def test_what_is_no_elf_file_says_so(content: bytes, tmp_path: Path) -> None:
    path = write(tmp_path, content)
    with pytest.raises(ValueError, match="program: not a usable ELF file"):
        identity.identify(path)
    assert identity.mismatch(path, WANTED).startswith(f"{path}: not a usable ELF file")


@pytest.mark.parametrize(("name", "says"), [("absent", "No such file"), (".", "Is a directory")])
def test_a_file_that_cannot_be_read_says_so(name: str, says: str, tmp_path: Path) -> None:
    assert f"cannot be read: {says}" in identity.mismatch(tmp_path / name, WANTED)


@given(st.data())
def test_a_damaged_header_is_an_answer_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(header(WANTED))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=6)):
        content[place] = data.draw(st.sampled_from([0, 1, 127, 255]))
    path = write(tmp_path_factory.getbasetemp(), bytes(content))
    said = identity.mismatch(path, WANTED)
    assert not said or said.startswith(("asked for AArch64, ", f"{path}: not a usable ELF file"))


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", Path("/dev/zero")):
        with pytest.raises(ValueError, match=rf"{path}: not a usable ELF file: not a regular file"):
            identify(path)
