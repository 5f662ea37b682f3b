"""What Go's crash text calls the registers of each architecture.

The rows are those of `dumpregs` in runtime/signal_<arch>.go, in its order. It was the same text for every release that
was looked at: 1.16, 1.17, 1.18, 1.19, 1.20, 1.22, 1.25, 1.26 and 1.27. The values are those of the context that the
signal interrupted (its ucontext), so of the faulting instruction, also when the fault was in C.

A word maps to a name of `harness.registers`, or to nothing where it is no register of that table: segment selectors
(amd64's `fs` is not its fs_base), the kernel's trap and error codes, the fault's address, and a second name of a
register that has a row of its own (`link` of s390x and mips64le is r14 and r31).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from harness.registers import TABLES

FAULT_ADDRESS = "fault"  # arm and arm64 print it among the registers


def _same(names: str) -> dict[str, str]:
    return {name: name for name in names.split()}


def _none(names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), "")


def _numbered(count: int, name: str = "r{}", start: int = 0) -> dict[str, str]:
    return {f"r{number}": name.format(number) for number in range(start, count)}


WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "amd64": {
            **_same("rax rbx rcx rdx rdi rsi rbp rsp"),
            **_numbered(16, start=8),
            "rip": "rip",
            "rflags": "eflags",
            **_none("cs fs gs"),
        },
        "386": {**_same("eax ebx ecx edx edi esi ebp esp eip eflags"), **_none("cs fs gs")},
        "arm": {
            **_none("trap error oldmask"),
            **_numbered(11),
            "fp": "r11",
            "ip": "r12",
            **_same("sp lr pc cpsr"),
            FAULT_ADDRESS: "",
        },
        "arm64": {**_numbered(30, "x{}"), "lr": "x30", "sp": "sp", "pc": "pc", FAULT_ADDRESS: ""},
        "riscv64": _same(
            "ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6 pc"
        ),
        "s390x": {**_numbered(16), "pc": "pswa", "link": ""},
        "ppc64le": {**_numbered(32), **_same("pc ctr"), "link": "lr", "xer": "xer", "ccr": "cr", "trap": ""},
        "mips64le": {
            **{number: row.name for row in TABLES["mips64le"].rows for number in row.stub},
            "pc": "pc",
            "link": "",
            **_same("lo hi"),
        },
    }
)
