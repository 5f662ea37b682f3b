import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.registers import TABLES
from harness.traceback import registers
from harness.traceback.words import WORDS

RISCV64 = "\n".join(
    f"{left:<4}{number:#x}\t{right:<4}{number + 1:#x}"
    for number, (left, right) in zip(
        range(1, 33, 2), zip(list(WORDS["riscv64"])[::2], list(WORDS["riscv64"])[1::2], strict=True), strict=True
    )
).split("\n")
AMD64 = [f"{word:<7}{number:#x}" for number, word in enumerate(WORDS["amd64"], 1)]


def test_two_registers_on_a_line_are_two_registers() -> None:
    block = registers.read(RISCV64, "riscv64")
    assert block.registers["ra"] == 1
    assert block.registers["sp"] == 2
    assert block.registers["pc"] == 32
    assert block.missing == {"zero": registers.LEFT_OUT, "fcsr": registers.LEFT_OUT} | {
        row.name: registers.NO_FLOAT for row in TABLES["riscv64"].rows if row.role == "float"
    }


def test_selectors_are_no_registers_of_the_table() -> None:
    block = registers.read(AMD64, "amd64")
    assert block.others == {"cs": 19, "fs": 20, "gs": 21}
    assert block.registers["eflags"] == 18
    assert block.missing["fs_base"] == registers.LEFT_OUT


@pytest.mark.parametrize("arch", TABLES)
def test_registers_and_reasons_are_together_the_table(arch: str) -> None:
    for lines in ([], RISCV64, AMD64, AMD64[:7]):
        block = registers.read(lines, arch)
        assert sorted([*block.registers, *block.missing]) == sorted(TABLES[arch].by_name)


def test_the_programs_lines_in_a_block_are_passed_over() -> None:
    noisy = [line for row in AMD64 for line in ("hello", "rcx    0x666", "r16    0x1", row, "")]
    noisy = [line for line in noisy if line != "rcx    0x666"]
    assert registers.read(noisy, "amd64") == registers.read(AMD64, "amd64")


def test_a_word_out_of_order_is_not_the_runtimes() -> None:
    assert registers.read([*AMD64, "rbx    0x666"], "amd64") == registers.read(AMD64, "amd64")


def test_a_torn_block_says_what_it_lacks() -> None:
    block = registers.read([*AMD64[:5], "rsi    hello", "0x6", *AMD64[6:16]], "amd64")
    assert block.missing["rsi"] == block.missing["rip"] == registers.TORN
    assert block.registers["r15"] == 16
    assert registers.read([], "amd64").missing["rip"] == registers.NO_BLOCK


def test_the_fullest_block_counts_and_the_first_of_equals() -> None:
    other = [line.replace("0x", "0x1") for line in AMD64]
    assert registers.read([*AMD64[:3], *AMD64, *other], "amd64").registers["rax"] == 1
    assert registers.read([*AMD64[:3], *other, *AMD64], "amd64").registers["rax"] == 0x11


def test_a_value_wider_than_its_register_is_not_cut() -> None:
    block = registers.read(["eax    0x1", "ebx    0x100000000"], "386")
    assert "ebx" not in block.registers
    assert block.missing["ebx"] == "the text says 0x100000000, which is wider than the register"


@given(
    st.lists(st.text(alphabet="raxbcdip0123456789 \t\n", max_size=20) | st.sampled_from(AMD64)),
    st.sampled_from(sorted(TABLES)),
)
def test_any_lines_have_an_answer(lines: list[str], arch: str) -> None:
    block = registers.read(lines, arch)
    assert set(block.registers) | set(block.missing) == set(TABLES[arch].by_name)


@pytest.mark.parametrize("line", ["rax" + " " * 200_000, "r" * 200_000, "rax 0x" + "1" * 200_000, "rax 0x1\t" * 50_000])
def test_a_hostile_line_costs_no_time(line: str) -> None:
    started = time.thread_time()
    registers.read([line] * 3, "amd64")
    assert time.thread_time() - started < 10  # seconds of the processor; quadratic would be minutes
