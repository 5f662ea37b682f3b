"""Every frame of a chain C ← Go ← C ← Go, at every depth, on every architecture."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..support import command, some
from .conftest import CHAIN, Build

CROSSABI = (sys.executable, "-m", "harness.cli", "snapshot", "--json", "--backtrace", "--runner=qemu")
QEMU_ARCHES = ("amd64", "arm64", "riscv64", "s390x", "ppc64le", "arm", "mips64le")
DEEP = 50

# What runs at one depth, innermost first, without the frames of cgo and the runtime: name, and a text of its line.
GO_PART = (("main.goTwice", "C.c_enter("), ("main.goTwice", "goTwice(times-1"))
C_PART = (
    *(("c_wide", "goEnter(left, deepest);"), ("c_twice", "c_wide(left"), ("c_twice", "c_twice(times - 1")),
    ("c_enter", "c_twice(1, left"),
)
OWN = {name for name, _ in (*GO_PART, *C_PART)} | {"c_bottom", "main.goBottom", "main.main"}
CROSSINGS = ("asmcgocall", "cgocallback", "crosscall2", "goEnter")


def snapshots(*words: object) -> list[dict[str, Any]]:
    ran = command([*CROSSABI, *map(str, words)], Path.cwd())
    assert ran.code == 0, ran.text
    return [json.loads(line) for line in ran.text.splitlines() if line.startswith("{")]


def chain(depth: int, innermost: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str]]:
    """The frames of the program itself at `depth`."""
    yield from innermost
    for level in range(depth + 1):
        if level:
            yield from C_PART
        yield from GO_PART if level or innermost[0][0] == "c_bottom" else GO_PART[1:]
    yield "main.main", "goTwice(1, C.int(deepest)"


def line_of(frame: dict[str, Any]) -> str:
    return (CHAIN / Path(frame["file"]).name).read_text().splitlines()[frame["line"] - 1].strip()


def check(shot: dict[str, Any], depth: int, innermost: tuple[tuple[str, str], ...]) -> None:
    assert shot["ended"] == ""
    assert shot["backtrace"] == [frame["function"] for frame in shot["frames"]]
    assert shot["backtrace"][-1].removesuffix(".abi0") == "runtime.goexit"
    assert shot["backtrace"][-2] == "runtime.main"
    own = [frame for frame in shot["frames"] if frame["function"] in OWN]
    wanted = list(chain(depth, innermost))
    assert [frame["function"] for frame in own] == [name for name, _ in wanted]
    for frame, (name, text) in zip(own, wanted, strict=True):
        assert text in line_of(frame), (name, frame)
    names = [name.removeprefix("runtime.").removesuffix(".abi0") for name in shot["backtrace"]]
    calls = {name: names.count(name) for name in CROSSINGS}
    into_c = depth + (innermost[0][0] == "c_bottom")
    assert calls == {"asmcgocall": into_c, "cgocallback": depth, "crosscall2": depth, "goEnter": depth}


IN_C = (("c_bottom", "c_bottom(int depth)"), ("c_enter", "c_bottom(deepest - left)"))
IN_GO = (("main.goBottom", "func goBottom("), ("main.goTwice", "goBottom(int("))


@pytest.mark.parametrize("arch", some(QEMU_ARCHES))
def test_every_depth_of_the_chain_has_all_its_frames_seen_from_c(build: Build, arch: str) -> None:
    shots = snapshots("--at=c_bottom", "--hits=1-", build(arch), "--", DEEP)
    assert [shot["hit"] for shot in shots] == list(range(1, DEEP + 2))
    for depth, shot in enumerate(shots):
        check(shot, depth, IN_C)


@pytest.mark.parametrize("arch", some(QEMU_ARCHES))
def test_the_chain_has_all_its_frames_seen_from_go(build: Build, arch: str) -> None:
    shots = snapshots("--at=main.goBottom", "--hits=1-4", build(arch), "--", DEEP)
    for depth, shot in enumerate(shots):
        check(shot, depth, IN_GO)


@pytest.mark.parametrize("arch", some(["amd64", "arm64", "s390x"], few=["s390x"]))
def test_a_position_independent_program_has_them_too(build: Build, arch: str) -> None:
    for depth, shot in enumerate(snapshots("--at=c_bottom", build(arch, "-buildmode=pie"), "--", DEEP)):
        check(shot, depth, IN_C)


@pytest.mark.parametrize("arch", some(arch for arch in QEMU_ARCHES if arch != "arm"))
def test_a_thread_of_c_is_followed_into_the_c_library(build: Build, arch: str) -> None:
    (*_, last) = snapshots("--at=c_bottom", build(arch), "--", 2, "thread")
    # glibc ends a thread's frames in clone: by an undefined return address, or by no call frame information of it.
    assert last["ended"] == "" or last["ended"].startswith("not available: libc.so.6 has no call frame information of ")
    names = last["backtrace"]
    outside = names[names.index("c_start") + 1 :]
    assert outside
    assert all(name.startswith("libc.so.6+0x") or "clone" in name for name in outside)
