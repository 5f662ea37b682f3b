"""What a call goes to is read from its own text and the registers, which nothing has changed yet."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.elf import calls, places
from harness.registers import TABLES
from harness.unwind.jumps import came_by_call
from harness.unwind.modules import Module

BIAS, TARGET, MEMORY = 0x1000000, 0x9000, 0x5000
CALLS = {  # an instruction, and the registers and memory by which it goes to TARGET
    "call *%rdx": {"rdx": TARGET},
    "call *(%rdx)": {"rdx": MEMORY},
    "call *24(%rdx)": {"rdx": MEMORY - 24},
    "call *-8(%rdx)": {"rdx": MEMORY + 8},
    "call *16(%rdx,%rcx,8)": {"rdx": MEMORY - 16 - 24, "rcx": 3},
    "call *(%rdx,%rcx,1)": {"rdx": MEMORY - 3, "rcx": 3},
}


def built(folder: Path, instruction: str) -> tuple[Module, int]:
    """A program that calls by `instruction`, and where it goes on then."""
    head = ".globl f\n.hidden f\n.section .note.GNU-stack\n.text\n.type f, @function\n"
    source = f"{head}f: nop\n{instruction}\nnop\nret\n.size f, .-f\n"
    program = folder / "prog"
    subprocess.run(["gcc", "-shared", "-x", "assembler", "-", "-o", program], input=source.encode(), check=True)
    loaded = places.load(program)
    (call,) = calls.calls(loaded, loaded.by_name["f"][0], "amd64")
    return Module(loaded, BIAS), call.back + BIAS


def goes(module: Module, back: int, *, by_any: bool = False, **registers: int) -> bool:
    values = {"rip": TARGET, "rdx": 0, "rcx": 0, **registers}
    memory = {MEMORY: TARGET}
    return came_by_call(TABLES["amd64"], [module], values, back, lambda at: memory.get(at, 0), by_any=by_any)


@pytest.mark.parametrize("instruction", CALLS)
def test_a_call_by_a_register_or_by_memory(instruction: str, tmp_path: Path) -> None:
    module, back = built(tmp_path, instruction)
    assert goes(module, back, **CALLS[instruction])
    assert not goes(module, back, rdx=0x7000, rcx=1)
    assert not goes(module, back, by_any=True, rdx=0x7000, rcx=1)
    assert not goes(module, back + 1, **CALLS[instruction])
    assert not goes(module, 0x10, **CALLS[instruction])


def test_a_direct_call_will_do_where_there_can_be_no_code(tmp_path: Path) -> None:
    module, back = built(tmp_path, "call f")
    assert goes(module, back, by_any=True)
    assert not goes(module, back)
    assert goes(module, back, rip=module.program.by_name["f"][0].start + BIAS)


def test_a_register_that_is_not_known_tells_nothing(tmp_path: Path) -> None:
    module, back = built(tmp_path, "call *8(%r9)")
    assert not goes(module, back)
