import pytest

from ..support import Project, some


@pytest.mark.parametrize("jobs", some(["1", "3"], few=["3"]))
def test_any_number_of_jobs_gives_the_same_verdicts(project: Project, jobs: str) -> None:
    for name in ("one", "two"):
        project.case(f"g/{name}", "say", name)
    ran = project.pytest("--arch=amd64,arm64", f"--jobs={jobs}")
    assert ran.code == 0
    assert ran.made == {(f"g/{name}", arch): 1 for name in ("one", "two") for arch in ("amd64", "arm64")}


@pytest.mark.parametrize("jobs", ["0", "-1", "many", ""])
def test_what_is_no_number_of_jobs_ends_with_4(project: Project, jobs: str) -> None:
    ran = project.pytest(f"--jobs={jobs}")
    assert ran.code == 4
    assert f"{jobs!r} is not a number of at least 1" in ran.text


@pytest.mark.parametrize("how", some(["--jobs=1", "--jobs=2", "-n2"], few=["--jobs=2"]))
def test_a_run_that_takes_long_is_named_while_it_runs(project: Project, how: str) -> None:
    project.constant("harness.session", "LONG_SECONDS", 1.0)
    project.case("g/hangs", "loop", run={"timeout": 2})
    ran = project.pytest("--arch=amd64", how)
    assert ran.words == {"g/hangs::run[amd64]": "TIMEOUT"}
    assert "running g/hangs on amd64 (1 s so far)" in ran.text
