"""Where each architecture's core notes keep its registers: data, as the kernel's headers have it.

General registers are `elf_gregset_t` in NT_PRSTATUS (include/uapi/linux/elfcore.h, and for each architecture the
struct that its asm/elf.h names). Floating-point registers are a note of their own. Offsets are bytes from the start of
the register set, and fields follow each other without holes unless an offset is given.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from harness.registers import TABLES

NT_PRSTATUS, NT_FPREGSET, NT_PRPSINFO, NT_AUXV = 1, 2, 3, 6
NT_SIGINFO, NT_FILE = 0x53494749, 0x46494C45
NT_PRXFPREG, NT_ARM_VFP, NT_PPC_VMX = 0x46E62B7F, 0x400, 0x100


@dataclass(frozen=True)
class Field:
    """A register and where it stands: `offset` and `size` in bytes."""

    name: str
    offset: int
    size: int


@dataclass(frozen=True)
class RegisterSet:
    """Registers that have a note of their own: its type, the `fields` in it, and the least that it has (bytes)."""

    note: int
    fields: tuple[Field, ...]
    size: int


@dataclass(frozen=True)
class Layout:
    """How the cores of one architecture are laid out.

    `machine` is e_machine. `prstatus` is the offset of the general registers in NT_PRSTATUS, `general` what stands
    there, `general_size` the bytes of the whole set. `sets` are the floating-point and vector registers. `swapped`:
    siginfo has si_code before si_errno. `emulated` are registers whose places QEMU fills with something else, with what
    it is.
    """

    arch: str
    machine: int
    bits: int
    big: bool
    general: tuple[Field, ...]
    general_size: int
    sets: tuple[RegisterSet, ...]
    swapped: bool = False
    emulated: Mapping[str, str] = field(default_factory=dict)

    @property
    def floats(self) -> tuple[Field, ...]:
        """The fields of all `sets`."""
        return tuple(row for registers in self.sets for row in registers.fields)

    @property
    def prstatus(self) -> int:
        """Bytes before pr_reg: siginfo 12, cursig 2 and padding 2, 2 longs, 4 ints, 4 timevals of 2 longs."""
        return 112 if self.bits == 64 else 72


def _fields(names: str, size: int, start: int = 0) -> tuple[Field, ...]:
    """Return a field for each of the words of `names`; ``-`` is a hole, ``x{0-30}`` counts."""
    words: list[str] = []
    for word in names.split():
        prefix, _, span = word.partition("{")
        first, _, last = span.rstrip("}").partition("-")
        words += [f"{prefix}{number}" for number in range(int(first), int(last) + 1)] if span else [word]
    places = zip(words, itertools.count(start, size), strict=False)
    return tuple(Field(name, offset, size) for name, offset in places if name != "-")


_FXSAVE = (  # Intel SDM volume 1, 10.5.1, "FXSAVE Area"
    *(Field("fctrl", 0, 2), Field("fstat", 2, 2), Field("mxcsr", 24, 4)),
    *(Field(f"st{number}", 32 + 16 * number, 10) for number in range(8)),
)
_MIPS_GENERAL = " ".join(  # $0 to $31; k0 and k1 are the kernel's own, and written as 0
    "-" if row.name in ("k0", "k1") else row.name for row in TABLES["mips64le"].rows if row.stub
)
_RISCV_FLOAT = " ".join(row.name for row in TABLES["riscv64"].rows if row.role == "float")  # f0 to f31

_ROWS = (
    Layout(  # arch/x86/include/asm/user_64.h: user_regs_struct; fs_base is among them
        "amd64", 62, 64, False,
        _fields("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi - rip - eflags rsp - fs_base", 8), 27 * 8,
        (RegisterSet(NT_FPREGSET, (*_FXSAVE, *_fields("xmm{0-15}", 16, 160)), 512),),
        emulated={"fs_base": "QEMU writes the selector of FS in its place"},
    ),
    Layout(  # arch/x86/include/asm/user_32.h: user_regs_struct, user32_fxsr_struct
        "386", 3, 32, False,
        _fields("ebx ecx edx esi edi ebp eax - - - - - eip - eflags esp", 4), 17 * 4,
        (RegisterSet(NT_PRXFPREG, (*_FXSAVE, *_fields("xmm{0-7}", 16, 160)), 512),),
    ),
    Layout(  # arch/arm64/include/uapi/asm/ptrace.h: user_pt_regs, user_fpsimd_state
        "arm64", 183, 64, False,
        _fields("x{0-30} sp pc cpsr", 8), 34 * 8,
        (RegisterSet(NT_FPREGSET, (*_fields("v{0-31}", 16), *_fields("fpsr fpcr", 4, 512)), 520),),
    ),
    Layout(  # arch/riscv/include/uapi/asm/ptrace.h: user_regs_struct, __riscv_d_ext_state
        "riscv64", 243, 64, False,
        _fields("pc ra sp gp tp t{0-2} s{0-1} a{0-7} s{2-11} t{3-6}", 8), 32 * 8,
        (RegisterSet(NT_FPREGSET, (*_fields(_RISCV_FLOAT, 8), Field("fcsr", 256, 4)), 260),),
    ),
    Layout(  # arch/s390/include/uapi/asm/ptrace.h: s390_regs (psw, gprs, acrs, orig_gpr2), s390_fp_regs
        "s390x", 22, 64, True,
        (*_fields("pswm pswa r{0-15}", 8), *_fields("acr{0-1}", 4, 144)), 216,
        (RegisterSet(NT_FPREGSET, (Field("fpc", 0, 4), *_fields("f{0-15}", 8, 8)), 136),),
    ),
    Layout(  # arch/powerpc/include/uapi/asm/ptrace.h: pt_regs; asm/elf.h: ELF_NGREG 48, ELF_NFPREG 33, ELF_NVRREG 34
        "ppc64le", 21, 64, False,
        _fields("r{0-31} pc - - ctr lr xer cr", 8), 48 * 8,
        (
            RegisterSet(NT_FPREGSET, _fields("f{0-31} fpscr", 8), 264),
            RegisterSet(NT_PPC_VMX, _fields("v{0-31}", 16), 544),  # vscr and vrsave are behind
        ),
    ),
    Layout(  # arch/arm/include/uapi/asm/ptrace.h: pt_regs; NT_ARM_VFP: arch/arm/kernel/ptrace.c, ARM_VFPREGS_SIZE
        "arm", 40, 32, False,
        _fields("r{0-12} sp lr pc cpsr", 4), 18 * 4,
        (RegisterSet(NT_ARM_VFP, (*_fields("d{0-31}", 8), Field("fpscr", 256, 4)), 260),),
    ),
    Layout(  # arch/mips/include/uapi/asm/reg.h: MIPS64_EF_*; asm/elf.h: ELF_NGREG 45, ELF_NFPREG 33
        "mips64le", 8, 64, False,
        _fields(f"{_MIPS_GENERAL} lo hi pc", 8), 45 * 8,
        (RegisterSet(NT_FPREGSET, (*_fields("f{0-31}", 8), Field("fcsr", 256, 4)), 264),), swapped=True,
    ),
)  # fmt: skip

LAYOUTS: Mapping[str, Layout] = MappingProxyType({row.arch: row for row in _ROWS})
BY_MACHINE: Mapping[tuple[int, int, bool], Layout] = MappingProxyType(
    {(row.machine, row.bits, row.big): row for row in _ROWS}
)
