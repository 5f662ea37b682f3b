"""Where a function's code calls others: the call, what it calls, and where the callee returns to.

capstone decodes; how each architecture calls is data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from harness.elf.places import Function, Program

_TARGET = re.compile(r"(?:%r14, )?#?(-?0x[0-9a-f]+)")  # all operands of a call that names its target


_LEA = re.compile(r"lea (\w+), \[rip ([+-]) (0x[0-9a-f]+)\]")


@dataclass(frozen=True)
class Call:
    """One call: `back` is where the callee returns to, `target` the address that it calls, None if a register says."""

    address: int
    back: int
    target: int | None


@dataclass(frozen=True)
class Machine:
    """How capstone decodes an architecture, and which of its instructions call; `link` begins the operands of those.

    `relative` says that capstone prints targets as distances; `delay` is the size of what runs before the callee does.
    `loads` finds, in an instruction that stands right before a call by a register, that register (group 1) and the
    distance to what it then holds from the instruction's end (groups 2, a sign, and 3). Where the stack and no register
    holds the return address, that tells which of several calls by register is the one that is looked for.
    """

    decoder: str
    modes: tuple[str, ...]
    calls: frozenset[str]
    relative: bool = False
    delay: int = 0
    thumb: tuple[str, ...] = ()
    loads: re.Pattern[str] | None = None
    link: str = ""


def _machine(decoder: str, modes: str, calls: str, **rest: Any) -> Machine:
    return Machine(decoder, tuple(modes.split()), frozenset(calls.split()), **rest)


MACHINES: Mapping[str, Machine] = MappingProxyType(
    {
        "amd64": _machine("CS_ARCH_X86", "CS_MODE_64", "call", loads=_LEA),
        "386": _machine("CS_ARCH_X86", "CS_MODE_32", "call"),
        "arm64": _machine("CS_ARCH_ARM64", "CS_MODE_ARM", "bl blr"),
        "riscv64": _machine(
            *("CS_ARCH_RISCV", "CS_MODE_RISCV64 CS_MODE_RISCVC", "jal jalr c.jalr"), relative=True
        ),
        "s390x": _machine("CS_ARCH_SYSZ", "CS_MODE_BIG_ENDIAN", "brasl basr bras bas", link="%r14, "),
        "ppc64le": _machine("CS_ARCH_PPC", "CS_MODE_64 CS_MODE_LITTLE_ENDIAN", "bl bctrl blrl"),
        "arm": _machine("CS_ARCH_ARM", "CS_MODE_ARM", "bl blx", thumb=("CS_MODE_THUMB",)),
        "mips64le": _machine("CS_ARCH_MIPS", "CS_MODE_MIPS64 CS_MODE_LITTLE_ENDIAN", "jal bal jalr", delay=4),
    }
)  # fmt: skip


def calls(program: Program, function: Function, arch: str) -> Iterator[Call]:
    """Yield the calls in `function` of a program for `arch`. Raises OSError where the program cannot be read."""
    machine = MACHINES[arch]
    lite = decoder(arch, is_thumb=function.is_thumb)
    before = ""
    for address, size, mnemonic, operands in lite.disasm_lite(program.code(function), function.start):
        if mnemonic in machine.calls and operands.startswith(machine.link):
            found = _TARGET.fullmatch(operands)
            target = int(found[1], 16) + (address if machine.relative else 0) if found else None
            if target is None and machine.loads and (loaded := machine.loads.fullmatch(before)):
                distance = int(loaded[2] + loaded[3], 16)
                target = address + distance if loaded[1] == operands else None
            yield Call(address, address + size + machine.delay, target)
        before = f"{mnemonic} {operands}" if machine.loads else ""


@lru_cache(maxsize=32)
def decoder(arch: str, *, is_thumb: bool) -> Any:
    """Return capstone's decoder of an architecture's instructions, or of arm's second instruction set."""
    import capstone

    machine = MACHINES[arch]
    modes = machine.thumb if is_thumb else machine.modes
    found = capstone.Cs(getattr(capstone, machine.decoder), sum(getattr(capstone, mode) for mode in modes))
    found.skipdata = True  # goes on after what it cannot decode
    return found
