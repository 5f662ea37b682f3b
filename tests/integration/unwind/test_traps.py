"""Traps that are the last instruction of their function: where they are, by the program itself, and who called."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.registers import TABLES
from harness.run.runners import RUNNERS
from harness.target import NATIVE, QEMU

from .. import dying
from ..support import CROSSABI, command, deep, target
from ..test_core import kernel_cores

SOURCE = Path(__file__).with_name("traps.c")
TRAPS = {  # by architecture and signal: what the assembler gets, 1 at the instruction itself
    ("s390x", "SIGILL"): (
        "1: .short 0",
        ".short 0xa7f4; 1: .short 1",  # gcc's own: a jump into itself
        "1: .long 0xb2ff0000",
        "1: .byte 0xe3, 0, 0, 0, 0, 0xff",
    ),
    ("s390x", "SIGFPE"): (
        "lghi %r2, 5; lghi %r3, 5; lghi %r4, 0; 1: dsgr %r2, %r4",
        "lghi %r2, 5; lghi %r3, 5; 1: cgrte %r2, %r3",
        "lghi %r2, 5; 1: cgite %r2, 5",
    ),
    ("amd64", "SIGTRAP"): ("1: int3", "1: .byte 0xcd, 3"),
    ("amd64", "SIGILL"): ("1: ud2",),
    ("amd64", "SIGFPE"): ("xor %ecx, %ecx; 1: idiv %ecx",),
    ("386", "SIGTRAP"): ("1: int3", "1: .byte 0xcd, 3"),
    ("386", "SIGILL"): ("1: ud2",),
    ("386", "SIGFPE"): ("xor %ecx, %ecx; 1: idiv %ecx",),
    ("arm64", "SIGILL"): ("1: udf #0",),
    ("arm64", "SIGTRAP"): ("1: brk #1",),
    ("riscv64", "SIGILL"): ("1: unimp",),
    ("riscv64", "SIGTRAP"): ("1: ebreak", "1: c.ebreak"),
    ("ppc64le", "SIGILL"): ("1: .long 0",),
    ("ppc64le", "SIGTRAP"): ("1: trap",),
    ("arm", "SIGILL"): ("1: udf #0",),
    ("arm", "SIGTRAP"): ("1: bkpt #0",),
    ("mips64le", "SIGILL"): ("1: .word 0x0000000e",),
    ("mips64le", "SIGTRAP"): ("1: break", "1: teq $zero, $zero"),
}
NUMBERS = {"SIGILL": 4, "SIGTRAP": 5, "SIGFPE": 8}
RUNNERS_OF = {"amd64": (NATIVE, QEMU), "386": (NATIVE,)}  # the others have QEMU
OWN = {"handle", "die", "caller", "main", "innocent"}
PC = ("pswa", "rip", "eip", "pc")


def rows(*few: str, but: Collection[tuple[str, str]] = ()) -> list[Any]:
    """Every trap by each runner; those of other architectures than `few` are for the deep suite."""
    every = [
        (arch, runner, signal, text)
        for (arch, signal), texts in TRAPS.items()
        for runner in RUNNERS_OF.get(arch, (QEMU,))
        for text in texts
        if (arch, runner) not in but
    ]
    return [row if row[0] in few else deep(*row) for row in every]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A private folder, gone after the test: cores are large."""
    yield tmp_path
    shutil.rmtree(tmp_path)


def built(arch: str, runner: str, text: str, folder: Path) -> Path:
    word = ".long" if arch in ("386", "arm") else ".quad"
    told = f".pushsection .data; .balign 8; .globl trap_at; trap_at: {word} 1b; .popsection"
    trap = f"-DTRAP=__asm__ volatile({json.dumps(f'{text}; {told}'.replace(';', chr(10)))});"
    program = folder / "traps"
    subprocess.run([*target(arch, runner).cc.command, "-O1", "-g", trap, "-o", program, SOURCE], check=True)
    return program


def shot(*words: object) -> tuple[dict[str, Any], str]:
    ran = command([*CROSSABI, *map(str, words)], Path.cwd())
    return next(json.loads(line) for line in ran.text.splitlines() if line.startswith("{")), ran.text


def where(arch: str, text: str) -> int:
    """Return where the program says that the trap is."""
    told = re.search(r"^trap at (0x[0-9a-f]+)$", text, re.M)
    assert told is not None, text
    return int(told[1], 16) & ~TABLES[arch].isa_bit


