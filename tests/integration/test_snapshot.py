"""`crossabi snapshot`: a program that is built for every architecture, and what its registers have to be."""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from .support import CROSSABI, ROOT, Ran, command, target

LONG = 0x1122334455667788
HALF = 0x4004000000000000  # 2.5
SOURCE = f"""
#include <stdio.h>
#include <stdlib.h>
__attribute__((noipa)) double add3(int a, long b, double c, const char *s) {{ return a + b + c + s[0]; }}
__attribute__((noipa)) int never(int a) {{ return a * 7; }}
__attribute__((noipa)) int never_at_all(int a) {{ return a * 9; }}
int main(int argc, char **argv) {{
  double total = 0;
  int count = argc > 1 ? atoi(argv[1]) : 3;
  for (int i = 0; i < count; i++)
    total += add3(i, (long){LONG:#x}, 2.5, "x");
  if (count < 0)
    total += never(count) + never_at_all(count);
  printf("%d calls\\n", count);
  return argc > 2 ? 7 : 0;
}}
"""
# Where the psABI of each architecture puts the int, the long (32 bits wide on arm) and the double.
PLACES = {
    "amd64": ("rdi", "rsi", "xmm0"),
    "arm64": ("x0", "x1", "v0"),
    "riscv64": ("a0", "a1", "fa0"),
    "s390x": ("r2", "r3", "f0"),
    "ppc64le": ("r3", "r4", "f1"),
    "arm": ("r0", "r1", "d0"),
    "mips64le": ("a0", "a1", "f14"),
}
RESULTS = {
    **{"amd64": "xmm0", "arm64": "v0", "riscv64": "fa0", "s390x": "f0", "ppc64le": "f1", "arm": "d0", "mips64le": "f0"},
}
SAME = {"GODEBUG": "asyncpreemptoff=1", "QEMU_RAND_SEED": "1"}  # what the stub adds; the bytes at AT_RANDOM
ARCHES = pytest.mark.parametrize("arch", PLACES)

Build = Callable[..., Path]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    folder = tmp_path_factory.mktemp("programs")
    (folder / "prog.c").write_text(SOURCE)

    @cache
    def built(arch: str, *flags: str) -> Path:
        program = folder / f"prog-{arch}{'-'.join(flags)}"
        compiler = target(arch).cc.command
        flags = flags or ("-no-pie",)
        subprocess.run([*compiler, "-O1", "-g", *flags, "-o", program, folder / "prog.c"], check=True)
        return program

    return built


def snapshot(*words: object, env: Mapping[str, str] | None = None) -> Ran:
    return command([*CROSSABI, "snapshot", *map(str, words)], Path.cwd(), env)


def rows(ran: Ran) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ran.text.splitlines() if line.startswith("{")]


@ARCHES
def test_arguments_are_where_the_abi_puts_them_before_the_prologue(build: Build, arch: str) -> None:
    ran = snapshot("--at", "add3", "--json", "--runner=qemu", build(arch))
    assert ran.code == 0, ran.text
    found = rows(ran)
    first, second, third = PLACES[arch]
    assert [(row["at"], row["when"], row["hit"], row["arch"]) for row in found] == [
        ("add3", "entry", hit, arch) for hit in (1, 2, 3)
    ]
    for number, row in enumerate(found):
        values = {name: int(text, 16) for name, text in row["registers"].items()}
        assert values[first] == number
        assert values[second] == LONG & ((1 << 32) - 1 if arch == "arm" else -1)
        assert values[third] & (1 << 64) - 1 == HALF
        assert row["backtrace"][0] == row["place"] == "add3"
    assert "3 calls" in ran.text


@ARCHES
def test_a_program_under_probes_ends_as_without_them(build: Build, arch: str) -> None:
    ran = snapshot("--at", "add3", "--hits=2", "--runner=qemu", build(arch), "--", "5", "and more")
    assert ran.code == 0
    assert "5 calls\n" in ran.text
    assert "ended with exit 7" in ran.text
    assert "add3: hit 5 times" in ran.text
    assert ran.text.count("add3 entry, hit ") == 1


