"""Go assembly between compiled Go and bytes, as `machine` has it for C.

`capture` copies the registers that can hold arguments, and the stack, to `captured`, and returns with the registers of
`answers` and its bytes on the stack. `play` calls what `target` points to, with the registers and the stack of `given`,
and copies registers and stack to `came`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from harness.abi.place import Convention

from .image import Form

STACK = 1 << 12  # bytes of the stack that are kept and given, from the stack pointer at the first instruction on
HEAD = 16  # bytes of a block before its registers: of `captured` the stack pointer, of `answers` what goes on the stack


@dataclass(frozen=True)
class Words:
    """What an assembler calls things. `names` are registers that it calls otherwise than the convention's table."""

    sp: str
    move: str
    fmove: str
    load_byte: str
    store_byte: str
    add: str
    base: str
    temps: Sequence[str]  # four, which hold no argument once these are saved
    unless_zero: str
    jump: str
    call: str
    names: Mapping[str, str]
    word: int = 8


def _names(prefix: str, to: str, numbers: Sequence[int]) -> dict[str, str]:
    return {f"{prefix}{index}": f"{to}{number}" for index, number in enumerate(numbers)}


_RISCV = {
    **_names("a", "X", range(10, 18)),
    **_names("s", "X", (8, 9, *range(18, 28))),
    **_names("fa", "F", range(10, 18)),
    **_names("fs", "F", (8, 9, *range(18, 28))),
}
_AMD64 = {name: name[1:].upper() for name in ("rax", "rbx", "rcx", "rdx", "rdi", "rsi")} | _names("xmm", "X", range(16))
WORDS: Mapping[str, Words] = MappingProxyType(
    {
        "amd64": Words(
            *("SP", "MOVQ", "MOVSD", "MOVB", "MOVB", "ADDQ", "R12", ("SI", "DI", "CX", "AX")),
            "TESTQ {0}, {0}\nJNE {1}",
            "JMP {0}",
            "CALL {0}",
            _AMD64,
        ),
        "386": Words(
            *("SP", "MOVL", "", "MOVB", "MOVB", "ADDL", "BX", ("SI", "DI", "CX", "AX")),
            *("TESTL {0}, {0}\nJNE {1}", "JMP {0}", "CALL {0}"),
            {},
            4,
        ),
        "arm64": Words(
            *("RSP", "MOVD", "FMOVD", "MOVBU", "MOVB", "ADD", "R19", ("R20", "R21", "R22", "R23")),
            *("CBNZ {0}, {1}", "B {0}", "BL ({0})"),
            _names("x", "R", range(16)) | _names("v", "F", range(16)),
        ),
        "riscv64": Words(
            *("X2", "MOV", "MOVD", "MOVBU", "MOVB", "ADD", "X5", ("X6", "X7", "X28", "X29")),
            *("BNE {0}, X0, {1}", "JMP {0}", "JALR X1, ({0})"),
            _RISCV,
        ),
        "ppc64le": Words(
            *("R1", "MOVD", "FMOVD", "MOVBZ", "MOVB", "ADD", "R20", ("R21", "R22", "R23", "R24")),
            *("CMP {0}, $0\nBNE {1}", "BR {0}", "MOVD {0}, R12\nMOVD R12, CTR\nBL (CTR)"),
            {},
        ),
        "s390x": Words(
            *("R15", "MOVD", "FMOVD", "MOVBZ", "MOVB", "ADD", "R1", ("R2", "R3", "R4", "R5")),
            *("CMPBNE {0}, $0, {1}", "BR {0}", "BL ({0})"),
            {},
        ),
        "arm": Words(
            *("R13", "MOVW", "", "MOVBU", "MOVBU", "ADD", "R0", ("R1", "R2", "R3", "R4")),
            *("CMP $0, {0}\nBNE {1}", "B {0}", "BL ({0})"),
            {},
            4,
        ),
        "mips64le": Words(
            *("R29", "MOVV", "", "MOVBU", "MOVB", "ADDV", "R8", ("R9", "R10", "R11", "R12")),
            *("BNE {0}, {1}", "JMP {0}", "JAL ({0})"),
            {},
        ),
    }
)


def of_arguments(convention: Convention) -> Form:
    """Return the form of what is captured, and of what is given."""
    return _form((*convention.registers.integers, *convention.registers.floats))


def of_results(convention: Convention) -> Form:
    """Return the form of what a function comes back with."""
    return _form((*convention.registers.integer_results, *convention.registers.float_results))


