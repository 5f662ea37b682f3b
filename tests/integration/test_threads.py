"""Programs whose threads come to a place at once: every hit is seen, and each snapshot is its own thread's."""

from __future__ import annotations

import json
import os
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from harness.snapshot import ENTRY, RETURN

from .support import CROSSABI, Ran, command, some, target

ARCHES = ("amd64", "arm64", "riscv64", "s390x", "ppc64le", "arm", "mips64le")
THREADS, CALLS = 4, 25
SOURCE = f"""
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

__attribute__((noipa)) int probed(int thread, int call, void *stack) {{ return thread * call; }}

static pthread_barrier_t together;

static void *work(void *number) {{
  char here;
  intptr_t sum = 0;
  for (int call = 0; call < {CALLS}; call++) {{
    pthread_barrier_wait(&together);
    sum += probed((int)(intptr_t)number, call, &here);
  }}
  return (void *)sum;
}}

int main(void) {{
  pthread_t threads[{THREADS}];
  void *sum;
  pthread_barrier_init(&together, NULL, {THREADS});
  for (intptr_t number = 0; number < {THREADS}; number++)
    pthread_create(&threads[number], NULL, work, (void *)number);
  for (int number = 0; number < {THREADS}; number++) {{
    pthread_join(threads[number], &sum);
    printf("%d: %ld\\n", number, (long)(intptr_t)sum);
  }}
  return 0;
}}
"""
# The first three arguments (System V AMD64 psABI 3.2.3; AAPCS64 6.8.2; RISC-V psABI "Integer Calling Convention";
# s390x ELF ABI "Parameter Passing"; ELFv2 ABI "Parameter Passing in Registers"; AAPCS32 6.5; MIPS n64 convention), and
# the stack pointer.
PLACES = {
    "amd64": ("rdi", "rsi", "rdx", "rsp"),
    "arm64": ("x0", "x1", "x2", "sp"),
    "riscv64": ("a0", "a1", "a2", "sp"),
    "s390x": ("r2", "r3", "r4", "r15"),
    "ppc64le": ("r3", "r4", "r5", "r1"),
    "arm": ("r0", "r1", "r2", "sp"),
    "mips64le": ("a0", "a1", "a2", "sp"),
}
PRINTED = "".join(f"{number}: {sum(number * call for call in range(CALLS))}\n" for number in range(THREADS))
NEAR = 1024  # bytes between a local variable of the caller and the stack pointer at the call


def snapshot(program: Path, *options: str) -> tuple[Ran, list[dict[str, Any]]]:
    argv = [*CROSSABI, "snapshot", "--runner=qemu", "--source=stub", "--json", *options, str(program)]
    ran = command(argv, Path.cwd())
    return ran, [json.loads(line) for line in ran.text.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("arch", some(ARCHES))
def test_each_of_many_threads_is_seen_at_each_call(arch: str, tmp_path: Path) -> None:
    (tmp_path / "prog.c").write_text(SOURCE)
    program = tmp_path / "prog"
    compiler = target(arch).cc.command
    subprocess.run([*compiler, "-O1", "-g", "-pthread", "-o", program, tmp_path / "prog.c"], check=True)
    ran, rows = snapshot(program, "--at=probed", "--when=both", f"--hits=1-{THREADS * CALLS}")
    assert ran.code == 0, ran.text
    assert PRINTED in ran.text
    assert "ended with exit 0" in ran.text
    calls = defaultdict(list)
    of_hit = {}
    for row in rows:
        if row["when"] == "entry":
            number, call, local, sp = (int(row["registers"][name], 16) for name in PLACES[arch])
            assert 0 <= local - sp < NEAR  # the stack is the one of the thread whose arguments these are
            calls[number].append(call)
            of_hit[row["hit"]] = number, row["thread"]
    assert calls == {number: list(range(CALLS)) for number in range(THREADS)}
    assert len(set(of_hit.values())) == THREADS  # one thread, one number
    returned = {row["hit"]: row["thread"] for row in rows if row["when"] == "return"}
    assert returned == {hit: thread for hit, (_, thread) in of_hit.items()}


@pytest.mark.parametrize("arch", some((*ARCHES, "386"), few=("arm64",)))
def test_go_s_own_tests_under_probes_as_a_new_user_tries_it(arch: str, tmp_path: Path) -> None:
    """C threads and goroutines call back at once here; backtraces go through C and Go on both kinds of stacks."""
    wanted = target(arch)
    program = tmp_path / "cgotest"
    env = {**os.environ, **wanted.toolchain.go_env, "CGO_ENABLED": "1", "CC": " ".join(wanted.cc.command)}
    env |= {"GOARCH": arch, "GOTOOLCHAIN": wanted.go.release, "GOFLAGS": ""}
    build = [str(wanted.go.command), "test", "-c", "-o", str(program), "cmd/cgo/internal/test"]
    subprocess.run(build, env=env, cwd=tmp_path, check=True)
    argv = ["snapshot", f"--arch={arch}", "--at=crosscall2", "--at=runtime.cgocallback", "--when=both", "--hits=1-12"]
    ran = command([*CROSSABI, *argv, "--backtrace", "--json", str(program), "--", "-test.run=TestCallback"], tmp_path)
    rows = [json.loads(line) for line in ran.text.splitlines() if line.startswith("{")]
    assert ran.code == 0, ran.text
    assert "PASS" in ran.text
    assert "ended with exit 0" in ran.text
    for at in ("crosscall2", "runtime.cgocallback"):
        seen = {
            when: [row["hit"] for row in rows if (row["at"], row["when"]) == (at, when)] for when in (ENTRY, RETURN)
        }
        assert seen["entry"] == list(range(1, 13))
        assert {1, 2, 3, 4} <= set(seen["return"])  # later ones panic: they do not return
    whole = [row["backtrace"] for row in rows if "cmd/cgo/internal/test.testCallback" in row["backtrace"]]
    assert whole
    for names in whole:
        assert any(name.startswith("runtime.cgocall") for name in names)
        assert names[-1].startswith("runtime.goexit")
