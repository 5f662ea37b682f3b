import struct
from pathlib import Path

import pytest

from harness.elf import gobuild

MAGIC = b"\xff Go buildinf:"


def program(path: Path, data: bytes) -> Path:
    """Write an ELF file that has nothing but the section."""
    names = b"\0.go.buildinfo\0.shstrtab\0"
    rows = ((0, 0, 0, 0), (1, 1, 64, len(data)), (15, 3, 64 + len(data), len(names)))
    head = b"\x7fELF\2\1\1" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 2, 183, 1, 0, 0, 64 + len(data) + len(names), 0, 64, 56, 0, 64, len(rows), 2)
    table = b"".join(
        struct.pack("<IIQQQQIIQQ", name, kind, 0, 0, at, size, 0, 0, 1, 0) for name, kind, at, size in rows
    )
    path.write_bytes(head + data + names + table)
    return path


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("go1.27.4", "1.27.4"),
        ("go1.28rc1", "1.28rc1"),
        ("go1.27.4 X:nodwarf5", "1.27.4"),
        ("devel go1.28-0a1b2c3 Mon", "1.28"),
        ("nothing", ""),
    ],
)
def test_the_version_stands_in_the_build_info(text: str, version: str, tmp_path: Path) -> None:
    data = MAGIC + bytes([8, 2]) + bytes(16) + bytes([len(text)]) + text.encode()
    assert gobuild.version(program(tmp_path / "p", data)) == version


@pytest.mark.parametrize(("big", "word"), [(0, 8), (1, 8), (0, 4)])
def test_before_go_1_18_it_is_a_string_that_is_pointed_to(big: int, word: int, tmp_path: Path) -> None:
    order = "big" if big else "little"
    data = bytearray(MAGIC + bytes([word, big]) + bytes(112))
    for at, value in ((16, 0x1000 + 32), (32, 0x1000 + 64), (32 + word, 8)):  # at 0x1000 is the section
        data[at : at + word] = value.to_bytes(word, order)  # type: ignore[arg-type]
    data[64:72] = b"go1.17.3"
    path = program(tmp_path / "p", bytes(data))
    whole = bytearray(path.read_bytes())
    whole[32:40] = len(whole).to_bytes(8, "little")  # e_phoff, and one PT_LOAD of the section
    whole[56:58] = (1).to_bytes(2, "little")
    path.write_bytes(whole + struct.pack("<IIQQQQQQ", 1, 4, 64, 0x1000, 0x1000, len(data), len(data), 1))
    assert gobuild.version(path) == "1.17.3"


@pytest.mark.parametrize("data", [b"", b"x" * 64, MAGIC, MAGIC + bytes([8, 0]) + bytes(32)])
def test_what_says_no_version_has_none(data: bytes, tmp_path: Path) -> None:
    assert gobuild.version(program(tmp_path / "p", data)) == ""
    (tmp_path / "text").write_text("no program")
    assert gobuild.version(tmp_path / "text") == ""
    assert gobuild.version(tmp_path / "gone") == ""
