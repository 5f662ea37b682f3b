"""Snapshots in shared libraries: of C programs that are linked with one or load it, on every architecture."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from .support import CROSSABI, Ran, command, deep, target

LIBRARY = """
#include <stdlib.h>
static int by_value(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
static int ready;
__attribute__((constructor)) void at_start(void) { ready = 1000; }
__attribute__((noipa)) int triple(int x) {
  int some[] = {3 * x, ready, 0};
  qsort(some, 3, sizeof *some, by_value);
  return some[1];
}
"""
LINKED = """
#include <stdio.h>
int triple(int);
int main(void) {
  int first = triple(2), second = triple(14);
  printf("%d %d\\n", first, second);
  return 0;
}
"""
LOADED = """
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv) {
  void *library = dlopen(argv[1], RTLD_NOW);
  int (*triple)(int) = (int (*)(int))dlsym(library, "triple");
  int first = triple(2), second = triple(14);
  printf("%d %d\\n", first, second);
  return dlclose(library);
}
"""
FIRST = {  # the register of the first argument, and of the result
    **{"amd64": ("rdi", "rax"), "386": ("", "eax"), "arm64": ("x0", "x0"), "riscv64": ("a0", "a0")},
    **{"s390x": ("r2", "r2"), "ppc64le": ("r3", "r3"), "arm": ("r0", "r0"), "mips64le": ("a0", "v0")},
}
FEW = ("386", "arm64")  # natively by gdbserver, and under QEMU
ARCHES = pytest.mark.parametrize("arch", [arch if arch in FEW else deep(arch) for arch in FIRST])


def built(folder: Path, arch: str, how: str) -> tuple[Path, Path]:
    """Compile the program and its library, side by side."""
    on = target(arch)
    (folder / "library.c").write_text(LIBRARY)
    (folder / "main.c").write_text(LINKED if how == "linked" else LOADED)
    library, program = folder / "libtriple.so", folder / "program"
    cc = [*on.cc.command, "-O1", "-g"]
    subprocess.run([*cc, "-shared", "-fPIC", "-o", library, folder / "library.c"], check=True)
    found = [f"-L{folder}", "-ltriple", f"-Wl,-rpath,{folder}"] if how == "linked" else []
    subprocess.run([*cc, "-o", program, folder / "main.c", *found], check=True)
    return program, library


def snapshot(*words: object) -> tuple[Ran, list[dict[str, str]]]:
    ran = command([*CROSSABI, "snapshot", "--json", *map(str, words)], Path.cwd())
    return ran, [json.loads(line) for line in ran.text.splitlines() if line.startswith("{")]


@ARCHES
@pytest.mark.parametrize("how", ["linked", "loaded"])
def test_a_place_in_a_library_is_stopped_at_once_it_is_mapped(how: str, arch: str, tmp_path: Path) -> None:
    program, library = built(tmp_path, arch, how)
    ran, shots = snapshot("--at=triple", "--at=at_start", "--when=both", "--backtrace", program, "--", library)
    assert ran.code == 0, ran.text
    assert "6 42\n" in ran.text
    assert [(shot["at"], shot["when"], shot["hit"]) for shot in shots] == [
        *(("at_start", "entry", 1), ("at_start", "return", 1)),
        *(("triple", when, hit) for hit in (1, 2) for when in ("entry", "return")),
    ]
    calls = [shot for shot in shots if shot["at"] == "triple"]
    entry = "triple+0x8" if arch == "ppc64le" else "triple"  # the local one, by which execution always comes
    assert [shot["place"] for shot in calls if shot["when"] == "entry"] == [entry, entry]
    assert {tuple(shot["backtrace"][:2]) for shot in calls if shot["when"] == "entry"} == {("triple", "main")}
    argument, result = FIRST[arch]
    assert [int(shot["registers"][result], 16) for shot in calls if shot["when"] == "return"] == [6, 42]
    if argument:
        assert [int(shot["registers"][argument], 16) for shot in calls if shot["when"] == "entry"] == [2, 14]


@ARCHES
def test_a_line_and_the_system_s_libraries_are_places_too(arch: str, tmp_path: Path) -> None:
    program, library = built(tmp_path, arch, "loaded")
    ran, shots = snapshot("--at=library.c:8", "--at=qsort", "--hits=1", program, "--", library)
    assert ran.code == 0, ran.text
    assert {shot["place"].partition("+")[0] for shot in shots} == {"triple", "qsort"}


def test_what_no_library_has_is_told_before_the_run_or_after_it(tmp_path: Path) -> None:
    for how in ("linked", "loaded"):
        (tmp_path / how).mkdir()
    linked, _ = built(tmp_path / "linked", "arm64", "linked")
    ran, _ = snapshot("--at=tripel", linked)
    assert (ran.code, "no function is called 'tripel'" in ran.text, "6 42" in ran.text) == (4, True, False), ran.text
    loaded, library = built(tmp_path / "loaded", "arm64", "loaded")
    ran, _ = snapshot("--at=tripel", loaded, "--", library)
    assert (ran.code, "6 42" in ran.text) == (1, True)
    assert "tripel: neither the program nor a library that it mapped has such a place" in ran.text
    ran, _ = snapshot("--at=triple", "--source=log", loaded, "--", library)
    assert ran.code == 4
    assert "where a library with triple will be is not known before" in ran.text
