import re
from pathlib import Path

import pytest

from ..support import Project, own_toolchain


def a_session_with_every_kind_of_verdict(project: Project, counts: Path) -> None:
    project.case("g/same", "count", counts / "same")
    project.case("g/fails", "count", counts / "fails", 3)
    project.case(
        "g/differs",
        *("by-arch", "amd64=one", "else=two"),
        expect={"stdout": "one\n", "per_arch": [{"arches": ["arm64"], "reason": "it is another", "stdout": "two\n"}]},
    )
    project.case("g/diverges", *("by-arch", "amd64=one", "else=two"))
    project.case("g/repeated", "count", counts / "repeated", run={"repeat": 3})
    (project.case("g/malformed") / "case.yaml").write_text("kind: program\nabuot: no\n")


EXPECTED = {
    "g/same::run[amd64]": "PASS",
    "g/same::run[arm64]": "PASS",
    "g/same::diff[amd64~arm64]": "PASS",
    "g/fails::run[amd64]": "FAIL",
    "g/fails::run[arm64]": "FAIL",
    "g/fails::diff[amd64~arm64]": "PASS",
    "g/differs::run[amd64]": "PASS",
    "g/differs::run[arm64]": "PASS",
    "g/differs::diff[amd64~arm64]": "XFAIL",
    "g/diverges::run[amd64]": "PASS",
    "g/diverges::run[arm64]": "PASS",
    "g/diverges::diff[amd64~arm64]": "FAIL",
    "g/repeated::run[amd64]": "PASS",
    "g/repeated::run[arm64]": "PASS",
    "g/repeated::diff[amd64~arm64]": "PASS",
    "g/malformed::load": "FAIL",
}


@pytest.mark.parametrize(
    "how",
    [(), ("-n2",), ("-n2", "--dist=loadscope"), ("-n2", "--dist=worksteal"), ("-n2", "--dist=each", "-v")],
    ids=["alone", "load", "loadscope", "worksteal", "each"],
)
def test_the_same_verdicts_and_nothing_is_run_twice(project: Project, tmp_path: Path, how: tuple[str, ...]) -> None:
    counts = tmp_path / "counts"
    counts.mkdir()
    a_session_with_every_kind_of_verdict(project, counts)
    ran = project.pytest("--arch=amd64,arm64", *how)
    each = "--dist=each" in how  # every worker judges every item
    verdicts = [row for row in ran.records if row["type"] == "verdict"]
    assert sorted((f"{row['case']}::{row['item'].rpartition('::')[2]}", row["verdict"]) for row in verdicts) == sorted(
        pair for pair in EXPECTED.items() for _ in range(2 if each else 1)
    )
    cases = ("same", "fails", "differs", "diverges")
    once = {(f"g/{case}", arch): 1 for case in cases for arch in ("amd64", "arm64")}
    assert ran.made == {**once, ("g/repeated", "amd64"): 3, ("g/repeated", "arm64"): 3}
    lines = {path.name: sorted(path.read_text().split()) for path in counts.iterdir()}
    twice = ["amd64", "arm64"]
    assert lines == {"same": twice, "fails": twice, "repeated": ["amd64"] * 3 + ["arm64"] * 3}
    assert ran.code == 1


def test_items_of_one_target_chosen_alone_still_run_what_they_need_once(project: Project, tmp_path: Path) -> None:
    project.case("g/same", "count", tmp_path / "count")
    ran = project.pytest("--arch=amd64,arm64", "-n2", "-k", "diff")
    assert ran.words == {"g/same::diff[amd64~arm64]": "PASS"}
    assert sorted((tmp_path / "count").read_text().split()) == ["amd64", "arm64"]


@pytest.mark.parametrize("how", ["-n0", "-n2"])
def test_an_unavailable_architecture_is_broken_once_and_its_cases_are_skipped_with_the_reason(
    project: Project, tmp_path: Path, how: str
) -> None:
    def break_it(values: dict[str, dict[str, str]]) -> None:
        values["c"]["compiler"] = "no-such-gcc"
        del values["c"]["fallback"]

    own = own_toolchain(tmp_path / "own", "riscv64", break_it)
    for name in ("one", "two", "three"):
        project.case(f"g/{name}", "say", "hello")
    ran = project.pytest("--arch=amd64,riscv64", f"--toolchains={own}", how)
    assert ran.code == 0
    mend = f"crossabi setup --arch=riscv64 --toolchains={own}"
    reason = f"riscv64 cannot run here: C compiler (no-such-gcc) missing; mend: {mend}"
    for name in ("one", "two", "three"):
        assert ran.words[f"g/{name}::run[amd64]"] == "PASS"
        for item in ("run[riscv64]", "diff[amd64~riscv64]"):
            assert (ran.words[f"g/{name}::{item}"], ran.cause(f"g/{name}::{item}")) == ("SKIP", reason)
    lines = ran.text.splitlines()
    assert lines.count("BROKEN riscv64: C compiler (no-such-gcc) missing") == 1
    assert f"  mend: {mend}" in lines
    assert ran.made == {(f"g/{name}", "amd64"): 1 for name in ("one", "two", "three")}


def test_a_worker_says_what_it_is_doing(project: Project) -> None:
    sources = {"main.go": 'package main\n\nimport "C"\n\nfunc main() { println("a program of this test") }\n'}
    project.case("g/new", sources=sources)
    ran = project.pytest("--arch=arm64", "-n2")
    assert ran.code == 0
    assert "building 1 program for arm64 with go1." in ran.text


@pytest.mark.parametrize(
    ("how", "body", "cause"),
    [
        (("-n2",), "os.kill(os.getpid(), 9)", "no verdict: worker 'gw"),
        ((), "raise OSError('a disk\\nfell off')", "no verdict: OSError: a disk"),
    ],
    ids=["a worker that is killed", "an error that nobody foresaw"],
)
def test_an_item_that_gives_no_verdict_is_broken_in_table_and_records(
    project: Project, how: tuple[str, ...], body: str, cause: str
) -> None:
    for name in ("one", "two", "three"):
        project.case(f"g/{name}", "say", "hello")
    hook = f"import os\n\ndef pytest_runtest_call(item):\n    if 'two/case.yaml::run' in item.nodeid:\n        {body}\n"
    (project.path / "conftest.py").write_text(hook)
    ran = project.pytest("--arch=arm64", *how)
    assert ran.code == 1
    assert ran.words == {"g/one::run[arm64]": "PASS", "g/two::run[arm64]": "BROKEN", "g/three::run[arm64]": "PASS"}
    assert ran.cause("g/two::run[arm64]").startswith(cause)
    assert re.search(r"^g/two +BROKEN", ran.text, re.MULTILINE), ran.text


def test_the_folder_of_a_session_may_be_deep(project: Project, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)  # a socket's path is at most 107 bytes
    project.case("g/hello", "say", "hello")
    ran = project.pytest("--arch=amd64", "-n2", env={"CROSSABI_CACHE": str(deep)})
    assert (ran.code, ran.words) == (0, {"g/hello::run[amd64]": "PASS"}), ran.text
    assert "building 1 program for amd64" in ran.text