@ARCHES
def test_the_sources_agree_on_every_register_that_both_have(build: Build, arch: str) -> None:
    by_log, by_stub = (
        rows(snapshot("--at", "add3", "--json", "--runner=qemu", f"--source={source}", build(arch), env=SAME))
        for source in ("log", "stub")
    )
    assert [row["hit"] for row in by_log] == [row["hit"] for row in by_stub] == [1, 2, 3]
    assert {row["source"] for row in by_stub} == {"stub: QEMU"}
    for one, other in zip(by_log, by_stub, strict=True):
        assert one["backtrace"] == other["backtrace"][: len(one["backtrace"])]
        both = one["registers"].keys() & other["registers"].keys()
        assert len(both) >= len(one["registers"]) - 1
        differing = {name for name in both if one["registers"][name] != other["registers"][name]}
        assert not differing, {name: (one["registers"][name], other["registers"][name]) for name in differing}


@ARCHES
def test_a_return_is_back_at_the_caller_with_the_result(build: Build, arch: str) -> None:
    found = rows(snapshot("--at", "add3", "--when=both", "--json", "--runner=qemu", build(arch)))
    assert [(row["when"], row["hit"]) for row in found] == [
        (when, hit) for hit in (1, 2, 3) for when in ("entry", "return")
    ]
    for number, row in enumerate(found[1::2]):
        assert row["place"].startswith("main+0x")
        assert row["pc"] == found[1]["pc"]
        long = LONG if arch != "arm" else (LONG & (1 << 32) - 1)
        result = struct.unpack(">d", struct.pack(">d", float(number + long) + 2.5 + ord("x")))[0]
        bits = int(row["registers"][RESULTS[arch]], 16) & (1 << 64) - 1
        assert struct.unpack(">d", bits.to_bytes(8, "big"))[0] == pytest.approx(result, rel=1e-15)


KINDS = [("-pie", "-fPIE"), ("-static", "-no-pie")]
STATIC_PIE = ("-static-pie", "-fPIE")  # Debian has the start-up code of these for few architectures


