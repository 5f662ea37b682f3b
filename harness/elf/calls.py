"""Where a function's code calls others: the call, what it calls, and where the callee returns to.

capstone decodes; how each architecture calls is data.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from harness.elf.places import Function, Program

_LAST = re.compile(r"(?:^|[ ,])#?(-?(?:0x[0-9a-f]+|\d+))$")  # the last operand
_TARGET = re.compile(r"(?:%r14, )?#?(-?0x[0-9a-f]+)")  # all operands of a call that names its target


@dataclass(frozen=True)
class Call:
    """One call: `back` is where the callee returns to, `target` the address that it calls, None if a register says.

    `by` is the instruction as capstone writes it.
    """

    address: int
    back: int
    target: int | None
    by: str = ""


@dataclass(frozen=True)
class Load:
    """The instructions that load an address, the last of which stands right before the call by that register.

    `pattern` finds them at the end of a text of instructions: the register (`reg`, none where the call names none), the
    part `high`, if there is one, that counts 1 << `shift` times, and `low`. `relative`: to the end of the last one.
    """

    pattern: re.Pattern[str]
    shift: int = 0
    relative: bool = False

    def target(self, before: str, operands: str, address: int) -> int | None:
        """Return what a call at `address` by the register `operands` calls, `before` which the instructions stand."""
        found = self.pattern.search(before)
        if not found or found["reg"] not in ("", operands):
            return None
        high = int(found["high"], 16) << self.shift if found["high"] else 0
        return high + int(found["low"].replace(" ", ""), 16) + (address if self.relative else 0)


WINDOW = 3  # instructions
_LEA = Load(re.compile(r"lea (?P<reg>\w+), \[rip (?P<low>[+-] 0x[0-9a-f]+)\](?P<high>)$"), relative=True)
_ADRP = Load(
    re.compile(r"adrp (?P<reg>x\d+), #(?P<high>0x[0-9a-f]+);add (?P=reg), (?P=reg), #(?P<low>(?:0x)?[0-9a-f]+)$")
)
_LIS = Load(
    re.compile(
        r"lis (r?\d+), (?P<high>-?(?:0x)?[0-9a-f]+);addi \1, \1, (?P<low>-?(?:0x)?[0-9a-f]+);mtctr \1(?P<reg>)$"
    ),
    shift=16,
)


@dataclass(frozen=True)
class Machine:
    """How capstone decodes an architecture, and which of its instructions call; `link` begins the operands of those.

    `relative` says that capstone prints targets as distances; `delay` is the size of what runs before the callee does.
    `loads` says how a register is given what is called by it, right before the call.
    """

    decoder: str
    modes: tuple[str, ...]
    calls: frozenset[str]
    relative: bool = False
    delay: int = 0
    thumb: tuple[str, ...] = ()
    loads: Load | None = None
    link: str = ""


def _machine(decoder: str, modes: str, calls: str, **rest: Any) -> Machine:
    return Machine(decoder, tuple(modes.split()), frozenset(calls.split()), **rest)


MACHINES: Mapping[str, Machine] = MappingProxyType(
    {
        "amd64": _machine("CS_ARCH_X86", "CS_MODE_64", "call", loads=_LEA),
        "386": _machine("CS_ARCH_X86", "CS_MODE_32", "call"),
        "arm64": _machine("CS_ARCH_ARM64", "CS_MODE_ARM", "bl blr", loads=_ADRP),
        "riscv64": _machine(
            *("CS_ARCH_RISCV", "CS_MODE_RISCV64 CS_MODE_RISCVC", "jal jalr c.jalr"), relative=True
        ),
        "s390x": _machine("CS_ARCH_SYSZ", "CS_MODE_BIG_ENDIAN", "brasl basr bras bas", link="%r14, "),
        "ppc64le": _machine("CS_ARCH_PPC", "CS_MODE_64 CS_MODE_LITTLE_ENDIAN", "bl bctrl blrl", loads=_LIS),
        "arm": _machine("CS_ARCH_ARM", "CS_MODE_ARM", "bl blx", thumb=("CS_MODE_THUMB",)),
        "mips64le": _machine("CS_ARCH_MIPS", "CS_MODE_MIPS64 CS_MODE_LITTLE_ENDIAN", "jal bal jalr", delay=4),
    }
)  # fmt: skip


def calls(program: Program, function: Function, arch: str) -> Iterator[Call]:
    """Yield the calls in `function` of a program for `arch`. Raises OSError where the program cannot be read."""
    machine = MACHINES[arch]
    lite = decoder(arch, is_thumb=function.is_thumb)
    before: deque[str] = deque(maxlen=WINDOW)
    for address, size, mnemonic, operands in lite.disasm_lite(program.code(function), function.start):
        if mnemonic in machine.calls and operands.startswith(machine.link):
            found = _TARGET.fullmatch(operands)
            target = int(found[1], 16) + (address if machine.relative else 0) if found else None
            if target is None and machine.loads:
                target = machine.loads.target(";".join(before), operands, address)
            yield Call(address, address + size + machine.delay, target, f"{mnemonic} {operands}")
        before.append(f"{mnemonic} {operands}")


@lru_cache(maxsize=32)
def decoder(arch: str, *, is_thumb: bool) -> Any:
    """Return capstone's decoder of an architecture's instructions, or of arm's second instruction set."""
    import capstone

    machine = MACHINES[arch]
    modes = machine.thumb if is_thumb else machine.modes
    found = capstone.Cs(getattr(capstone, machine.decoder), sum(getattr(capstone, mode) for mode in modes))
    found.skipdata = True  # goes on after what it cannot decode
    return found


def restarts(program: Program, function: Function, arch: str) -> tuple[int, ...]:
    """Return where `function`, of Go, goes on when its stack has grown or it was preempted at its entry.

    Raises OSError. That is behind the call of runtime.morestack: its arguments are loaded again, and it jumps to its
    own start (cmd/internal/obj, stacksplit).
    """
    rows = list(decoder(arch, is_thumb=function.is_thumb).disasm_lite(program.code(function), function.start))
    starts = {function.start, *function.entries}
    made = {call.address: call.back for call in calls(program, function, arch)}
    found, back = [], 0
    for address, _, _, operands in rows:
        last = _LAST.search(operands)
        if address in made:
            back = made[address]
        elif back and last and int(last[1], 0) + (address if MACHINES[arch].relative else 0) in starts:
            found.append(back)
            back = 0
    return tuple(found)
