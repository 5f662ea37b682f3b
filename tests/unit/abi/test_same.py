"""When values are the same, as they are compared and as a case.yaml has them."""

from __future__ import annotations

import pytest

from harness.abi.same import agree, agree_as_floats, said
from harness.snapshot import Argument


def argument(text: str) -> Argument:
    return Argument("a", "int", "rdi", 0, text)


@pytest.mark.parametrize(
    ("text", "is_"),
    [
        ("0x7fff0010", "pointer"),
        ("0x0", "null"),
        ('0x400010 "hello"', 'pointer "hello"'),
        ("0x400010 <runtime.mstart.abi0>", "pointer <runtime.mstart>"),
        ('{str = 0x400010, len = 5} "hello"', '{str = pointer, len = 5} "hello"'),
        ("about 0.1", "0.1"),
        ('0x10 "0x10"', 'pointer "0x10"'),
        ('{str = 0x0, len = 0} ""', '{str = pointer, len = 0} ""'),
        ("{a = 0x0, b = 0x40}", "{a = null, b = pointer}"),
        ("-12", "-12"),
    ],
)
def test_a_pointer_is_what_it_points_to(text: str, is_: str) -> None:
    assert said(argument(text)) == is_


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("1", "1", True),
        ("1", "1.0", True),
        ("1", "2", False),
        ("4294967295 (all ones)", "18446744073709551615 (all ones)", True),
        ("4294967295", "18446744073709551615 (all ones)", False),
        ("4294967295 (all ones)", "4294967295", True),
        ("4294967295", "4294967294", False),
        ("pointer", "pointer <callback>", True),  # a name that is not known is no other one
        ("pointer <__strlen_avx2>", "pointer <__strlen_aarch64>", True),
        ("pointer <_on_read>", "pointer <_on_write>", False),
        ("-0.0", "0.0", False),
        ("-0.0", "-0.0", True),
        ("0", "0.0", True),
        ("1e99999999", "1e99999999", True),
        ("1e99999999", "10e99999998", False),  # no value has such, and it would take hours to tell
        ("1311768467463790320", "1311768467463790321", False),  # doubles have not so many bits
        ("1311768467463790320", "1311768467463790320", True),
        ('pointer "0x10"', "0x10", True),
        ('pointer "0x10"', 'pointer "0x20"', False),
        ('pointer "a\\nb"', "a\nb", True),
        ('pointer "' + 64 * "a" + '"…', 65 * "a", True),
        ('pointer "' + 64 * "a" + '"…', 64 * "b", False),
        ('pointer ""', "", True),
        ("120", "x", True),
        ("5", "5", True),
        ("121", "x", False),
        ("null", "0", True),
        ("null", "1", False),
        ("true", "1", True),
        ("true", "0", False),
        ("1.5", "1.5 (all ones)", True),
        ('{str = pointer, len = 5} "hello"', "hello", True),
        ("pointer <one>", "pointer <other>", False),
        ("pointer", "null", False),
        ('pointer "hello"', "hello", True),
        ("pointer <callback>", "callback", True),
        ('pointer "hello"', 'pointer "hallo"', False),
        ("true", "false", False),
    ],
)
def test_values_agree_by_what_they_mean(one: str, other: str, is_same: bool) -> None:
    assert agree(one, other) is is_same
    assert agree(other, one) is is_same


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [("0.10000000149011612", "0.1", True), ("0.1", "0.2", False), ("1e300", "inf", False), ("a", "a", True)],
)
def test_numbers_can_agree_as_floats(one: str, other: str, is_same: bool) -> None:
    assert agree_as_floats(one, other) is is_same
