"""A thread in what no file has: the kernel's own library, code that the program made, and where there is no code."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.run.runners import RUNNERS

from .. import dying
from ..support import deep, target
from ..test_core import kernel_cores
from .test_chain import QEMU_ARCHES
from .test_faults import fault
from .test_signals import SP_OF_GO, shots

JITS = {  # an instruction that moves the stack pointer, so that something was done, and one that faults
    "amd64": "50 50 c7042500000000 01000000",
    "386": "50 50 c705 00000000 01000000",
    "arm64": "ff4300d1 1f2003d5 000000d4",
    "riscv64": "4111 0100 00000000",
    "s390x": "e3f0ff60ff71 0000 0000",
    "ppc64le": "a1ff21f8 00000000",
    "arm": "08d04de2 f000f0e7",
    "mips64le": "f0ffbd67 0d000000",
}
SOURCE = """
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
static const unsigned char code[] = {CODE};
volatile int seen;
__attribute__((noipa)) void target(void) { seen++; }
__attribute__((noipa)) static void call(void (*f)(void)) { f(); seen++; }
static void handle(int number, siginfo_t *info, void *context) { target(); _Exit(3); }
static void pushed(void) { target(); }
int main(int argc, char **argv)
{
    unsigned char *page = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct sigaction action;
    volatile void *left[64];

    for (int i = 0; i < 64; i++)
        left[i] = (void *)pushed;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO;
    memcpy(page, code, sizeof code);
    __builtin___clear_cache((char *)page, (char *)page + 64);
    switch (argv[1][0]) {
    case 'c': call((void (*)(void))page); break;
    case 'n': call(NULL); break;
    case 'd': call((void (*)(void))calloc(1, 64)); break;
    case 'h': sigaction(SIGSEGV, &action, 0); call(NULL); break;
    case 'a': abort();
    }
    return left[5] == NULL;
}
"""


def build(arch: str, folder: Path) -> Path:
    (folder / "nowhere.c").write_text(
        SOURCE.replace("CODE", ", ".join(f"0x{b:02x}" for b in bytes.fromhex(JITS[arch])))
    )
    argv = [
        *target(arch).cc.command,
        "-O1",
        "-g",
        "-fno-omit-frame-pointer",
        "-o",
        folder / "nowhere",
        folder / "nowhere.c",
    ]
    subprocess.run(argv, check=True)
    return folder / "nowhere"


NATIVE = [("amd64", "native"), ("386", "native")]
EACH = [*NATIVE, *(deep(arch, "qemu") for arch in QEMU_ARCHES)]


@pytest.mark.parametrize(("arch", "runner"), EACH)
def test_of_code_that_the_program_made_no_caller_is_guessed(arch: str, runner: str, tmp_path: Path) -> None:
    row, _ = fault(f"--runner={runner}", build(arch, tmp_path), "--", "code")
    assert row["backtrace"] == [row["pc"]]
    assert row["ended"] == f"not available: {row['pc']} lies in no file that is at hand"


@pytest.mark.parametrize("how", ["null", "data"])
@pytest.mark.parametrize(("arch", "runner"), EACH)
def test_a_call_of_what_is_no_code_is_followed_to_the_caller(arch: str, runner: str, how: str, tmp_path: Path) -> None:
    row, _ = fault(f"--runner={runner}", build(arch, tmp_path), "--", how)
    assert row["backtrace"][:3] == [row["pc"], "call", "main"]


@pytest.mark.parametrize(("arch", "runner"), EACH)
def test_so_it_is_below_the_handler_of_its_signal(arch: str, runner: str, tmp_path: Path) -> None:
    program = build(arch, tmp_path)
    (shot,), _ = shots(
        "snapshot", "--at=target", "--json", "--backtrace", f"--runner={runner}", program, "--", "handler"
    )
    assert [name for name in shot["backtrace"] if "+" not in name][:5] == ["target", "handle", "0x0", "call", "main"]


def test_the_kernel_s_own_library_has_frames_too(tmp_path: Path) -> None:
    """On 386 each call of the kernel goes through it: `abort` too."""
    row, _ = fault("--runner=native", build("386", tmp_path), "--", "abort")
    names = [name for name in row["backtrace"] if "+" not in name]
    assert names[0] == "__kernel_vsyscall"
    assert names[-4:] == ["abort", "main", "__libc_start_main", "_start"]
    assert row["ended"] == ""


@kernel_cores
def test_so_it_is_in_a_core(tmp_path: Path) -> None:
    program = build("386", tmp_path)
    dying.dump([program, "abort"], tmp_path)
    (core,) = tmp_path.glob("core*")
    (shot, *_), _ = shots("crash", "--json", core, f"--program={program}")
    names = [name for name in shot["backtrace"] if "+" not in name]
    assert (names[0], names[-3:]) == ("__kernel_vsyscall", ["main", "__libc_start_main", "_start"])


LEAF = "volatile int *where = (int *)8; int leaf(int a) { *where = a; return a; } int main(void) { return leaf(3); }"


def test_a_core_without_what_a_leaf_keeps_its_stack_pointer_in_says_so(tmp_path: Path) -> None:
    """s390x keeps R15 in F0 there at -O0; QEMU's cores have no floating-point registers."""
    (tmp_path / "leaf.c").write_text(LEAF)
    program = tmp_path / "leaf"
    subprocess.run([*target("s390x").cc.command, "-O0", "-g", "-o", program, tmp_path / "leaf.c"], check=True)
    dying.dump(RUNNERS["qemu"].command(target("s390x"), program, ()), tmp_path)
    (core,) = tmp_path.glob("*.core")
    (shot, *_), _ = shots("crash", "--json", core, f"--program={program}")
    assert (shot["backtrace"], shot["ended"]) == (
        ["leaf"],
        "not available: what leaf saved the stack pointer in is not known",
    )
    row, _ = fault("--runner=qemu", program)
    assert row["backtrace"][:2] == ["leaf", "main"]
    assert row["registers"][SP_OF_GO["s390x"]]
