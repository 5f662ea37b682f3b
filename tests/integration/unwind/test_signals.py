"""What a signal interrupted: in cores of programs that Go ended, at stops in handlers of Go and C, by the headers."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.elf import places
from harness.probe.conversation import AT_ENTRY
from harness.probe.frames import Frames
from harness.probe.guest import Guest
from harness.process.spec import Command
from harness.registers import TABLES
from harness.run.runners import RUNNERS
from harness.unwind.modules import Module
from harness.unwind.signals import SIGNAL_FRAMES

from .. import dying
from ..stub import SECONDS, qemu
from ..support import CROSSABI, command, deep, some, target
from ..test_core import kernel_cores
from .conftest import Build
from .test_chain import QEMU_ARCHES, line_of
from .test_gdb import plain

WITH_CORES = [arch for arch in QEMU_ARCHES if arch != "riscv64"]  # of which QEMU writes none
SP_OF_GO = {"amd64": "rsp", "386": "esp", "s390x": "r15", "ppc64le": "r1", "mips64le": "r29"}  # else sp


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A private folder, gone after the test: cores are large."""
    yield tmp_path
    shutil.rmtree(tmp_path)


def shots(*words: object) -> tuple[list[dict[str, Any]], str]:
    ran = command([*CROSSABI, *map(str, words)], Path.cwd())
    return [json.loads(line) for line in ran.text.splitlines() if line.startswith("{")], ran.text


def goes_on_to_main(found: Sequence[dict[str, Any]], text: str) -> None:
    """One of the threads was interrupted in c_fault, where Go's text says; its frames go on from there to main's."""
    (shot,) = [shot for shot in found if "c_fault" in shot["backtrace"]]
    at = shot["backtrace"].index("c_fault")
    names = [plain(name) for name in shot["backtrace"]]
    assert names[at - 1] == "sigtramp"
    assert [name for name in names[at:] if name.startswith("main.")] == ["main._Cfunc_c_fault", "main.act", "main.main"]
    assert (names[-2:], shot["ended"]) == (["main", "goexit"], "")
    sp = re.search(rf"^(?:.*\t)?{SP_OF_GO.get(shot['arch'], 'sp')} +(0x[0-9a-f]+)$", text, re.M)
    pc = re.search(r"^PC=(0x[0-9a-f]+) ", text, re.M)
    assert sp is not None
    assert pc is not None
    assert (shot["frames"][at]["pc"], shot["frames"][at]["sp"]) == (pc[1], sp[1])


@pytest.mark.parametrize(
    ("arch", "runner"),
    [
        *(pytest.param(arch, "native", marks=kernel_cores) for arch in ("amd64", "386")),
        *((arch, "qemu") if arch == "ppc64le" else deep(arch, "qemu") for arch in WITH_CORES),
    ],
)
def test_a_core_of_a_program_that_go_ended_goes_on_into_what_the_signal_interrupted(
    build: Build, arch: str, runner: str, folder: Path
) -> None:
    argv = RUNNERS[runner].command(target(arch, runner), build(arch), ("0", "fault"))
    text = dying.dump(["env", "GOTRACEBACK=crash", *argv], folder)
    (core,) = [*folder.glob("qemu_chain*.core"), *([] if runner == "qemu" else folder.glob("core*"))]
    found, _ = shots("crash", "--json", core, f"--program={build(arch)}")
    assert (found[0]["when"], found[0]["fault"]["signal"]) == ("fault", "SIGABRT")
    # the signal that ended it came in the handler of another: of the fault, or of the SIGQUIT that each thread gets
    assert [plain(name) for name in found[0]["backtrace"]].count("sigtramp") == 2
    goes_on_to_main(found, text)


@pytest.mark.parametrize("arch", some(QEMU_ARCHES, few=["riscv64"]))
def test_so_does_a_stop_in_the_handler(build: Build, arch: str) -> None:
    options = ("--at=runtime.sighandler", "--hits=1", "--json", "--backtrace", "--runner=qemu")
    goes_on_to_main(*shots("snapshot", *options, build(arch), "--", 0, "fault"))


@pytest.mark.parametrize("arch", some(QEMU_ARCHES, few=["mips64le"]))
def test_a_panic_of_a_fault_goes_on_to_the_instruction(build: Build, arch: str) -> None:
    options = ("--at=runtime.gopanic", "--json", "--backtrace", "--runner=qemu")
    (shot,), text = shots("snapshot", *options, build(arch), "--", 0, "nil")
    names = [plain(name) for name in shot["backtrace"]]
    assert names == ["gopanic", "sigpanic", "main.(*fault).write", "main.act", "main.main", "main", "goexit"]
    assert f" pc={shot['frames'][2]['pc']}]" in text  # as the handler saw it
    assert "*f.where = 7" in line_of(shot["frames"][2])


