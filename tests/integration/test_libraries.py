"""Snapshots in shared libraries: of C programs that are linked with one or load it, on every architecture."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from .support import CROSSABI, Ran, command, some, target

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
NO_MORE = {"mips64le"}  # after a dlclose dlsym finds nothing in the next library there, under bare QEMU 7.2 as well
ARCHES = pytest.mark.parametrize("arch", some(FIRST, FEW))


def built(folder: Path, arch: str, how: str) -> tuple[Path, Path]:
    """Compile the program and its library, side by side."""
    on = target(arch)
    (folder / "library.c").write_text(LIBRARY)
    (folder / "main.c").write_text(LOADED if how == "loaded" else LINKED)
    library, program = folder / "libtriple.so", folder / "program"
    cc = [*on.cc.command, "-O1", "-g"]
    subprocess.run([*cc, "-shared", "-fPIC", "-o", library, folder / "library.c"], check=True)
    ways: dict[str, list[str]] = {
        "linked": [f"-L{folder}", "-ltriple", f"-Wl,-rpath,{folder}"],
        "by path": [str(library)],  # it has no name of its own (DT_SONAME)
    }
    found = ways.get(how, [])
    subprocess.run([*cc, "-o", program, folder / "main.c", *found], check=True)
    return program, library


def snapshot(*words: object) -> tuple[Ran, list[dict[str, str]]]:
    ran = command([*CROSSABI, "snapshot", "--json", *map(str, words)], Path.cwd())
    return ran, [json.loads(line) for line in ran.text.splitlines() if line.startswith("{")]


@ARCHES
@pytest.mark.parametrize("how", ["linked", "by path", "loaded"])
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
def test_a_library_can_be_asked_for_by_a_path_that_is_relative(arch: str, tmp_path: Path) -> None:
    program, library = built(tmp_path, arch, "linked")
    argv = [*target(arch).cc.command, "-o", program, "main.c", f"./{library.name}"]
    subprocess.run(argv, cwd=tmp_path, check=True)
    ran = command([*CROSSABI, "snapshot", "--at=triple", str(program)], tmp_path)
    assert ran.code == 0, ran.text
    assert "triple: hit 2 times" in ran.text


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
    assert (
        "tripel: neither the program nor a library that it mapped and whose file is at hand has such a place"
        in ran.text
    )
    ran, _ = snapshot("--at=mian", loaded, "--", library)
    assert "has such a place; near it in the program: main\n" in ran.text
    ran, _ = snapshot("--at=triple", "--source=log", loaded, "--", library)
    assert ran.code == 4
    assert "where a library with triple will be is not known before" in ran.text


SEVERAL = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
static void *library;
static void call(const char *path, const char *name, int argument, int is_apart) {
  library = is_apart ? dlmopen(LM_ID_NEWLM, path, RTLD_NOW) : dlopen(path, RTLD_NOW);
  printf("%d\\n", ((int (*)(int))dlsym(library, name))(argument));
}
int main(int argc, char **argv) {
  for (int round = 0; round < 3; round++) {
    call(argv[1], "triple", 2 + round, 0);
    dlclose(library);
  }
  call(argv[2], "twice", 10, 0);
  dlclose(library);
  for (int round = 0; round < 2; round++) call(argv[1], "triple", 5 + round, 1);
  call(argv[2], "triple", 7, 0);
  return 0;
}
"""
AGAIN = """
#define _GNU_SOURCE
#include <dlfcn.h>
int main(int argc, char **argv) {
  int all = 0;
  for (int round = 0; round < 4; round++) {
    void *library = dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW);
    all += ((int (*)(int))dlsym(library, "twice"))(round);
    dlclose(library);
  }
  return all != 12;
}
"""


@pytest.mark.parametrize(("arch", "runner"), [("amd64", "native"), ("amd64", "qemu"), ("ppc64le", "qemu")])
def test_the_loader_stays_where_a_namespace_that_lists_it_goes(arch: str, runner: str, tmp_path: Path) -> None:
    cc = [*target(arch).cc.command, "-O1", "-g"]
    (tmp_path / "again.c").write_text(AGAIN)
    (tmp_path / "other.c").write_text(OTHER)
    subprocess.run([*cc, "-o", tmp_path / "again", tmp_path / "again.c"], check=True)
    subprocess.run([*cc, "-shared", "-fPIC", "-o", tmp_path / "libother.so", tmp_path / "other.c"], check=True)
    options = ("--at=twice", "--hits=1-9", "--timeout=60", f"--runner={runner}")
    ran, shots = snapshot(*options, tmp_path / "again", "--", tmp_path / "libother.so")
    assert "ended with exit 0" in ran.text
    assert "twice: hit 4 times" in ran.text
    assert len(shots) == 4


OTHER = """
static int pad(int x) { return x; }
__attribute__((noipa)) int twice(int x) { return pad(2 * x); }
__attribute__((noipa)) int triple(int x) { return 3 * x + 1; }
"""


@pytest.mark.parametrize("arch", some((arch for arch in FIRST if arch not in NO_MORE), FEW))
def test_each_library_counts_that_has_the_place_however_often_it_is_mapped(arch: str, tmp_path: Path) -> None:
    """Closed and mapped again, another at the same address, in namespaces of their own, two with the same name."""
    cc = [*target(arch).cc.command, "-O1", "-g"]
    for name, text in (("library", LIBRARY), ("other", OTHER), ("main", SEVERAL)):
        (tmp_path / f"{name}.c").write_text(text)
        how = ["-o", tmp_path / "program"] if name == "main" else ["-shared", "-fPIC", "-o", tmp_path / f"lib{name}.so"]
        subprocess.run([*cc, *how, tmp_path / f"{name}.c"], check=True)
    probes = ("--at=triple", "--at=twice", "--at=at_start", "--hits=1-9", "--when=both", "--backtrace")
    ran, shots = snapshot(*probes, tmp_path / "program", "--", tmp_path / "liblibrary.so", tmp_path / "libother.so")
    assert ran.code == 0, ran.text
    assert "6\n9\n12\n20\n15\n18\n22\n" in ran.text
    calls = [shot for shot in shots if shot["at"] != "at_start"]
    results = [(shot["at"], int(shot["registers"][FIRST[arch][1]], 16)) for shot in calls if shot["when"] == "return"]
    triple = [("triple", result) for result in (6, 9, 12, 15, 18, 22)]
    assert results == [*triple[:3], ("twice", 20), *triple[3:]]
    assert [shot["hit"] for shot in shots if shot["when"] == "entry" and shot["at"] == "at_start"] == [1, 2, 3, 4, 5]
    assert {tuple(shot["backtrace"][1:3]) for shot in calls if shot["when"] == "entry"} == {("call", "main")}
    for name, hits in (("triple", 6), ("twice", 1), ("at_start", 5)):
        assert f"{name}: hit {hits} times" in ran.text
