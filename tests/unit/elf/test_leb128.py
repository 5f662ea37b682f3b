import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.elf.leb128 import signed, unsigned


def encoded(value: int, *, is_signed: bool) -> bytes:
    """As DWARF 5, appendix C, gives it."""
    out = bytearray()
    while True:
        byte = value & 0x7F
        value >>= 7
        done = value == (-1 if byte & 0x40 else 0) if is_signed else value == 0
        out.append(byte if done else byte | 0x80)
        if done:
            return bytes(out)


@pytest.mark.parametrize(("value", "code"), [(2, b"\2"), (127, b"\x7f"), (128, b"\x80\1"), (12857, b"\xb9\x64")])
def test_the_standards_own_examples(value: int, code: bytes) -> None:
    assert unsigned(code, 0, len(code)) == (value, len(code))


@pytest.mark.parametrize(("value", "code"), [(2, b"\2"), (-2, b"\x7e"), (127, b"\xff\0"), (-129, b"\xff\x7e")])
def test_the_standards_own_examples_with_a_sign(value: int, code: bytes) -> None:
    assert signed(code, 0, len(code)) == (value, len(code))


@given(st.integers(0, (1 << 64) - 1), st.binary(max_size=3))
def test_every_number_comes_back(value: int, before: bytes) -> None:
    code = before + encoded(value, is_signed=False)
    assert unsigned(code + b"\x80", len(before), len(code) + 1) == (value, len(code))


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_every_number_with_a_sign_comes_back(value: int) -> None:
    code = encoded(value, is_signed=True)
    assert signed(code, 0, len(code)) == (value, len(code))


@pytest.mark.parametrize(("code", "end"), [(b"", 0), (b"\x80", 1), (b"\x80\1", 1), (b"\x80" * 10 + b"\0", 11)])
def test_a_number_without_an_end_is_an_error(code: bytes, end: int) -> None:
    with pytest.raises(ValueError, match="has no end"):
        unsigned(code, 0, end)
