"""The unwinder over a stack that is written by hand after Go's source: amd64, one chain C ← Go ← C."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pytest

from harness.elf.places import Function, Program
from harness.registers import TABLES
from harness.unwind import cfi
from harness.unwind.modules import Module
from harness.unwind.signals import SIGNAL_FRAMES
from harness.unwind.unwinder import Backtrace, unwind

SYSTEM, GO = 0x7000_0000, 0xC000_0000  # tops of the thread's and the goroutine's stack
G, M, G0 = 0x5000, 0x5400, 0x5800
SIZE = 0x100
# name, frame size after the prologue (bytes from the stack pointer to the CFA); frames begin with that, for simplicity
CODE = {
    "leaf": 8,
    "runtime.asmcgocall.abi0": 16,
    "main.goTwice": 32,
    "runtime.cgocallback.abi0": 40,
    "crosscall2": 88,
    "c_main": 24,
    "runtime.goexit.abi0": 8,
}
OTHERS = {"runtime.sigpanic": 32}
AT = {name: 0x1000 + SIZE * number for number, name in enumerate((*CODE, *OTHERS))}


def entry(start: int, size: int) -> bytes:
    body = bytes(4) + start.to_bytes(8, "little") + SIZE.to_bytes(8, "little") + b"\x0e" + bytes([size])
    return len(body).to_bytes(4, "little") + body


CIE = b"\xff\xff\xff\xff\x03\0\x01\x78\x10\x0c\x07\x08\x90\x01"


@dataclass(frozen=True)
class Written(Module):
    """A module whose call frame information is written here."""

    sizes: tuple[tuple[str, int], ...] = field(default=tuple(CODE.items()))

    @cached_property
    def frames(self) -> tuple[cfi.Frames, ...]:
        data = len(CIE).to_bytes(4, "little") + CIE + b"".join(entry(AT[name], size) for name, size in self.sizes)
        return (cfi.read(data, 0, is_eh=False, word=8, order="little")[0],)


def module(**sizes: int) -> Written:
    functions = tuple(Function(name, start, SIZE, (start,)) for name, start in AT.items())
    program = Program(Path("/nonexistent"), True, 0, functions, ((0x1000, 0x2000, 0),))
    return Written(program, 0, tuple((CODE | OTHERS | sizes).items()))


def back(name: str) -> int:
    return AT[name] + 0x20


def words() -> tuple[dict[int, int], int]:
    """The memory, and the stack pointer of `leaf`, which asmcgocall called."""
    found = {G: GO - 0x1000, G + 8: GO, G + 6 * 8: M, M: G0, G0 + 6 * 8: M}
    sp = SYSTEM - 0x100
    found[sp + 80] = back("c_main")  # crosscall2's return address, of a frame of 88
    found |= {sp + 24 + 8 * number: 0 for number in range(6)}
    found[sp + 88 + 16] = back("runtime.goexit.abi0")  # that of c_main
    callback = sp - 40
    found |= {callback + 32: back("crosscall2"), callback: 0, G0 + 7 * 8: callback}
    call = callback - 16
    go = GO - 0x200
    found |= {call: GO - go, call + 8: G, call - 8: back("runtime.asmcgocall.abi0")}
    found |= {go + 8: back("main.goTwice"), go + 16 + 24: back("runtime.cgocallback.abi0")}
    return found, call - 8


def walk(memory: dict[int, int], sp: int, with_module: Module | None = None) -> Backtrace:
    def read(address: int, size: int) -> bytes | None:
        return memory[address].to_bytes(8, "little") if size == 8 and address in memory else None

    registers = {"rip": AT["leaf"], "rsp": sp}
    return unwind(TABLES["amd64"], registers, read, lambda: [with_module or module()])


def test_both_switches_of_stacks_are_crossed() -> None:
    found = walk(*words())
    assert found.ended == ""
    assert [frame.name for frame in found.frames] == list(CODE)
    assert found.frames[0].offset == 0
    assert {frame.offset for frame in found.frames[1:]} == {0x20}


def test_what_asmcgocall_did_not_leave_ends_the_backtrace() -> None:
    memory, sp = words()
    memory[sp + 8] = GO  # a depth outside of the stack
    found = walk(memory, sp)
    assert [frame.name for frame in found.frames] == ["leaf", "runtime.asmcgocall.abi0"]
    assert found.ended.startswith("not available: what asmcgocall left on the stack")


def test_another_layout_of_g_and_m_ends_it() -> None:
    memory, sp = words()
    memory[G0 + 6 * 8] = M + 8
    found = walk(memory, sp)
    assert found.frames[-1].name == "runtime.cgocallback.abi0"
    assert found.ended.startswith("not available: this release of Go lays out its g and m in another way")


def test_another_frame_of_crosscall2_ends_it() -> None:
    found = walk(*words(), module(crosscall2=96))
    assert found.frames[-1].name == "crosscall2"
    assert found.ended == "not available: crosscall2's frame has 96 bytes, and 88 are known"


@pytest.mark.parametrize("missing", range(0, 12, 3))
def test_memory_that_cannot_be_read_ends_it_with_a_reason(missing: int) -> None:
    memory, sp = words()
    del memory[sorted(memory)[missing]]
    found = walk(memory, sp)
    assert found.frames[0].name == "leaf"
    assert found.ended.startswith("not available: ") or len(found.frames) == len(CODE)


def test_a_function_that_is_its_own_caller_ends_it() -> None:
    sp = SYSTEM - 0x100
    found = walk({sp: back("c_main"), **{sp + 8 + 8 * number: back("c_main") for number in range(40)}}, sp)
    assert found.ended.startswith("not available: ")
    assert len(found.frames) < 20


SIGRETURN = bytes.fromhex("48c7c00f0000000f05")


def signalled(at: int, sp: int, *, code: bytes = SIGRETURN, number: int = 11, lacks: bool = False) -> Backtrace:
    """A handler, called `leaf`, that was called by the kernel where `at` and `sp` were what a thread had.

    It returns to `code`; `lacks`: the memory is a core's that has not that page.
    """
    frame = SYSTEM - 0x4000
    row = SIGNAL_FRAMES["amd64"]
    assert row.number is not None
    memory = {frame - 8: 0x9000, frame + row.number: number, frame + row.number + 4: 0, frame + 8: 0}
    memory |= {frame + place: 0 for place in row.registers.values()}
    memory |= {frame + row.registers["rip"]: at, frame + row.registers["rsp"]: sp}
    memory |= {frame + 16: frame - 0x1000, frame + 24: 0, frame + 32: 0x2000}
    memory[sp + 16] = back("runtime.goexit.abi0")

    def read(address: int, size: int) -> bytes | None:
        if address == 0x9000:
            return None if lacks else code[:size]
        return memory[address].to_bytes(8, "little")[:size] if address in memory else None

    registers = {"rip": AT["leaf"], "rsp": frame - 8}
    return unwind(TABLES["amd64"], registers, read, lambda: [module()], is_code=lambda address: lacks)


def test_a_signal_is_followed_to_what_it_interrupted_whichever_stack_that_is_on() -> None:
    for sp in (SYSTEM - 0x100, SYSTEM - 0x8000):
        found = signalled(AT["c_main"] + 0x10, sp)
        assert [frame.name for frame in found.frames] == ["leaf", "c_main", "runtime.goexit.abi0"]
        assert (found.frames[1].pc, found.frames[1].sp, found.ended) == (AT["c_main"] + 0x10, sp, "")


def test_a_call_that_a_handler_put_in_returns_to_the_instruction_itself() -> None:
    sp = SYSTEM - 0x100
    memory = {sp + 24: AT["c_main"], sp + 32 + 16: back("runtime.goexit.abi0")}

    def read(address: int, size: int) -> bytes | None:
        return memory[address].to_bytes(8, "little") if size == 8 and address in memory else None

    found = unwind(TABLES["amd64"], {"rip": AT["runtime.sigpanic"], "rsp": sp}, read, lambda: [module()])
    assert [(frame.name, frame.offset) for frame in found.frames] == [
        *(("runtime.sigpanic", 0), ("c_main", 0), ("runtime.goexit.abi0", 0x20)),
    ]


def test_a_handler_that_nobody_knows_who_called_ends_it() -> None:
    there = AT["c_main"] + 0x10, SYSTEM - 0x100
    ended = "not available: 0x9000 lies in no file that is at hand"
    for found in (signalled(*there, code=bytes(9)), signalled(*there, lacks=True, number=0)):
        assert ([frame.name for frame in found.frames], found.ended) == (["leaf", "0x9000"], ended)
    for found in (signalled(*there, number=0), signalled(*there, lacks=True)):
        assert ([frame.name for frame in found.frames][:2], found.ended) == (["leaf", "c_main"], "")
