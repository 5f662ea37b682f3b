from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.build import commands
from harness.build.commands import Workbench
from harness.build.recipe import Recipe
from harness.case import BuildSettings
from harness.process import client
from harness.process.spec import Command, Finished
from harness.target import Tool
from unit.build import AMBIENT, make
from unit.samples import target


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Command]:
    """The commands that were run, none of them really."""
    found: list[Command] = []

    def run(command: Command) -> Finished:
        found.append(command)
        return Finished("exited", 0)

    monkeypatch.setattr(client, "run", run)
    return found


def recipe(folder: Path, **settings: Any) -> Recipe:
    return make(folder, settings=BuildSettings(**settings), flags=tuple(settings.get("flags", ())))


@pytest.mark.parametrize(
    ("settings", "flags"),
    [
        ({}, []),
        ({"flags": ("-race",)}, ["-race"]),
        ({"tags": ("a", "b")}, ["-tags=a,b"]),
        ({"mode": "c-shared"}, ["-buildmode=c-shared"]),
        (
            {"gcflags": "all=-N -l", "go_ldflags": "-s", "asmflags": "-S"},
            ["-gcflags=all=-N -l", "-ldflags=-s", "-asmflags=-S"],
        ),
    ],
)
def test_go_build_gets_the_settings(
    settings: dict[str, Any], flags: list[str], tmp_path: Path, ran: list[Command]
) -> None:
    bench = Workbench.under(tmp_path)
    assert commands.go_build(recipe(tmp_path, **settings), bench, bench.out, ["./one", "./two"], ["-marked"]).ok
    (command,) = ran
    assert command.argv == (
        *("/goroot/bin/go", "build", "-trimpath", "-buildvcs=false", *flags, "-marked"),
        *("-o", str(bench.out), "./one", "./two"),
    )  # fmt: skip
    assert (command.cwd, command.env["TMPDIR"]) == (bench.source, str(bench.tmp))


def test_a_plugin_is_built_as_the_program_is_but_for_its_mode(tmp_path: Path, ran: list[Command]) -> None:
    bench = Workbench.under(tmp_path)
    made = recipe(tmp_path, flags=("-buildmode=pie",), tags=("a",), gcflags="-N")
    for mode in ("", "plugin"):
        commands.go_build(made, bench, bench.out, ["."], ["-marked"], mode)
    host, plugin = ([word for word in command.argv if word.startswith("-")] for command in ran)
    assert host[:4] == plugin[:4] == ["-trimpath", "-buildvcs=false", "-buildmode=pie", "-tags=a"]
    assert plugin == [*host[:4], "-buildmode=plugin", *host[4:]]  # go takes the last one
    assert ran[0].env == ran[1].env


def test_the_c_compiler_gets_its_own_flags_before_the_cases(tmp_path: Path, ran: list[Command]) -> None:
    made = recipe(tmp_path, cflags=("-O0",), env={"GOARCH": "x"})
    chain = replace(made.target.toolchain, c_flags=("-mabi=x",))
    commands.compile_c(replace(made, target=replace(made.target, toolchain=chain)), Workbench.under(tmp_path), ["a.c"])
    (command,) = ran
    assert command.argv == ("/usr/bin/some-gcc", "-mabi=x", "-g", "-O2", "-O0", "a.c")
    own = {"TMPDIR": str(tmp_path / "tmp"), "LC_ALL": "C.UTF-8", "GOTMPDIR": str(tmp_path / "tmp")}
    assert dict(command.env) == {**AMBIENT.env, **commands.ASIDE, **own}


def test_caches_in_front_of_a_compiler_step_aside_whatever_a_case_says(tmp_path: Path, ran: list[Command]) -> None:
    bench = Workbench.under(tmp_path)
    commands.go_build(recipe(tmp_path, env={"CCACHE_DISABLE": ""}), bench, bench.out, ["."], [])
    assert ran[0].env["CCACHE_DISABLE"] == "1"


def test_the_targets_settings_win_over_the_machines_and_the_cases_over_both(tmp_path: Path) -> None:
    made = recipe(tmp_path, env={"GOARM64": "v9.0", "GOARCH": "mips", "CC": "tcc", "CGO_CFLAGS": "-O1"})
    ambient = replace(AMBIENT, env={"PATH": "/bin", "GOARM64": "v8.5", "CGO_CFLAGS": "-O3"}, flags=("-race", "-v"))
    env = commands.go_environment(replace(made, ambient=ambient))
    assert env["GOARM64"] == "v9.0"
    assert env["CGO_CFLAGS"] == "-O1"
    assert env["GOFLAGS"] == "-race -v"
    assert (env["GOOS"], env["GOARCH"], env["CGO_ENABLED"]) == ("linux", "arm64", "1")
    assert (env["CC"], env["GOROOT"], env["GOTOOLCHAIN"]) == ("/usr/bin/some-gcc", "/goroot", "local")
    assert env["PATH"] == "/bin"


def test_the_targets_own_variables_reach_go(tmp_path: Path) -> None:
    assert commands.go_environment(recipe(tmp_path))["GOARM64"] == "v8.0"


def test_a_compiler_of_several_words_is_quoted_for_cc() -> None:
    chosen = target(cc=Tool(("/my folder/zig", "cc", "-target"), "zig", "identity"))
    assert commands.cc_text(chosen) == '"/my folder/zig" cc -target'


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({}, ""),
        ({"cflags": ("-O0", "-DX=a b")}, 'package main\n\n// #cgo CFLAGS: -O0 "-DX=a b"\nimport "C"\n'),
        ({"c_ldflags": ("-lm",)}, 'package main\n\n// #cgo LDFLAGS: -lm\nimport "C"\n'),
        (
            {"cflags": ("-a",), "c_ldflags": ("-b",)},
            'package main\n\n// #cgo CFLAGS: -a\n// #cgo LDFLAGS: -b\nimport "C"\n',
        ),
    ],
)
def test_the_cases_own_c_flags_are_cgo_lines(settings: dict[str, Any], text: str, tmp_path: Path) -> None:
    assert commands.flags_source(recipe(tmp_path, **settings)) == text
