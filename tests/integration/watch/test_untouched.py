"""'Nobody touched it' is told from 'it was restored', by the sentinels that scratch registers hold at a call of Go."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.registers import FLOAT, TABLES, VECTOR

from ..support import some
from .untouched import SCRATCH, crossed, preserved, scratch
from .watched import ARCHES, guest, with_sentinels


@pytest.mark.parametrize("arch", some(ARCHES))
def test_a_register_that_nobody_touched_is_told_from_one_that_was_restored(arch: str, tmp_path: Path) -> None:
    table = TABLES[arch]
    ours, theirs = scratch(table), preserved(table)
    overwritten, quiet = crossed(guest(with_sentinels("program", tmp_path), arch))[:2]

    for crossing in (overwritten, quiet):
        held = {name: crossing.entry[name] & mask for name, mask in ours.items()}
        assert {name: hex(value) for name, value in held.items() if value & ~0xFF != SCRATCH & ours[name]} == {}
        assert len(set(held.values())) == len(ours)
        assert crossing.untouched(ours), "Go has written to every scratch register"
        assert crossing.restored(ours) == set()  # nobody has to
    assert overwritten.restored(theirs) == set(theirs)  # clobber.All wrote to them
    floats = {name for name in theirs if table.by_name[name].role in (FLOAT, VECTOR)}
    assert quiet.untouched(theirs) >= floats
    assert table.g in quiet.restored(theirs)
