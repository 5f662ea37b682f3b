"""Go plugins of a case: built with the program's settings, stored with it, found by it, and looked into."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.build import build
from harness.build.ambient import ambient
from harness.build.recipe import recipe
from harness.build.store import Binary, Store

from .support import CORPUS, CROSSABI, Project, command, load_case, some, target

HOST = """package main

import "C"
import (
	"crossabi.test/own/both"
	"fmt"
	"os"
	"plugin"
)

func main() {
	opened, err := plugin.Open(os.Args[1])
	if err != nil {
		fmt.Println(err)
		return
	}
	number, err := opened.Lookup("Number")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(both.Number(), number.(func() int)())
}
"""
PLUGIN = """package main

// #include "deep/own.h"
// static int flag(void) { return FLAG; }
import "C"
import "crossabi.test/own/both"

func Number() int { return 100*int(C.flag()) + 10*int(C.OWN) + both.Number() }
"""
BOTH = """package both

// #include "both.h"
import "C"

func Number() int { return int(C.BOTH) }
"""
SOURCES = {
    "go.mod": "module crossabi.test/own\n\ngo 1.21\n",
    "main.go": HOST,
    "both/both.go": BOTH,
    "both/both.h": "#define BOTH 1\n",
    "work/plugin.go": PLUGIN,
    "work/deep/own.h": "#define OWN 1\n",
}
SETTINGS = {"plugins": {"work.so": "work"}, "c": {"cflags": ["-DFLAG=3"]}, "go": {"gcflags": "-N -l"}}


def test_a_plugin_shares_packages_and_settings_with_its_host_and_is_built_anew_when_a_file_of_its_changes(
    project: Project,
) -> None:
    folder = project.case("g/number", "{bin}/work.so", sources=SOURCES, build=SETTINGS, expect={"stdout": "1 311\n"})
    for file, text, word in (
        ("work/deep/own.h", "#define OWN 1\n", "PASS"),
        ("work/deep/own.h", "#define OWN 2\n", "1 321"),
        ("both/both.h", "#define BOTH 7\n", "7 327"),
    ):
        (folder / file).write_text(text)
        ran = project.pytest("--arch=amd64")
        assert word in (ran.words["g/number::run[amd64]"], ran.observations[0]["stdout"].strip()), ran.text


def test_what_is_wrong_with_a_plugin_is_told_where_it_is(project: Project) -> None:
    """In case.yaml for a folder that is no plugin's, in the source for what Go says of it; all are failures."""
    main = {"main.go": 'package main\n\nimport "C"\n\nfunc main() {}\n'}
    wrong = {"work/plugin.go": 'package main\n\nvar X int = "text"\n'}
    nested = {"work/plugin.go": "package main\n", "work/go.mod": "module x\n"}
    build = {"plugins": {"work.so": "work"}}
    project.case("g/absent", sources=main, build=build)
    project.case("g/other", sources={**main, "work/plugin.go": "package other\n"}, build=build)
    project.case("g/wrong", sources={**main, **wrong}, build=build)
    project.case("g/nested", sources={**main, **nested}, build=build)
    ran = project.pytest("--arch=amd64")
    assert ran.words == {
        "g/absent::load": "FAIL",
        "g/other::load": "FAIL",
        "g/wrong::run[amd64]": "FAIL",
        "g/nested::run[amd64]": "FAIL",
    }
    for name, says in (
        ("g/absent::load", "case.yaml:7:14: there is no folder 'work' beside this file"),
        ("g/other::load", "case.yaml:7:14: no Go file in 'work' is of package main"),
        ("g/wrong::run[amd64]", 'work/plugin.go:3:13: cannot use "text"'),
        ("g/nested::run[amd64]", "main module (crossabi.test/case) does not contain package crossabi.test/case/work"),
    ):
        assert says in ran.cause(name)


@pytest.mark.parametrize("arch", some(["amd64", "arm64", "riscv64", "s390x", "ppc64le", "arm"], few=["arm64"]))
def test_a_backtrace_goes_through_the_code_of_both(arch: str, tmp_path: Path) -> None:
    case = load_case(CORPUS / "crossings" / "go_plugin")
    wanted = recipe(case, case.variants[0], target(arch), ambient())
    (built,) = build(Store(), [wanted]).values()
    assert isinstance(built, Binary), built
    places = ["--at=crossabi.test/case/work.pluginGo", "--at=hostGo", "--hits=1", "--backtrace"]
    argv = [*CROSSABI, "snapshot", "--json", *places, str(built.program), "--", str(built.folder / "work.so")]
    ran = command(argv, tmp_path)
    shots = [json.loads(line) for line in ran.text.splitlines() if line.startswith("{")]
    found = {shot["at"]: [name.removesuffix(".abi0") for name in shot["backtrace"]] for shot in shots}
    into_c = ["runtime.asmcgocall", "runtime.cgocall", "main._Cfunc_call_mixed", "main.call", "main.main"]
    assert found["hostGo"][2:7] == into_c
    through = found["crossabi.test/case/work.pluginGo"]
    assert through[0] == "crossabi.test/case/work.pluginGo"
    assert [name for name in through if name in ("crosscall2", "pluginGo", *into_c)] == [
        "crosscall2",
        "pluginGo",
        *into_c,
    ]
