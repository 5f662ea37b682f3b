"""`pytest --snapshot` and the probes of a case.yaml: registers in the observation, and nothing else changed."""

import json
from typing import Any

import jsonschema
import pytest

from ..support import ROOT, Project

SCHEMA: dict[str, Any] = json.loads((ROOT / "docs" / "records.schema.json").read_text())
MAIN = """package main

/*
__attribute__((noinline)) long add3(long a, long b, long c) { return a + b * c; }
__attribute__((noinline)) int never(int a) { return a * 7; }
*/
import "C"
import (
	"fmt"
	"os"
)

func main() {
	for i := 0; i < 5; i++ {
		fmt.Println(C.add3(C.long(i), 0x1234, 2))
	}
	if len(os.Args) > 7 {
		C.never(3)
	}
}
"""
SAYS = "9320\n9321\n9322\n9323\n9324\n"
FIRST, SECOND = {"amd64": ("rdi", "rsi"), "arm64": ("x0", "x1"), "s390x": ("r2", "r3")}, 0x1234


def case(project: Project, **more: Any) -> None:
    project.case("g/adds", sources={"main.go": MAIN}, expect={"stdout": SAYS}, **more)


@pytest.mark.parametrize("jobs", ["-n0", "-n2"])
def test_entries_are_in_the_records_and_under_the_table(jobs: str, project: Project) -> None:
    case(project)
    ran = project.pytest(
        "--arch=amd64,arm64,s390x", "--snapshot=add3,1-2", "--snapshot=never", "--snapshot=nowhere", jobs
    )
    assert ran.words == {**dict.fromkeys(ran.words, "PASS")}
    assert ran.text.count("add3 entry, hit 1") == 3
    for seen in ran.observations:
        jsonschema.validate(seen, SCHEMA)
        first, second = FIRST[seen["target"]]
        taken = [
            (row["at"], row["when"], row["hit"], row["registers"][first], row["registers"][second])
            for row in seen["snapshots"]
        ]
        assert taken == [("add3", "entry", hit, hex(hit - 1), hex(SECOND)) for hit in (1, 2)]
        assert seen["hits"]["never"] == 0
        assert "execution never came by" in seen["unreached"]["never"]
        assert "no such place" in seen["unreached"]["nowhere"]
        assert seen["stdout"] == SAYS
    natively = {row["target"]: row["environment"]["changed"] for row in ran.observations}
    assert {changed["GODEBUG"] for changed in natively.values()} == {"asyncpreemptoff=1"}


def test_an_address_beyond_the_architecture_s_width_is_told_and_fails_nothing(project: Project) -> None:
    beyond, unmapped = f"0x{'f' * 22}", "0x7ffffffff000"
    case(project, probes=[{"at": "add3", "hits": 1}, {"at": beyond}, {"at": unmapped}])
    ran = project.pytest("--arch=amd64,arm64")
    assert ran.words == {**dict.fromkeys(ran.words, "PASS")}, ran.text
    for seen in ran.observations:
        assert [row["at"] for row in seen["snapshots"]] == ["add3"]
        assert "the program has no such place" in seen["unreached"][beyond]
        assert unmapped in seen["unreached"]


def test_a_case_has_probes_of_its_own_and_variants_have_theirs(project: Project) -> None:
    variants = [{"name": "plain"}, {"name": "back", "probes": [{"at": "add3", "when": "return", "hits": 5}]}]
    case(project, probes=[{"at": "add3"}], variants=variants)
    ran = project.pytest("--arch=arm64")
    seen = {row["variant"]: [(shot["when"], shot["hit"]) for shot in row["snapshots"]] for row in ran.observations}
    assert seen == {"plain": [("entry", 1), ("entry", 2), ("entry", 3)], "back": [("return", 5)]}
    (back,) = [row for row in ran.observations if row["variant"] == "back"]
    assert back["snapshots"][0]["registers"]["x0"] == hex(9324)
    assert back["environment"]["changed"] == {"GODEBUG": "asyncpreemptoff=1"}
    assert "snapshots:" not in ran.text  # only what the command line asks for is printed


@pytest.mark.parametrize(
    ("probe", "says"),
    [
        ({"when": "entry"}, "the key 'at' is missing here"),
        ({"at": "f", "hits": "3-1"}, "'3-1' ends before it begins"),
        ({"at": "f", "hits": "some"}, "'some' is no range of hits"),
        ({"at": "f", "when": "enter"}, "did you mean 'entry'?"),
    ],
)
def test_a_malformed_probe_is_located(probe: dict[str, Any], says: str, project: Project) -> None:
    case(project, probes=[probe])
    ran = project.pytest("--arch=arm64")
    assert says in ran.text
    assert "case.yaml:" in ran.text
    assert "Traceback" not in ran.text


def test_watch_and_probes_share_a_run_and_its_source(project: Project) -> None:
    case(project)
    both = project.pytest("--arch=arm64", "--watch-crossings", "--snapshot=add3")
    (seen,) = both.observations
    assert len(seen["snapshots"]) == 3
    assert sum(seen["crossings"].values()) > 0
    stopped = project.pytest("--arch=arm64", "--watch-crossings", "--snapshot=add3,return")
    (seen,) = stopped.observations
    assert len(seen["snapshots"]) == 3
    assert seen["crossings"]["asmcgocall"] > 4
    assert seen["unwatched"] == ""


def test_a_probe_that_is_none_ends_with_4(project: Project) -> None:
    case(project)
    ran = project.pytest("--arch=arm64", "--snapshot=,both")
    assert (ran.code, "names no place" in ran.text) == (4, True)


def test_a_place_that_no_program_has_says_nothing_of_the_watch(project: Project) -> None:
    case(project)
    (seen,) = project.pytest("--arch=amd64", "--snapshot=nowhere").observations
    assert (seen["unwatched"], seen["snapshots"], list(seen["unreached"])) == ("", [], ["nowhere"])


CALLED = """package main

/*
__attribute__((noipa)) static long add(long a) { return a + 1; }
__attribute__((noipa)) static long by(long a) { return add(a) + 1; }
#ifdef __aarch64__
long twice(long a) { return by(a) + add(a) - 1; }
#else
long twice(long a) { return add(a) + add(a); }
#endif
*/
import "C"
import "fmt"

func main() { fmt.Println(C.twice(1)) }
"""


def test_the_functions_that_run_are_compared_where_a_probe_asks_for_them(project: Project) -> None:
    same, differs = {"at": "twice", "backtrace": True}, {"at": "add", "hits": 1, "backtrace": True}
    project.case(
        "g/called",
        sources={"main.go": CALLED},
        expect={"stdout": "4\n"},
        variants=[{"name": "same", "probes": [same]}, {"name": "differs", "probes": [differs]}],
    )
    ran = project.pytest("--arch=amd64,arm64,s390x")
    assert [name for name, word in ran.words.items() if word != "PASS"] == ["g/called::diff[amd64~arm64-differs]"]
    assert "add ← by ← twice ← main._Cfunc_twice" in ran.text
    assert "add ← twice ← main._Cfunc_twice" in ran.text
