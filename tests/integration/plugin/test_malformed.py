from pathlib import Path
from typing import Any

import pytest

from ..support import Project

BAD = "kind: program\nabout: a test\nrun: {tmeout: 3}\nexpect:\n  exit: no\n"


@pytest.fixture
def mixed(project: Project) -> Project:
    project.case("g/good", "say", "hello")
    (project.case("g/bad") / "case.yaml").write_text(BAD)
    return project


def bad(project: Project) -> Path:
    return project.folder("g/bad") / "case.yaml"


@pytest.mark.parametrize("how", ["-n0", "-n2"])
def test_a_malformed_case_is_one_failing_item_and_the_others_run(mixed: Project, how: str) -> None:
    ran = mixed.pytest("--arch=amd64", how)
    assert ran.code == 1
    assert ran.words == {"g/good::run[amd64]": "PASS", "g/bad::load": "FAIL"}
    verdict = ran.verdicts["g/bad::load"]
    first, second = verdict["detail"]
    assert first.startswith(f"{bad(mixed)}:3:7: unknown key 'tmeout'; did you mean 'timeout'?")
    assert second.startswith(f"{bad(mixed)}:5:9: ")
    assert verdict["cause"] == f"{first} (and 1 more)"
    assert first in ran.text
    assert second in ran.text
    assert "Traceback" not in ran.text


@pytest.mark.parametrize(("how", "code"), [("-n0", 4), ("-n2", 1)])  # pytest's and xdist's own codes for it
def test_an_item_named_in_a_malformed_file_says_why_it_is_not_there(mixed: Project, how: str, code: int) -> None:
    ran = mixed.pytest("--arch=amd64", "cases/g/bad/case.yaml::run[amd64]", how)
    assert ran.code == code
    assert f"{bad(mixed)}:3:7: unknown key 'tmeout'" in ran.text
    assert "Traceback" not in ran.text


@pytest.mark.parametrize(
    ("text", "place"),
    [("", "1:1: the file is empty"), ("kind: [program\n", "2:1: not YAML"), (b"kind: \xff\n", "1:7: not UTF-8")],
)
def test_what_is_no_yaml_has_a_place_too(project: Project, text: str | bytes, place: str) -> None:
    project.case("g/bad")
    bad(project).write_bytes(text if isinstance(text, bytes) else text.encode())
    ran = project.pytest("--arch=amd64")
    assert ran.words == {"g/bad::load": "FAIL"}
    assert ran.cause("g/bad::load").startswith(f"{bad(project)}:{place}")


def test_a_case_outside_of_cases_runs_when_it_is_named(project: Project) -> None:
    project.case("g/hello", "say", "hello")
    project.folder("g").rename(project.path / "elsewhere")
    assert project.pytest("--arch=amd64").code == 5
    ran = project.pytest("--arch=amd64", "elsewhere/hello/case.yaml")
    assert (ran.code, ran.words) == (0, {"elsewhere/hello::run[amd64]": "PASS"})


@pytest.mark.parametrize("where", ["stdout", "normalise"])
def test_a_pattern_without_an_end_fails_its_case_and_names_it(project: Project, where: str) -> None:
    fields: dict[str, Any] = {
        "stdout": {"expect": {"stdout": {"pattern": "(a|aa)+"}}},
        "normalise": {"normalise": [{"match": "(a|aa)+$", "as": ""}], "expect": {"stdout": "other\n"}},
    }[where]
    project.constant("harness.patterns", "SECONDS", 1.0)
    folder = project.case("g/endless", "say", "a" * 60 + "b", **fields)
    ran = project.pytest("--arch=amd64,arm64")
    assert ran.words["g/endless::run[amd64]"] == ran.words["g/endless::run[arm64]"] == "FAIL"
    cause = ran.cause("g/endless::run[amd64]")
    assert cause.startswith(f"{folder}/case.yaml: the pattern /(a|aa)+")
    assert "came to no end in 1 s on a text of 62 characters" in cause
    assert ran.made == {("g/endless", "amd64"): 1, ("g/endless", "arm64"): 1}  # what was seen is in the records