def _form(names: Sequence[str]) -> Form:
    sizes = dict.fromkeys(names, 8)
    return Form(
        {name: HEAD + 8 * index for index, name in enumerate(names)}, sizes, -(-(HEAD + 8 * len(names)) // 16) * 16
    )


def _moves(convention: Convention, form: Form, words: Words, *, to_memory: bool) -> list[str]:
    lines = []
    for name, at in form.at.items():
        is_float = name in (*convention.registers.floats, *convention.registers.float_results)
        register, memory = words.names.get(name, name.upper()), f"{at}({words.base})"
        one, other = (register, memory) if to_memory else (memory, register)
        lines.append(f"{words.fmove if is_float else words.move} {one}, {other}")
    return lines


def _copy(words: Words, label: str, step: int) -> list[str]:
    """Return a loop that copies as many bytes as the third temporary says from the first to the second."""
    source, to, count, value = words.temps
    load, store = (words.load_byte, words.store_byte) if step == 1 else (words.move, words.move)
    return [
        f"{words.jump.format(label + '_test')}",
        f"{label}:",
        f"{load} ({source}), {value}",
        f"{store} {value}, ({to})",
        f"{words.add} ${step}, {source}",
        f"{words.add} ${step}, {to}",
        f"{words.add} $-{step}, {count}",
        f"{label}_test:",
        words.unless_zero.format(count, label),
    ]


def source(convention: Convention, more: Sequence[str] = ()) -> str:
    """Return the assembly of `capture` and `play`, and of `more` functions."""
    words, given, came = WORDS[convention.arch], of_arguments(convention), of_results(convention)
    first, second, count, _ = words.temps
    above = convention.registers.stack
    pushed = above if convention.arch in ("amd64", "386") else 0  # by the call
    move, base = words.move, words.base
    lines = [
        '#include "textflag.h"',
        "TEXT ·capture(SB), NOSPLIT|NOFRAME, $0-0",
        f"{move} $·captured(SB), {base}",
        *_moves(convention, given, words, to_memory=True),
        f"{move} {words.sp}, {first}",
        f"{move} {first}, 0({base})",
        f"{move} {base}, {second}",
        f"{words.add} ${given.stack}, {second}",
        f"{move} ${STACK}, {count}",
        *_copy(words, "captures", words.word),
        f"{move} $·answers(SB), {base}",
        f"{move} 0({base}), {count}",
        f"{move} 8({base}), {first}",
        f"{move} {words.sp}, {second}",
        f"{words.add} {first}, {second}",
        f"{move} {base}, {first}",
        f"{words.add} ${came.stack}, {first}",
        *_copy(words, "answers_stack", 1),
        *_moves(convention, came, words, to_memory=False),
        "RET",
        f"TEXT ·play(SB), 0, ${STACK + 64}-0",
        f"{move} $·given(SB), {base}",
        f"{move} {base}, {first}",
        f"{words.add} ${given.stack + above}, {first}",
        f"{move} {words.sp}, {second}",
        f"{words.add} ${above - pushed}, {second}",
        f"{move} ${STACK - 64}, {count}",
        *_copy(words, "gives", words.word),
        *_moves(convention, given, words, to_memory=False),
        f"{move} ·target(SB), {base}",
        words.call.format(base),
        f"{move} $·came(SB), {base}",
        *_moves(convention, came, words, to_memory=True),
        f"{move} {base}, {second}",
        f"{words.add} ${came.stack + above}, {second}",
        f"{move} {words.sp}, {first}",
        f"{words.add} ${above - pushed}, {first}",
        f"{move} ${STACK - 64}, {count}",
        *_copy(words, "comes", words.word),
        "RET",
        *more,
        "",
    ]
    return "\n".join(filter(None, lines)) + "\n"


def entry(convention: Convention, name: str, function: str) -> list[str]:
    """Return a function of Go's `name` that answers where `function` is entered by ABI0."""
    words = WORDS[convention.arch]
    value = words.temps[0]
    return [
        f"TEXT ·{name}(SB), NOSPLIT, $0-{words.word}",
        f"{words.move} $·{function}(SB), {value}",
        f"{words.move} {value}, ret+0(FP)",
        "RET",
    ]


def jump(convention: Convention, name: str) -> list[str]:
    """Return a function `name` that is `capture`."""
    return [f"TEXT ·{name}(SB), NOSPLIT|NOFRAME, $0-0", WORDS[convention.arch].jump.format("·capture(SB)")]
