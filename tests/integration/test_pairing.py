"""Hits are calls, each once, and a return is that of its own call: after longjmp, tail calls, growing stacks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from .support import CROSSABI, command, deep, target

JUMPS = """
#include <setjmp.h>
#include <stdio.h>
static jmp_buf out;
struct three { int a, b, c; };
__attribute__((noipa)) int f(int n) { if (n == 2) longjmp(out, 1); return 10 * n; }
__attribute__((noipa)) int second(int n) { return n + 1; }
__attribute__((noipa)) int first(int n) { return second(n + 1); }
__attribute__((noipa)) struct three make(int n) { struct three made = {n, n, n}; return made; }
int main(void) {
  volatile int n;
  for (n = 0; n < 5; n++)
    if (!setjmp(out))
      f(n);
  int one = first(1), other = make(7).c;
  printf("%d %d\\n", one, other);
  return 0;
}
"""
GROWS = """package main

//go:noinline
func deep(n int) int {
	var room [100]int
	if n == 0 {
		return 0
	}
	room[n%100] = deep(n - 1)
	return room[n%100] + 1
}

func main() { println(deep(300)) }
"""


MOVES = """package main

import (
	"fmt"
	"runtime"
	"sync"
)

//go:noinline
func big(n int) int {
	var room [512]byte
	room[n&511] = 1
	if n == 0 {
		return 0
	}
	return big(n-1) + int(room[n&511])
}

//go:noinline
func rec(n, id int64) int64 {
	if n == 0 {
		big(int(id%40) + 1)
		runtime.Gosched()
		return id * 1000
	}
	if n%3 == 0 {
		runtime.Gosched()
	}
	rec(n-1, id)
	return id*1000 + n
}

