"""What the ``g`` packet holds where a stub has no target description: QEMU's for MIPS has none, 7.2's nor 10's.

The order is GDB's own for the architecture (GDB manual, "MIPS Features", and QEMU's numbers agree: `p` tells).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from harness.stub.features import Description, Slot

_MIPS64 = (
    *(f"r{number}" for number in range(32)),
    *("status", "lo", "hi", "badvaddr", "cause", "pc"),
    *(f"f{number}" for number in range(32)),
    *("fcsr", "fir", "fp"),
)

BY_ARCH: Mapping[str, Description] = MappingProxyType(
    {
        "mips64le": Description(
            "mips:isa64r2", tuple(Slot(name, 64, number) for number, name in enumerate(_MIPS64)), "GNU/Linux"
        )
    }
)

ARGUMENTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "amd64": frozenset({"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11"}),
        "386": frozenset({"eax", "ecx", "edx"}),
        "arm64": frozenset(f"x{number}" for number in range(9)),
        "riscv64": frozenset(f"a{number}" for number in range(8)),
        "s390x": frozenset(f"r{number}" for number in range(2, 7)),
        "ppc64le": frozenset(f"r{number}" for number in range(3, 11)),
        "arm": frozenset(f"r{number}" for number in range(4)),
        "mips64le": frozenset(f"a{number}" for number in range(8)),
    }
)
"""Registers of general use that can hold arguments in C or Go.

Not those that Go's assembler uses, which are others where asyncPreempt (runtime/preempt_*.s) returns to a function.
"""

X87_STATUS = "fstat"
X87 = tuple(f"st{number}" for number in range(8))
"""The x87's registers from the top of its stack on, as gdbserver and QEMU from 10 send them (i386 XML: i387_ext)."""


# How far gdbserver moves the program counter back at a breakpoint, whoever put it there (gdb's decr_pc_after_break).
MOVED_BACK: Mapping[str, int] = MappingProxyType({"amd64": 1, "386": 1})

# What Z0 is told of its instruction's size. QEMU does not look, gdbserver knows only its own.
BREAKPOINT_BYTES: Mapping[str, int] = MappingProxyType(
    {"amd64": 1, "386": 1, "arm64": 4, "riscv64": 2, "s390x": 2, "ppc64le": 4, "arm": 4, "mips64le": 4}
)