def own(row: dict[str, Any]) -> list[str]:
    return [name for name in row["backtrace"] if name in OWN]


def is_at_the_trap(row: dict[str, Any], signal: str, at: int) -> None:
    assert (row["fault"]["signal"], row["pc"], row["frames"][0]["pc"]) == (signal, hex(at), hex(at))
    assert (own(row), row["place"].split("+")[0]) == (["die", "caller", "main"], "die")
    (marked,) = [line for line in row["fault"]["code"] if line.startswith("=>")]
    assert marked.split()[1] == hex(at)
    past = int(next(row["registers"][name] for name in PC if name in row["registers"]), 16) - at
    assert [note.split()[2] for note in row["notes"] if " past the instruction " in note] == [str(past)] * bool(past)


@pytest.mark.parametrize(("arch", "runner", "signal", "text"), rows("s390x", "amd64"))
def test_a_trap_is_shown_where_it_is(arch: str, runner: str, signal: str, text: str, tmp_path: Path) -> None:
    program = built(arch, runner, text, tmp_path)
    row, said = shot("snapshot", "--json", "--fault", f"--runner={runner}", program)
    is_at_the_trap(row, signal, where(arch, said))


@pytest.mark.parametrize(("arch", "runner", "signal", "text"), rows("s390x", "amd64"))
def test_what_called_the_handler_of_a_trap_is_the_trap(
    arch: str, runner: str, signal: str, text: str, tmp_path: Path
) -> None:
    program = built(arch, runner, text, tmp_path)
    row, said = shot("snapshot", "--json", "--fault", f"--runner={runner}", program, "--", NUMBERS[signal])
    assert (row["fault"]["signal"], own(row)) == ("SIGSEGV", ["handle", "die", "caller", "main"])
    at = row["backtrace"].index("die")
    assert row["frames"][at]["pc"] == hex(where(arch, said))


@pytest.mark.parametrize(
    ("arch", "runner", "signal", "text"),
    [
        *rows("s390x", but={("riscv64", QEMU), ("amd64", NATIVE), ("386", NATIVE)}),  # of riscv64 QEMU writes none
    ],
)
def test_a_core_of_qemus_has_the_trap_where_it_is(arch: str, runner: str, signal: str, text: str, folder: Path) -> None:
    program = built(arch, runner, text, folder)
    said = dying.dump(RUNNERS[runner].command(target(arch, runner), program, ()), folder)
    (core,) = folder.glob("qemu_traps_*.core")
    is_at_the_trap(shot("crash", "--json", core, f"--program={program}")[0], signal, where(arch, said))


RETURNS = """
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
static int count;
static void handle(int number) {
  printf("trap %d\\n", ++count);
  if (count > 4) exit(9);
  (void)number;
}
int main(void) {
  signal(SIGTRAP, handle);
  __asm__ volatile("int3");
  puts("after int3");
  __asm__ volatile(".byte 0xcd, 3");
  raise(SIGTRAP);
  return 0;
}
"""


@pytest.mark.parametrize(("arch", "runner"), [("amd64", NATIVE), ("amd64", QEMU), ("386", NATIVE)])
def test_a_program_with_breakpoints_of_its_own_goes_on_behind_them(arch: str, runner: str, tmp_path: Path) -> None:
    (tmp_path / "returns.c").write_text(RETURNS)
    program = tmp_path / "returns"
    subprocess.run([*target(arch, runner).cc.command, "-o", program, tmp_path / "returns.c"], check=True)
    argv = ("snapshot", f"--runner={runner}", "--at=main", "--fault", "--json", str(program))
    ran = command([*CROSSABI, *argv], Path.cwd())
    assert "trap 1\nafter int3\ntrap 2\ntrap 3\n" in ran.text
    assert "exit 0" in ran.text
    assert "no signal was its death" in ran.text


@kernel_cores
@pytest.mark.parametrize(
    ("arch", "runner", "signal", "text"),
    rows("amd64", but={(arch, QEMU) for arch, _ in TRAPS}),
)
def test_a_core_of_a_kernels_has_the_trap_where_it_is(
    arch: str, runner: str, signal: str, text: str, folder: Path
) -> None:
    program = built(arch, runner, text, folder)
    said = dying.dump([program], folder)
    (core,) = folder.glob("core*")
    row, _ = shot("crash", "--json", core, f"--program={program}")
    is_at_the_trap(row, signal, where(arch, said))
    assert (row["fault"]["address"] is None) == (signal == "SIGTRAP")
