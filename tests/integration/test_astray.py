"""Programs that call a func value of Go as code, or the other way, and die of it, on every architecture."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from harness.build import build
from harness.build.ambient import ambient
from harness.build.recipe import recipe
from harness.build.store import Binary, Store
from harness.diagnoses import CODE_AS_FUNC_VALUE, FUNC_VALUE_AS_CODE

from .support import CORPUS, CROSSABI, ROOT, command, load_case, some, target

ARCHES = ("amd64", "arm64", "riscv64", "s390x", "ppc64le", "arm", "386", "mips64le")


@pytest.mark.parametrize("arch", some(ARCHES, ("amd64", "arm64", "s390x")))
def test_a_fault_says_how_a_func_value_was_called(arch: str) -> None:
    case, on = load_case(CORPUS / "diagnosis" / "func_value"), target(arch)
    made = recipe(case, case.variants[0], on, ambient(os.environ))
    binary = build(Store(), [made])[made.key]
    assert isinstance(binary, Binary)

    def told(how: str) -> list[str]:
        argv = [*CROSSABI, "snapshot", "--fault", "--json", str(binary.program), "--", how]
        ran = command(argv, ROOT)
        rows = [json.loads(line) for line in ran.text.splitlines() if line.startswith("{")]
        return rows[-1]["fault"].get("astray", []) if rows else []

    few, many = told("few"), told("many")
    assert few[0] == FUNC_VALUE_AS_CODE
    assert "a func value of Go, of main.main.func1, was called as the address of code" in few[1]
    assert many[0] == CODE_AS_FUNC_VALUE
    assert "hello's code was called as a func value of Go" in many[1]
    assert told("right") == []


POINTERS = """
typedef void (*fn)(void);
__attribute__((noipa)) void hello(void) { }
static fn table[] = {hello};
__attribute__((noipa)) void call(fn f) { f(); }
int main(void) { call((fn)(void *)table); return 0; }
"""


@pytest.mark.parametrize("arch", some(ARCHES, ("amd64", "arm64")))
def test_a_program_without_go_has_no_func_value(arch: str, tmp_path: Path) -> None:
    (tmp_path / "program.c").write_text(POINTERS)
    program = tmp_path / "program"
    subprocess.run([*target(arch).cc.command, "-g", "-static", "-o", program, tmp_path / "program.c"], check=True)
    ran = command([*CROSSABI, "snapshot", "--fault", "--json", str(program)], ROOT)
    row = json.loads(next(line for line in ran.text.splitlines() if line.startswith("{")))
    assert row["fault"]["signal"] in ("SIGSEGV", "SIGBUS", "SIGILL")
    assert "astray" not in row["fault"]
