"""Call frame information written by hand after DWARF 5, section 6.4, and bytes that are none."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.unwind import cfi
from harness.unwind.cursor import CfiBroken, Cursor
from harness.unwind.expressions import Evaluator

START = 0x1000


def unit(body: bytes) -> bytes:
    return len(body).to_bytes(4, "little") + body


def cie(program: bytes, *, version: int = 3, augmentation: bytes = b"") -> bytes:
    return unit(b"\xff\xff\xff\xff" + bytes([version]) + augmentation + b"\0" + b"\x01\x78\x10" + program)  # data: -8


def fde(program: bytes, *, of: int = 0, start: int = START, size: int = 0x40) -> bytes:
    return unit(of.to_bytes(4, "little") + start.to_bytes(8, "little") + size.to_bytes(8, "little") + program)


def frames(*units: bytes) -> cfi.Frames:
    return cfi.read(b"".join(units), 0, is_eh=False, word=8, order="little")[0]


AT_ENTRY = b"\x0c\x07\x08\x90\x01"  # def_cfa r7+8, offset r16 at cfa-8
PUSHED = b"\x41\x0e\x10\x86\x02\x44\x0d\x06"  # +1: def_cfa_offset 16, offset r6 at cfa-16; +4: def_cfa_register r6


@pytest.mark.parametrize(
    ("at", "cfa", "saved"), [(0, (7, 8), None), (1, (7, 16), -16), (4, (7, 16), -16), (5, (6, 16), -16)]
)
def test_the_rules_of_an_address_are_those_up_to_it(at: int, cfa: tuple[int, int], saved: int | None) -> None:
    row = frames(cie(AT_ENTRY), fde(PUSHED)).row(START + at)
    assert row is not None
    assert (row.cfa.register, row.cfa.number) == cfa
    assert row.rules[16] == cfi.Rule(cfi.AT, -8)
    assert row.rules.get(6) == (None if saved is None else cfi.Rule(cfi.AT, saved))


def test_an_address_that_no_entry_covers_has_no_rules() -> None:
    table = frames(cie(AT_ENTRY), fde(PUSHED))
    assert table.row(START - 1) is None
    assert table.row(START + 0x40) is None


def test_padding_between_the_parts_of_two_objects_is_passed_over() -> None:
    head = cie(AT_ENTRY) + bytes(4)
    table, problems = cfi.read(head + fde(PUSHED), 0, is_eh=False, word=8, order="little")
    assert problems == ()
    assert len(table.entries) == 1


def test_a_cfa_register_without_a_rule_before_it_has_an_offset_of_0() -> None:
    row = frames(cie(b"\x0d\x02"), fde(b"")).row(START)
    assert row is not None
    assert row.cfa == cfi.Rule(cfi.IN, 0, 2)


def test_a_remembered_state_comes_back_whole() -> None:
    row = frames(cie(AT_ENTRY), fde(b"\x0a" + PUSHED + b"\x41\x0b")).row(START + 7)
    assert row is not None
    assert (row.cfa, 6 in row.rules) == (cfi.Rule(cfi.IN, 8, 7), False)


def test_the_body_is_what_holds_after_the_prologue() -> None:
    table = frames(cie(AT_ENTRY), fde(PUSHED))
    assert table.body(table.entries[0]).cfa == cfi.Rule(cfi.IN, 16, 7)


@pytest.mark.parametrize(
    ("program", "says"),
    [
        (b"\x3f\x00", "an unknown instruction"),
        (b"\x0b", "never remembered"),
        (b"\x0a" * 100, "remembered states"),
        (b"\x0e", "a LEB128 that has no end"),
        (b"\x00" * 70_000, "more than 65536 instructions"),
        (b"\x0f\x01\x03\x0e\x01", "a part of the CFA's rule is changed"),
    ],
)
def test_a_program_that_cannot_be_followed_says_why(program: bytes, says: str) -> None:
    table = frames(cie(AT_ENTRY), fde(program))
    with pytest.raises(CfiBroken, match=says):
        table.row(START)


@given(data=st.binary(max_size=400), is_eh=st.booleans(), word=st.sampled_from([4, 8]))
@settings(max_examples=400, deadline=2000)
def test_no_bytes_raise_anything_else(data: bytes, is_eh: bool, word: int) -> None:
    table, _ = cfi.read(data, 0x4000, is_eh=is_eh, word=word, order="big" if word == 4 else "little")
    check(table)


@given(head=st.binary(max_size=60), body=st.binary(max_size=200), version=st.sampled_from([1, 3, 4, 9]))
@settings(max_examples=400, deadline=2000)
def test_no_program_raises_anything_else(head: bytes, body: bytes, version: int) -> None:
    check(frames(cie(head, version=version), fde(body)))


def check(table: cfi.Frames) -> None:
    for entry in table.entries:
        for address in (entry.start, entry.end - 1):
            try:
                row = table.row(address)
            except CfiBroken:
                continue
            assert row is not None


@given(st.binary(max_size=200))
@settings(max_examples=400, deadline=2000)
def test_no_expression_hangs_or_raises_anything_else(expression: bytes) -> None:
    evaluator = Evaluator(lambda number: number, lambda address, size: bytes(size), 8, "little")
    with contextlib.suppress(CfiBroken):
        assert 0 <= evaluator.run(expression, 7) < 1 << 64


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (b"\x77\x08\x80\x00\x3f\x1a\x3b\x2a\x33\x24\x22", 7 + 8 + 0),  # x86's PLT: rsp+8 + ((rip & 15) >= 11) << 3
        (b"\x08\x05\x08\x03\x1c", 2),
        (b"\x09\xff", (1 << 64) - 1),
        (b"\x2f\x01\x00\x31\x32", 2),
    ],
)
def test_an_expression_has_the_value_that_dwarf_says(expression: bytes, value: int) -> None:
    assert Evaluator(lambda number: number, lambda address, size: None, 8, "little").run(expression) == value


def test_a_leb128_has_a_bound() -> None:
    assert Cursor(b"\xe5\x8e\x26", "little").unsigned() == 624485
    assert Cursor(b"\xc0\xbb\x78", "little").signed() == -123456
    with pytest.raises(CfiBroken):
        Cursor(b"\xff" * 20, "little").unsigned()
