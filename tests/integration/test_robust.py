"""Snapshots of programs that take away what snapshots are taken with: nothing hangs, and nothing is lost."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from .support import CROSSABI, Project, Ran, command, own_toolchain, some, target

ARCHES = ("amd64", "arm64", "riscv64", "s390x", "ppc64le", "arm", "mips64le")
# Each calls `probed` once before it acts, and then with 1, 2 and 3.
SOURCE = r"""
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noipa)) int probed(int a) { return a * 3; }

static void handler(int number) { probed(number); }

static void *forever(void *p) {
  for (;;)
    probed(1);
  return p;
}

static int three(void) { return probed(1) + probed(2) + probed(3); }

int main(int argc, char **argv) {
  const char *act = argv[1];
  probed(0);
  if (!strcmp(act, "close")) {
    for (int fd = atoi(argv[2]); fd < 1024; fd++)
      close(fd);
    usleep(300000); /* that its log is closed is seen while it is there (docs/limits.md) */
  }
  if (!strcmp(act, "exec")) {
    execv(argv[2], argv + 2);
    return 9;
  }
  if (!strcmp(act, "handler")) {
    signal(SIGUSR1, handler);
    for (int i = 0; i < 3; i++)
      raise(SIGUSR1);
    return 5;
  }
  if (!strcmp(act, "fork")) {
    int status = 0;
    pid_t child = fork();
    if (child == 0)
      _exit(three());
    waitpid(child, &status, 0);
    printf("the child ended with %d\n", WEXITSTATUS(status));
    return 5;
  }
  if (!strcmp(act, "leave")) {
    pthread_t thread;
    pthread_create(&thread, NULL, forever, NULL);
    usleep(200000);
    exit(6);
  }
  if (!strcmp(act, "kill")) {
    if (fork() == 0) {
      usleep(200000);
      kill(getppid(), SIGKILL);
      _exit(0);
    }
    for (;;)
      probed(1);
  }
  printf("three calls: %d\n", three());
  return 5;
}
"""
CLOSED = "the program closed QEMU's log while it ran: what came then was not seen"
GONE = "QEMU's stub was gone before the program ended"

Build = Callable[[str], Path]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    folder = tmp_path_factory.mktemp("robust")
    (folder / "prog.c").write_text(SOURCE)

    @cache
    def built(arch: str) -> Path:
        program = folder / f"prog-{arch}"
        subprocess.run(
            [*target(arch).cc.command, "-O1", "-g", "-w", "-no-pie", "-o", program, folder / "prog.c"], check=True
        )
        return program

    return built


def snapshot(program: Path, source: str, *act: str, options: tuple[str, ...] = (), hits: str = "1-") -> Ran:
    argv = [*CROSSABI, "snapshot", f"--source={source}", "--json", f"--hits={hits}", "--at=probed", "--timeout=60"]
    ran = command([*argv, *options, str(program), "--", *act], Path.cwd())
    assert "Traceback" not in ran.text
    left = [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(program).encode() in read(path)]
    assert not left, "a process was left"
    return ran


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def rows(ran: Ran) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ran.text.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("arch", some(ARCHES))
@pytest.mark.parametrize("first", some(["3", "0"], few=["0"]))  # with the standard streams, or without
def test_a_program_that_closes_every_descriptor(build: Build, arch: str, first: str) -> None:
    logged = snapshot(build(arch), "log", "close", first, options=("--runner=qemu",))
    assert (logged.code, len(rows(logged))) == (0, 1)
    assert CLOSED in logged.text
    assert "ended with exit 5" in logged.text
    assert ("three calls: 18" in logged.text) == (first == "3")
    stopped = snapshot(build(arch), "stub", "close", first, options=("--runner=qemu",))
    assert (stopped.code, len(rows(stopped))) == (8, 1)  # what was taken before is not lost
    assert "closed the descriptor by which QEMU's stub speaks, and the next stop was its death" in stopped.text
    assert "mend: ask for hits before it does (--hits), or run it natively" in stopped.text
    before = snapshot(build(arch), "stub", "close", first, options=("--runner=qemu",), hits="1")
    assert (before.code, len(rows(before))) == (0, 1)
    assert "ended with exit 5" in before.text


def test_a_native_program_closes_no_descriptor_of_ours(build: Build) -> None:
    ran = snapshot(build("amd64"), "auto", "close", "0")
    assert (ran.code, len(rows(ran))) == (0, 4)
    assert "ended with exit 5" in ran.text


@pytest.mark.parametrize("arch", some(ARCHES))
@pytest.mark.parametrize("source", ["log", "stub"])
def test_a_program_that_becomes_another(build: Build, arch: str, source: str) -> None:
    ran = snapshot(build(arch), source, "exec", "/bin/echo", "another", options=("--runner=qemu",))
    assert (ran.code, len(rows(ran))) == (0, 1)
    assert "another\n" in ran.text
    assert "ended with exit 0" in ran.text
    assert (GONE in ran.text) == (source == "stub")


def test_a_native_program_that_becomes_another_has_no_breakpoints_any_more(build: Build) -> None:
    program = build("amd64")
    ran = snapshot(program, "auto", "exec", str(program), "close", "3")
    assert (ran.code, len(rows(ran))) == (0, 1)
    assert "three calls: 18" in ran.text
    assert "ended with exit 5" in ran.text
    assert "the program became another one (execve): what came then was not looked at" in ran.text


@pytest.mark.parametrize("arch", some(ARCHES))
@pytest.mark.parametrize(("source", "seen"), [("log", 4), ("stub", 1)])
def test_a_program_that_forks(build: Build, arch: str, source: str, seen: int) -> None:
    """The log has no process numbers, and counts the child's calls too; the stub leaves children alone (docs)."""
    ran = snapshot(build(arch), source, "fork", options=("--runner=qemu",))
    assert (ran.code, len(rows(ran))) == (0, seen)
    assert "the child ended with 18" in ran.text
    assert "ended with exit 5" in ran.text


