"""Addresses in an output are compared as symbol+offset where the program's symbol table knows them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SOURCE = """\
package main

/*
#include <stdio.h>
#include <stdint.h>
__attribute__((noinline)) int add3(int a, int b, int c) { return a + b + c; }
static void show(void) {
    printf("add3 is at 0x%lx\\\\n", (unsigned long)(uintptr_t)add3);
    printf("a value: 0x4000\\\\n");
    fflush(stdout);
}
*/
import "C"

func main() { C.show() }
"""


PANICS = """\
package main

import "C"

type pair struct{ a, b int }

var global = pair{1, 2}

func main() { panic(&global) }
"""


def run(folder: Path, *options: str) -> tuple[subprocess.CompletedProcess[str], list[dict[str, object]]]:
    records = folder / "records.jsonl"
    argv = [sys.executable, "-m", "pytest", "--arch=amd64,arm64", f"--records={records}", *options, "cases"]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    return done, [json.loads(line) for line in records.read_text().splitlines()]


def write(folder: Path, case_yaml: str, source: str) -> None:
    case = folder / "cases" / "a" / "address"
    case.mkdir(parents=True)
    (case / "case.yaml").write_text(case_yaml)
    (case / "main.go").write_text(source)


def test_the_same_function_at_two_addresses_is_no_divergence(tmp_path: Path) -> None:
    write(tmp_path, "kind: program\nabout: prints where a function is\n", SOURCE.replace("\\\\n", "\\n"))
    done, records = run(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    seen = {row["target"]: row for row in records if row["type"] == "observation"}
    assert seen["amd64"]["stdout"] != seen["arm64"]["stdout"]
    for row in seen.values():
        assert list(dict(row["symbols"]).values()) == ["add3+0x0"]  # type: ignore[call-overload]
    (diff,) = (row for row in records if row["type"] == "verdict" and row["kind"] == "diff")
    assert diff["normalised"] == {"symbol": 2}

    done, _ = run(tmp_path, "--raw")
    assert done.returncode == 1
    assert "amd64 and arm64 diverge: stdout line 1" in done.stdout


def test_an_address_in_what_a_program_dies_of_is_no_divergence(tmp_path: Path) -> None:
    write(tmp_path, "kind: program\nabout: panics with an address\nexpect: {outcome: go-panic}\n", PANICS)
    done, records = run(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    seen = {row["target"]: row for row in records if row["type"] == "observation"}
    assert seen["amd64"]["message"] != seen["arm64"]["message"]
    for row in seen.values():
        assert list(dict(row["symbols"]).values()) == ["main.global+0x0"]  # type: ignore[call-overload]
