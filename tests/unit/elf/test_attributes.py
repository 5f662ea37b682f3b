"""Object attributes: a section as gcc writes it, and damaged ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.elf import attributes

S390X = bytes.fromhex(
    "410000000f676e7500010000000708 02".replace(" ", "")
)  # gcc -march=z13, a function that has a vector


def test_the_numbers_of_the_whole_file_are_read() -> None:
    assert attributes.parsed(S390X, little=False) == {8: 2}


@pytest.mark.parametrize(
    "data",
    [b"", b"B" + S390X[1:], S390X.replace(b"gnu", b"abc"), S390X[:9] + b"\2" + S390X[10:], S390X[:9]],
)
def test_what_says_nothing_about_the_file_has_none(data: bytes) -> None:
    assert attributes.parsed(data, little=False) == {}


def test_it_ends_where_texts_may_be() -> None:
    data = b"A\0\0\0\0gnu\0\1\0\0\0\x0c" + bytes([8, 1, 32, 5, 0, 0, 4])
    assert attributes.parsed(data, little=False) == {8: 1}


def test_a_file_that_is_no_program_has_none(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("text")
    assert attributes.read(tmp_path / "text") == {}
    assert attributes.read(tmp_path / "nothing") == {}
