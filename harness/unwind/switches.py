"""Where Go's runtime changes stacks between Go and C, and what it leaves there: data, from the release's own source.

asmcgocall (runtime/asm_ARCH.s) goes from a goroutine's stack to that of the thread (g0) and calls C. It leaves there
the old g and how far its stack pointer was from the top of that stack; without a g (its label `nosave`) the stack
pointer itself. cgocallback (same file) goes back: it leaves in its frame on g0's stack the g0.sched.sp that was
before, where `unwindm` (runtime/cgocall.go) looks for it, and sets g0.sched.sp to its own. crosscall2
(runtime/cgo/asm_ARCH.s, abi_ARCH.h) saves what a C call preserves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

ASMCGOCALL = frozenset({"runtime.asmcgocall", "runtime.asmcgocall.abi0"})
CGOCALLBACK = frozenset({"runtime.cgocallback", "runtime.cgocallback.abi0"})
CROSSCALL2 = frozenset({"crosscall2"})
ENDS = frozenset(  # topofstack in runtime/traceback.go
    f"runtime.{name}{suffix}" for name in ("goexit", "mstart", "rt0_go") for suffix in ("", ".abi0")
)
SIGTRAMP = frozenset(  # marked as outermost (TOPFRAME) in runtime/sys_linux_*.s, though a signal interrupted something
    f"runtime.{name}{suffix}" for name in ("sigtramp", "cgoSigtramp") for suffix in ("", ".abi0")
)
INJECTED = frozenset(  # isInjectedCall in runtime/traceback.go: called by what a handler of a signal changed
    f"runtime.{name}{suffix}" for name in ("sigpanic", "asyncPreempt", "debugCallV2") for suffix in ("", ".abi0")
)
SYSTEMSTACK = frozenset({"runtime.systemstack", "runtime.systemstack.abi0"})

# runtime/runtime2.go, in words: g.stack.lo, g.stack.hi, g.m, g.sched.sp; m.g0. The same since Go 1.5.
G_LO, G_HI, G_M, G_SCHED_SP, M_G0 = 0, 1, 6, 7, 0


@dataclass(frozen=True)
class Switch:
    """The slots of one architecture, as distances from the stack pointer (bytes).

    `numbers` are DWARF's numbers of registers by the project's names, `sp` that of the stack pointer. Of asmcgocall:
    `old_g` and `depth`. Of cgocallback: `saved`. Of crosscall2, whose frame's size by its call frame information is
    `told` (bytes from the stack pointer to the CFA at its call): `frame` is its true size, `back` where its return
    address is, `saves` where registers are (by DWARF's numbers). `sp_is_cfa` says that the caller's stack pointer is
    the CFA where no rule says more; on s390x the CFA is 160 bytes above it, and it stays (s390x ELF ABI, "CFA").
    `injected` is how far a call that is `INJECTED` moves the stack pointer, to save the link register there.
    """

    numbers: Mapping[str, int]
    sp: int
    old_g: int
    depth: int
    saved: int
    told: int
    frame: int
    back: int
    saves: Mapping[int, int]
    sp_is_cfa: bool = True
    injected: int = 0


def _names(text: str) -> dict[str, int]:
    return {name: number for number, name in enumerate(text.split()) if name != "-"}


def _counted(pattern: str, first: int, last: int, base: int = 0) -> dict[str, int]:
    return {pattern.format(number): base + number for number in range(first, last + 1)}


def _row(numbers: range | tuple[int, ...], start: int, size: int = 8) -> dict[int, int]:
    return {number: start + size * index for index, number in enumerate(numbers)}


_S390X_FLOATS = (0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15)  # s390x ELF ABI, "DWARF Register Numbers"
_RISCV = "zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6"
_MIPS = "zero at v0 v1 a0 a1 a2 a3 a4 a5 a6 a7 t0 t1 t2 t3 s0 s1 s2 s3 s4 s5 s6 s7 t8 t9 k0 k1 gp sp s8 ra"

SWITCHES: Mapping[str, Switch] = MappingProxyType(
    {
        "amd64": Switch(  # asm_amd64.s: 8(SP), 0(SP); MinFrameSize 0; PUSH_REGS_HOST_TO_ABI0 of abi_amd64.h
            _names("rax rdx rcx rbx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15"), 7,
            8, 0, 0, 88, 88, 80, {3: 24, 12: 32, 13: 40, 14: 48, 15: 56, 6: 64},
        ),
        "386": Switch(  # asm_386.s: 8(SP), 4(SP); MinFrameSize 0; crosscall2 of cgo/asm_386.s
            _names("eax ecx edx ebx esp ebp esi edi"), 4,
            8, 4, 0, 32, 32, 28, {5: 24, 3: 20, 6: 16, 7: 12},
        ),
        "arm64": Switch(  # asm_arm64.s: 0(RSP), 8(RSP); savedsp-16(SP) is 16(RSP); cgo/asm_arm64.s
            _counted("x{}", 0, 30) | {"sp": 31}, 31,
            0, 8, 16, 192, 192, 184, _row(range(19, 29), 32) | {29: 176}, injected=16,
        ),
        "riscv64": Switch(  # asm_riscv64.s: 0(X2), 8(X2); MinFrameSize 8; cgo/asm_riscv64.s, SAVE_GPR of abi_riscv64.h
            _names(_RISCV), 2,
            0, 8, 8, 232, 232, 128, _row((8, 9, *range(18, 28)), 32), injected=8,
        ),
        "s390x": Switch(  # asm_s390x.s: 168(R15), 160(R15); MinFrameSize 8; cgo/asm_s390x.s: STMG R6, R15, 48(R15)
            _counted("r{}", 0, 15) | {f"f{name}": 16 + number for number, name in enumerate(_S390X_FLOATS)}, 15,
            168, 160, 8, 0, 96, 96 + 48 + 8 * 8, _row(range(6, 14), 96 + 48), False, 8,
        ),
        "ppc64le": Switch(  # asm_ppc64x.s: asmcgocallSaveOffset is 32+8 for ELFv2; MinFrameSize 32; abi_ppc64x.h
            _counted("r{}", 0, 31) | _counted("f{}", 0, 31, 32) | {"lr": 65, "ctr": 66}, 1,
            40, 32, 32, 544, 544, 544 + 16, _row(range(14, 32), 64), injected=32,
        ),
        "arm": Switch(  # asm_arm.s: 20(R13), 16(R13); MinFrameSize 4; cgo/asm_arm.s: R14 below MOVM.WP's twelve
            _counted("r{}", 0, 12) | {"sp": 13, "lr": 14, "pc": 15} | _counted("d{}", 0, 31, 256), 13,
            20, 16, 4, 76, 124, 0, _row(range(4, 13), 16, 4), injected=4,
        ),
        "mips64le": Switch(  # asm_mips64x.s: 0(R29), 8(R29); MinFrameSize 8; cgo/asm_mips64x.s
            _names(_MIPS) | _counted("f{}", 0, 31, 32), 29,
            0, 8, 8, 184, 184, 112, _row(range(16, 24), 32) | {28: 96, 30: 104}, injected=8,
        ),
    }
)  # fmt: skip
