"""Cases that share a name, and folders that pytest takes for the project's."""

from pathlib import Path

import pytest

from ..support import PYTEST, Project, command, some


@pytest.mark.parametrize("how", some(["-n0", "-n2"], few=["-n2"]))
def test_two_cases_of_the_same_name_are_two_cases(project: Project, how: str) -> None:
    for name, words in (("one", "right"), ("two", "wrong")):
        project.case("g/same", "say", words, expect={"stdout": "right\n"})
        project.path.joinpath(name).mkdir()
        project.folder("").rename(project.path / name / "cases")
    ran = project.pytest("--arch=amd64,arm64", how)
    assert ran.words == {
        "one/cases/g/same::run[amd64]": "PASS",
        "one/cases/g/same::run[arm64]": "PASS",
        "one/cases/g/same::diff[amd64~arm64]": "PASS",
        "two/cases/g/same::run[amd64]": "FAIL",
        "two/cases/g/same::run[arm64]": "FAIL",
        "two/cases/g/same::diff[amd64~arm64]": "PASS",
    }
    assert set(ran.made.values()) == {1}
    assert len(ran.made) == 4
    alone = project.pytest("--arch=amd64", how, "two")
    assert alone.words == {"g/same::run[amd64]": "FAIL"}


@pytest.mark.parametrize("where", ["", "g", "g/hello"])
def test_a_case_is_found_from_within_where_no_file_says_what_the_project_is(project: Project, where: str) -> None:
    project.case("g/hello", "say", "hello")
    (project.path / "pytest.ini").unlink()
    ran = command([*PYTEST, "--arch=amd64"], cwd=project.folder(where))
    assert ran.code == 0, ran.text
    assert "1 passed" in ran.text
    ran = command([*PYTEST, "--arch=amd64", str(project.folder(where))], cwd=Path("/"))
    assert ran.code == 0, ran.text


def test_a_foreign_case_yaml_is_nobodys_where_no_folder_is_called_cases(project: Project, tmp_path: Path) -> None:
    place = tmp_path / "repository" / "helm"
    place.mkdir(parents=True)
    (place / "case.yaml").write_text("a: b\n")
    assert command([*PYTEST, "--arch=amd64"], cwd=place.parent).code == 5


def test_cxx_is_said_to_be_out_of_reach(project: Project) -> None:
    folder = project.case("g/cxx", "say", "hello")
    (folder / "more.cpp").write_text('extern "C" int more() { return 1; }\n')
    ran = project.pytest("--arch=amd64,arm64")
    assert set(ran.words.values()) == {"BROKEN"}
    assert "more.cpp: C++ is not built here" in ran.cause("g/cxx::run[arm64]")
