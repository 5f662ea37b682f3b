"""The instruction that raised a signal, where the program counter is past it already.

Most interruptions leave the program counter at their instruction. Those of `PAST` do not:
- s390x: an operation, a data or a divide exception suppresses or completes the instruction, and the PSW has the address
  of the next one (z/Architecture Principles of Operation, "Types of Instruction Ending"); an access exception does not.
- amd64, 386: int3 is a trap, and RIP has the address of the next one (Intel SDM volume 3, 6.5 "Exception
  Classifications").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from harness.elf import code
from harness.elf.calls import decoder
from harness.registers import RegisterTable
from harness.unwind.expressions import Memory
from harness.unwind.modules import Module, holding

PAST: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "s390x": frozenset({"SIGILL", "SIGFPE", "SIGTRAP"}),
        "amd64": frozenset({"SIGTRAP"}),
        "386": frozenset({"SIGTRAP"}),
    }
)
"""The signals, by architecture, after which the program counter can be past the instruction."""

_THUMB: Mapping[str, tuple[str, int]] = MappingProxyType({"arm": ("cpsr", 1 << 5)})
"""Where a register says that instructions are Thumb's: its T bit (ARM ARM, "Program Status Registers")."""

_TRAPS: Mapping[str, tuple[tuple[int, int, int], ...]] = MappingProxyType(
    {
        **dict.fromkeys(("amd64", "386"), ((1, 0xFF, 0xCC), (2, 0xFFFF, 0x03CD), (1, 0xFF, 0xF1))),  # int3, int1
        "arm64": ((4, 0xFFE0001F, 0xD4200000),),  # brk
        "riscv64": ((4, 0xFFFFFFFF, 0x00100073), (2, 0xFFFF, 0x9002)),  # ebreak
        "s390x": ((2, 0xFFFF, 0x0001),),
        "ppc64le": (  # with TO 31: tw, td, twi, tdi
            *((4, 0xFFE007FE, 0x7FE00008), (4, 0xFFE007FE, 0x7FE00088)),
            *((4, 0xFFE00000, 0x0FE00000), (4, 0xFFE00000, 0x0BE00000)),
        ),
        "arm": ((4, 0xFFF000F0, 0xE1200070), (4, 0xFFFFFFFF, 0xE7F001F0)),  # bkpt, and the kernel's breakpoint
        "mips64le": ((4, 0xFC00003F, 0x0000000D), (4, 0xFFFFFFFF, 0x00000034)),  # break, teq $zero, $zero
    }
)
"""The instructions that raise SIGTRAP whenever they run: size in bytes, mask and value in the machine's byte order."""
_THUMB_TRAPS = ((2, 0xFF00, 0xBE00), (2, 0xFFFF, 0xDE01))

_PAST = "{register} is {bytes} bytes past the instruction that raised {signal}, as the processor leaves it"
_MOST = 1 << 16  # bytes of a function
_AFTER = 64  # bytes of code where there is no function
_SVC = b"\x0a"  # how a program of s390x sends itself a signal: kill(2) returns behind it
_BRANCH = re.compile(r"b|j|c[lg]*[fi]?[ri]?j|nop")  # capstone's names: b, bcr, brasl, j, jg, cgij, crj, nopr
_TRAP = b"\xa7\xf4\0\1"  # gcc's trap on s390x: a jump to its own last two bytes, which are no instruction


@dataclass(frozen=True)
class Raised:
    """Where a signal was raised. `place` is ``symbol+0x10``, `function` the symbol, each the bare address where there
    is none; `code` is the disassembly around `pc`. `notes` are what a reader of the registers has to know."""

    pc: int
    place: str
    function: str
    code: tuple[str, ...]
    notes: tuple[str, ...]


def raised(
    table: RegisterTable,
    signal: str,
    pc: int,
    memory: Memory,
    modules: Sequence[Module],
    address: int | None = None,
    registers: Mapping[str, int] = MappingProxyType({}),
) -> Raised:
    """Return where `signal` was raised that left the program counter at `pc`, with these `registers`.

    `modules` is what is mapped; see `raised_at` for `address`.
    """
    arch = table.arch
    at = raised_at(arch, signal, pc, memory, modules, address)
    notes = (_PAST.format(register=table.pc, bytes=pc - at, signal=signal),) if at != pc else ()
    module = holding(modules, at)
    function = module.function(at) if module is not None else None
    if module is None or function is None:
        place = hex(at) if module is None or module is modules[0] else f"{module.name}+{at - module.bias:#x}"
        name, bit = _THUMB.get(arch, ("", 0))
        code_there = _code(arch, at, at, _AFTER, memory, is_thumb=bool(registers.get(name, 0) & bit))
        return Raised(at, place, place, code_there, notes)
    start, size = function.start + module.bias, module.program.size(function)
    if not 0 < size <= _MOST:
        start, size = at, _AFTER
    rows = _code(arch, at, start, size, memory, is_thumb=function.is_thumb)
    return Raised(at, module.name_at(at), function.name, rows, notes)


