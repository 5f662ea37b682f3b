"""What `toolchains/emulator-faults.yaml` says of the emulator that is here is so, and no longer than it is so."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.run.runners import RUNNERS

from .support import Project, target

FRAME = """
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

static char stack[1 << 16];

static void handle(int number, siginfo_t *info, void *context) {
  char text[99];
  unsigned long seen = (unsigned long)((ucontext_t *)context)->uc_mcontext.FIELD;
  write(1, text, snprintf(text, sizeof text, "%lx %lx", (unsigned long)info->si_addr, seen));
  _exit(0);
}

int main(void) {
  memset(stack, 0xaa, sizeof stack);
  stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
  struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaltstack(&own, 0);
  sigaction(SIGSEGV, &action, 0);
  return *(volatile int *)0x1234000;
}
"""


@pytest.mark.parametrize(
    ("arch", "field", "seen"),
    [
        ("ppc64le", "regs->dar", "a" * 16),  # qemu-ppc64le-fault-address: what was on the stack before
        ("arm", "fault_address", "0"),  # qemu-arm-fault-address
        ("arm64", "fault_address", "1234000"),
    ],
)
def test_the_address_of_a_fault_in_a_signal_s_frame(arch: str, field: str, seen: str, tmp_path: Path) -> None:
    (tmp_path / "frame.c").write_text(FRAME)
    on = target(arch, "qemu")
    flags = [f"-DFIELD={field}", "-O1", "-o", tmp_path / "frame", tmp_path / "frame.c"]
    subprocess.run([*on.cc.command, *flags], check=True)
    argv = RUNNERS[on.runner].command(on, tmp_path / "frame", ())
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout == f"1234000 {seen}"


ENTERED = """
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
static uintptr_t entry;
__attribute__((naked)) static void handle(int number) { __asm__("mov %%rsp, %0; ret" : "=m"(entry)); }
int main(void) {
  signal(SIGUSR1, handle);
  raise(SIGUSR1);
  return printf("%d", (int)(entry % 16)) < 0;
}
"""


def test_the_stack_pointer_at_a_handler_s_entry(tmp_path: Path) -> None:
    (tmp_path / "entered.c").write_text(ENTERED)
    native, on = target("amd64"), target("amd64", "qemu")
    subprocess.run([*on.cc.command, "-O1", "-o", tmp_path / "entered", tmp_path / "entered.c"], check=True)
    seen = {}
    for each in (native, on):
        argv = RUNNERS[each.runner].command(each, tmp_path / "entered", ())
        seen[each.runner] = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    # qemu-misaligned-signal-frame; psABI 3.2.2: 8 above a multiple of 16, where a call's return address is
    assert seen == {"native": "8", "qemu": "0"}


POKES = """\
package main

import "C"
import "unsafe"

func main() { *(*int)(unsafe.Pointer(uintptr(0x12345000))) = 1 }
"""


def test_a_failure_that_may_be_the_emulator_s_doing_says_so(project: Project) -> None:
    project.case("g/pokes", sources={"main.go": POKES})
    ran = project.pytest("--arch=arm,arm64")
    assert ran.words["g/pokes::run[arm]"] == ran.words["g/pokes::run[arm64]"] == "FAIL"
    note = "note: perhaps not the program's doing, qemu-arm-fault-address: "
    assert any(line.startswith(note) for line in ran.verdicts["g/pokes::run[arm]"]["detail"])
    assert "perhaps" not in " ".join(ran.verdicts["g/pokes::run[arm64]"]["detail"])