HANDLED = """
#include <signal.h>
#include <stdlib.h>
#include <string.h>
static char stack[65536];
volatile int seen;
__attribute__((noipa)) void in_handler(int number) { seen += number; }
static void handle(int number, siginfo_t *info, void *context) { in_handler(number); _Exit(3); }
__attribute__((noipa)) int poke(volatile int *place) { *place = 1; return seen; }
int main(int argc, char **argv) {
  stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | (argc > 1 ? SA_ONSTACK : 0);
  sigaltstack(&other, 0);
  sigaction(SIGSEGV, &action, 0);
  return poke((int *)8);
}
"""


@pytest.mark.parametrize("arguments", [(), ("alternate stack",)], ids=["same", "alternate"])
@pytest.mark.parametrize("arch", some(QEMU_ARCHES))
def test_below_a_handler_of_c_are_the_frames_that_were_there_at_the_fault(
    arch: str, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "handled.c").write_text(HANDLED)
    path = tmp_path / "handled"
    subprocess.run([*target(arch, "qemu").cc.command, "-O1", "-g", "-o", path, tmp_path / "handled.c"], check=True)
    guest = Guest(target(arch, "qemu"), path, (), Command((), {}, 1.0))
    program = places.load(path)
    with qemu(arch, tmp_path, path, *arguments) as served:
        stub = served.stub
        bias = 0 if program.is_fixed else stub.auxv()[AT_ENTRY] - program.entry
        frames = Frames(stub, guest, Module(program, bias))
        stub.insert(program.find("in_handler").addresses[-1] + bias)
        assert stub.run(SECONDS).signal == "SIGSEGV"
        at_fault = frames.backtrace(stub.registers().values)
        assert stub.run(SECONDS, signal="SIGSEGV").signal == "SIGTRAP"
        found = frames.backtrace(stub.registers().values)
    assert [frame.name for frame in found.frames[:2]] == ["in_handler", "handle"]
    of_libc = [frame.name for frame in found.frames[2 : -len(at_fault.frames)]]
    assert of_libc == [name for name in of_libc if arch == "amd64" and name.startswith("libc.so.6+")]
    assert (found.frames[-len(at_fault.frames) :], found.ended) == (at_fault.frames, at_fault.ended)
    assert [frame.name for frame in at_fault.frames[:2]] == ["poke", "main"]


GENERIC = "asm-generic/ucontext.h"
FIELDS = {  # the header, and what it calls the registers, by the table's names: "{}" is the name, "{n}" its number
    "amd64": ("asm/ucontext.h", {"r": "{}", "": "{}"}),
    "386": ("asm/ucontext.h", {"": "{}"}),
    "arm64": ("asm/ucontext.h", {"x": "regs[{n}]", "": "{}"}),
    "riscv64": ("asm/ucontext.h", {"": "sc_regs.{}"}),
    "s390x": (
        "asm/ucontext.h",
        {"pswm": "regs.psw.mask", "pswa": "regs.psw.addr", "r": "regs.gprs[{n}]", "f": "fpregs.fprs[{n}]"},
    ),
    "ppc64le": (
        *("asm/ucontext.h",),
        {"r": "gp_regs[{n}]", "pc": "gp_regs[32]", "ctr": "gp_regs[35]", "lr": "gp_regs[36]"}
        | {"xer": "gp_regs[37]", "cr": "gp_regs[38]"},
    ),
    "arm": (GENERIC, {"": "arm_{}", "r11": "arm_fp", "r12": "arm_ip"}),
    "mips64le": ("asm/ucontext.h", {"pc": "sc_pc"}),
}


@pytest.mark.parametrize("arch", SIGNAL_FRAMES)
def test_the_registers_are_where_the_kernels_headers_have_them(arch: str, tmp_path: Path) -> None:
    header, fields = FIELDS[arch]
    lines = ["#include <stddef.h>", "#include <asm/signal.h>", "#include <asm/sigcontext.h>", f"#include <{header}>"]
    for index, (name, place) in enumerate(SIGNAL_FRAMES[arch].registers.items()):
        letters = name.rstrip("0123456789")
        form = fields.get(name, fields.get(letters if letters != name else "", fields.get("", "sc_regs[{index}]")))
        field = form.format(name, n=name.removeprefix(letters), index=index)
        lines.append(f'_Static_assert(offsetof(struct ucontext, uc_mcontext.{field}) == {place}, "{name}");')
    word = TABLES[arch].word
    first, second = ("size", "flags") if SIGNAL_FRAMES[arch].size_first else ("flags", "size")
    for field, place in (("link", 1), ("stack.ss_sp", 2), (f"stack.ss_{first}", 3), (f"stack.ss_{second}", 4)):
        lines.append(f'_Static_assert(offsetof(struct ucontext, uc_{field}) == {place * word}, "{field}");')
    (tmp_path / "layout.c").write_text("\n".join(lines) + "\n")
    argv = [*target(arch).cc.command, "-fsyntax-only", tmp_path / "layout.c"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
