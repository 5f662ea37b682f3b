from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.host import faults
from harness.host.crossings import SHAPE, Crossing
from harness.schema import Choice
from harness.watch.alarms import Alarm, Drifted, Misaligned, NoGoroutine, Unfit, WrongStack


@dataclass(frozen=True)
class Program:
    arch: str = "arm64"
    go: str = "1.27.4"

    def name_at(self, address: int) -> str:
        return {0x5000: "runtime.sigtramp.abi0+0x54"}.get(address, hex(address))


ALARM = Alarm("x29", "sigtramp", "handle+0x130", 1, 0x4FF8, 0x5000, "AAPCS64", within="24 below crosscall2")
WIDE = Crossing("id", ("arm64",), "sigtramp", "x28 x29", "because")


@pytest.mark.parametrize(
    ("row", "fits"),
    [
        ({}, True),
        ({"arches": ("arm", "arm64")}, True),
        ({"arches": ("arm",)}, False),
        ({"crossing": "cgoSigtramp"}, False),
        ({"register": "x2"}, False),
        ({"says": "unfit"}, False),
        ({"by": 8}, True),
        ({"by": -8}, False),
        ({"caller": r"handle\+.*"}, True),
        ({"caller": "handle"}, False),
        ({"within": "untold|24 below .*"}, True),
        ({"within": "32 below .*"}, False),
        ({"within": "|32 below .*"}, False),
        ({"holds": r"runtime\.sigtramp\.abi0\+.*"}, True),
        ({"holds": "runtime"}, False),
        ({"holds": "g"}, False),
        ({"go": ">=1.27"}, True),
        ({"go": "<1.27"}, False),
    ],
)
def test_a_row_knows_an_alarm_that_all_of_it_fits(row: dict[str, object], fits: bool) -> None:
    assert replace(WIDE, **row).knows(ALARM, Program()) is fits  # type: ignore[arg-type]


def test_a_goroutine_is_known_as_one() -> None:
    row = replace(WIDE, holds="g")
    assert row.knows(replace(ALARM, is_g=True), Program())
    assert not row.knows(ALARM, Program())


def test_a_range_of_versions_does_not_hold_a_version_that_is_not_known() -> None:
    assert WIDE.knows(ALARM, Program(go=""))
    assert not replace(WIDE, go=">=1.1").knows(ALARM, Program(go=""))


def test_each_kind_of_alarm_can_be_known_and_by_how_much_it_is_off() -> None:
    kinds = (Alarm, Misaligned, Unfit, WrongStack, Drifted, NoGoroutine)
    says = SHAPE.fields["says"]
    assert isinstance(says, Choice)
    assert says.words == tuple(kind.says for kind in kinds)
    made = [kind("sp", "asmcgocall", "f", 1, 0x7008, 8, "rule") for kind in kinds]
    assert [alarm.by for alarm in made] == [8 - 0x7008, 8, *(8 - 0x7008 for _ in kinds[2:])]


ROW = """crossings:
  - id: a
    arches: [arm64]
    crossing: sigtramp
    register: x29
    reason: because
"""


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("    says: twisted", "'twisted' is not one of changed"),
        ("    caller: '('", "not a regular expression"),
        ("    holds: '['", "not a regular expression"),
        ("    within: '*'", "not a regular expression"),
        ("    by: much", "expected a whole number"),
        ("    go: new", "go: not a range of versions"),
    ],
)
def test_what_is_wrong_with_a_row_is_told_with_its_line(line: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "emulator-faults.yaml"
    path.write_text(f"{ROW}{line}\n")
    with pytest.raises(InputError) as caught:
        faults.load((tmp_path,))
    assert problem in str(caught.value)


def test_a_row_of_ones_own_is_read_whole(tmp_path: Path) -> None:
    more = "    says: unfit\n    by: -8\n    caller: f\n    holds: g\n    within: w\n    go: '>=1.21,<1.28'\n"
    (tmp_path / "emulator-faults.yaml").write_text(f"{ROW}{more}")
    (row,) = (row for row in faults.load((tmp_path,)).crossings if row.id == "a")
    assert (row.says, row.by, row.caller, row.holds, row.within) == ("unfit", -8, "f", "g", "w")
    assert row.go == ">=1.21,<1.28"
