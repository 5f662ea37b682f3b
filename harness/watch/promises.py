"""What the ABIs promise at each kind of crossing, as data: which bits of which register stay, and who says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from harness.registers import GLOBAL, THREAD, RegisterTable

ABI_INTERNAL = "Go's abi-internal.md"


@dataclass(frozen=True)
class Promise:
    """`mask` are the bits of `register` that a call leaves as they were, by the clause `rule`."""

    register: str
    mask: int
    rule: str


def _promises(*rows: tuple[str, int, str]) -> tuple[Promise, ...]:
    return tuple(Promise(*row) for row in rows)


FUNCTION: Mapping[str, str] = MappingProxyType({"amd64": "rdi"})
"""Where crosscall2 is told what to call, if it is not told where to return to: nil as a thread ends (asm_amd64.s)."""

SPECIAL: Mapping[str, tuple[Promise, ...]] = MappingProxyType(
    {
        # "CR2, CR3, and CR4 are nonvolatile"; CR0 is the most significant nibble.
        "ppc64le": _promises(("cr", 0x00FFF000, 'ELFv2 ABI "Condition Register Fields": CR2 to CR4')),
        # "The direction flag DF in the %rFLAGS register must be clear ... on function entry and return."
        "amd64": _promises(("eflags", 1 << 10, "System V AMD64 psABI 3.2.1: DF is clear at entry and return")),
        # "The program mask pm must be zero before entering and before leaving a function": bits 20 to 23 of the PSW.
        "s390x": _promises(("pswm", 0xF << 40, 's390x ELF ABI "Register Preservation Rules": program mask zero')),
        "386": _promises(("eflags", 1 << 10, "i386 psABI 2.2.1: DF is clear at entry and return")),
    }
)
"""Parts of status registers that every C call leaves as they were."""

_C11 = "C11 7.6: a call does not alter its caller's control modes"
CONTROL: Mapping[str, tuple[Promise, ...]] = MappingProxyType(
    {
        "amd64": _promises(
            ("mxcsr", 0xFFC0, "System V AMD64 psABI 3.2.1: control bits of MXCSR are callee-saved"),
            ("fctrl", 0xFFFF, "System V AMD64 psABI 3.2.1: the x87 control word is callee-saved"),
        ),
        "386": _promises(
            ("mxcsr", 0xFFC0, "i386 psABI 2.2.1: control bits of MXCSR are callee-saved"),
            ("fctrl", 0xFFFF, "i386 psABI 2.2.1: the x87 control word is callee-saved"),
        ),
        # Exception control (8 to 12), rounding mode (22, 23), flush to zero (24), AH and FIZ (0, 1): functions made for
        # that change them; NEP (2) is zero; "all other bits ... must not be modified", one of which is IDE (15).
        "arm64": _promises(("fpcr", 0x01C09F07, "AAPCS64 6.1.2: FPCR")),
        # Exception control (8 to 12, 15), rounding mode (22, 23), flush to zero (24); length (16 to 18) and stride
        # (20, 21) are zero or preserved.
        "arm": _promises(("fpscr", 0x01F79F00, "AAPCS32 6.1.2.1: FPSCR")),
        # VE, OE, UE, ZE, XE (7 to 3 from below), RN (1, 0) and DRN (34 to 32), but not NI (2).
        "ppc64le": _promises(("fpscr", 0x7_0000_00FB, 'ELFv2 ABI "Limited-Access Bits": FPSCR')),
        # frm (7 to 5 from below): fcsr "must have thread storage duration in accordance with C11 section 7.6".
        "riscv64": _promises(("fcsr", 0xE0, f'RISC-V psABI "Floating-Point Register Convention", {_C11}')),
        # Exception masks (0 to 4 from the left), rounding modes of decimal (25 to 27) and binary (29 to 31) arithmetic.
        "s390x": _promises(("fpc", 0xF8000077, _C11)),
        # Flush to zero (24), enables (11 to 7), rounding mode (1, 0).
        "mips64le": _promises(("fcsr", 0x01000F83, _C11)),
    }
)
"""Control bits of floating-point arithmetic. C functions that are made for it (fesetround) do change them."""

ZERO_IN_GO: Mapping[str, str] = MappingProxyType({"amd64": "xmm15", "ppc64le": "r0"})
"""What holds zero whenever a function of ABIInternal is entered, and after a call (abi-internal.md).

That document says it of R0 on s390x too, but the compiler uses R0 there for anything (docs/findings.md).
"""

FRAME_POINTER: Mapping[str, str] = MappingProxyType({"amd64": "rbp", "arm64": "x29"})
"""What Go's functions preserve besides the stack pointer; it points into the stack, so it moves with that."""

OWN = "it is C's own: Go code does not write it"


def of_c(table: RegisterTable) -> tuple[Promise, ...]:
    """Return what a function that C calls, or one of C's own, leaves as it was; the stack pointer apart."""
    kept = _promises(
        *((row.name, (1 << row.preserved) - 1, table.rule) for row in table.preserved if row.name != table.sp)
    )
    whole = tuple(row for row in table.rows if row.role in (THREAD, GLOBAL) and not row.preserved)
    own = _promises(*((row.name, (1 << row.bits) - 1, f"{table.rule}: {OWN}") for row in whole if row.name != "r2"))
    return (*kept, *own, *SPECIAL.get(table.arch, ()))


def of_go(table: RegisterTable) -> tuple[Promise, ...]:
    """Return what a function of Go that runs on one thread leaves as it was; pointers into the stack apart."""
    names = [table.g] if table.g else []
    names += [row.name for row in table.rows if row.role == THREAD]
    return _promises(*((name, (1 << table.by_name[name].bits) - 1, ABI_INTERNAL) for name in names))


WITHOUT_G: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"amd64": ("runtime.asmcgocall.abi0", "runtime.cgocallbackg.abi0")}
)
"""Functions of ABI0 that need not hold g in its register: on amd64 that is ABIInternal's alone."""
