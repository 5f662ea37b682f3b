"""What a signal interrupted: the registers that the kernel keeps on the handler's stack (data, from its headers).

The kernel enters a handler with the stack pointer at a frame of its own, `struct rt_sigframe` of
arch/*/kernel/signal*.c, which holds siginfo and the `struct ucontext` of uapi/asm/ucontext.h with the registers
(uapi/asm/sigcontext.h); so does QEMU (linux-user/*/signal.c). The handler returns to a few instructions that end
the signal, in no file (the vDSO, a page of QEMU's) or without call frame information, or is marked as outermost (Go's
sigtramp): neither tells of the frame, so that it is believed only where what it says of itself is right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from harness.registers import RegisterTable

_SIGNALS = range(1, 129)  # _NSIG is 64, 128 on mips
_DISABLED = 2  # SS_DISABLE of sigaltstack(2): there is no alternate stack; the other ss_flags are 0 and SS_ONSTACK
_STATES = range(3)
_MOST = 1 << 16  # bytes that a frame has at most between it and the stack of what was interrupted

_NAMES: Mapping[int, str] = MappingProxyType(
    {4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 11: "SIGSEGV"}
)
_NAMES_OF: Mapping[str, Mapping[int, str]] = MappingProxyType(
    {"mips64le": MappingProxyType({**_NAMES, 7: "SIGEMT", 10: "SIGBUS"})}  # arch/mips/include/uapi/asm/signal.h
)

Load = Callable[[int, int], int]
"""Return the number of so many bytes at an address. Raises CfiBroken."""


@dataclass(frozen=True)
class SignalFrame:
    """Where things are, in bytes.

    `returns` is what the handler returns to can begin with: rt_sigreturn(2). `contexts` are the distances at which the
    ucontext can be from the stack pointer that the handler returns with, `registers` those of the table's registers
    from the ucontext. `number` is si_signo's from the stack pointer, None where it stands behind what differs by the
    kernel's configuration, and si_errno is `errno` behind it. `chained`: the word at the stack pointer is that of what
    was interrupted. `size_first`: ss_size stands before ss_flags in the ucontext's stack_t. `untold` is how much larger
    the frame of Go's sigtramp can be than its call frame information says. `from_cfa` and `back` say where sigtramp has
    the address that it returns to, while sigtrampgo runs (runtime/sys_linux_*.s): from its CFA or the stack pointer.
    """

    returns: tuple[bytes, ...]
    contexts: tuple[int, ...]
    registers: Mapping[str, int]
    number: int | None = None
    chained: bool = False
    size_first: bool = False
    untold: int = 0
    errno: int = 4
    from_cfa: bool = False
    back: int = 0


def _at(start: int, words: str, size: int = 8) -> Mapping[str, int]:
    """Return the places of `words`, which follow each other from `start`; ``-`` is a hole, ``x{0-30}`` counts."""
    names: list[str] = []
    for word in words.split():
        prefix, _, span = word.partition("{")
        first, _, last = span.rstrip("}").partition("-")
        names += [f"{prefix}{number}" for number in range(int(first), int(last) + 1)] if span else [word]
    return MappingProxyType({name: start + size * index for index, name in enumerate(names) if name != "-"})


def _code(*texts: str) -> tuple[bytes, ...]:
    return tuple(map(bytes.fromhex, texts))


_MIPS = "zero at v0 v1 a0 a1 a2 a3 a4 a5 a6 a7 t0 t1 t2 t3 s0 s1 s2 s3 s4 s5 s6 s7 t8 t9 k0 k1 gp sp s8 ra"

SIGNAL_FRAMES: Mapping[str, SignalFrame] = MappingProxyType(
    {
        "amd64": SignalFrame(  # behind the return address uc, info (asm/sigframe.h); uc_mcontext at 40
            _code("48c7c00f0000000f05"), (0,), _at(40, "r{8-15} rdi rsi rbp rbx rdx rax rcx rsp rip"), 304,
            from_cfa=True, back=-8,
        ),
        "386": SignalFrame(  # behind the return address sig, pinfo, puc, info, uc (asm/sigframe.h); uc_mcontext at 20
            _code("b8ad000000cd80"), (140,), _at(20 + 16, "edi esi ebp esp ebx edx ecx eax - - eip", 4), 12,
            from_cfa=True, back=-4,
        ),
        "arm64": SignalFrame(  # info, uc; uc_mcontext at 176 (1024 bits for the mask), which begins with fault_address
            _code("681180d2010000d4"), (128,), _at(176 + 8, "x{0-30} sp pc"), 0,
        ),
        "riscv64": SignalFrame(  # info, uc; uc_mcontext at 176: user_regs_struct
            _code("9308b00873000000"), (128,), _at(176, "pc ra sp gp tp t{0-2} s{0-1} a{0-7} s{2-11} t{3-6}"), 0,
        ),
        "s390x": SignalFrame(  # callee_used_stack of 160, svc_insn, info, uc; uc_mcontext at 40, fprs behind acrs, fpc
            _code("0aad"), (296,), {**_at(40, "pswm pswa r{0-15}"), **_at(40 + 216, "f{0-15}")}, 168,
        ),
        "ppc64le": SignalFrame(  # __SIGNAL_FRAMESIZE (128; QEMU: 16 more), uc; gp_regs at 64 of uc_mcontext at 168
            _code("ac00003802000044", "80002138ac00003802000044"),
            (128, 144), _at(168 + 64, "r{0-31} pc - - ctr lr xer cr"), chained=True,
            from_cfa=True, back=16,
        ),
        "arm": SignalFrame(  # info, uc; uc_mcontext at 20, arm_r0 behind three words; sigtramp's MOVM.DB.W [R4-R11]
            _code("ad70a0e3000000ef", "ad2700df", "4ff0ad0700df"),
            (128,), _at(20 + 12, "r{0-12} sp lr pc cpsr", 4), 0, untold=32, back=32,
        ),
        "mips64le": SignalFrame(  # rs_ass, rs_pad, info, uc; uc_mcontext at 40, sc_pc behind sc_fpregs and sc_md*
            _code("5b1402240c000000"), (152,), {**_at(40, _MIPS), "pc": 40 + 576}, 24, size_first=True, errno=8,
        ),
    }
)  # fmt: skip


def name(arch: str, number: int) -> str:
    """Return the name of a signal that programs die of, or ``signal 64``."""
    return _NAMES_OF.get(arch, _NAMES).get(number, f"signal {number}")


def told(table: RegisterTable, sp: int, load: Load) -> tuple[str, int | None]:
    """Return the signal of the frame at `sp` (see `interrupted`), and what stands in the place of si_addr.

    Raises CfiBroken where memory cannot be read.
    """
    frame, word = SIGNAL_FRAMES[table.arch], table.word
    if frame.number is None:
        return "", None
    at = sp + frame.number
    number, errno = (load(at + more, 4) for more in (0, frame.errno))
    if errno:
        return "", None
    return name(table.arch, number), load(at + (16 if word == 8 else 12), word)


def interrupted(table: RegisterTable, sp: int, load: Load, *, is_sure: bool = False) -> dict[str, int] | None:
    """Return the registers of what was interrupted, by name, or None where there is no frame of a signal at `sp`.

    `sp` is the stack pointer with which the handler returns. `is_sure`: it returns to what ends a signal, so that
    siginfo need not be there (arm64 leaves it out without SA_SIGINFO). Raises CfiBroken where memory cannot be read.
    """
    frame = SIGNAL_FRAMES[table.arch]
    if frame.number is not None and not is_sure:
        number, errno = (load(sp + frame.number + more, 4) for more in (0, frame.errno))
        if number not in _SIGNALS or errno:
            return None
    for distance in frame.contexts:
        if _is_context(table, sp, sp + distance, load):
            return {name: load(sp + distance + place, table.word) for name, place in frame.registers.items()}
    return None


def _is_context(table: RegisterTable, sp: int, context: int, load: Load) -> bool:
    """Whether the ucontext at `context` is of a signal whose frame is at `sp`: on its own stack, or right below."""
    frame, word = SIGNAL_FRAMES[table.arch], table.word
    there = load(context + frame.registers[table.sp], word)
    if load(context + word, word) or (frame.chained and load(sp, word) != there):  # uc_link is never set
        return False
    places = (4 * word, 3 * word) if frame.size_first else (3 * word, 4 * word)
    stack, flags, size = load(context + 2 * word, word), load(context + places[0], 4), load(context + places[1], word)
    on_alternate = flags != _DISABLED and stack <= sp < stack + size
    return flags in _STATES and (on_alternate or sp < there <= sp + _MOST)
