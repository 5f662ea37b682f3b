"""The registers of each architecture: names, widths, roles, what a call preserves, and what each source calls them.

Names are the psABIs' (and gdb's where a psABI has only numbers). Each table names the clauses of its rules; they were
held against the documents' text (docs/findings.md, "What the clauses were read in"). g is that of Go's abi-internal.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Literal

PC, SP, LINK, ZERO, THREAD, PLATFORM, STATUS, GLOBAL = "pc", "sp", "link", "zero", "thread", "platform", "status", "gp"
GENERAL, FLOAT, VECTOR = "general", "float", "vector"


@dataclass(frozen=True)
class Register:
    """One register.

    `bits` is its width; `preserved` how many of its low bits a C call leaves as they were (0: it is scratch).
    `role` is `pc`, `sp`, `link` (return address), `zero`, `thread`, `platform`, `gp`, `status`, `general`, `float` or
    `vector`. `stub` are the names by which a target description may know it, besides its own.
    """

    name: str
    bits: int
    role: str = GENERAL
    preserved: int = 0
    stub: tuple[str, ...] = ()


@dataclass(frozen=True)
class RegisterTable:
    """The registers of one architecture, in the order in which people read them.

    `rule` is where it says which of them a C call preserves; `g` holds Go's goroutine while Go code runs.
    `stack_alignment` is what the stack pointer is a multiple of at a call in C (bytes), by the clause `stack_rule`.
    `byte_order` is that of memory, and of registers in a stub's packets. `isa_bit` is the bit of a code address that
    selects an instruction set: Thumb. `pops` are the bytes of arguments that a function may take off the stack as it
    returns (386: the hidden pointer to a result, i386 psABI 2.2.2).
    """

    arch: str
    rows: tuple[Register, ...]
    rule: str
    stack_rule: str
    g: str
    stack_alignment: int
    byte_order: Literal["little", "big"] = "little"
    isa_bit: int = 0
    pops: tuple[int, ...] = (0,)
    by_name: Mapping[str, Register] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", MappingProxyType({row.name: row for row in self.rows}))

    @cached_property
    def pc(self) -> str:
        """The program counter's name."""
        return self.of_role(PC)

    @cached_property
    def sp(self) -> str:
        """The stack pointer's name."""
        return self.of_role(SP)

    @cached_property
    def link(self) -> str:
        """The name of the register that holds the return address at entry; empty where the stack does."""
        return self.of_role(LINK)

    @cached_property
    def by_stub_name(self) -> Mapping[str, Register]:
        """Every name that a target description may use."""
        return {name: row for row in self.rows for name in (row.name, *row.stub)}

    @cached_property
    def word(self) -> int:
        """The size of an address (bytes)."""
        return self.by_name[self.pc].bits // 8

    @property
    def preserved(self) -> tuple[Register, ...]:
        """The registers that a C call leaves as they were, at least in part."""
        return tuple(row for row in self.rows if row.preserved)

    def of_role(self, role: str) -> str:
        """Return the first register of `role`, or an empty text."""
        return next((row.name for row in self.rows if row.role == role), "")


def _rows(names: str, bits: int, role: str = GENERAL, stub: str = "") -> tuple[Register, ...]:
    """Return a row for each of the words of `names`; ``x{0-30}`` counts. `stub` are patterns with the number."""
    found = []
    for word in names.split():
        prefix, _, span = word.partition("{")
        if not span:
            found.append(Register(word, bits, role))
            continue
        first, last = map(int, span.rstrip("}").split("-"))
        for number in range(first, last + 1):
            other = tuple(pattern.format(number) for pattern in stub.split())
            found.append(Register(f"{prefix}{number}", bits, role, stub=other))
    return tuple(found)


