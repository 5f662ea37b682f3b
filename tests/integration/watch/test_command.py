"""`crossabi run`, as somebody uses it on a program of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ..support import Project, Ran, command

CROSSABI = (sys.executable, "-m", "harness.cli", "run")


@pytest.fixture
def program(project: Project) -> Path:
    """A Go program for arm64 that calls C, which calls Go."""
    project.case("g/back", sources=BACK, expect={"stdout": "3 4 5\n"})
    ran = project.pytest("--arch=arm64")
    assert ran.code == 0, ran.text
    return Path(ran.observations[0]["command"][-1])


BACK = {
    "main.go": """package main

// #include "back.h"
import "C"
import "fmt"

//export more
func more(n C.int) C.int { return n + 1 }

func main() { fmt.Println(C.call(2), C.call(3), C.call(4)) }
""",
    "back.h": "int call(int n);\n",
    "back.c": '#include "_cgo_export.h"\nint call(int n) { return more(n); }\n',
}


def run(*words: object) -> Ran:
    return command([*CROSSABI, *map(str, words)], Path.cwd())


def test_a_program_runs_on_its_own_architecture_and_ends_as_it_does(program: Path) -> None:
    done = subprocess.run([*CROSSABI, program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "3 4 5\n", "")


def test_every_crossing_is_watched_and_counted(program: Path) -> None:
    ran = run("--watch-crossings", program)
    assert ran.code == 0, ran.text
    assert "3 4 5\n" in ran.text
    assert "broken promises: 0" in ran.text
    assert "3 of crosscall2" in ran.text


def test_what_cannot_be_watched_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    source = tmp_path / "a.c"
    source.write_text("int main(void) { return 0; }\n")
    subprocess.run(["/usr/bin/gcc", "-B/usr/bin", "-o", tmp_path / "a", source], check=True)
    ran = run("--watch-crossings", "--runner=native", tmp_path / "a")
    assert ran.code == 7, ran.text
    assert "gdbserver is missing" in ran.text
    assert "crossabi setup --debuggers, or --runner=qemu" in ran.text
    assert "Traceback" not in ran.text


def test_a_program_without_go_has_no_crossings(tmp_path: Path) -> None:
    source = tmp_path / "a.c"
    source.write_text("int main(void) { return 0; }\n")
    subprocess.run(["aarch64-linux-gnu-gcc", "-static-pie", "-o", tmp_path / "a", source], check=True)
    ran = run("--watch-crossings", tmp_path / "a")
    assert (ran.code, "crossings seen from end to end: none; broken promises: 0" in ran.text) == (0, True), ran.text


WAYS = [("run",), ("run", "--watch-crossings", "--runner=native"), ("snapshot", "--at=0x10", "--runner=native")]


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
@pytest.mark.parametrize(("mib", "dropped"), [(3, 0), (65, 1 << 20)])
def test_what_a_program_prints_is_all_passed_on_or_what_is_not_is_said(
    way: tuple[str, ...], mib: int, dropped: int
) -> None:
    argv = [*CROSSABI[:-1], *way, "/bin/dd", "--", "if=/dev/zero", "bs=1M", f"count={mib}", "status=none"]
    done = subprocess.run(argv, capture_output=True, check=False)
    assert (done.stdout + done.stderr).count(0) == (mib << 20) - dropped
    said = b"crossabi: %d bytes of stdout, after the first 64 MiB, were dropped\n" % dropped
    assert done.stderr.count(said) == bool(dropped)
    assert done.stderr.count(b"dropped") == bool(dropped)


@pytest.mark.parametrize("is_open", [False, True])
@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_a_program_reads_what_crossabi_gets_as_far_as_it_wants_to(way: tuple[str, ...], is_open: bool) -> None:
    """Of a pipe that stays open no more is waited for than the program does."""
    read, write = os.pipe()
    os.write(write, b"one\ntwo\n")
    if not is_open:
        os.close(write)
    lines = "1" if is_open else "9"
    argv = [*CROSSABI[:-1], *way, "/bin/sh", "--", "-c", f"for n in $(seq {lines}); do read w && echo got $w; done"]
    done = subprocess.run(argv, capture_output=True, check=False, stdin=read, timeout=60)
    assert [line for line in (done.stdout + done.stderr).splitlines() if line.startswith(b"got")] == (
        [b"got one"] if is_open else [b"got one", b"got two"]
    )
    for fd in [read, *([write] if is_open else [])]:
        os.close(fd)


def test_a_stripped_program_of_go_is_not_called_right(program: Path, tmp_path: Path) -> None:
    subprocess.run(["aarch64-linux-gnu-strip", "-o", tmp_path / "stripped", program], check=True)
    ran = run("--watch-crossings", tmp_path / "stripped")
    assert (ran.code, "not watched: stripped was stripped" in ran.text) == (1, True), ran.text


def test_it_ends_as_the_program_does_or_as_timeout_1_does(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("#include <unistd.h>\nint main(int n, char **v) { return n > 1 ? pause() : 7; }\n")
    subprocess.run(["aarch64-linux-gnu-gcc", "-o", tmp_path / "a", tmp_path / "a.c"], check=True)
    for more in ((), ("--watch-crossings",), ("--watch-crossings", "--watch-by=stops")):
        assert run(*more, tmp_path / "a").code == 7
        assert run(*more, "--timeout=1", tmp_path / "a", "--", "wait").code == 124