@pytest.mark.parametrize(
    ("arch", "flags"),
    [
        *((arch, flags) for arch in (*PLACES, "386") for flags in KINDS),
        *((arch, STATIC_PIE) for arch in ("amd64", "386", "arm64")),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_a_program_is_stopped_wherever_it_is_loaded(build: Build, arch: str, flags: tuple[str, ...]) -> None:
    ran = snapshot("--at", "add3", "--when=both", "--json", build(arch, *flags))
    found = rows(ran)
    assert [row["hit"] for row in found] == [1, 1, 2, 2, 3, 3], ran.text
    assert [row["backtrace"][0] for row in found[:2]] == ["add3", found[0]["backtrace"][1]]
    assert found[0]["backtrace"][1] == "main"


def test_a_native_program_is_stopped_by_gdbserver_and_prints_and_ends_as_alone(build: Build) -> None:
    ran = snapshot("--at", "add3", "--json", build("amd64"), "--", "4", "then 7")
    assert [row["source"] for row in rows(ran)] == ["stub: gdbserver"] * 3
    assert "4 calls\n" in ran.text
    assert "ended with exit 7" in ran.text
    assert "Remote debugging" not in ran.text


@ARCHES
def test_memory_is_taken_with_the_registers(build: Build, arch: str) -> None:
    pointer = {
        "amd64": "rdx",
        "arm64": "x2",
        "riscv64": "a2",
        "s390x": "r4",
        "ppc64le": "r6",
        "arm": "r2",
        "mips64le": "a3",
    }
    ran = snapshot("--at=add3", "--hits=1", "--json", f"--memory={pointer[arch]}:2", "--runner=qemu", build(arch))
    (row,) = rows(ran)
    assert row["memory"] == {row["registers"][pointer[arch]]: b"x\0".hex()}


def test_ten_thousand_hits_of_which_three_are_wanted(build: Build) -> None:
    ran = snapshot("--at", "add3", "--json", build("arm64"), "--", "10000")
    assert [row["hit"] for row in rows(ran)] == [1, 2, 3]
    assert "add3: hit 10000 times" in ran.text


def test_a_place_by_line_and_by_address_is_the_same_place(build: Build) -> None:
    program = build("arm64")
    by_name = rows(snapshot("--at", "add3", "--hits=1", "--json", program))[0]
    line = SOURCE.splitlines().index(next(text for text in SOURCE.splitlines() if " add3(int" in text)) + 1
    for place in (f"prog.c:{line}", by_name["pc"]):
        (row,) = rows(snapshot("--at", place, "--hits=1", "--json", program))
        assert (row["at"], row["pc"]) == (place, by_name["pc"])


def test_a_function_that_never_runs_is_told(build: Build) -> None:
    ran = snapshot("--at", "never", build("arm64"))
    assert ran.code == 1
    assert "never: execution never came by; the program also has never_at_all\n" in ran.text


def test_for_an_address_in_no_function_the_range_of_the_program_is_told(build: Build) -> None:
    ran = snapshot("--at", "0x3", build("arm64"))
    says = (
        r"^crossabi: 0x3: execution never came by; it is in no function, and the program has code from 0x\w+ to 0x\w+$"
    )
    assert ran.code == 1
    assert re.search(says, ran.text, re.M), ran.text


@pytest.mark.parametrize("flags", [("-no-pie",), ("-pie", "-fPIE")])
def test_an_address_where_nothing_is_mapped_is_told_and_the_others_are_taken(build: Build, flags: tuple[str]) -> None:
    nowhere = "0x7ffffffff000"
    alone = snapshot("--at", nowhere, "--runner=native", build("amd64", *flags))
    assert alone.code == 1, alone.text
    assert re.search(rf"^crossabi: {nowhere}: nothing is mapped at 0x[0-9a-f]+ when it starts: ", alone.text, re.M)
    assert "ended with exit 0" in alone.text
    both = snapshot("--at", nowhere, "--at", "add3", "--json", "--runner=native", build("amd64", *flags))
    assert (both.code, [row["at"] for row in rows(both)]) == (0, ["add3"] * 3), both.text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--at", "ad3"], "no function is called 'ad3'\n  why:  near it: add3"),
        (["--at", "prog.c:1"], "line 1 of prog.c has no code\n  why:  the next line that has code is "),
        (["--at", "nowhere.c:1"], "no source file called 'nowhere.c'"),
        (["--at", f"0x{'f' * 22}"], f"0x{'f' * 22} is beyond every address that a program of 64 bits can have"),
        (["--at", "add3", "--hits=0"], "'0' is no range of hits"),
        (["--at", "add3", "--memory=rip:4"], "arm64 has no register rip: pc, sp, "),
        (["--at", "add3", "--memory=sp"], "'sp' is no memory: sp:64"),
        ([], "Missing option '--at' or '--fault'."),
        (["--at", ""], "an empty text names no place"),
        (["--fault", "--source=log"], "QEMU's log cannot answer this"),
        (["--at", "add3", "--hits=3-2"], "'3-2' ends before it begins"),
        (["--at", "add3", "--arch=s390x"], "is for arm64, and --arch says s390x"),
    ],
)
def test_what_cannot_be_asked_ends_with_4_and_says_why(build: Build, words: list[str], says: str) -> None:
    ran = snapshot(*words, build("arm64"))
    assert ran.code == 4
    assert says in ran.text
    assert "Traceback" not in ran.text