@pytest.mark.parametrize("arch", some(ARCHES))
@pytest.mark.parametrize("source", ["log", "stub"])
def test_a_probe_in_a_signal_handler(build: Build, arch: str, source: str) -> None:
    ran = snapshot(build(arch), source, "handler", options=("--runner=qemu",))
    assert (ran.code, [row["hit"] for row in rows(ran)]) == (0, [1, 2, 3, 4])
    assert "ended with exit 5" in ran.text


@pytest.mark.parametrize("arch", some(ARCHES))
@pytest.mark.parametrize("source", ["log", "stub"])
def test_a_guest_that_is_killed_at_a_stop(build: Build, arch: str, source: str) -> None:
    ran = snapshot(build(arch), source, "kill", options=("--runner=qemu",))
    found = rows(ran)
    assert ran.code == 0
    assert [row["hit"] for row in found] == list(range(1, len(found) + 1))
    assert len(found) > 1
    assert "ended with SIGKILL" in ran.text
    assert (GONE in ran.text) == (source == "stub")


MOVES = """#!/bin/sh
# What a socket that somebody deletes looks like: nothing ever listens where it should be.
for word in "$@"; do
    case $word in */stub) word=$word.moved ;; esac
    set -- "$@" "$word"; shift
done
exec {emulator} "$@"
"""


@pytest.mark.deep  # half a minute, in which the stub may still come to listen
def test_a_socket_that_is_deleted(build: Build, tmp_path: Path) -> None:
    wrapper = tmp_path / "qemu"
    emulator = target("arm64").emulator
    assert emulator
    wrapper.write_text(MOVES.format(emulator=emulator.command[0]))
    wrapper.chmod(0o755)
    own_toolchain(tmp_path / "chains", "arm64", lambda values: values["emulator"].update(program=str(wrapper)))
    ran = snapshot(build("arm64"), "stub", "handler", options=(f"--toolchains={tmp_path / 'chains'}",))
    assert ran.code == 8
    assert re.search("no stub listened at .*stub within 30 s", ran.text)
    assert "somebody removed its socket" in ran.text


GO = """package main

// __attribute__((noipa)) static int probed(int a) { return a * 3; }
import "C"

func main() {
	for i := 0; i < 4; i++ {
		println(C.probed(C.int(i)))
	}
}
"""


@pytest.mark.parametrize("repeat", some([2, 50], few=[2]))
def test_eight_workers_take_snapshots_side_by_side(repeat: int, project: Project, tmp_path: Path) -> None:
    cache = tmp_path / ("a-name-that-makes-the-path-of-a-socket-longer-than-it-may-be-" * 2)
    variants = []
    for number in range(8):
        when = "entry" if number % 2 else "both"  # by log, by stub
        variants.append({"name": f"v{number}", "probes": [{"at": "probed", "when": when, "hits": "1-4"}]})
    project.case("g/c", sources={"main.go": GO}, variants=variants, run={"repeat": repeat}, expect={"exit": 0})
    env = {"CROSSABI_CACHE": str(cache)}
    ran = project.pytest("--arch=arm64,s390x", "-n8", "--pairs=none", env=env)
    assert set(ran.words.values()) == {"PASS"}, ran.text
    assert len(ran.words) == 16
    assert len(ran.observations) == 16 * repeat
    for seen in ran.observations:
        wanted = ["entry", "return"] * 4 if int(seen["variant"][-1]) % 2 == 0 else ["entry"] * 4
        assert [shot["when"] for shot in seen["snapshots"]] == wanted
        assert seen["hits"] == {"probed": 4}
        assert seen["stderr"] == "0\n3\n6\n9\n"
    assert not list((cache / "store" / "tmp").iterdir())


@pytest.mark.parametrize("arch", some(ARCHES))
def test_a_program_that_another_thread_ends_while_it_is_looked_at(build: Build, arch: str) -> None:
    """QEMU's stub lets the other threads run, and tells of the end where it was asked for registers."""
    for _ in range(20):
        ran = snapshot(build(arch), "stub", "leave", options=("--runner=qemu", "--backtrace"), hits="1-")
        assert ran.code == 0, ran.text  # what was taken before is not lost
        assert "ended with exit 6" in ran.text
        assert rows(ran)
        if "another thread ended the program while it was looked at" in ran.text:
            break
    else:
        raise AssertionError("it never happened")