def is_trap(table: RegisterTable, data: bytes, *, is_thumb: bool = False) -> bool:
    """Whether `data`, at least 4 bytes of code, begins with an instruction that raises SIGTRAP whenever it runs."""
    rows = _THUMB_TRAPS if is_thumb else _TRAPS[table.arch]
    return any(int.from_bytes(data[:size], table.byte_order) & mask == value for size, mask, value in rows)


def _code(arch: str, pc: int, start: int, size: int, memory: Memory, *, is_thumb: bool = False) -> tuple[str, ...]:
    return code.around(memory(start, size) or b"", start, pc, arch, is_thumb=is_thumb)


def raised_at(
    arch: str, signal: str, pc: int, memory: Memory, modules: Sequence[Module], address: int | None = None
) -> int:
    """Return the address of the instruction that raised `signal`, which is `pc` itself but for those of `PAST`.

    `address` is what siginfo has in the place of si_addr: on s390x that of the instruction (get_trap_ip of the kernel's
    traps.c; QEMU's cpu_loop.c), on x86 0. Without siginfo the instruction before `pc` is looked for. Where that cannot
    be told, or where it is what sends a signal, it is `pc`.
    """
    if signal not in PAST.get(arch, ()):
        return pc
    size = _BEFORE[arch](pc, memory, modules, address)
    return pc - size if size in (1, 2, 4, 6) else pc


def _s390x(pc: int, memory: Memory, modules: Sequence[Module], address: int | None) -> int:
    if address is not None:
        return pc - address
    before = _in_function(pc, memory, modules)
    if before == _TRAP or (not before and memory(pc - len(_TRAP), len(_TRAP)) == _TRAP):
        return 2
    if not before:  # no function is known, or it has data in it: what alone fits
        ends = [memory(pc - size, size) for size in (2, 4, 6)]
        fits = [end for end in ends if end and _size(end[0]) == len(end)]
        before = fits[0] if len(fits) == 1 else b""
    return 0 if _goes_elsewhere(before, pc) else len(before)


def _goes_elsewhere(code: bytes, end: int) -> bool:
    """Whether an instruction is one that raises none of the signals: a branch, or a system call, which can send one."""
    row = next(iter(decoder("s390x", is_thumb=False).disasm_lite(code, end - len(code))), None)
    return code[:1] == _SVC or (row is not None and _BRANCH.match(row[2]) is not None)


def _in_function(pc: int, memory: Memory, modules: Sequence[Module]) -> bytes:
    """Return the instruction that ends at `pc` in the function that it is in; empty where there is none."""
    module = holding(modules, pc - 1)
    function = module.function(pc - 1) if module is not None else None
    if module is None or function is None:
        return b""
    start = function.start + module.bias
    data = (memory(start, pc - start) if pc - start <= _MOST else None) or b""
    at = last = 0
    while at < len(data):
        last, at = at, at + _size(data[at])
    return data[last:] if at == len(data) else b""


def _size(first: int) -> int:
    """Return the bytes of an instruction of s390x by its first one (Principles of Operation, "Instruction Formats")."""
    return (2, 4, 4, 6)[first >> 6]


def _x86(pc: int, memory: Memory, modules: Sequence[Module], address: int | None) -> int:
    module = holding(modules, pc)
    if address or (module is not None and module.starts(pc) and module.function(pc - 1) is None):
        return 0  # what stands before a function fills the room between two
    int3 = (b"\xcc", b"\xcd\x03")
    return next((len(data) for data in int3 if memory(pc - len(data), len(data)) == data), 0)


_BEFORE: Mapping[str, Callable[[int, Memory, Sequence[Module], int | None], int]] = MappingProxyType(
    {"s390x": _s390x, "amd64": _x86, "386": _x86}
)
