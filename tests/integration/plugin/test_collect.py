"""What stands below ``cases`` and is no case: nothing of it stops the others, and no case vanishes without a word."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ..support import PYTEST, Project, command, some

ODD = "cases/g/odd/case.yaml:1:1: cannot be read: "


@pytest.fixture
def good(project: Project) -> Project:
    project.case("g/good", "say", "hello")
    return project


def _circle(cases: Path) -> None:
    (cases / "g" / "b").symlink_to("b")


def _up(cases: Path) -> None:
    (cases / "g" / "up").symlink_to("..")


def _nowhere(cases: Path) -> None:
    (cases / "g" / "moved").symlink_to("/nowhere/moved")


def _editor(cases: Path) -> None:
    (cases / "g" / ".#x").symlink_to("nowhere")
    (cases / "g" / "x.yaml").symlink_to("nowhere")


def _case(make: Callable[[Path], None]) -> Callable[[Path], None]:
    def made(cases: Path) -> None:
        (cases / "g" / "odd").mkdir()
        make(cases / "g" / "odd" / "case.yaml")

    return made


def _inside(cases: Path) -> None:
    shutil.copytree(cases / "g" / "good", cases / "g" / "good" / "deeper" / "still")


def _foreign(cases: Path) -> None:
    for name in ("vendor", "testdata", ".hidden"):
        (cases / "g" / "good" / name).mkdir()
        (cases / "g" / "good" / name / "case.yaml").write_text("somebody: else's\n")


@pytest.mark.parametrize(
    ("make", "item", "says"),
    [
        (_circle, "g/b::load", "cases/g/b:1:1: cannot be read: a link to b, where nothing can be found"),
        (_up, None, ""),
        (_nowhere, "g/moved::load", "cases/g/moved:1:1: cannot be read: a link to /nowhere/moved, where"),
        (_editor, None, ""),
        (_case(lambda path: path.symlink_to("gone")), "g/odd::load", f"{ODD}it is a link to gone"),
        (_case(lambda path: path.symlink_to("case.yaml")), "g/odd::load", f"{ODD}Too many levels"),
        (_case(Path.mkdir), "g/odd::load", f"{ODD}it is a folder"),
        (_case(os.mkfifo), "g/odd::load", f"{ODD}it is a pipe"),
        (_case(lambda path: path.symlink_to("/dev/zero")), "g/odd::load", f"{ODD}it is a device"),
        (_inside, "g/good/deeper/still::load[deeper/still]", "deeper/still/case.yaml:1:1: this case is inside"),
        (_foreign, None, ""),
    ],
    ids=["circle", "link up", "link to nowhere", "editor's links", "case.yaml to nowhere", "case.yaml in a circle",
         "case.yaml a folder", "case.yaml a pipe", "case.yaml endless", "case in a case", "foreign folders"],
)  # fmt: skip
@pytest.mark.parametrize("way", ["quickly", "as pytest does"])
def test_the_good_case_runs_and_the_odd_thing_is_told(
    good: Project, make: Callable[[Path], None], item: str | None, says: str, way: str
) -> None:
    make(good.path / "cases")
    more = ["--deselect=nothing"] if way != "quickly" else []
    ran = good.pytest("--arch=amd64", *more)
    assert ran.words == {"g/good::run[amd64]": "PASS", **({item: "FAIL"} if item else {})}, ran.text
    assert ran.code == bool(item)
    if item:
        assert says in ran.cause(item)
    assert "Traceback" not in ran.text


@pytest.mark.parametrize("closed", ["g/shut", "g/shut/case.yaml"])
def test_what_one_may_not_read_is_one_failing_item(good: Project, closed: str) -> None:
    good.case("g/shut", "say", "hello")
    good.folder(closed).chmod(0)
    as_anybody = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    ran = command([*as_anybody, *PYTEST, "--collect-only", "-q", "--arch=amd64"], good.path)
    assert "cases/g/good/case.yaml::run[amd64]" in ran.text
    assert "cases/g/shut" in ran.text
    assert "::load" in ran.text
    assert "Traceback" not in ran.text


@pytest.mark.parametrize("options", [["-c", "/dev/null"], ["--rootdir=cases/g/good"], ["--rootdir=cases/g"]])
def test_cases_are_found_wherever_pytest_takes_the_root_to_be(good: Project, options: list[str]) -> None:
    ran = good.pytest("--arch=amd64", *options)
    assert ran.words == {"g/good::run[amd64]": "PASS"}, ran.text


@pytest.mark.parametrize("where", some([".", "cases", "cases/g", "cases/g/two"], few=[".", "cases/g/two"]))
def test_hooks_of_a_conftest_reach_the_items_below_it(project: Project, where: str) -> None:
    for name in ("g/one", "g/two", "h/three"):
        project.case(name, "say", "hello")
    skips = "import pytest\n\ndef pytest_runtest_setup(item):\n    pytest.skip('of no use here')\n"
    (project.path / where / "conftest.py").write_text(skips)
    ran = project.pytest("--arch=arm64", "-rs")
    below = [name for name in ("g/one", "g/two", "h/three") if Path("cases", name).is_relative_to(where)]
    assert ran.code == 0
    for name in ("g/one", "g/two", "h/three"):
        row = ran.verdicts[f"{name}::run[arm64]"]
        skipped = ("SKIP", "no verdict: Skipped: of no use here")
        assert (row["verdict"], row["cause"]) == (skipped if name in below else ("PASS", ""))


@pytest.mark.parametrize("name", ["case.yml", "Case.yaml", "CASE.YML"])
def test_a_case_s_file_by_another_name_is_told(good: Project, name: str) -> None:
    good.case("g/odd", "say", "hello")
    (good.folder("g/odd") / "case.yaml").rename(good.folder("g/odd") / name)
    ran = good.pytest("--arch=arm64")
    assert ran.words == {"g/good::run[arm64]": "PASS", f"g/odd::load[{name}]": "FAIL"}
    assert f"cases/g/odd/{name}:1:1: nobody reads this: a case's file is case.yaml" in ran.text


def test_a_folder_may_have_any_name(project: Project) -> None:
    names = ("n/ünï", "n/a[b]", "con/nul", "n/_x")
    for name in names:
        project.case(name, "say", "hello")
    ran = project.pytest("--arch=arm64")
    assert ran.words == {f"{name}::run[arm64]": "PASS" for name in names}