def test_what_is_no_program_ends_with_4(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program\n")
    for name, says in (("text", "not a usable ELF file"), ("missing", "cannot be read")):
        ran = snapshot("--at", "main", tmp_path / name)
        assert (ran.code, says in ran.text, "Traceback" in ran.text) == (4, True, False)


@pytest.mark.parametrize("words", [("run", "--watch-crossings"), ("snapshot", "--at=add3")])
@pytest.mark.parametrize("arch", ["amd64", "arm64"])
def test_a_program_with_a_damaged_header_ends_with_4(
    build: Build, arch: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    content = bytearray(build(arch, "-pie", "-fPIE").read_bytes())
    content[32:40] = b"\xff" * 7 + b"\x7f"  # e_phoff
    (tmp_path / "prog").write_bytes(content)
    ran = command([*CROSSABI, *words, "--runner=qemu", str(tmp_path / "prog")], Path.cwd())
    assert (ran.code, "Traceback" in ran.text) == (4, False), ran.text
    assert f"{tmp_path / 'prog'}: not a usable ELF file: its headers are damaged" in ran.text


TIMED = """
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
static volatile int ticks;
static void tick(int n) { ticks += n; }
__attribute__((noipa)) int counted(int a) { return a + ticks; }
static void *calls(void *first) {
  for (int i = 0; i < 2000; i++) counted((int)(long)first + i);
  return 0;
}
int main(void) {
  struct itimerval often = {{0, 300}, {0, 300}};
  pthread_t other[2];
  signal(SIGPROF, tick);
  setitimer(ITIMER_PROF, &often, 0);
  for (long i = 0; i < 2; i++) pthread_create(&other[i], 0, calls, (void *)(2000 * (i + 1)));
  calls(0);
  for (int i = 0; i < 2; i++) pthread_join(other[i], 0);
  return !ticks;
}
"""


@ARCHES
def test_a_block_that_a_signal_kept_from_running_is_no_hit_in_whichever_thread(arch: str, tmp_path: Path) -> None:
    (tmp_path / "timed.c").write_text(TIMED)
    program = tmp_path / "timed"
    cc = [*target(arch).cc.command, "-O1", "-g", "-no-pie", "-pthread"]
    subprocess.run([*cc, "-o", program, tmp_path / "timed.c"], check=True)
    ran = snapshot("--at=counted", "--hits=1-", "--json", "--source=log", "--runner=qemu", program)
    assert "counted: hit 6000 times" in ran.text
    arguments = [row["meant"]["arguments"][0]["value"] for row in rows(ran)]
    assert sorted(arguments) == list(range(6000))


TICKING = """
#include <signal.h>
#include <string.h>
#include <sys/time.h>
static volatile int ticks;
static void tick(int n) { ticks += n; }
__attribute__((noipa)) int counted(int a) { return a + ticks; }
int main(void) {
  struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
  struct sigaction plain;
  memset(&plain, 0, sizeof plain);
  plain.sa_handler = tick;
  sigaction(SIGALRM, &plain, 0);
  setitimer(ITIMER_REAL, &often, 0);
  for (int i = 0; i < 20000; i++) counted(i);
  setitimer(ITIMER_REAL, &never, 0);
  return !ticks;
}
"""


@ARCHES
def test_no_record_is_lost_while_a_handler_interrupts_what_the_emulator_writes(arch: str, tmp_path: Path) -> None:
    (tmp_path / "ticking.c").write_text(TICKING)
    program = tmp_path / "ticking"
    subprocess.run([*target(arch).cc.command, "-O1", "-no-pie", "-o", program, tmp_path / "ticking.c"], check=True)
    ran = snapshot("--at=counted", "--source=log", "--runner=qemu", program)
    assert "counted: hit 20000 times" in ran.text or "records are missing" in ran.text


JUMPING = """
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>
static sigjmp_buf back;
static volatile long jumped, i, bad;
__attribute__((noipa)) long twice(long a) { return 2 * a; }
static void jump(int n) { jumped += n / n; siglongjmp(back, 1); }
int main(void) {
  struct itimerval often = {{0, 20000}, {0, 20000}}, never = {{0, 0}, {0, 0}};
  signal(SIGALRM, jump);
  setitimer(ITIMER_REAL, &often, 0);
  sigsetjmp(back, 1);
  while (jumped < 30) {
    long a = i++;
    bad += twice(a) != 2 * a;
  }
  setitimer(ITIMER_REAL, &never, 0);
  return bad != 0;
}
"""


@pytest.mark.parametrize(("arch", "runner"), [("amd64", "native"), ("arm64", "qemu"), ("s390x", "qemu")])
def test_a_call_that_a_handler_jumped_out_of_is_not_taken_for_the_next(arch: str, runner: str, tmp_path: Path) -> None:
    (tmp_path / "jumping.c").write_text(JUMPING)
    program = tmp_path / "jumping"
    subprocess.run([*target(arch).cc.command, "-O1", "-g", "-o", program, tmp_path / "jumping.c"], check=True)
    ran = snapshot(
        "--at=twice", "--when=both", "--hits=1-400", "--json", "--source=stub", f"--runner={runner}", program
    )
    assert "ended with exit 0" in ran.text
    found = {(row["when"], row["hit"]): row["meant"] for row in rows(ran)}
    pairs = [
        (found["entry", hit]["arguments"][0]["value"], meant["results"][0]["value"])
        for (when, hit), meant in found.items()
        if when == "return"
    ]
    assert len(pairs) > 20
    assert [pair for pair in pairs if pair[1] != 2 * pair[0]] == []


CHOSEN = """
static int one(int a) { return a + 1; }
static int (*choose(void))(int) { return one; }
int chosen(int a) __attribute__((ifunc("choose")));
int chosen_long(int a) { return chosen(a) + 1; }
int main(void) { return chosen_long(1) - 3; }
"""


def test_the_function_that_chooses_what_another_is_is_not_that(tmp_path: Path) -> None:
    (tmp_path / "chosen.c").write_text(CHOSEN)
    program = tmp_path / "chosen"
    subprocess.run([*target("arm64").cc.command, "-O0", "-g", "-o", program, tmp_path / "chosen.c"], check=True)
    ran = snapshot("--at=chosen", program)
    assert ran.code == 4
    assert "what 'chosen' stands for is chosen when the program starts (an indirect function)" in ran.text
    assert "names with it: chosen_long" in ran.text
    assert snapshot("--at=one", program).code == 0


def test_a_call_that_is_not_what_it_should_be_is_diagnosed(tmp_path: Path) -> None:
    case = ROOT / "cases" / "conversions" / "direct_cast"
    program = tmp_path / "cast"
    on = target("arm64")
    flags = {
        "GOFLAGS": "",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "1",
        "CC": " ".join(on.cc.command),
        "GOARCH": "arm64",
    }
    shutil.copytree(case, tmp_path / "case")
    (tmp_path / "case" / "go.mod").write_text("module loop.test/case\n\ngo 1.21\n")
    argv = [on.go.command, "build", "-o", program, "."]
    subprocess.run(argv, cwd=tmp_path / "case", env={**os.environ, **flags}, check=True)
    ran = snapshot("--at=add3", "--at=add3_address", "--diagnose", program)
    assert "add3 was entered with its arguments where Go's internal convention puts them: right by accident" in ran.text
    assert "nothing tells that it was called as anything else" in ran.text
    by_place = {row["at"]: row["diagnosis"] for row in rows(snapshot("--at=add3", "--diagnose", "--json", program))}
    assert by_place["add3"]["name"] == "called-as-go, right by accident"
    plain = rows(snapshot("--at=add3", "--json", program))
    assert "diagnosis" not in plain[0]


def test_a_program_of_another_architecture_does_not_run_natively(build: Build) -> None:
    for extra in ((), ("--fault",)):
        ran = snapshot("--at=add3", "--runner=native", *extra, build("arm64"))
        assert ran.code == 4
        assert "arm64 does not run natively on x86_64" in ran.text
        assert "leave --runner out to use qemu-aarch64" in ran.text
