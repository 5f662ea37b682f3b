import json
import re
from collections import Counter
from typing import Any

import jsonschema
import pytest

from ..support import PYTEST, ROOT, Project, Ran, command, own_toolchain

DOCS = ROOT / "docs"
SCHEMA: dict[str, Any] = json.loads((DOCS / "records.schema.json").read_text())


@pytest.fixture
def everything(project: Project) -> Project:
    """One case for each kind of record there is."""
    project.case("g/same", "say", "hello")
    declared = {"stdout": "one\n", "per_arch": [{"arches": ["arm64"], "reason": "so it is", "stdout": "two\n"}]}
    project.case("g/declared", "by-arch", "amd64=one", "else=two", expect=declared)
    project.case("g/diverges", "by-arch", "amd64=one", "else=two")
    project.case(
        "g/gone", "say", "one", expect={"per_arch": [{**declared["per_arch"][0], "stdout": {"pattern": ".*"}}]}
    )
    ends: dict[str, dict[str, Any]] = {
        "panics": {"run": {"args": ["panic"]}},
        "faults": {"run": {"args": ["fault"]}, "expect": {"outcome": "cgo-fault"}},
        "dies": {"run": {"args": ["signal", "9"]}, "expect": {"signal": "SIGKILL"}},
        "hangs": {"run": {"args": ["loop"], "timeout": 0.2}},
        "floods": {"run": {"args": ["flood", "3"]}},
    }
    project.case("g/ends", variants=[{"name": name, **fields} for name, fields in ends.items()])
    project.case("g/refused", sources={"main.go": "package main\n\nfunc main() { nowhere() }\n"})
    project.case("g/repeated", "exit", "1", run={"repeat": 2}, expect={"exit": 1})
    variants = [{"name": name, "run": {"args": ["say", name]}} for name in ("first", "second")]
    project.case("g/variants", variants=variants)
    (project.case("g/malformed") / "case.yaml").write_text("kind: program\n")
    return project


def run(project: Project, *more: str) -> Ran:
    def break_it(values: dict[str, Any]) -> None:
        values["c"]["compiler"] = "no-such-gcc"
        del values["c"]["fallback"]

    def swap(values: dict[str, Any]) -> None:
        values["c"]["compiler"] = "x86_64-linux-gnu-gcc"

    own = own_toolchain(project.path / "own", "riscv64", break_it)
    own_toolchain(own, "s390x", swap)
    return project.pytest("--arch=amd64,arm64,riscv64,s390x", f"--toolchains={own}", *more)


def test_every_record_of_a_real_run_is_what_the_schema_says(everything: Project) -> None:
    ran = run(everything, "-n2")
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for row in ran.records:
        validator.validate(row)
        described = SCHEMA["$defs"][row["type"]]["properties"]
        assert set(row) == set(described)
    # The run has to have held every kind of record, or the above says little.
    assert set(ran.words.values()) == {"PASS", "FAIL", "XFAIL", "XPASS", "SKIP", "BROKEN", "TIMEOUT"}
    outcomes = {row["outcome"] for row in ran.observations}
    assert outcomes == {"exit", "signal", "go-panic", "cgo-fault", "timeout", "build-error", "broken"}
    assert {row["kind"] for row in ran.verdicts.values()} == {"run", "diff", "load", "arch"}
    (arch,) = [row for row in ran.records if row.get("kind") == "arch"]
    assert (arch["target"], arch["verdict"], arch["item"]) == ("riscv64", "BROKEN", "arch[riscv64]")
    assert arch["cause"] == "riscv64 cannot run here: C compiler (no-such-gcc) missing"
    assert arch["detail"][0].startswith("mend: crossabi setup --arch=riscv64 --toolchains=")
    hello = next(row for row in ran.observations if (row["case"], row["target"]) == ("g/same", "arm64"))
    assert hello["environment"] | {"kernel": "", "cpu": ""} == {
        "runner": "qemu",
        "go": "go1.27.4",
        "c_compiler": hello["environment"]["c_compiler"],
        "libc": hello["environment"]["libc"],
        "emulator": hello["environment"]["emulator"],
        "kernel": "",
        "cpu": "",
        "settings": hello["environment"]["settings"] | {"GOARM64": "v8.0"},  # and what `go env -w` has kept here
        "changed": {},
    }
    for name, part in {
        "c_compiler": "aarch64-linux-gnu-gcc",
        "libc": "glibc 2.",
        "emulator": "qemu-aarch64 version",
    }.items():
        assert part in hello["environment"][name]
    assert hello["environment"]["kernel"].startswith("Linux ")
    assert hello["environment"]["cpu"]


def test_what_was_dropped_is_said_under_the_table_of_a_green_run_too(project: Project) -> None:
    project.case("g/floods", "flood", "3")
    ran = project.pytest("--arch=amd64,arm64")
    assert set(ran.words.values()) == {"PASS"}
    assert (
        "\nnotes:\n  g/floods on amd64, arm64: 2097152 more bytes of stdout were dropped and not looked at" in ran.text
    )


def test_the_file_is_complete_and_the_same_under_n(everything: Project) -> None:
    alone, split = run(everything, "-n0"), run(everything, "-n2")
    assert alone.words == split.words
    assert alone.made == split.made
    items = Counter(row["item"] for row in split.records if row["type"] == "verdict")
    assert set(items.values()) == {1}
    assert len(items) == 2 + 13 * (4 + 3)  # g/malformed and riscv64; 6 cases and 7 variants on 4 targets, 3 diffs each
    stdout = {(row["case"], row["target"], row["variant"]): row["stdout"] for row in alone.observations}
    assert stdout == {(row["case"], row["target"], row["variant"]): row["stdout"] for row in split.observations}


def test_the_document_names_every_field_and_no_other() -> None:
    text = (DOCS / "records.md").read_text()
    head, observation, verdict = re.split(r"^## .*$", text, flags=re.MULTILINE)
    for part, name in ((observation, "observation"), (verdict, "verdict")):
        rows = re.findall(r"^\| (`.*?) \|", head + part, flags=re.MULTILINE)
        fields = {field for row in rows for field in re.findall(r"`(\w+)`", row)}
        assert fields == set(SCHEMA["$defs"][name]["properties"])


def test_a_file_that_cannot_be_written_ends_with_4(project: Project) -> None:
    project.case("g/hello", "say", "hello")
    (project.path / "file").write_text("")
    ran = project.pytest("--arch=amd64", "--records=file/records.jsonl")
    assert ran.code == 4
    assert "cannot be written" in ran.text
    assert "Traceback" not in ran.text


@pytest.mark.parametrize("how", ["-n0", "-n2"])
def test_a_disk_that_fills_up_ends_the_run_in_one_line(project: Project, how: str) -> None:
    project.case("g/hello", "say", "hello")
    ran = command([*PYTEST, "--arch=amd64", how, "--records=/dev/full", "cases"], project.path)
    assert ran.code == 4, ran.text
    assert "/dev/full: cannot be written: No space left on device" in ran.text
    assert "INTERNALERROR" not in ran.text
    assert "Traceback" not in ran.text


@pytest.mark.parametrize("option", ["--records", "--toolchains"])
def test_a_path_that_an_unset_variable_left_empty_is_refused(project: Project, option: str) -> None:
    project.case("g/hello", "say", "hello")
    ran = command([*PYTEST, f"{option}="], project.path)
    assert ran.code == 4
    assert f"argument {option}: the path is empty" in ran.text
