"""pytest's own ways to go on where something failed: --lf, --ff, --nf, --sw."""

from __future__ import annotations

import sys

import pytest

from ..support import Project, command, some

WITH_CACHE = (sys.executable, "-m", "pytest", "-p", "no:hypothesispytest", "-p", "no:pytest_cov", "--arch=amd64,arm64")


@pytest.mark.parametrize("how", some(["-n0", "-n2"], few=["-n2"]))
def test_only_what_failed_last_runs_again(project: Project, how: str) -> None:
    project.case("g/good", "say", "hello", expect={"stdout": "hello\n"})
    project.case("g/wrong", "say", "hello", expect={"stdout": "bye\n"})
    first = command([*WITH_CACHE, how], project.path)
    assert "2 failed, 4 passed" in first.text
    again = command([*WITH_CACHE, how, "--lf"], project.path)
    assert "2 failed" in again.text
    assert "passed" not in again.text
    project.edit("g/wrong/case.yaml", "bye", "hello")
    mended = command([*WITH_CACHE, how, "--lf"], project.path)
    assert "2 passed" in mended.text
    assert command([*WITH_CACHE, how, "--lf"], project.path).code == 0


def test_what_failed_last_runs_first(project: Project) -> None:
    project.case("g/a", "say", "hello", expect={"stdout": "hello\n"})
    project.case("g/b", "say", "hello", expect={"stdout": "bye\n"})
    command([*WITH_CACHE], project.path)
    ran = command([*WITH_CACHE, "--ff", "--collect-only", "-q"], project.path)
    items = [line.removeprefix("cases/g/") for line in ran.text.splitlines() if "::" in line]
    assert items == [
        "b/case.yaml::run[amd64]",
        "b/case.yaml::run[arm64]",
        "a/case.yaml::run[amd64]",
        "a/case.yaml::run[arm64]",
        "a/case.yaml::diff[amd64~arm64]",
        "b/case.yaml::diff[amd64~arm64]",
    ]


def test_a_stepwise_session_goes_on_where_it_stopped(project: Project) -> None:
    project.case("g/a", "say", "hello", expect={"stdout": "hello\n"})
    project.case("g/b", "say", "hello", expect={"stdout": "bye\n"})
    assert "1 failed, 3 passed" in command([*WITH_CACHE, "--sw"], project.path).text
    project.edit("g/b/case.yaml", "bye", "hello")
    ran = command([*WITH_CACHE, "--sw"], project.path)
    assert "3 passed, 3 deselected" in ran.text
