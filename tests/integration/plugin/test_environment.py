"""What of the caller's environment, and of the case's, makes another program stands beside what came of it."""

from __future__ import annotations

from ..support import Project


def test_what_a_build_was_given_is_in_the_records_and_in_the_command_that_runs_it_again(project: Project) -> None:
    project.case("g/hello", "say", "hello", expect={"stdout": "bye\n"}, build={"env": {"GOARM64": "v8.1"}})
    (project.path / "own env").write_text("CGO_CPPFLAGS=-DR\n")
    env = {
        "GOENV": str(project.path / "own env"),
        "CGO_CFLAGS": "-O2 -DQ=1",
        "GOFLAGS": "-trimpath",
        "GOOGLE_API_KEY": "secret",
    }
    ran = project.pytest("--arch=arm64", env=env)
    (seen,) = ran.observations
    assert seen["environment"]["settings"] == {
        "CGO_CFLAGS": "-O2 -DQ=1",
        "CGO_CPPFLAGS": "-DR",
        "GOARM64": "v8.1",  # the case's before the toolchain's
        "GOFLAGS": "-trimpath",
    }
    assert "CGO_CFLAGS=-O2 -DQ=1 CGO_CPPFLAGS=-DR GOARM64=v8.1 GOFLAGS=-trimpath" in ran.text
    assert (
        f"rerun: CGO_CFLAGS='-O2 -DQ=1' GOENV='{project.path}/own env' GOFLAGS=-trimpath pytest --arch=arm64 "
        in ran.text
    )
    assert "secret" not in ran.text


def test_what_a_run_is_given_stands_over_it(project: Project) -> None:
    project.case("g/hello", "say", "hello", build={"env": {"GODEBUG": "build=1"}}, run={"env": {"GODEBUG": "run=1"}})
    (seen,) = project.pytest("--arch=arm64").observations
    assert seen["environment"]["settings"]["GODEBUG"] == "run=1"
