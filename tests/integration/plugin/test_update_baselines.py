import pytest

from ..support import Project


@pytest.fixture
def cases(project: Project) -> Project:
    project.case("g/says", "by-arch", "amd64=one", "else=two")
    project.case("g/fails", "exit", "3")
    return project


def test_passing_runs_are_accepted_and_failing_ones_are_listed(cases: Project) -> None:
    ran = cases.pytest("--arch=amd64,arm64", "--pairs=none", "--update-baselines")
    assert ran.code == 1
    assert f"baselines written: 1\n  {cases.folder('g/says')}\n" in ran.text
    assert "not refreshed, because the run did not pass:" in ran.text
    for arch in ("amd64", "arm64"):
        assert f"  cases/g/fails/case.yaml::run[{arch}]: FAIL: exit code: expected 0, got 3" in ran.text
    assert not (cases.folder("g/fails") / "baseline.yaml").exists()
    text = (cases.folder("g/says") / "baseline.yaml").read_text()
    for part in ("- targets: [amd64]\n", "- targets: [arm64]\n", "    one\n", "    two\n", "measured:"):
        assert part in text
    assert len(text.splitlines()) < 25


@pytest.mark.parametrize(("name", "value"), [("CI", "true"), ("TF_BUILD", "True"), ("JENKINS_URL", "http://ci")])
def test_ci_refuses(cases: Project, name: str, value: str) -> None:
    ran = cases.pytest("--arch=amd64", "--update-baselines", env={name: value})
    assert ran.code == 4
    assert f"--update-baselines refuses to run in CI (the variable {name} is set)" in ran.text
    assert "Traceback" not in ran.text
    assert not list(cases.path.rglob("baseline.yaml"))


def test_ci_that_is_off_does_not_refuse(cases: Project) -> None:
    ran = cases.pytest("--arch=amd64", "--update-baselines", "-k", "says", env={"CI": "false"})
    assert ran.code == 0
    assert (cases.folder("g/says") / "baseline.yaml").exists()


def test_a_regression_is_another_word_and_another_message_than_a_divergence(cases: Project) -> None:
    assert cases.pytest("--arch=amd64,arm64", "-k", "says and run", "--update-baselines").code == 0
    assert cases.pytest("--arch=amd64", "-k", "says and run").words == {"g/says::run[amd64]": "PASS"}
    cases.case("g/says", "by-arch", "amd64=another", "else=two")
    ran = cases.pytest("--arch=amd64,arm64", "-k", "says")
    assert ran.words == {
        "g/says::run[amd64]": "FAIL",
        "g/says::run[arm64]": "PASS",
        "g/says::diff[amd64~arm64]": "FAIL",
    }
    assert ran.cause("g/says::run[amd64]") == "regression on amd64: stdout line 1: was `one`, is `another`"
    diverge = "amd64 and arm64 diverge: stdout line 1: amd64 `another`, arm64 `two`"
    assert ran.cause("g/says::diff[amd64~arm64]") == diverge


def test_what_is_accepted_again_is_green_again_and_other_architectures_are_kept(cases: Project) -> None:
    cases.pytest("--arch=amd64,arm64", "-k", "says and run", "--update-baselines", "-n2")
    cases.case("g/says", "by-arch", "amd64=another", "else=two")
    assert cases.pytest("--arch=amd64", "-k", "says and run").code == 1
    assert cases.pytest("--arch=amd64", "-k", "says and run", "--update-baselines").code == 0
    assert cases.pytest("--arch=amd64", "-k", "says and run").code == 0
    assert "targets: [arm64]" in (cases.folder("g/says") / "baseline.yaml").read_text()


def test_a_baseline_that_cannot_be_read_fails_the_run_with_its_place(cases: Project) -> None:
    path = cases.folder("g/says") / "baseline.yaml"
    path.write_text("accepted:\n  - {targets: [amd64], outcome: exits}\n")
    ran = cases.pytest("--arch=amd64", "-k", "says")
    assert ran.words == {"g/says::run[amd64]": "FAIL"}
    assert ran.cause("g/says::run[amd64]").startswith(f"{path}:2:33: ")
    assert "Traceback" not in ran.text


def test_a_baseline_that_cannot_be_read_is_not_refreshed_and_the_run_fails(cases: Project) -> None:
    path = cases.folder("g/says") / "baseline.yaml"
    path.write_text("accepted:\n  - {targets: [amd64], outcome: exits}\n")
    ran = cases.pytest("--arch=amd64", "-k", "says", "--update-baselines")
    assert ran.code == 1
    assert "not refreshed, because the file cannot be used (mend it, or delete it to make it anew):" in ran.text
    assert f"  {path}:2:33: " in ran.text


def test_runs_that_differ_among_themselves_are_not_accepted(project: Project) -> None:
    source = (
        'package main\n\nimport "C"\nimport ("fmt"; "time")\n\nfunc main() { fmt.Println(time.Now().UnixNano()) }\n'
    )
    folder = project.case("g/random", sources={"main.go": source}, run={"repeat": 3})
    ran = project.pytest("--arch=amd64", "--update-baselines")
    assert ran.code == 0
    assert "not refreshed, because its repeats differ among themselves:\n  g/random on amd64\n" in ran.text
    assert not (folder / "baseline.yaml").exists()


def test_what_is_too_long_to_be_read_is_not_accepted_and_keeps_no_other_from_it(project: Project) -> None:
    source = """package main

import "C"
import (
	"fmt"
	"os"
	"strings"
)

func main() { fmt.Println(strings.Repeat("x", len(os.Args)*40000)) }
"""
    variants = [{"name": name, "run": {"args": ["x"] * count}} for name, count in (("short", 0), ("long", 1))]
    folder = project.case("g/prints", sources={"main.go": source}, variants=variants)
    ran = project.pytest("--arch=amd64", "--update-baselines")
    assert ran.code == 0
    assert "(let the case print less):\n  g/prints [long] on amd64: 80001 bytes of at most 65536\n" in ran.text
    assert "variant: long" not in (folder / "baseline.yaml").read_text()
    ran = project.pytest("--arch=amd64")
    assert set(ran.words.values()) == {"PASS"}
    assert len(ran.words) == 2