def _table(
    arch: str,
    rows: Sequence[Register],
    rule: str,
    stack_rule: str,
    g: str,
    *,
    preserved: Mapping[str, int],
    stack_alignment: int = 16,
    byte_order: Literal["little", "big"] = "little",
    isa_bit: int = 0,
    pops: tuple[int, ...] = (0,),
) -> RegisterTable:
    wanted = {row.name: bits for names, bits in preserved.items() for row in _rows(names, 0)}
    unknown = wanted.keys() - {row.name for row in rows}
    if unknown:
        raise ValueError(f"{arch}: {unknown}")
    marked = tuple(replace(row, preserved=wanted.get(row.name, 0)) for row in rows)
    return RegisterTable(arch, marked, rule, stack_rule, g, stack_alignment, byte_order, isa_bit, pops)


AMD64 = _table(
    "amd64",
    (
        Register("rip", 64, PC),
        Register("rsp", 64, SP),
        *_rows("rax rbx rcx rdx rsi rdi rbp r{8-15}", 64),
        Register("eflags", 32, STATUS, stub=("rflags",)),
        Register("fs_base", 64, THREAD),
        *_rows("xmm{0-15}", 128, VECTOR),
        *_rows("st{0-7}", 80, FLOAT),
        Register("mxcsr", 32, STATUS),
        Register("fctrl", 16, STATUS),
        Register("fstat", 16, STATUS),
    ),
    "System V AMD64 psABI 3.2.1",
    "System V AMD64 psABI 3.2.2",
    "r14",
    preserved={"rsp rbx rbp r{12-15}": 64},
)
ARM64 = _table(
    "arm64",
    (
        Register("pc", 64, PC),
        Register("sp", 64, SP),
        *_rows("x{0-17}", 64),
        Register("x18", 64, PLATFORM),
        *_rows("x{19-29}", 64),
        Register("x30", 64, LINK, stub=("lr",)),
        Register("cpsr", 32, STATUS),
        *_rows("v{0-31}", 128, VECTOR, stub="q{} z{}"),
        Register("fpcr", 32, STATUS),
        Register("fpsr", 32, STATUS),
    ),
    "AAPCS64 6.1.1, 6.1.2",
    "AAPCS64 6.4.5.2",
    "x28",
    preserved={"sp x{19-29}": 64, "v{8-15}": 64},
)
RISCV64 = _table(
    "riscv64",
    (
        Register("pc", 64, PC),
        Register("sp", 64, SP, stub=("x2",)),
        Register("zero", 64, ZERO, stub=("x0",)),
        Register("ra", 64, LINK, stub=("x1",)),
        Register("gp", 64, GLOBAL, stub=("x3",)),
        Register("tp", 64, THREAD, stub=("x4",)),
        *(Register(name, 64, stub=(f"x{number}",)) for number, name in zip((5, 6, 7), ("t0", "t1", "t2"), strict=True)),
        Register("s0", 64, stub=("fp", "x8")),
        Register("s1", 64, stub=("x9",)),
        *(Register(f"a{number}", 64, stub=(f"x{number + 10}",)) for number in range(8)),
        *(Register(f"s{number}", 64, stub=(f"x{number + 16}",)) for number in range(2, 12)),
        *(Register(f"t{number}", 64, stub=(f"x{number + 25}",)) for number in range(3, 7)),
        *(Register(f"ft{number}", 64, FLOAT, stub=(f"f{number}",)) for number in range(8)),
        *(Register(f"fs{number}", 64, FLOAT, stub=(f"f{number + 8}",)) for number in range(2)),
        *(Register(f"fa{number}", 64, FLOAT, stub=(f"f{number + 10}",)) for number in range(8)),
        *(Register(f"fs{number}", 64, FLOAT, stub=(f"f{number + 16}",)) for number in range(2, 12)),
        *(Register(f"ft{number}", 64, FLOAT, stub=(f"f{number + 20}",)) for number in range(8, 12)),
        Register("fcsr", 32, STATUS),
    ),
    'RISC-V psABI "Integer Register Convention", "Floating-Point Register Convention"',
    'RISC-V psABI "Integer Calling Convention"',
    "s11",
    preserved={"sp s{0-11} fs{0-11}": 64},
)
S390X = _table(
    "s390x",
    (
        Register("pswa", 64, PC, stub=("pc",)),
        Register("r15", 64, SP),
        *_rows("r{0-13}", 64),
        Register("r14", 64, LINK),
        Register("pswm", 64, STATUS),
        *_rows("f{0-15}", 64, FLOAT),
        *_rows("acr{0-1}", 32, THREAD),
        Register("fpc", 32, STATUS),
    ),
    's390x ELF ABI "Register Preservation Rules"',
    's390x ELF ABI "The Stack Frame"',
    "r13",
    preserved={"r15 r{6-13} f{8-15}": 64},
    stack_alignment=8,
    byte_order="big",
)
PPC64LE = _table(
    "ppc64le",
    (
        Register("pc", 64, PC),
        Register("r1", 64, SP),
        Register("r0", 64),
        Register("r2", 64, GLOBAL),
        *_rows("r{3-12}", 64),
        Register("r13", 64, THREAD),
        *_rows("r{14-31}", 64),
        Register("lr", 64, LINK),
        Register("ctr", 64),
        Register("cr", 32, STATUS),
        Register("xer", 32, STATUS),
        *_rows("f{0-31}", 64, FLOAT),
        *_rows("v{0-31}", 128, VECTOR, stub="vr{}"),
        Register("fpscr", 64, STATUS),
    ),
    'ELFv2 ABI "Register Roles", "Floating-Point Registers", "Vector Registers"',
    'ELFv2 ABI "General Stack Frame Requirements"',
    "r30",
    preserved={"r1 r{14-31} f{14-31}": 64, "v{20-31}": 128},
)
ARM = _table(
    "arm",
    (
        Register("pc", 32, PC, stub=("r15",)),
        Register("sp", 32, SP, stub=("r13",)),
        *_rows("r{0-12}", 32),
        Register("lr", 32, LINK, stub=("r14",)),
        Register("cpsr", 32, STATUS),
        *_rows("d{0-31}", 64, FLOAT),
        Register("fpscr", 32, STATUS),
    ),
    "AAPCS32 6.1.1, 6.1.2.1",
    "AAPCS32 6.2.1.2",
    "r10",
    preserved={"sp r{4-11}": 32, "d{8-15}": 64},
    stack_alignment=8,
    isa_bit=1,
)
I386 = _table(
    "386",
    (
        Register("eip", 32, PC),
        Register("esp", 32, SP),
        *_rows("eax ebx ecx edx esi edi ebp", 32),
        Register("eflags", 32, STATUS),
        *_rows("xmm{0-7}", 128, VECTOR),
        *_rows("st{0-7}", 80, FLOAT),
        Register("mxcsr", 32, STATUS),
        Register("fctrl", 16, STATUS),
        Register("fstat", 16, STATUS),
    ),
    "i386 psABI 2.2.3",
    "i386 psABI 2.2.2",
    "",
    preserved={"esp ebx esi edi ebp": 32},
    pops=(0, 4),
)
_N64 = (  # $0 to $31
    *("zero", "at", "v0", "v1", *(f"a{number}" for number in range(8)), *(f"t{number}" for number in range(4))),
    *(*(f"s{number}" for number in range(8)), "t8", "t9", "k0", "k1", "gp", "sp", "s8", "ra"),
)
_N64_RULE = 'MIPSpro 64-Bit Porting and Transition Guide "Native 64-Bit Subprogram Interface for MIPS Architectures"'
_N64_ROLES = {"zero": ZERO, "gp": GLOBAL, "sp": SP, "ra": LINK}
MIPS64LE = _table(
    "mips64le",
    (
        Register("pc", 64, PC),
        *(
            Register(name, 64, _N64_ROLES.get(name, GENERAL), stub=(f"r{number}",))
            for number, name in enumerate(_N64)
        ),
        *_rows("hi lo", 64),
        *_rows("f{0-31}", 64, FLOAT),
        Register("fcsr", 32, STATUS),
    ),
    _N64_RULE,
    _N64_RULE,
    "s8",
    preserved={"sp gp s{0-8}": 64, "f{24-31}": 64},
)  # fmt: skip

TABLES: Mapping[str, RegisterTable] = MappingProxyType(
    {table.arch: table for table in (AMD64, ARM64, RISCV64, S390X, PPC64LE, ARM, I386, MIPS64LE)}
)
