"""Where execution went astray, from registers and memory that are written by hand."""

from __future__ import annotations

import pytest

from harness import diagnoses as of
from harness.abi.astray import astray
from harness.abi.diagnose import CERTAIN, LIKELY
from harness.registers import TABLES

CODE, DATA, STACK = 0x401000, 0xC000, 0x7F00
BYTES = 0x0841F0F2E6666C3


def why(
    pc: int, registers: dict[str, int], words: dict[int, int], arch: str = "amd64", go: str = CERTAIN
) -> tuple[str, str] | None:
    table = TABLES[arch]

    def memory(address: int, size: int) -> bytes | None:
        return words[address].to_bytes(8, table.byte_order)[:size] if address in words else None

    def name(address: int) -> str:
        return "f" if CODE <= address < CODE + 64 else ""

    found = astray(
        *(table, pc, registers, memory, name),
        lambda at: "f" if at == CODE else "",
        lambda at: go if CODE <= at < CODE + 64 else "",
    )
    return None if found is None else (found.name, found.confidence)


def test_a_func_value_that_is_called_as_code_is_data_whose_first_word_is_code() -> None:
    assert why(DATA, {}, {DATA: CODE}) == (of.FUNC_VALUE_AS_CODE, CERTAIN)
    assert why(DATA, {"rdx": DATA}, {DATA: CODE}) == (of.FUNC_VALUE_AS_CODE, CERTAIN)


@pytest.mark.parametrize("words", [{}, {DATA: DATA}, {DATA: CODE + 8}])
def test_data_that_is_no_func_value_tells_nothing(words: dict[int, int]) -> None:
    assert why(DATA, {}, words) is None


def test_code_that_has_an_address_in_it_tells_nothing() -> None:
    assert why(CODE + 16, {}, {CODE + 16: CODE}) is None


def test_code_that_is_called_as_a_func_value_is_where_its_bytes_are_an_address() -> None:
    assert why(BYTES, {"rdx": CODE, "rsp": STACK}, {CODE: BYTES, STACK: CODE + 32}) == (of.CODE_AS_FUNC_VALUE, CERTAIN)
    registers = {"x26": CODE, "x30": CODE + 32}
    assert why(BYTES & ~3, registers, {CODE: BYTES}, "arm64") == (of.CODE_AS_FUNC_VALUE, CERTAIN)


def test_a_pointer_to_a_pointer_of_c_tells_nothing() -> None:
    assert why(DATA, {}, {DATA: CODE}, go="") is None
    assert why(BYTES, {"rdx": CODE, "rsp": STACK}, {CODE: BYTES, STACK: CODE + 32}, go="") is None
    assert why(BYTES, {"rdx": CODE, "rsp": STACK}, {CODE: BYTES, STACK: CODE + 65}) is None
    assert why(CODE + 16, {"rdx": CODE, "rcx": BYTES}, {CODE: BYTES}, go="") is None


def test_where_nothing_but_a_name_says_that_it_is_go_it_is_likely() -> None:
    assert why(DATA, {}, {DATA: CODE}, go=LIKELY) == (of.FUNC_VALUE_AS_CODE, LIKELY)
    registers = {"x26": CODE, "x30": CODE + 32}
    assert why(BYTES, registers, {CODE: BYTES}, "arm64", LIKELY) == (of.CODE_AS_FUNC_VALUE, LIKELY)


def test_an_address_that_the_processor_refuses_is_still_in_a_register() -> None:
    assert why(CODE + 16, {"rdx": CODE, "rcx": BYTES}, {CODE: BYTES}) == (of.CODE_AS_FUNC_VALUE, LIKELY)
    assert why(CODE + 16, {"rdx": CODE, "rcx": BYTES}, {CODE: BYTES, BYTES: 1}) is None  # it could have gone there
    assert why(CODE + 16, {"rdx": CODE}, {CODE: BYTES}) is None
    assert why(CODE + 16, {"rdx": DATA, "rcx": BYTES}, {DATA: BYTES}) is None
