import itertools

import pytest

from harness.core.layout import BY_MACHINE, LAYOUTS
from harness.registers import TABLES


def test_every_architecture_has_a_layout() -> None:
    assert LAYOUTS.keys() == TABLES.keys()
    assert len(BY_MACHINE) == len(LAYOUTS)


@pytest.mark.parametrize("arch", LAYOUTS)
def test_fields_are_registers_of_the_table_and_do_not_overlap(arch: str) -> None:
    layout, table = LAYOUTS[arch], TABLES[arch]
    for fields, size in ((layout.general, layout.general_size), *((row.fields, row.size) for row in layout.sets)):
        rows = sorted(fields, key=lambda row: row.offset)
        assert all(one.offset + one.size <= other.offset for one, other in itertools.pairwise(rows))
        assert rows[-1].offset + rows[-1].size <= size
        assert {row.name for row in rows} <= table.by_name.keys()
        assert all(row.size * 8 >= table.by_name[row.name].bits for row in rows)
    names = [row.name for row in (*layout.general, *layout.floats)]
    assert len(set(names)) == len(names)
    assert {table.pc, table.sp} <= {row.name for row in layout.general}
    assert layout.emulated.keys() <= {row.name for row in layout.general}


@pytest.mark.parametrize("arch", LAYOUTS)
def test_what_no_note_holds_is_little(arch: str) -> None:
    layout = LAYOUTS[arch]
    left = TABLES[arch].by_name.keys() - {row.name for row in (*layout.general, *layout.floats)}
    assert left <= {"zero", "k0", "k1"}
