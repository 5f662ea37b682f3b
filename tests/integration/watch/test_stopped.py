"""The watch by stops: natively, in static position-independent programs, in libraries that a program loads later."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from harness.case import Case
from harness.host import faults
from harness.probe.guest import Guest
from harness.process.spec import Command
from harness.watch import stopped
from harness.watch.run import watch
from harness.watch.watcher import Watched

from ..support import deep, target
from .mutants import named, overlaid
from .test_modes import LOSES, built_as
from .watched import watched

HOST = """
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv) {
  void *library = dlopen(argv[1], RTLD_NOW);
  int (*run)(void) = library ? (int (*)(void))dlsym(library, "run") : 0;
  if (!run) { puts(dlerror()); return 2; }
  printf("%d\\n", run());
  return 0;
}
"""
LIBRARY = """
package main

// int call(int n);
// static int add(int a, int b) { return a + b; }
import "C"

//export add3
func add3(a, b, c C.int) C.int { return C.add(a, C.add(b, c)) }

//export run
func run() C.int { return C.call(100) }

func main() {}
"""
CALLER = """
#include "_cgo_export.h"
int call(int n) { int sum = 0; while (n--) sum += add3(n, 1, 2); return sum; }
"""


def in_one_piece() -> Case:
    """Return the program of build_modes as a static position-independent one."""
    case = built_as("crossings/build_modes", "pie_external")
    (variant,) = case.variants
    build = replace(variant.build, go_ldflags="-linkmode=external -extldflags=-static-pie")
    return replace(case, variants=(replace(variant, build=build),))


def loaded_later(arch: str, folder: Path, environ: dict[str, str] | None = None) -> Watched:
    """Watch a C program that opens a Go library when it runs."""
    on = target(arch, "qemu")
    for name, text in {"lib.go": LIBRARY, "call.c": CALLER, "go.mod": "module lib\n\ngo 1.21\n"}.items():
        (folder / name).write_text(text)
    (folder.parent / "host.c").write_text(HOST)
    cc = [*on.cc.command, "-O1", "-g"]
    settings = {"CGO_ENABLED": "1", "GOARCH": on.toolchain.goarch, "CC": " ".join(on.cc.command), **on.toolchain.go_env}
    settings["GOMODCACHE"] = str(folder / "mod")  # Go refuses overlays of what is below it, as its own release is here
    library, host = folder / "lib.so", folder / "host"
    go = [on.go.command, "build", "-buildmode=c-shared", "-o", library, "."]
    subprocess.run(go, cwd=folder, env={**os.environ, **settings, **(environ or {})}, check=True)
    subprocess.run([*cc, "-o", host, folder.parent / "host.c", "-ldl"], check=True)
    return watch(Guest(on, host, (str(library),), Command((), {}, 60.0)), faults.load())


@pytest.mark.parametrize("arch", ["amd64", deep("386")])
def test_a_native_program_is_watched(arch: str) -> None:
    seen = watched(built_as("crossings/build_modes", "pie_external"), arch, runner="native")
    assert (seen.finished.code, seen.unwatched, seen.alarms, seen.notes) == (0, "", (), ())
    assert (seen.checked["cgocallback"], seen.checked["crosscall2"] - 360 in (0, 1)) == (360, True), seen.checked


def test_a_register_that_a_native_callback_loses_is_named(tmp_path: Path) -> None:
    case = built_as("crossings/build_modes", "exe_external")
    seen = watched(case, "amd64", overlaid(LOSES["amd64"], tmp_path), runner="native")
    assert LOSES["amd64"].names in named(seen)


@pytest.mark.parametrize("arch", [deep("amd64"), deep("arm64")])
def test_a_static_position_independent_program_is_watched(arch: str, tmp_path: Path) -> None:
    case = in_one_piece()
    seen = watched(case, arch)
    assert (seen.finished.code, seen.unwatched, named(seen)) == (0, "", set()), seen
    assert (seen.checked["cgocallback"], seen.checked["crosscall2"] - 360 in (0, 1)) == (360, True), seen.checked
    assert LOSES[arch].names in named(watched(case, arch, overlaid(LOSES[arch], tmp_path)))


@pytest.mark.parametrize("arch", [*map(deep, ("amd64", "arm64", "riscv64", "s390x", "ppc64le"))])
def test_a_library_that_is_opened_later_is_watched(arch: str, tmp_path: Path) -> None:
    for folder in (tmp_path / "right", tmp_path / "wrong"):
        folder.mkdir()
    seen = loaded_later(arch, tmp_path / "right")
    assert (seen.finished.code, seen.finished.stdout, named(seen)) == (0, b"5250\n", set()), seen
    assert (seen.checked["cgocallback"], seen.checked["crosscall2"] - 101 in (0, 1)) == (101, True), seen.checked
    wrong = overlaid(LOSES[arch], tmp_path)
    assert LOSES[arch].names in named(loaded_later(arch, tmp_path / "wrong", wrong))


def test_only_so_many_crossings_are_held_and_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopped, "MOST", 100)
    seen = watched(built_as("crossings/build_modes", "exe_external"), "amd64", runner="native")
    assert (seen.finished.code, seen.alarms, seen.checked["cgocallback"]) == (0, (), 100)
    assert ["only the first 100 crossings by" in note for note in seen.notes] == [True]
