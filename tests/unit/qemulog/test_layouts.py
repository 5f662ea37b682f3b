from pathlib import Path

import pytest

from harness.qemulog.layouts import LAYOUTS
from harness.qemulog.records import Record, Splitter
from harness.registers import TABLES
from unit.qemulog import EVERY, arch_of

LONG, HALF = 0x1122334455667788, 0x4004000000000000  # 2.5
# Where the psABI of each architecture puts add3's i, l (32 bits on arm) and d; and its other registers of note.
ARGUMENTS = {
    "amd64": {"rsi": LONG, "xmm0": HALF, "fctrl": 0x37F},
    "arm64": {"x1": LONG, "v0": HALF, "fpcr": 0},
    "riscv64": {"a1": LONG, "fa0": HALF, "zero": 0},
    "s390x": {"r3": LONG, "f0": HALF},
    "ppc64le": {"r4": LONG, "f1": HALF},
    "arm": {"r1": LONG & 0xFFFFFFFF, "d0": HALF},
    "mips64le": {"a1": LONG, "f14": HALF, "zero": 0},
}
FIRST = {"amd64": "rdi", "arm64": "x0", "riscv64": "a0", "s390x": "r2", "ppc64le": "r3", "arm": "r0", "mips64le": "a0"}


def read(path: Path) -> list[Record]:
    splitter = Splitter(LAYOUTS[arch_of(path)])
    found = [*splitter.feed(path.read_bytes()), *splitter.end()]
    assert splitter.torn == 0
    return found


@EVERY
def test_every_register_that_the_log_shows_is_read_under_its_own_name(path: Path) -> None:
    layout = LAYOUTS[arch_of(path)]
    for record in read(path):
        assert layout.shown <= record.registers.keys() <= layout.table.by_name.keys()
        assert all(value < 1 << layout.table.by_name[name].bits for name, value in record.registers.items())
        assert record.registers[layout.table.pc] == record.pc


@EVERY
def test_arguments_are_where_the_abi_puts_them(path: Path) -> None:
    arch = arch_of(path)
    records = read(path)
    assert [record.registers[FIRST[arch]] for record in records] == [0, 1]
    for name, value in ARGUMENTS[arch].items():
        for record in records:
            assert record.registers[name] & (1 << 64) - 1 == value, name


@EVERY
def test_the_stack_is_where_it_was_at_the_first_call(path: Path) -> None:
    first, second = read(path)
    sp = LAYOUTS[arch_of(path)].table.sp
    assert first.registers[sp] == second.registers[sp]
    assert first.registers[sp] % LAYOUTS[arch_of(path)].table.stack_alignment in (0, 8)


@pytest.mark.parametrize("arch", LAYOUTS)
def test_what_the_log_never_shows_is_in_the_table(arch: str) -> None:
    assert LAYOUTS[arch].absent <= TABLES[arch].by_name.keys()