func main() {
	for round := 0; round < 2; round++ {
		var all sync.WaitGroup
		for i := 0; i < 5; i++ {
			all.Add(1)
			go func(i int) {
				defer all.Done()
				for j := 0; j < 3; j++ {
					rec(int64(5+i), int64(round*10000+i*100+j))
				}
			}(i)
		}
		all.Wait()
	}
	fmt.Println("done")
}
"""


def shots(*words: object) -> tuple[str, list[tuple[str, str, int]]]:
    ran = command([*CROSSABI, "snapshot", "--json", *map(str, words)], Path.cwd())
    rows = [json.loads(line) for line in ran.text.splitlines() if line.startswith("{")]
    return ran.text, [(row["at"], row["when"], row["hit"]) for row in rows]


@pytest.fixture
def jumps(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    (tmp_path / "a.c").write_text(JUMPS)
    subprocess.run([*target(request.param).cc.command, "-O2", "-o", tmp_path / "a", tmp_path / "a.c"], check=True)
    return tmp_path / "a"


@pytest.mark.parametrize("jumps", ["386", "arm64", *map(deep, ("amd64", "s390x", "ppc64le"))], indirect=True)
def test_a_return_is_that_of_its_own_call(jumps: Path) -> None:
    told, found = shots("--at=f", "--when=both", "--hits=1-5", jumps)
    assert found == [
        ("f", when, hit) for hit in range(1, 6) for when in ("entry", "return") if (when, hit) != ("return", 3)
    ]
    assert "f: 1 of the hits were not seen to return" in told
    told, found = shots("--at=first", "--at=second", "--at=make", "--when=both", jumps)
    assert found[:2] == [("first", "entry", 1), ("second", "entry", 1)]
    assert sorted(found[2:4]) == [("first", "return", 1), ("second", "return", 1)]
    assert found[4:] == [("make", "entry", 1), ("make", "return", 1)]  # of 386: with `ret $4`
    assert "3 7\n" in told


@pytest.mark.parametrize(
    "arch", ["s390x", *map(deep, ("amd64", "386", "arm64", "riscv64", "ppc64le", "arm", "mips64le"))]
)
def test_a_function_of_go_whose_stack_grows_is_entered_once(arch: str, tmp_path: Path) -> None:
    on = target(arch)
    (tmp_path / "main.go").write_text(GROWS)
    (tmp_path / "go.mod").write_text("module grows\n\ngo 1.21\n")
    env = {**os.environ, "GOARCH": on.toolchain.goarch, **on.toolchain.go_env, "CGO_ENABLED": "0"}
    subprocess.run([on.go.command, "build", "-o", "grows", "."], cwd=tmp_path, env=env, check=True)
    wanted = [("main.deep", "entry", hit) for hit in range(1, 302)]
    told, found = shots("--at=main.deep", "--hits=1-", "--source=stub", tmp_path / "grows")
    assert (found, "300\n" in told) == (wanted, True)
    if on.runner == "qemu":
        _, found = shots("--at=main.deep", "--hits=1-", "--source=log", tmp_path / "grows")
        assert 0 <= len(found) - len(wanted) <= 3  # a signal there makes QEMU log it again
    _, found = shots("--at=main.deep", "--when=return", "--hits=299-", tmp_path / "grows")
    assert [hit for _, _, hit in found] == [301, 300, 299]
    told, found = shots("--at=main.deep", "--when=return", "--hits=1-3", tmp_path / "grows")
    assert (
        len(found) == 3 or f"{3 - len(found)} of the hits were not seen to return" in told
    )  # after the last one nothing follows its stack


@pytest.mark.parametrize("words", [("snapshot", "--at=main"), ("run", "--watch-crossings", "--runner=native")])
def test_an_interrupt_ends_a_native_program_that_is_stopped(words: tuple[str, ...], tmp_path: Path) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it, and what it starts
    (tmp_path / "a.c").write_text('#include <unistd.h>\nint main(void) { write(1, "!", 1); for (;;) pause(); }\n')
    subprocess.run(["gcc", "-o", tmp_path / "waits", tmp_path / "a.c"], check=True)
    with subprocess.Popen(
        [*CROSSABI, *words, tmp_path / "waits"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as ran:
        until = time.monotonic() + 20
        while not _runs(tmp_path / "waits") and time.monotonic() < until:
            time.sleep(0.05)
        ran.send_signal(signal.SIGINT)
        ran.communicate(timeout=15)
        assert ran.returncode == 130
    assert not _runs(tmp_path / "waits")


def _runs(program: Path) -> bool:
    """Whether a process of `program` itself is there, which gdbserver has let go on."""
    for entry in Path("/proc").glob("[0-9]*/exe"):
        try:
            if entry.readlink() == program and "S (sleeping)" in (entry.parent / "status").read_text():
                return True
        except OSError:
            continue
    return False


@pytest.mark.parametrize(
    "arch", ["amd64", "386", "arm64", *map(deep, ("riscv64", "s390x", "ppc64le", "arm", "mips64le"))]
)
def test_a_return_is_that_of_its_own_call_whatever_moves_the_goroutines_stacks(arch: str, tmp_path: Path) -> None:
    (tmp_path / "main.go").write_text(MOVES)
    (tmp_path / "go.mod").write_text("module moves.test\n\ngo 1.21\n")
    env = {**os.environ, "CGO_ENABLED": "0", "GOARCH": arch, "GOFLAGS": "", "GOTOOLCHAIN": "local"}
    subprocess.run([target(arch).go.command, "build", "-o", "moves", "."], cwd=tmp_path, env=env, check=True)
    words = ("--when=both", "--hits=1-", "--json", "--source=stub", "--at=main.rec")
    ran = command([*CROSSABI, "snapshot", *words, str(tmp_path / "moves")], tmp_path)
    rows = [json.loads(line) for line in ran.text.splitlines() if line.startswith("{")]
    entered = {
        row["hit"]: [each["value"] for each in row["meant"]["arguments"]] for row in rows if row["when"] == "entry"
    }
    back = {row["hit"]: row["meant"]["results"][0]["value"] for row in rows if row["when"] == "return"}
    assert "main.rec: hit 240 times" in ran.text
    assert len(back) == 240
    assert {
        hit: (entered[hit], value) for hit, value in back.items() if value != entered[hit][1] * 1000 + entered[hit][0]
    } == {}
