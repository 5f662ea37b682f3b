from pathlib import Path

import pytest

from harness.core import read_core
from harness.core.memory import CUT_OFF, LEFT_OUT, NOT_MAPPED, Memory, NotInCoreError

from .writer import Writer


def memory(folder: Path, cut: int = 0) -> Memory:
    writer = Writer("s390x").thread(1).load(0x3000, b"B" * 8).load(0x3008, b"C" * 8).load(0x1000, b"A" * 16, 0x1000, 5)
    path = folder / "a.core"
    data = writer.build()
    path.write_bytes(data[: len(data) - cut])
    return read_core(path).memory


def test_bytes_are_those_of_the_file_across_pieces(tmp_path: Path) -> None:
    found = memory(tmp_path)
    assert found.read(0x1002, 3) == b"AAA"
    assert found.read(0x3006, 4) == b"BBCC"
    assert found.read(0x9999, 0) == b""


def test_pieces_stand_in_the_order_of_their_addresses(tmp_path: Path) -> None:
    pieces = memory(tmp_path).pieces
    assert [(piece.address, piece.size, piece.present, piece.flags) for piece in pieces] == [
        (0x1000, 0x1000, 16, "r-x"),
        (0x3000, 8, 8, "rw-"),
        (0x3008, 8, 8, "rw-"),
    ]


@pytest.mark.parametrize(
    ("address", "size", "why"),
    [
        (0x0, 1, f"0x0: {NOT_MAPPED}"),
        (0x100C, 8, f"0x1010: {LEFT_OUT}"),
        (0x1FFF, 4, f"0x1fff: {LEFT_OUT}"),
        (0x2000, 4, f"0x2000: {NOT_MAPPED}"),
        (0x300F, 4, f"0x3010: {NOT_MAPPED}"),
        (0x3000, 1 << 62, f"0x3010: {NOT_MAPPED}"),
    ],
)
def test_the_first_byte_that_is_not_there_is_named(address: int, size: int, why: str, tmp_path: Path) -> None:
    with pytest.raises(NotInCoreError) as error:
        memory(tmp_path).read(address, size)
    assert str(error.value) == why


def test_a_file_that_is_cut_off_is_told_from_what_was_left_out(tmp_path: Path) -> None:
    found = memory(tmp_path, cut=4)
    assert found.read(0x1000, 12) == b"A" * 12
    assert found.why_not(0x100B) == ""
    assert found.why_not(0x100C) == CUT_OFF
    assert found.why_not(0x1010) == LEFT_OUT


def test_a_file_that_goes_away_is_a_value_error(tmp_path: Path) -> None:
    found = memory(tmp_path)
    (tmp_path / "a.core").unlink()
    with pytest.raises(ValueError, match="cannot be read"):
        found.read(0x1000, 1)
