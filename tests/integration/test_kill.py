"""`kill -9` of pytest in the middle of `-n 2`: nothing of it stays behind, and the next run is green."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from .support import PYTEST, Project, processes, until

SOURCE = 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("a program of its own") }\n'


def descendants(root: int) -> set[int]:
    """Return every process below `root`, keepers and emulators included."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
    found = {root}
    while grown := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= grown
    return found - {root}


def alive(pids: set[int]) -> set[int]:
    """Return those of `pids` that are there and no zombies."""
    found = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state not in "ZX":
            found.add(pid)
    return found


def start(project: Project, cache: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*PYTEST, "--arch=arm64", "-n2", *arguments],
        cwd=project.path,
        env={**os.environ, "CROSSABI_CACHE": str(cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def kill_and_watch(controller: subprocess.Popen[bytes], cache: Path) -> float:
    """Kill the controller with SIGKILL and return how long all that it started lived on."""
    below = descendants(controller.pid)
    assert len(below) >= 4  # two workers, a keeper, what it runs
    controller.kill()
    began = time.monotonic()
    assert controller.wait() == -signal.SIGKILL
    until(lambda: not alive(below) and not processes(str(cache)), 2.0, f"{below} did not all end")
    return time.monotonic() - began


def test_no_emulator_outlives_a_killed_pytest_and_the_next_run_is_green(project: Project, tmp_path: Path) -> None:
    cache = tmp_path / "a-cache-of-its-own"
    for name in ("loops", "loops-too"):
        project.case(f"g/{name}", "loop", run={"timeout": 60})
    project.case("g/hello", "say", "hello", expect={"stdout": "hello\n"})
    controller = start(project, cache)
    try:
        emulators = until(
            lambda: [
                line for line in processes(str(cache)).values() if "qemu-aarch64" in line and line.endswith("loop ")
            ],
            120.0,
            "no emulator started",
        )
    finally:
        took = kill_and_watch(controller, cache)
    assert emulators
    assert took < 2.0
    assert not list((cache / "store" / "tmp").iterdir())
    entries = list((cache / "store").glob("??/*/*"))
    assert entries
    assert all((entry / "build.json").exists() and (entry / "program").exists() for entry in entries)
    ran = project.pytest("--arch=arm64", "-n2", "cases/g/hello", env={"CROSSABI_CACHE": str(cache)})
    assert (ran.code, ran.words) == (0, {"g/hello::run[arm64]": "PASS"})
    assert "building" not in ran.text  # the store was intact: what had been built is used


def test_a_pytest_that_is_killed_while_it_builds_leaves_nothing_half_done(project: Project, tmp_path: Path) -> None:
    cache = tmp_path / "a-cache-of-its-own"
    project.case("g/hello", sources={"main.go": SOURCE})
    project.case("g/too", sources={"main.go": SOURCE.replace("own", "kind"), "c.go": 'package main\n\nimport "C"\n'})
    controller = start(project, cache, "cases")
    try:
        building = until(
            lambda: [line for line in processes(str(cache)).values() if " build " in line], 60.0, "no build began"
        )
    finally:
        kill_and_watch(controller, cache)
    assert building
    assert not list((cache / "store").glob("??/*"))
    ran = project.pytest("--arch=arm64", "-n2", env={"CROSSABI_CACHE": str(cache)})
    assert (ran.code, set(ran.words.values())) == (0, {"PASS"})
    assert not list((cache / "store" / "tmp").iterdir())  # what the killed build had begun is swept away
    assert not list((cache / "sessions").iterdir())
