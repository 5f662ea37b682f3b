"""The fault that a program dies of, on every architecture: where, what, and who called."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ..support import Ran, command, some, target
from .conftest import CHAIN, Build
from .test_chain import QEMU_ARCHES, line_of

CROSSABI = (sys.executable, "-m", "harness.cli", "snapshot", "--json", "--fault")
GO_TAIL = ["main.act", "main.main", "runtime.main", "runtime.goexit"]
TRAPS = {"SIGILL", "SIGTRAP"}  # which of them __builtin_trap gives depends on the architecture


def fault(*words: object) -> tuple[dict[str, Any], Ran]:
    ran = command([*CROSSABI, *map(str, words)], Path.cwd())
    (row,) = [json.loads(line) for line in ran.text.splitlines() if line.startswith("{")]
    return row, ran


def own(row: dict[str, Any]) -> list[str]:
    """The names, without those of the C library, cgo and the crossings."""
    names = [name.removesuffix(".abi0").removesuffix(".cold") for name in row["backtrace"]]
    return [name for name in names if name.startswith(("c_", "main.act", "main.main", "main.(", "runtime.main"))]


@pytest.mark.parametrize("arch", QEMU_ARCHES)
def test_a_fault_in_c_is_shown_where_it_was_and_not_where_go_ended(build: Build, arch: str) -> None:
    row, ran = fault("--runner=qemu", build(arch), "--", 0, "fault")
    assert (row["when"], row["fault"]["signal"], row["ended"]) == ("fault", "SIGSEGV", "")
    assert own(row) == ["c_fault", "main.act", "main.main", "runtime.main"]
    assert "*(volatile int *)16 = 1" in line_of(row["frames"][0])
    assert 'case "fault"' in (CHAIN / "chain.go").read_text().splitlines()[row["frames"][-4]["line"] - 2]
    (marked,) = [number for number, text in enumerate(row["fault"]["code"]) if text.startswith("=>")]
    assert row["fault"]["code"][marked].split()[1] == row["pc"]
    assert marked <= 6
    assert len(row["fault"]["code"]) - marked <= 7
    assert row["fault"]["address"] in {None, "0x10"}
    assert (row["fault"]["address"] is None) == row["fault"]["mapped"].startswith("not available: ")
    told = re.search(r"^PC=(0x[0-9a-f]+) ", ran.text, re.M)  # runtime.fatalsignal
    assert told is not None
    assert told[1] == row["pc"]


@pytest.mark.parametrize("arch", some(QEMU_ARCHES))
def test_a_nil_dereference_in_go_is_shown_where_it_was(build: Build, arch: str) -> None:
    row, _ = fault("--runner=qemu", build(arch), "--", 0, "nil")
    assert row["fault"]["signal"] == "SIGSEGV"
    assert own(row) == ["main.(*fault).write", "main.act", "main.main", "runtime.main"]
    assert "*f.where = 7" in line_of(row["frames"][0])


@pytest.mark.parametrize("arch", some(QEMU_ARCHES))
def test_a_fault_that_go_recovers_from_is_passed_over(build: Build, arch: str) -> None:
    row, ran = fault("--runner=qemu", build(arch), "--", 2, "recover")
    assert "recovered: true" in ran.text
    assert row["fault"]["signal"] in TRAPS
    assert row["hit"] == 2
    assert own(row) == ["c_fault", "main.act", "main.main", "runtime.main"]


NO_FRAMES = {"arm": "", "riscv64": "abort", "mips64le": "abort"}  # where Debian's C library has no CFI, and of what


@pytest.mark.parametrize("arch", NO_FRAMES)
def test_a_backtrace_ends_with_a_reason_where_the_c_library_has_no_frames(build: Build, arch: str) -> None:
    row, _ = fault("--runner=qemu", build(arch), "--", 1, "fault")
    assert row["fault"]["signal"] == "SIGABRT"
    assert row["ended"].startswith(f"not available: libc.so.6 has no call frame information of {NO_FRAMES[arch]}")
    assert own(row) == []


@pytest.mark.parametrize("arch", some(arch for arch in QEMU_ARCHES if arch not in NO_FRAMES))
def test_an_abort_is_followed_out_of_the_c_library(build: Build, arch: str) -> None:
    row, _ = fault("--runner=qemu", build(arch), "--", 1, "fault")
    assert row["fault"]["signal"] == "SIGABRT"
    assert "abort" in row["backtrace"]
    assert own(row) == ["c_fault", "main.act", "main.main", "runtime.main"]


def test_gdbserver_gives_the_address_and_it_is_not_mapped(build: Build) -> None:
    row, _ = fault(build("amd64"), "--", 0, "fault")
    assert row["source"] == "stub: gdbserver"
    assert (row["fault"]["address"], row["fault"]["mapped"]) == ("0x10", "not mapped")


C_ONLY = """
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
static sigjmp_buf back;
static void handle(int number) { (void)number; siglongjmp(back, 1); }
__attribute__((noipa)) int poke(volatile int *place) { return *place = 5; }
int main(int argc, char **argv) {
  signal(SIGSEGV, handle);
  if (!sigsetjmp(back, 1)) poke((int *)8);
  if (argc < 2) return 3;
  signal(SIGSEGV, SIG_DFL);
  return poke((int *)24);
}
"""


@pytest.mark.parametrize("arch", some(QEMU_ARCHES))
def test_a_signal_that_c_handles_is_no_death_and_the_next_may_be(arch: str, tmp_path: Path) -> None:
    (tmp_path / "c.c").write_text(C_ONLY)
    program = tmp_path / "c"
    subprocess.run([*target(arch, "qemu").cc.command, "-O1", "-g", "-o", program, tmp_path / "c.c"], check=True)
    ran = command([*CROSSABI, "--runner=qemu", str(program)], Path.cwd())
    assert (ran.code, "no signal was its death" in ran.text, "{" in ran.text) == (1, True, False)
    row, ran = fault("--runner=qemu", program, "--", "die")
    assert "ended with SIGSEGV" in ran.text
    assert row["hit"] == 2
    assert row["backtrace"][:2] == ["poke", "main"]
    assert "return *place = 5" in C_ONLY.splitlines()[row["frames"][0]["line"] - 1]
