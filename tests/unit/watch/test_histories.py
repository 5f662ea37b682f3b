"""Whatever C and Go do, nothing is said to be broken that is not, and what is not held is counted."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from harness.registers import AMD64, ARM64, PPC64LE, RISCV64, TABLES, RegisterTable
from harness.watch.check import Checker
from harness.watch.sites import INTO_C, INTO_GO
from tests.unit.watch.histories import BY_NAME, FROM_C, GO_BY_POINTER, NARROW, SITES, WIDE, History, Record

TELL_THREADS = (AMD64, RISCV64, PPC64LE)
GOROUTINES = 12  # of each thread
WAYS = ((1, WIDE), (4, NARROW), (4, WIDE))
SOME = 5


def history(table: RegisterTable, seed: int, threads: int, apart: int) -> tuple[History, list[Record]]:
    made = History(table, random.Random(seed), tells_threads=table in TELL_THREADS, apart=apart)
    return made, list(made.records(threads, GOROUTINES))


def checked(table: RegisterTable, records: Sequence[Record]) -> Checker:
    watch = Checker(table, SITES)
    for pc, registers in records:
        watch.take(pc, registers)
    watch.end()
    return watch


def hold(table: RegisterTable, seeds: range, threads: int, apart: int) -> None:
    total = unheld = 0
    for seed in seeds:
        made, records = history(table, seed, threads, apart)
        watch = checked(table, records)
        assert watch.alarms == [], seed
        missed = sum(max(0, count - watch.checked[crossing]) for crossing, count in made.true.items())
        assert missed <= watch.unheld, seed
        total, unheld = total + sum(made.true.values()), unheld + missed
    if table in TELL_THREADS or threads == 1:
        assert unheld < total / 10


@pytest.mark.parametrize(("threads", "apart"), WAYS)
@pytest.mark.parametrize("arch", ["amd64", "arm64", "riscv64", "s390x"])
def test_a_legal_history_raises_no_alarm(arch: str, threads: int, apart: int) -> None:
    hold(TABLES[arch], range(SOME), threads, apart)


@pytest.mark.parametrize(("pcs", "crossing"), [((BY_NAME, GO_BY_POINTER), INTO_GO[0]), ((FROM_C,), INTO_C)])
@pytest.mark.parametrize("table", [AMD64, ARM64], ids=lambda table: table.arch)
def test_one_register_that_is_lost_once_is_named_or_counted(
    table: RegisterTable, pcs: tuple[int, ...], crossing: str
) -> None:
    lost = next(row.name for row in table.preserved if row.name not in (table.sp, "rbp"))
    named = 0
    for seed in range(SOME):
        _, records = history(table, seed, 1, WIDE)
        before = checked(table, records)
        dice = random.Random(seed)
        for index in dice.sample([index for index, (pc, _) in enumerate(records) if pc in pcs], 5):
            pc, registers = records[index]
            changed = [row for row in records if row[1] is not registers]
            place = next(at for at, row in enumerate(records) if row[1] is registers)
            changed.insert(place, (pc, {**registers, lost: 99}))
            after = checked(table, changed)
            found = {(alarm.what, alarm.crossing) for alarm in after.alarms}
            assert found <= {(lost, crossing)}
            assert found or after.unheld == before.unheld
            named += bool(found)
    assert named > 2 * SOME
