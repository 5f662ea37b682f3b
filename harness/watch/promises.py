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


SPECIAL: Mapping[str, tuple[Promise, ...]] = MappingProxyType(
    {
        # ELFv2: "CR Fields CR2-CR4: nonvolatile"; CR0 is the most significant nibble.
        "ppc64le": _promises(("cr", 0x00FFF000, 'ELFv2 ABI "Condition Register": CR2 to CR4')),
        # "the direction flag DF must be clear on function entry and return".
        "amd64": _promises(("eflags", 1 << 10, "System V AMD64 psABI 3.2.1: DF is clear at entry and return")),
    }
)
"""Parts of status registers that every C call leaves as they were."""

CONTROL: Mapping[str, tuple[Promise, ...]] = MappingProxyType(
    {
        "amd64": _promises(
            ("mxcsr", 0xFFC0, "System V AMD64 psABI 3.2.1: control bits of MXCSR are callee-saved"),
            ("fctrl", 0xFFFF, "System V AMD64 psABI 3.2.1: the x87 control word is callee-saved"),
        ),
        # Exception enables, rounding mode, flush to zero: only functions made for it change them.
        "arm64": _promises(("fpcr", 0x01C09F00, "AAPCS64 6.1.2: FPCR")),
        "arm": _promises(("fpscr", 0x01C09F00, "AAPCS32 6.1.2.1: FPSCR")),
        "ppc64le": _promises(("fpscr", 0xFF, 'ELFv2 ABI "Floating-Point Status and Control": limited access')),
    }
)
"""Control bits of floating-point arithmetic. C functions that are made for it (fesetround) do change them."""

ZERO_IN_GO: Mapping[str, str] = MappingProxyType({"amd64": "xmm15", "ppc64le": "r0", "s390x": "r0"})
"""What holds zero whenever a function of ABIInternal is entered, and after a call (abi-internal.md)."""

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
