"""A program that dies with known registers on each architecture, and gdb as a second reader of its core."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from harness.registers import TABLES
from harness.target import Target

from ..support import until

HERE = Path(__file__).parent
FAULT_AT = 0x10  # the address that die() writes to
WIDE, NARROW, FLOAT = 0x1111_0000_0000_0000, 0x1111_0000, 0x5A5A_0000_CAFE_0000

_X86 = ["rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"]


def _amd64() -> Iterable[tuple[str, str, int]]:
    for number in range(16):
        value = FLOAT + number
        both = value << 64 | value
        yield (
            f"movabs ${value:#x}, %rax; movq %rax, %xmm{number}; punpcklqdq %xmm{number}, %xmm{number}",
            f"xmm{number}",
            both,
        )
    for number, name in enumerate(_X86):
        yield f"movabs ${WIDE + number:#x}, %{name}", name, WIDE + number
    yield "movl $0x3f80, -8(%rsp); ldmxcsr -8(%rsp)", "mxcsr", 0x3F80
    yield "movabs $0x1234567890abcdef, %rax; movl $7, 0x10", "rax", 0x1234567890ABCDEF


def _386() -> Iterable[tuple[str, str, int]]:
    for number in range(8):
        yield f"mov ${NARROW + number:#x}, %eax; movd %eax, %xmm{number}", f"xmm{number}", NARROW + number
    for number, name in enumerate(["ebx", "ecx", "edx", "esi", "edi", "ebp"]):
        yield f"mov ${NARROW + number:#x}, %{name}", name, NARROW + number
    yield "mov $0x12345678, %eax; movl $7, 0x10", "eax", 0x12345678


def _arm64() -> Iterable[tuple[str, str, int]]:
    for number in range(32):
        value = FLOAT + number
        yield f"ldr x0, ={value:#x}; mov v{number}.d[0], x0; mov v{number}.d[1], x0", f"v{number}", value << 64 | value
    for number in (*range(9), *range(10, 31)):
        yield f"ldr x{number}, ={WIDE + number:#x}", f"x{number}", WIDE + number
    yield "mov x9, #0x10; str w0, [x9]; .ltorg", "x9", 0x10


def _riscv64() -> Iterable[tuple[str, str, int]]:
    names = "zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6"
    for number, name in enumerate(names.split()):
        if number > 4 and name != "s1":
            yield f"li {name}, {WIDE + number:#x}", name, WIDE + number
    yield "li s1, 0x10; sw x0, 0(s1)", "s1", 0x10


def _s390x() -> Iterable[tuple[str, str, int]]:
    for number in range(14):
        yield f"llihf %r{number}, 0x11110000; oilf %r{number}, {number}", f"r{number}", WIDE + number
    yield "lghi %r14, 0x10; st %r0, 0(%r14)", "r14", 0x10


def _ppc64le() -> Iterable[tuple[str, str, int]]:
    for number in (3, 4, 5, 6, 7, 8, 10, 11, 12, *range(14, 32)):
        yield (
            f"lis {number}, 0x1111; sldi {number}, {number}, 32; ori {number}, {number}, {number}",
            f"r{number}",
            WIDE + number,
        )
    yield "mtctr 11", "ctr", WIDE + 11
    yield "mtlr 12", "lr", WIDE + 12
    yield "lis 9, 0x1234; ori 9, 9, 0x5678; mtcr 9", "cr", 0x12345678
    yield "vspltisw 20, 5", "v20", 0x00000005_00000005_00000005_00000005
    yield "lis 9, 0xa000; mtxer 9", "xer", 0xA0000000  # SO and CA
    yield "li 9, 0x10; stw 3, 0(9)", "r9", 0x10


def _arm() -> Iterable[tuple[str, str, int]]:
    for number in (*range(9), 10, 11, 12):
        yield f"ldr r{number}, ={NARROW + number:#x}", f"r{number}", NARROW + number
    yield f"ldr lr, ={NARROW + 14:#x}", "lr", NARROW + 14
    yield "mov r9, #0x10; str r0, [r9]; .ltorg", "r9", 0x10


def _mips64le() -> Iterable[tuple[str, str, int]]:
    names = [row.name for row in TABLES["mips64le"].rows if row.stub]
    yield ".set noreorder; .set noat; dli $1, 0x1234; mtlo $1", "lo", 0x1234
    yield "dli $1, 0x5678; mthi $1", "hi", 0x5678
    for number in (*range(1, 9), *range(10, 26), 28, 30, 31):
        yield f"dli ${number}, {WIDE + number:#x}", names[number], WIDE + number
    yield "dli $9, 0x10; sw $2, 0($9); nop", "a5", 0x10


_DIE = {
    "amd64": _amd64,
    "386": _386,
    "arm64": _arm64,
    "riscv64": _riscv64,
    "s390x": _s390x,
    "ppc64le": _ppc64le,
    "arm": _arm,
    "mips64le": _mips64le,
}
ARCHES = tuple(_DIE)


def expected(arch: str) -> dict[str, int]:
    """The registers that die() sets, as they are when it dies."""
    return {name: value for _, name, value in _DIE[arch]()}


def build(target: Target, folder: Path, *flags: str) -> Path:
    """Build the program for `target` with its C compiler; return its path."""
    lines = [line.strip() for text, _, _ in _DIE[target.arch]() for line in text.split(";")]
    source = folder / "die.S"
    body = "\n\t".join(lines)
    at = "%" if target.arch == "arm" else "@"
    note = f'.section .note.GNU-stack,"",{at}progbits'
    source.write_text(f".text\n.globl die\n.type die, {at}function\ndie:\n\t{body}\n{note}\n")
    program = folder / "die"
    argv = [*target.cc.command, "-O1", "-g", *flags, "-o", program, HERE / "die.c", source, "-lpthread"]
    subprocess.run([str(word) for word in argv], check=True, timeout=120)
    return program


def dump(command: Iterable[str | Path], folder: Path) -> str:
    """Run a command that dies, in `folder`, with cores allowed; return its standard error."""
    limited = ["prlimit", "--core=unlimited:unlimited", *command]
    done = subprocess.run(
        [str(word) for word in limited],
        cwd=folder,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    return done.stderr.decode(errors="replace")


def through_gdb(command: Iterable[str], program: Path, core: Path) -> None:
    """Run an emulator that waits for a debugger until the program faults; have gdb write a core of that."""
    stub = core.with_name("stub")
    guest = subprocess.Popen([*command], cwd=core.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(stub.exists, 20, "the emulator made no socket")
        script = ("set auto-load off", f"target remote {stub}", "continue", f"generate-core-file {core}", "kill")
        words = (word for line in script for word in ("-ex", line))
        subprocess.run(
            ["gdb-multiarch", "-nx", "-batch", *words, str(program)], capture_output=True, timeout=120, check=False
        )
    finally:
        guest.kill()
        guest.wait()


def gdb(program: Path, core: Path, names: Iterable[str]) -> dict[int, dict[str, int]]:
    """Return what gdb-multiarch reads: registers by name, by the thread's number."""
    argv = [
        "gdb-multiarch",
        "-nx",
        "-batch",
        "-ex",
        "set auto-load off",
        "-x",
        HERE / "in_gdb.py",
        program,
        core,
    ]
    done = subprocess.run(
        [str(word) for word in argv],
        env={**os.environ, "REGISTERS": " ".join(names)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("JSON"))
    return {int(pid): rows for pid, rows in json.loads(line.removeprefix("JSON")).items()}
