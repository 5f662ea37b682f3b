"""`crossabi crash`: cores and crash texts as somebody gets them, against what a stub saw of the same death."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.cli.crash import MOST_TEXT
from harness.run.runners import RUNNERS

from . import dying
from .support import CROSSABI, Project, Ran, command, deep, target
from .test_core import FORMS, kernel_cores

DIES = """package main

// static void die(int *p) { *p = 1; }
import "C"
import "unsafe"

func main() { C.die((*C.int)(unsafe.Pointer(uintptr(0x1234)))) }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A private folder, gone after the test: cores are large."""
    yield tmp_path
    shutil.rmtree(tmp_path)


def crossabi(*words: object) -> tuple[Ran, list[dict[str, Any]]]:
    ran = command([*CROSSABI, *map(str, words)], Path.cwd())
    return ran, [json.loads(line) for line in ran.text.splitlines() if line.startswith("{")]


def died(arch: str, runner: str, form: str, folder: Path) -> tuple[Path, Path]:
    """Return a program whose second thread dies, and its core."""
    on = target(arch, runner)
    program = dying.build(on, folder, *FORMS[form])
    dying.dump(RUNNERS[runner].command(on, program, ("thread",)), folder)
    (core,) = [*folder.glob("qemu_die_*.core"), *([] if runner == "qemu" else folder.glob("core*"))]
    return program, core


ROWS = [
    pytest.param("amd64", "native", "pie", marks=kernel_cores),
    ("arm64", "qemu", "pie"),
    *(deep(arch, "qemu", form) for arch in ("s390x", "ppc64le", "mips64le", "arm") for form in ("static", "pie")),
]


@pytest.mark.parametrize(("arch", "runner", "form"), ROWS)
def test_a_core_tells_what_a_stub_saw_of_the_same_death(arch: str, runner: str, form: str, folder: Path) -> None:
    program, core = died(arch, runner, form, folder)
    ran, (fault, *others) = crossabi("crash", "--json", core, f"--program={program}")
    assert (ran.code, fault["when"], fault["fault"]["signal"]) == (0, "fault", "SIGSEGV")
    assert {shot["when"] for shot in others} == {"thread"}
    assert len(others) == 2
    _, (seen,) = crossabi("snapshot", "--json", "--fault", f"--runner={runner}", program, "--", "thread")
    assert [fault[name] for name in ("place", "backtrace", "ended")] == [
        seen[name] for name in ("place", "backtrace", "ended")
    ]
    assert fault["backtrace"][0] == "die"
    set_there = {name: hex(value) for name, value in dying.expected(arch).items()}
    assert {
        name: fault["registers"][name] for name in set_there.keys() & fault["registers"].keys()
    }.items() <= set_there.items()
    assert [row.split()[2:] for row in fault["fault"]["code"]] == [row.split()[2:] for row in seen["fault"]["code"]]


@kernel_cores
def test_a_core_of_the_kernel_names_its_program_and_the_address(folder: Path) -> None:
    _, core = died("amd64", "native", "static", folder)
    ran, _ = crossabi("crash", core)
    assert ran.code == 0
    assert f"SIGSEGV, address {dying.FAULT_AT:#x}, not mapped" in ran.text
    assert "#0   die" in ran.text
    assert "fault · amd64 · die" in ran.text


def test_another_program_is_refused_and_none_gives_registers_only(folder: Path) -> None:
    _, core = died("arm64", "qemu", "static", folder)
    ran, _ = crossabi("crash", core, "--program=/bin/sh")
    assert (ran.code, "this is not a core of /bin/sh" in ran.text, "Traceback" in ran.text) == (4, True, False)
    ran, _ = crossabi("crash", core)
    assert (ran.code, "--program=FILE gives names and a backtrace" in ran.text) == (0, True)
    assert "backtrace: not available: the program is not at hand" in ran.text


def test_what_go_printed_has_the_registers_of_the_fault_in_records_and_from_a_file(project: Project) -> None:
    project.case("g/dies", sources={"main.go": DIES}, expect={"exit": 2})
    ran = project.pytest("--arch=arm64")
    (seen,) = ran.observations
    shot, again_seen = seen["snapshots"]
    assert again_seen["source"] == "stub: QEMU"  # it should not have died
    assert (shot["when"], shot["source"], shot["fault"]["address"]) == ("fault", "Go's crash text", "0x1234")
    assert shot["registers"]["x0"] == "0x1234"
    assert "Go's crash text" not in ran.text  # nobody asked for it
    text = project.path / "text"
    text.write_text(f"some log line\n{seen['stderr']}")
    for words in ((text, "--arch=aarch64"), (text, f"--program={seen['command'][-1]}")):
        again, shots = crossabi("crash", "--json", *words)
        assert (again.code, shots) == (0, [shot])


def test_what_tells_of_no_fault_ends_with_1_and_what_is_no_file_with_4(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("panic: no\n\ngoroutine 1 [running]:\nmain.main()\n\t/x.go:3 +0x10\nexit status 2\n")
    assert crossabi("crash", text, "--arch=arm64")[0].code == 1
    for words, says in (
        ((text,), "does not name its architecture"),
        ((text, "--arch=arm64,amd64"), "names 2 architectures"),
        ((tmp_path / "none",), "No such file"),
        ((tmp_path, "--arch=arm64"), "Is a directory"),
        (("/bin/sh",), "a core has type 4"),
    ):
        ran, _ = crossabi("crash", *words)
        assert (ran.code, says in ran.text, "Traceback" in ran.text) == (4, True, False), ran.text


def test_what_is_empty_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for words, name in (
        ((tmp_path / "empty",), tmp_path / "empty"),
        (("-", "--arch=arm64"), "stdin"),
        (("/dev/null", "--arch=arm64"), "/dev/null"),
    ):
        ran, _ = crossabi("crash", *words)
        assert ran.code == 4
        says = f"crossabi: {name} is empty: it tells of no crash"
        assert ran.text == f"{says}\n  mend: name a core file, or a file with what Go printed\n"


def test_of_a_large_log_the_end_is_read_which_is_told(tmp_path: Path) -> None:
    text = tmp_path / "log"
    death = "SIGSEGV: segmentation violation\nPC=0x1234 m=0 sigcode=1 addr=0x10\n\ngoroutine 1 [running]:\n"
    with text.open("w") as file:
        file.write("panic: the first line\n" * (MOST_TEXT // 20))
        file.write(death)
    ran, (shot,) = crossabi("crash", "--json", text, "--arch=arm64")
    assert (ran.code, shot["pc"]) == (0, "0x1234")
    assert f"{text} has {text.stat().st_size} bytes: only the last {MOST_TEXT} were read" in ran.text


@pytest.mark.parametrize(("arch", "runner"), [pytest.param("amd64", "native", marks=kernel_cores), ("s390x", "qemu")])
def test_a_core_can_be_asked_for(arch: str, runner: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    program = dying.build(target(arch, runner), folder, *FORMS["static"])
    before = {*folder.iterdir()}
    assert crossabi("run", f"--runner={runner}", program)[0].code == 139
    assert {*folder.iterdir()} == before
    core = folder / "here"
    assert crossabi("run", f"--runner={runner}", f"--core={core}", program)[0].code == 139
    assert {*folder.iterdir()} - before == {core}
    ran, (fault, *_) = crossabi("crash", "--json", core, f"--program={program}")
    assert (ran.code, fault["backtrace"][0]) == (0, "die")


def test_why_there_is_no_core_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    ran, _ = crossabi("run", f"--core={folder / 'here'}", "/bin/true")
    assert (ran.code, "no signal was its death" in ran.text) == (0, True)
    program = dying.build(target("riscv64", "qemu"), folder, *FORMS["static"])
    ran, _ = crossabi("run", f"--core={folder / 'here'}", program)
    assert (ran.code, "SIGSEGV left no core: QEMU writes none for riscv64" in ran.text) == (139, True)
    (folder / "core").write_text("mine")
    ran, _ = crossabi("run", f"--core={folder / 'here'}", "/bin/true")
    assert (ran.code, "would be overwritten by the kernel" in ran.text) == (4, True)
    assert (folder / "core").read_text() == "mine"
