"""Bytes are decoded as each architecture has them."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from harness.abi.layout import MODELS
from harness.abi.model import Array, Complex, CType, Enumeration, Kind, Member, Record, Scalar, Vector
from harness.abi.values import Value, decoded, worded

INT, CHAR, BOOL = Scalar(Kind.INT), Scalar(Kind.CHAR), Scalar(Kind.BOOL)
BITS = Record("b", (Member("a", INT, 3), Member("", INT, 5), Member("c", Scalar(Kind.UINT), 12), Member("d", BOOL, 1)))
LONG_DOUBLE = Scalar(Kind.LDOUBLE)


@pytest.mark.parametrize(
    ("arch", "of", "data", "expected"),
    [
        ("amd64", INT, "feffffff", -2),
        ("s390x", INT, "fffffffe", -2),
        ("amd64", CHAR, "ff", -1),
        ("arm64", CHAR, "ff", 255),
        ("amd64", BOOL, "01", True),
        ("amd64", BOOL, "07", 7),
        ("amd64", Scalar(Kind.POINTER), "00f0ffffffffffff", 0xFFFFFFFFFFFFF000),
        ("amd64", Scalar(Kind.FLOAT), "0000c03f", 1.5),
        ("s390x", Scalar(Kind.DOUBLE), "bff8000000000000", -1.5),
        ("arm", LONG_DOUBLE, "000000000000f83f", 1.5),
        ("amd64", LONG_DOUBLE, "00000000000000c0ff3f000000000000", Fraction(3, 2)),
        ("amd64", LONG_DOUBLE, "0000000000000080ffff000000000000", -math.inf),
        ("arm64", LONG_DOUBLE, "0000000000000000000000000080ff3f", Fraction(3, 2)),
        ("s390x", LONG_DOUBLE, "bfff8000000000000000000000000000", Fraction(-3, 2)),
        ("s390x", LONG_DOUBLE, "7fff0000000000000000000000000000", math.inf),
        ("arm64", LONG_DOUBLE, "01000000000000000000000000000000", Fraction(1, 1 << 16494)),
        ("ppc64le", LONG_DOUBLE, "000000000000f83f000000000000d03b", Fraction(3, 2) + Fraction(1, 1 << 66)),
        ("ppc64le", LONG_DOUBLE, "000000000000f07f0000000000000000", math.inf),
        ("amd64", Enumeration("e", -1, 1), "ffffffff", -1),
        ("amd64", Enumeration("e", 0, 1), "ffffffff", 0xFFFFFFFF),
        ("amd64", Complex(Kind.FLOAT), "0000c03f000000c0", (1.5, -2.0)),
        ("amd64", Vector(Kind.SHORT, 2), "0100ffff", (1, -1)),
        ("amd64", Array(CHAR, 3), "010203", (1, 2, 3)),
        ("amd64", BITS, "0553f500", {"a": -3, "c": 0x553, "d": True}),
        ("s390x", BITS, "a0553800", {"a": -3, "c": 0x553, "d": True}),
        ("amd64", Record("r", (Member("x", CHAR), Member("y", INT))), "01ffffff02000000", {"x": 1, "y": 2}),
    ],
)
def test_decoded(arch: str, of: CType, data: str, expected: Value) -> None:
    assert decoded(MODELS[arch], of, bytes.fromhex(data)) == expected


@pytest.mark.parametrize(
    ("arch", "zero", "negative"),
    [
        ("amd64", bytes(16), bytes(9) + b"\x80" + bytes(6)),
        ("386", bytes(12), bytes(9) + b"\x80" + bytes(2)),
        ("arm64", bytes(16), bytes(15) + b"\x80"),
        ("s390x", bytes(16), b"\x80" + bytes(15)),
        ("ppc64le", bytes(16), bytes(7) + b"\x80" + bytes(8)),
        ("arm", bytes(8), bytes(7) + b"\x80"),
    ],
)
def test_a_zero_has_a_sign(arch: str, zero: bytes, negative: bytes) -> None:
    texts = [worded(LONG_DOUBLE, decoded(MODELS[arch], LONG_DOUBLE, data)) for data in (zero, negative)]
    assert texts == ["0.0", "-0.0"]


def test_what_is_no_number_is_told() -> None:
    for arch, data in (("amd64", "00000000000000c0ff7f000000000000"), ("arm64", "0000000000000000000000000080ff7f")):
        found = decoded(MODELS[arch], LONG_DOUBLE, bytes.fromhex(data))
        assert isinstance(found, float)
        assert math.isnan(found)


@pytest.mark.parametrize(
    ("of", "value", "expected"),
    [
        (INT, -2, "-2"),
        (BOOL, True, "true"),
        (Scalar(Kind.FUNCTION), 0x401000, "0x401000"),
        (LONG_DOUBLE, Fraction(3, 2), "1.5"),
        (LONG_DOUBLE, Fraction(1, 3), "about 0.3333333333333333"),
        (LONG_DOUBLE, Fraction(1 << 16000), "about 2**16000"),
        (LONG_DOUBLE, Fraction(-3, 1 << 16000), "about -2**-15998.4"),
        (Complex(Kind.DOUBLE), (1.0, 2.0), "1.0 + 2.0i"),
        (Vector(Kind.INT, 2), (1, 2), "{1, 2}"),
        (Array(Scalar(Kind.POINTER), 1), (16,), "{0x10}"),
        (Record("r", (Member("x", INT), Member("p", Scalar(Kind.POINTER)))), {"x": 1, "p": 16}, "{x = 1, p = 0x10}"),
    ],
)
def test_worded(of: CType, value: Value, expected: str) -> None:
    assert worded(of, value) == expected
