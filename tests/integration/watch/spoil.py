"""Each register that a C call preserves, spoiled once, alone, by a function in assembly: each is named.

The function is entered from asmcgocall without a wrapper of gcc's, which would save some of them.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.registers import FLOAT, TABLES, VECTOR, Register, RegisterTable

from ..support import load_case
from .watched import OWN, watched

# How to change a general and a floating-point register, and return; {} is the register.
CODE = {
    "amd64": ("notq %{}", "", "ret"),
    "arm64": ("mvn {0}, {0}", "fneg {0}, {0}", "ret"),
    "riscv64": ("not {0}, {0}", "fneg.d {0}, {0}", "ret"),
    "s390x": ("aghi %{}, 1", "lcdfr %{0}, %{0}", "br %r14"),
    "ppc64le": ("not {0}, {0}", "fneg {0}, {0}", "blr"),
    "arm": ("mvn {0}, {0}", "vneg.f64 {0}, {0}", "bx lr"),
    "mips64le": ("not ${0}, ${0}", "dmtc1 $ra, ${}", "jr $ra"),
}


def spoiled(table: RegisterTable) -> list[Register]:
    """Return the registers that the program spoils: all but the stack pointer, without which nothing comes back."""
    return [row for row in table.preserved if row.name != table.sp]


def assembly(table: RegisterTable) -> str:
    """Return a function for each register, whose name is one that the watch knows as the runtime's C."""
    general, floating, back = CODE[table.arch]
    lines = [".text"]
    for row in spoiled(table):
        is_float = row.role in (FLOAT, VECTOR)
        name = row.name.lstrip("rf") if table.arch == "ppc64le" else row.name
        name = name.replace("v", "d") if table.arch == "arm64" and is_float else name
        symbol = f"x_cgo_spoil_{row.name}"
        lines += [".balign 16", f".globl {symbol}", f".type {symbol}, %function", f"{symbol}:"]
        lines += [(floating if is_float else general).format(name), back, f".size {symbol}, . - {symbol}"]
    return "\n".join([*lines, '.section .note.GNU-stack,"",%progbits', ""])


def hold_each(arch: str, folder: Path) -> None:
    """Each preserved register of `arch` is named when it alone is spoiled."""
    table = TABLES[arch]
    place = folder / "watched" / "spoiled"
    shutil.copytree(OWN / "spoiled", place)
    names = [f"x_cgo_spoil_{row.name}" for row in spoiled(table)]
    (place / "spoil.S").write_text(assembly(table))
    declared = "".join(f"void {name}(void);\n" for name in names)
    (place / "table.c").write_text(
        f"{declared}void *spoiler(int n) {{ void *all[] = {{ {', '.join(names)} }}; return all[n]; }}\n"
    )
    case = load_case(place)
    for number, row in enumerate(spoiled(table)):
        seen = watched(case, arch, arguments=(str(number),))
        ours = [alarm for alarm in seen.alarms if alarm.hit == 1 and alarm.crossing == "asmcgocall"]
        assert [alarm.what for alarm in ours if alarm.what != table.sp] == [row.name], (row.name, seen)
