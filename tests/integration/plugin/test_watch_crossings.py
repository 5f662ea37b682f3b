"""`pytest --watch-crossings`: a promise that a crossing breaks fails the item though the output is right."""

from pathlib import Path

from ..support import Project
from ..watch.mutants import ARM64, after, overlaid
from ..watch.test_command import BACK

LOST = after("arm64", ARM64, "LDP\t(8*22)(RSP), (R29, R30)", "FMOVD\t$1.5, F12", "v12")  # which gcc has no use for here


def test_each_crossing_is_counted_in_the_records_and_under_the_table(project: Project) -> None:
    project.case("g/back", sources=BACK, expect={"stdout": "3 4 5\n"})
    ran = project.pytest("--arch=arm64", "--watch-crossings")
    (seen,) = ran.observations
    assert (ran.code, seen["unwatched"], seen["alarms"]) == (0, "", [])
    assert (seen["crossings"]["crosscall2"], seen["crossings"]["cgocallback"]) == (3, 3)
    assert "3 cgocallback, 3 crosscall2" in ran.text
    assert "crossings" not in project.pytest("--arch=arm64").text


def test_a_register_that_is_lost_fails_the_item_by_name(project: Project, tmp_path: Path) -> None:
    project.case("g/back", sources=BACK, expect={"stdout": "3 4 5\n"})
    environ = overlaid(LOST, tmp_path)
    assert project.pytest("--arch=arm64", env=environ).code == 0
    ran = project.pytest("--arch=arm64", "--watch-crossings", env=environ)
    assert (ran.code, ran.words) == (1, {"g/back::run[arm64]": "FAIL"})
    (seen,) = ran.observations
    assert any(alarm.startswith("v12 changed across crosscall2 called from more+0x") for alarm in seen["alarms"])
    assert "v12 changed across crosscall2 called from more+0x" in ran.text
    assert "pytest --arch=arm64 --watch-crossings 'cases/g/back/case.yaml::run[arm64]'" in ran.text
