import pytest

from harness.registers import ARM64, MIPS64LE, RISCV64, TABLES, RegisterTable

EVERY = pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.arch)


@EVERY
def test_a_table_has_each_name_once_and_what_every_machine_has(table: RegisterTable) -> None:
    assert len(table.by_name) == len(table.rows)
    assert len(table.by_stub_name) == sum(1 + len(row.stub) for row in table.rows)
    assert table.by_name[table.pc].bits == table.by_name[table.sp].bits
    assert table.g in ("", *table.by_name)


@EVERY
def test_what_a_call_preserves_is_part_of_a_register_and_names_its_rule(table: RegisterTable) -> None:
    assert table.sp in {row.name for row in table.preserved}
    assert all(row.preserved <= row.bits for row in table.rows)
    assert table.rule


def test_only_the_low_half_of_a_vector_register_is_preserved_on_arm64() -> None:
    assert [(row.name, row.preserved) for row in ARM64.preserved if row.role == "vector"] == [
        (f"v{number}", 64) for number in range(8, 16)
    ]


def test_numbers_and_names_of_registers_agree() -> None:
    assert [RISCV64.by_stub_name[f"x{number}"].name for number in (8, 9, 10, 18, 27, 28, 31)] == [
        *("s0", "s1", "a0", "s2", "s11", "t3", "t6")
    ]
    assert [RISCV64.by_stub_name[f"f{number}"].name for number in (8, 10, 18, 27, 28, 31)] == [
        *("fs0", "fa0", "fs2", "fs11", "ft8", "ft11")
    ]
    assert [MIPS64LE.by_stub_name[f"r{number}"].name for number in (8, 12, 16, 24, 29, 30)] == [
        *("a4", "t0", "s0", "t8", "sp", "s8")
    ]
