"""How QEMU prints the registers of each guest (``-d cpu,fpu``), 7.2 and 10.0, as data.

The layouts are those of QEMU's ``cpu_dump_state`` of each target. A layout is a list of fields; a field finds a label
and hex digits, and says which of our registers they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from harness import registers
from harness.registers import RegisterTable

Digits = tuple[int | None, int | None]  # from, to: a slice of a text of hex digits
_LOW, _HIGH = (-32, None), (None, 16)  # the low 128 bits; the high 64 bits
_H16, _H8 = "[0-9a-f]{16}", "[0-9a-f]{8}"


@dataclass(frozen=True)
class Field:
    """One pattern: group 1 is a label (a number or a word), group 2 holds words of hex digits.

    `names` turns the label into the register's name, or, with `row`, into the first of the names of a row of
    registers, one a word. Without `row` the digits of all words are one number, of which `digits` are the register.
    """

    pattern: re.Pattern[str]
    names: Mapping[str, str] | Callable[[int], str]
    digits: Digits = (None, None)
    row: bool = False


@dataclass(frozen=True)
class Layout:
    """`start` begins the first line of a record, `last` is in its last; `pc` finds the program counter in group 1.

    `absent` are registers of the table that the log does not show, at least not in every release.
    """

    table: RegisterTable
    start: str
    last: re.Pattern[str]
    pc: re.Pattern[str]
    fields: tuple[Field, ...]
    absent: frozenset[str]

    @property
    def shown(self) -> frozenset[str]:
        """The registers that every whole record has."""
        return frozenset(self.table.by_name) - self.absent


def _numbered(prefix: str, special: Mapping[int, str] = MappingProxyType({})) -> Callable[[int], str]:
    return lambda number: special.get(number, f"{prefix}{number}")


def _words(pattern: str, names: str = "", **others: str) -> Field:
    """Return a field whose labels are words: `names` as they are in lower case, `others` under another name."""
    known = {name: name.lower() for name in names.split()} | others
    return Field(re.compile(pattern, re.MULTILINE), known)


def _field(pattern: str, names: Callable[[int], str], digits: Digits = (None, None), *, row: bool = False) -> Field:
    """Return a field whose labels are numbers."""
    return Field(re.compile(pattern, re.MULTILINE), names, digits, row)


def _layout(table: RegisterTable, start: str, last: str, pc: str, *fields: Field, absent: str = "") -> Layout:
    lines = re.MULTILINE
    return Layout(table, start, re.compile(last, lines), re.compile(pc, lines), fields, frozenset(absent.split()))


def _mips(number: int) -> str:
    return registers.MIPS64LE.by_stub_name[f"r{number}"].name


_AMD64_GENERAL = "RAX RBX RCX RDX RSI RDI RBP RSP RIP R8 R9 R10 R11 R12 R13 R14 R15"
_ARM64_STATUS = {"PSTATE": "cpsr", "FPCR": "fpcr", "FPSR": "fpsr"}
_AMD64_STATUS = {"RFL": "eflags", "FCW": "fctrl", "FSW": "fstat", "MXCSR": "mxcsr"}
_PPC_WORDS = {"NIP": "pc", "LR": "lr", "CTR": "ctr", "XER": "xer", "CR": "cr", "FPSCR": "fpscr"}

LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        layout.table.arch: layout
        for layout in (
            _layout(
                registers.AMD64,
                "RAX=",
                r"[XYZ]MM15=",
                rf"\bRIP=({_H16})",
                _words(rf"\b(R[A-Z0-9]{{1,2}}) ?=({_H16})", _AMD64_GENERAL),
                _words(r"\b(RFL|MXCSR|FCW|FSW)=([0-9a-f]{4,8})", **_AMD64_STATUS),
                _words(rf"^(FS) =[0-9a-f]{{4}} ({_H16})", FS="fs_base"),
                _field(rf"\b[XYZ]MM(\d\d)=((?:{_H16} ?)+)", _numbered("xmm"), _LOW),
                absent=" ".join(f"st{number}" for number in range(8)),  # it has them by another number
            ),
            _layout(
                registers.ARM64,
                " PC=",
                r"Q31=|^Z31(?:\[.*\n(?: +\[.*\n)*? +\[1-0\])?=",
                rf"\bPC=({_H16})",
                _words(rf"\b(PC|SP)=({_H16})", "PC SP"),
                _field(rf"\bX(\d\d)=({_H16})", _numbered("x")),
                _words(rf"\b(PSTATE|FPCR|FPSR)=({_H8})", **_ARM64_STATUS),
                _field(rf"\bQ(\d\d)=({_H16}:{_H16})", _numbered("v")),
                _field(r"^Z(\d\d)((?:\s*(?:\[\d+-\d+\])?=[0-9a-f:]+\n?)+)", _numbered("v"), _LOW),
            ),
            _layout(
                registers.RISCV64,
                " pc ",
                r"/ft11 ",
                rf"^ pc +({_H16})",
                _words(rf"^ (pc|fcsr) +({_H16})", "pc fcsr"),
                _words(rf"\b[xf]\d+/(\w+) +({_H16})", " ".join(registers.RISCV64.by_name)),
                absent="fcsr",
            ),
            _layout(
                registers.S390X,
                "PSW=mask ",
                r"\b(?:V31|F15)=",
                rf"\baddr ({_H16})",
                _words(rf"\b(mask|addr) ({_H16})", mask="pswm", addr="pswa"),
                _field(rf"\bR(\d\d)=({_H16})", _numbered("r")),
                _field(rf"\bV(0\d|1[0-5])=({_H16}{_H16})", _numbered("f"), _HIGH),
                _field(rf"\bF(\d\d)=({_H16})", _numbered("f")),
                absent="fpc acr0 acr1",
            ),
            _layout(
                registers.PPC64LE,
                "NIP ",
                r"^FPSCR ",
                rf"^NIP ({_H16})",
                _words(rf"\b(NIP|LR|CTR|XER|FPSCR) ({_H16})", **_PPC_WORDS),
                _words(rf"^(CR) ({_H8}) ", **_PPC_WORDS),
                _field(rf"^GPR(\d\d)((?: {_H16})+)", _numbered("r"), row=True),
                _field(rf"^FPR(\d\d)((?: {_H16})+)", _numbered("f"), row=True),
                absent=" ".join(f"v{number}" for number in range(32)),
            ),
            _layout(
                registers.ARM,
                "R00=",
                r"^FPSCR: ",
                rf"\bR15=({_H8})",
                _field(rf"\bR(\d\d)=({_H8})", _numbered("r", {13: "sp", 14: "lr", 15: "pc"})),
                _words(rf"\b(PSR)=({_H8})", PSR="cpsr"),
                _words(rf"\b(FPSCR): ({_H8})", "FPSCR"),
                _field(rf"\bd(\d\d)=({_H16})", _numbered("d")),
            ),
            _layout(
                registers.MIPS64LE,
                "pc=0x",
                r"^f31: ",
                rf"^pc=0x({_H16})",
                _words(rf"\b(pc|HI|LO)=0x({_H16})", "pc HI LO"),
                _field(rf"^GPR(\d\d):((?: \w\w {_H16})+)", _mips, row=True),
                _words(rf"\b(FCR31) 0x({_H8})", FCR31="fcsr"),
                _field(rf"^ ?f(\d+): w:{_H8} d:({_H16})", _numbered("f")),
            ),
        )
    }
)  # fmt: skip
