"""Programs whose registers are known, servers that run them, and gdb on the same stop as our client."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import select
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from harness.host import faults, tools
from harness.probe.servers import x87_of
from harness.registers import FLOAT, TABLES, VECTOR
from harness.stub.client import Stub
from harness.stub.layouts import X87
from harness.stub.wire import QEMU_BLOCK

from ..support import shipped

MASK = (1 << 64) - 1
QEMU_ARCHES = ("amd64", "arm64", "riscv64", "s390x", "ppc64le", "arm", "mips64le")
SECONDS = 30.0
ACTOR = Path(__file__).with_name("actor.c")


@dataclass(frozen=True)
class Fill:
    """How a program without a C library fills the registers of one architecture, in its assembler.

    `base` loads the address of {table} into the register that is filled last; `general` and `single` load number {n}
    from offset {offset}, `vector` likewise of vector registers besides; `x87` pushes one on the x87's stack. `numbers`
    are the general registers
    (number or name to the project's name), the base last. `gdb` is what gdb needs after the name of the widest of the
    floating-point and vector registers for its bits.
    """

    base: str
    general: str
    single: str
    numbers: Mapping[int | str, str]
    gdb: str = ""
    before: str = ""
    after: str = ""
    jump: str = "b"
    last: str = ""
    vector: str = ""
    x87: str = ""
    flags: tuple[str, ...] = ()


def _numbered(arch: str, pattern: str, numbers: Sequence[int]) -> dict[int | str, str]:
    return {number: TABLES[arch].by_stub_name[pattern.format(number)].name for number in numbers}


_AMD64 = ["rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rax"]
_I386 = ["ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eax"]
FILLS = {
    "amd64": Fill(
        *("lea {table}(%rip), %rax", "mov {offset}(%rax), %{n}", "movdqu {offset}(%rax), %xmm{n}"),
        *(dict(zip(_AMD64, _AMD64, strict=True)), ".uint128"),
        jump="jmp",
        x87="fldt {offset}(%rax)",
    ),
    "386": Fill(
        *("lea {table}, %eax", "mov {offset}(%eax), %{n}", "movdqu {offset}(%eax), %xmm{n}"),
        *(dict(zip(_I386, _I386, strict=True)), ".uint128"),
        jump="jmp",
        x87="fldt {offset}(%eax)",
    ),
    "arm64": Fill(
        "adrp x0, {table}; add x0, x0, :lo12:{table}",
        *("ldr x{n}, [x0, #{offset}]", "ldr q{n}, [x0, #{offset}]", _numbered("arm64", "x{}", [*range(1, 31), 0])),
        ".q.u[0]",
    ),
    "riscv64": Fill(
        *("la x10, {table}", "ld x{n}, {offset}(x10)", "fld f{n}, {offset}(x10)"),
        *(_numbered("riscv64", "x{}", [*range(1, 10), *range(11, 32), 10]), ".double"),
        before=".option norelax",
        jump="j",
    ),
    "s390x": Fill(
        *("larl %r1, {table}", "lg %r{n}, {offset}(%r1)", "ld %f{n}, {offset}(%r1)"),
        _numbered("s390x", "r{}", [0, *range(2, 16), 1]),
        after="sar %a0, %r6; sar %a1, %r7",
        jump="j",
    ),
    "ppc64le": Fill(
        "lis 3, {table}@ha; addi 3, 3, {table}@l",
        *(
            "ld {n}, {offset}(3)",
            "lfd {n}, {offset}(3)",
            _numbered("ppc64le", "r{}", [*range(3), *range(4, 32), 3]),
            ".uint128",
        ),
        before=".abiversion 2",
        after="mtlr 5; mtctr 6; mtcr 7",
        vector="li 4, {offset}; lvx {n}, 3, 4",
    ),
    "arm": Fill(
        *("ldr r0, ={table}", "ldr r{n}, [r0, #{offset}]", "vldr d{n}, [r0, #{offset}]"),
        *(_numbered("arm", "r{}", [*range(1, 13)]) | {13: "sp", 14: "lr", 0: "r0"}, ".u64"),
        before=".fpu neon\n.arm",
        last=".ltorg",
    ),
    "mips64le": Fill(
        *("dla $4, {table}", "ld ${n}, {offset}($4)", "ldc1 $f{n}, {offset}($4)"),
        _numbered("mips64le", "r{}", [*range(1, 4), *range(5, 32), 4]),
        before=".set noreorder\n.set noat",
        after="mthi $8; mtlo $9",
        flags=("-mno-abicalls", "-fno-pic"),
    ),
}
GDB_NAMES = {("mips64le", "fcsr"): "fsr"} | {("ppc64le", f"v{number}"): f"vr{number}" for number in range(32)}


def needs(program: str) -> str:
    """Return the path of a tool. A machine without it fails the test: a skipped oracle would be none."""
    found = shutil.which(program)
    if found is None:
        pytest.fail(f"{program} is missing; `apt-get install gdb-multiarch gdbserver` brings what these tests need")
    return found


def floats(arch: str) -> dict[str, int]:
    """The names of the floating-point and vector registers, by number, each with its width (bits)."""
    return {row.name: row.bits for row in TABLES[arch].rows if row.role in (FLOAT, VECTOR)}


def filled(arch: str) -> dict[str, int]:
    """What the registers hold in the program of `build_filled`, at `landed`."""
    bits = TABLES[arch].by_name[TABLES[arch].sp].bits
    fill = FILLS[arch]
    values = {name: _general(number) & ((1 << bits) - 1) for number, name in enumerate(fill.numbers.values())}
    return values | {
        name: _single(number) & ((1 << width) - 1) for number, (name, width) in enumerate(floats(arch).items())
    }


def _general(number: int) -> int:
    return 0x8123_4500_9678_0000 + number * 0x0000_0101_0000_0101


def _single(number: int) -> int:
    return (0xC0DE_0000_0BAD_0000 + number * 0x0001_0000_0000_0001) << 64 | (0x4045_6700_89AB_0000 + number * 0x1_0001)


def build_filled(arch: str, folder: Path) -> Path:
    """Build a program that fills every register with a value of its own, and loops at ``landed``."""
    fill = FILLS[arch]
    size = 8 if TABLES[arch].by_name[TABLES[arch].sp].bits == 64 else 4
    lines = [".text", fill.before, ".globl _start", ".globl landed", "_start:", fill.base.format(table="singles")]
    loads = [(name, 16 * number, number % 32) for number, name in enumerate(floats(arch))]
    for name, offset, n in (
        *(row for row in loads if row[0] not in X87),
        *(row for row in loads[::-1] if row[0] in X87),
    ):
        load = fill.x87 if name in X87 else fill.vector if fill.vector and name.startswith("v") else fill.single
        lines.append(load.format(n=n, offset=offset))
    lines.append(fill.base.format(table="generals"))
    lines += (fill.general.format(n=n, offset=size * number) for number, n in enumerate(fill.numbers))
    lines += [fill.after, "landed:", "nop", f"{fill.jump} landed", "nop", fill.last, ".data"]
    lines += [".balign 16", "generals:"]
    lines += (f".{size}byte {_general(number) & ((1 << 8 * size) - 1):#x}" for number in range(len(fill.numbers)))
    lines += [".balign 16", "singles:"]
    order = 1 if TABLES[arch].byte_order == "little" else -1
    for number, width in enumerate(floats(arch).values()):
        low, high = _single(number) & MASK, _single(number) >> 64
        halves = (low, high & ((1 << width - 64) - 1))[::order] if width > 64 else (low, 0)
        lines += (f".8byte {half:#x}" for half in halves)
    source = folder / f"filled-{arch}.s"
    source.write_text("\n".join(lines) + "\n")
    return compiled(arch, source, "-nostdlib", "-static", "-no-pie", *fill.flags)


def compiled(arch: str, source: Path, *options: str) -> Path:
    """Compile with the architecture's own compiler."""
    program = source.with_name(f"{source.stem}-{arch}{''.join(options).replace('/', '')[:20]}.elf")
    compiler = shipped().by_arch[arch].compiler
    done = subprocess.run(
        [needs(compiler), *options, "-o", program, source], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return program


def address(program: Path, symbol: str, bias: int = 0) -> int:
    """Return where `symbol` is; the low bit that says Thumb does not count."""
    with program.open("rb") as file:
        elf = ELFFile(file)
        (found,) = elf.get_section_by_name(".symtab").get_symbol_by_name(symbol)
        return int(found["st_value"]) + bias & ~(elf["e_machine"] == "EM_ARM")


def bias(stub: Stub, program: Path) -> int:
    """Return how far from its addresses the program is loaded, by AT_ENTRY."""
    with program.open("rb") as file:
        return stub.auxv()[9] - int(ELFFile(file)["e_entry"])


@dataclass
class Served:
    """A program under a stub, with our client connected."""

    process: subprocess.Popen[bytes]
    stub: Stub
    is_qemu: bool


@contextlib.contextmanager
def qemu(arch: str, folder: Path, program: Path, *arguments: str, cpu: str = "") -> Iterator[Served]:
    """Run `program` under the emulator's stub."""
    chain = shipped().by_arch[arch]
    emulator = tools.which(chain.emulator.program)
    assert emulator is not None
    sysroot = chain.site_on(platform.machine()).sysroot
    listen = folder / "stub.sock"
    listen.unlink(missing_ok=True)
    argv = [emulator, "-L", str(sysroot), *(("-cpu", cpu) if cpu else ()), "-g", str(listen), str(program), *arguments]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with _ended(process):
        table, runs = TABLES[arch], lambda: process.poll() is None
        x87 = x87_of(faults.emulator_number(tools.tool([emulator]).version))
        stub = Stub.connect(listen, table, seconds=SECONDS, alive=runs, block=QEMU_BLOCK, x87=x87)
        with stub:
            yield Served(process, stub, is_qemu=True)


@contextlib.contextmanager
def gdbserver(arch: str, program: Path, *arguments: str, no_ack: bool = True) -> Iterator[Served]:
    """Run `program` natively under gdbserver, which says on stderr which port it took."""
    argv = [needs("gdbserver"), "--once", "127.0.0.1:0", str(program), *arguments]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with _ended(process):
        assert process.stderr is not None
        said = b""
        while not (port := re.search(rb"Listening on port (\d+)", said)):
            line = process.stderr.readline()
            assert line, said
            said += line
        with Stub.connect(("127.0.0.1", int(port[1])), TABLES[arch], seconds=SECONDS, no_ack=no_ack) as stub:
            yield Served(process, stub, is_qemu=False)


@contextlib.contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kill the server at the end, and its program, which a killed gdbserver would leave behind."""
    try:
        yield
    finally:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        pids = children.read_text().split() if children.exists() else []
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        process.kill()
        process.communicate()


def gdb(stub: Stub, program: Path, folder: Path, expressions: Mapping[str, str]) -> dict[str, str]:
    """Hand the stub, at its stop, to gdb-multiarch and return what it prints for each expression in hexadecimal."""
    commands: list[str] = []
    for name, expression in expressions.items():
        commands += [f"echo \\nthe {name} =", f"output/x {expression}"]
    text = through_gdb(stub, program, folder, commands)
    found = dict(re.findall(r"^the (\S+) =(.*)$", text, re.M))
    assert found.keys() == expressions.keys(), text
    return found


def through_gdb(stub: Stub, program: Path, folder: Path, commands: Sequence[str]) -> str:
    """Hand the stub, at its stop, to gdb-multiarch and return what it prints for `commands`; the program ends then."""
    listen = folder / "gdb.sock"
    listen.unlink(missing_ok=True)
    commands = [f"file {program}", f"target remote {listen}", *commands]
    argv = [needs("gdb-multiarch"), "-nx", "-batch", *(word for line in commands for word in ("-ex", line))]
    channel = stub._session.wire._channel
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(listen))
        server.listen(1)
        server.settimeout(SECONDS)
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            with server.accept()[0] as ours:
                _relay(ours, channel)
            return process.communicate(timeout=SECONDS)[0].decode()
        finally:
            process.kill()
            process.communicate()


def _relay(one: socket.socket, other: socket.socket) -> None:
    while True:
        ready = select.select([one, other], [], [], SECONDS)[0]
        assert ready, "gdb and the stub wait for each other"
        for channel in ready:
            try:
                data = channel.recv(1 << 16)
                if not data:
                    return
                (other if channel is one else one).sendall(data)
            except (ConnectionResetError, BrokenPipeError):  # gdb or the stub is gone: gdb kills its program as it ends
                return


def expressions(arch: str) -> dict[str, str]:
    """What gdb has to print for each register of the table."""
    widths = floats(arch)
    widest = {name for name, width in widths.items() if width == max(widths.values())}
    return {
        row.name: f"${GDB_NAMES.get((arch, row.name), row.name)}{FILLS[arch].gdb if row.name in widest else ''}"
        for row in TABLES[arch].rows
    }


def check_against_gdb(arch: str, served: Served, program: Path, folder: Path) -> None:
    """At ``landed`` our client has every register, what the program put into it, and what gdb prints for it."""
    stub = served.stub
    place = address(program, "landed")
    stub.insert(place)
    stop = stub.run(SECONDS)
    assert (stop.signal, stub.pc()) == ("SIGTRAP", place), stop
    ours = stub.registers()
    assert dict(ours.missing) == {}
    wanted = filled(arch)
    assert {name: hex(ours.values[name]) for name in wanted} == {name: hex(value) for name, value in wanted.items()}
    theirs = gdb(stub, program, folder, expressions(arch))
    width = {row.name: (1 << row.bits) - 1 for row in TABLES[arch].rows}
    assert {name: hex(int(text, 16) & width[name]) for name, text in theirs.items()} == {
        name: hex(value) for name, value in ours.values.items()
    }
