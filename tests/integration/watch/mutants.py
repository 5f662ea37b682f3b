"""One instruction of Go's crossing code changed at a time (`-overlay`), and what the watch has to say of each.

The program is the corpus's `callee_saved`, whose C side fills every register that a call preserves.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from harness.host import golang
from harness.watch.sites import CALLBACK, INTO_C, INTO_GO, SIGNALS, SWITCH
from harness.watch.watcher import Watched

from ..support import CORPUS, load_case, shipped
from .watched import watched, with_sentinels

CASE = load_case(CORPUS / "conversions" / "callee_saved")
CGO = "src/runtime/cgo"


@dataclass(frozen=True)
class Mutant:
    """`old` becomes `new` where it stands last in `file` (below GOROOT); the watch has to name `names`."""

    arch: str
    file: str
    old: str
    new: str
    names: str

    def __str__(self) -> str:
        return f"{self.arch}-{Path(self.file).stem}-{self.names.replace(' ', '-')}-{self.new.strip()[-24:]}"


def after(arch: str, file: str, anchor: str, added: str, names: str) -> Mutant:
    """A further instruction at the end of what restores."""
    return Mutant(arch, file, anchor, f"{anchor}\n\t{added}", names)


ARM64, RISCV64, S390X, PPC64 = (f"{CGO}/asm_{name}.s" for name in ("arm64", "riscv64", "s390x", "ppc64x"))
AMD64 = f"{CGO}/asm_amd64.s"  # not abi_amd64.h: -overlay does not reach what the assembler includes
_ARM64_END, AMD64_END = "LDP\t(8*22)(RSP), (R29, R30)", "POP_REGS_HOST_TO_ABI0()"
RISCV64_END, S390X_END, PPC64_END = (
    *("RESTORE_FPR((8*17))", "LMG\t48(R15), R6, R15", "UNSTACK_AND_RESTORE_GO_TO_HOST_ABI(32)"),
)
MUTANTS = [
    after("arm64", ARM64, _ARM64_END, "MOVD\t$0, R21", "x21"),
    after("arm64", ARM64, _ARM64_END, "MOVD\t$0, g", "x28"),
    after("arm64", ARM64, _ARM64_END, "MOVD\t$0, R29", "x29"),
    after("arm64", ARM64, _ARM64_END, "FMOVD\tF0, F12", "v12"),
    Mutant("arm64", ARM64, "RESTORE_R19_TO_R28(8*4)", "RESTORE_R19_TO_R28(8*5)", "x19 x20 x27"),
    Mutant("arm64", ARM64, "RESTORE_F8_TO_F15(8*14)", "", "v8 v15"),
    Mutant("arm64", ARM64, "ADD\t$(8*24), RSP\n\tRET", "ADD\t$(8*26), RSP\n\tRET", "sp"),
    after("amd64", AMD64, AMD64_END, "MOVQ\t$0, R12", "r12"),
    after("amd64", AMD64, AMD64_END, "XCHGQ\tR13, R14", "r13 r14"),
    after("amd64", AMD64, AMD64_END, "MOVQ\tR14, R15", "r15"),
    after("amd64", AMD64, AMD64_END, "MOVQ\tR12, BX", "rbx"),
    Mutant(
        "amd64", "src/runtime/asm_amd64.s", "SUBQ\t$16, SP\n\tANDQ\t$~15, SP\t// alignment for gcc ABI",
        "ANDQ\t$~15, SP\n\tSUBQ\t$24, SP", "rsp",
    ),
    after("riscv64", RISCV64, RISCV64_END, "MOV\tZERO, X18", "s2"),
    after("riscv64", RISCV64, RISCV64_END, "MOVD\tF0, F27", "fs11"),
    Mutant("riscv64", RISCV64, "RESTORE_GPR((8*4))", "RESTORE_GPR((8*5))", "s0 s1 s11"),
    Mutant("riscv64", RISCV64, RISCV64_END, "", "fs0 fs11"),
    Mutant("riscv64", RISCV64, "ADD\t$(8*29), X2\n", "ADD\t$(8*30), X2\n", "sp"),
    after("s390x", S390X, S390X_END, "MOVD\t$0, R10", "r10"),
    after("s390x", S390X, S390X_END, "MOVD\tR7, R6", "r6"),
    Mutant("s390x", S390X, "FMOVD\t72(R15), F13", "FMOVD\t64(R15), F13", "f13"),
    Mutant("s390x", S390X, "FMOVD\t32(R15), F8\n", "\n", "f8"),
    after("s390x", S390X, S390X_END, "ADD\t$8, R15", "r15"),
    after("ppc64le", PPC64, PPC64_END, "MOVD\tR0, R20", "r20"),
    after("ppc64le", PPC64, PPC64_END, "FMOVD\tF0, F20", "f20"),
    after("ppc64le", PPC64, PPC64_END, "MOVD\tR14, R31", "r31"),
    after("ppc64le", PPC64, PPC64_END, "ADD\t$16, R1", "r1"),
]  # fmt: skip

ABOVE = [  # writes to the caller's frame, above what is the callee's; no register tells, so `names` is a word of that
    after("amd64", AMD64, AMD64_END, "MOVQ\t$0, 24(SP)", "sp+8"),
    after("arm64", ARM64, _ARM64_END, "MOVD\tZR, (8*26)(RSP)", "sp+16"),  # at sp+8 gcc's wrapper has its return address
    after("riscv64", RISCV64, RISCV64_END, "MOV\tZERO, (8*30)(X2)", "sp+8"),
    after("s390x", S390X, S390X_END, "MOVD\t$0, 168(R15)", "sp+168"),
    after("ppc64le", PPC64, PPC64_END, "MOVD\tR0, 40(R1)", "sp+40"),
]


SYS, ASM = "src/runtime/sys_linux_{}.s", "src/runtime/asm_{}.s"
_AMD64_SIGTRAMP = "CALL\t·sigtrampgo<ABIInternal>(SB)\n\n\tADJSP\t$-24\n\n\tPOP_REGS_HOST_TO_ABI0()"
_PPC64_SIGTRAMP = "UNSTACK_AND_RESTORE_GO_TO_HOST_ABI(32)\n\tRET\n\nTEXT runtime·cgoSigtramp"
_AMD64_G = (
    "MOVQ\tg(R12), R14\n\tPXOR\tX15, X15\n\n\t// Reserve space for spill slots.\n"
    "\tNOP\tSP\t\t// disable vet stack checking\n\tADJSP   $24\n\n\t// Call into the Go signal handler\n"
    "\tMOVQ\tDI, AX\t// sig\n\tMOVQ\tSI, BX\t// info\n\tMOVQ\tDX, CX\t// ctx\n\tCALL\t·sigtrampgo<"
)
_RISCV64_G = "CALL\truntime·load_g(SB)\n\n\tMOV\t$runtime·sigtrampgo(SB), A0"
_PPC64_AFTER_C = "XOR\tR0, R0\n\n\t// Restore g, stack pointer, toc pointer."
_ARM64_SWITCH = "MOVD\tR0, RSP\n\tMOVD\t(g_sched+gobuf_bp)(g), R29\n\tMOVD\tR9, R0\n\n\t// Now on a sch"
_ARM64_SIGTRAMP = "RESTORE_F8_TO_F15(8*14)\n\n\tRET\n\n// Called from c-abi"


def within(arch: str, file: str, anchor: str, old: str, new: str, names: str) -> Mutant:
    """`old` within the `anchor`, which tells it from others like it."""
    assert old in anchor
    return Mutant(arch, file, anchor, anchor.replace(old, new, 1), names)


def before(arch: str, file: str, anchor: str, added: str, names: str) -> Mutant:
    """A further instruction before the `anchor`."""
    return Mutant(arch, file, anchor, f"{added}\n\t{anchor}", names)


_AMD64_BACK = "MOVQ\t0(SP), AX\n\tMOVQ\tAX, (g_sched+gobuf_sp)(SI)\n\n\t// If"
_BACK = "MOVD\tR4, (g_sched+gobuf_sp)(g)\n\n\t// If"
_RISCV64_BACK = "MOV\tX6, (g_sched+gobuf_sp)(g)\n\n\t// If"
OF_EVERY_WAY = [
    # crosscall1
    Mutant("amd64", f"{CGO}/gcc_amd64.S", "popq %r15\n\tpopq %r14", "popq %r14\n\tpopq %r15", "r14 r15"),
    Mutant("amd64", f"{CGO}/gcc_amd64.S", "popq %rbx\n\tret", "popq %rbx\n\txorl %r12d, %r12d\n\tret", "r12"),
    Mutant("arm64", f"{CGO}/gcc_arm64.S", "ldp x21, x22, [sp, #64]", "ldp x21, x22, [sp, #48]", "x21 x22"),
    Mutant("arm64", f"{CGO}/gcc_arm64.S", "ldp x27, x28, [sp, #16]", "ldp x27, x20, [sp, #16]", "x28"),
    Mutant("riscv64", f"{CGO}/gcc_riscv64.S", "fld\tf9, 112(sp)", "fld\tf9, 104(sp)", "fs1"),
    Mutant("riscv64", f"{CGO}/gcc_riscv64.S", "ld\tx26, 88(sp)", "", "s10"),
    Mutant("riscv64", f"{CGO}/gcc_riscv64.S", "addi\tsp, sp, 200", "addi\tsp, sp, 208", "sp"),
    Mutant("s390x", f"{CGO}/gcc_s390x.S", "ld      %f9, 8(%r15)", "ld      %f9, 0(%r15)", "f9"),
    Mutant("s390x", f"{CGO}/gcc_s390x.S", "lmg     %r6, %r15, 48(%r15)", "lmg     %r7, %r15, 56(%r15)", "r6"),
    Mutant("ppc64le", f"{CGO}/gcc_linux_ppc64x.S", "FOR_EACH_GPR ld", "FOR_EACH_GPR ld\n\tli 20, 0", "r20"),
    Mutant("ppc64le", f"{CGO}/gcc_linux_ppc64x.S", "FOR_EACH_FPR lfd", "FOR_EACH_FPR lfd\n\tfmr 30, 14", "f30"),
    Mutant("ppc64le", f"{CGO}/gcc_linux_ppc64x.S", "mtcr\t%r0", "crnot 8, 8", "cr"),
    # crosscall2 once more: control bits and flags
    after("amd64", AMD64, AMD64_END, "STD", "eflags"),
    after("arm64", ARM64, _ARM64_END, "MOVD\t$0x400000, R9\n\tMOVD\tR9, FPCR", "fpcr"),
    after("s390x", S390X, S390X_END, "MOVD\t$0x1000000, R1\n\tBYTE\t$0x04\n\tBYTE\t$0x10\t// SPM R1", "pswm"),
    Mutant("ppc64le", PPC64, PPC64_END, f"{PPC64_END}\n\tMOVD\t$-1, R0\n\tMOVW\tR0, CR", "cr"),
    # asmcgocall
    within("ppc64le", ASM.format("ppc64x"), _PPC64_AFTER_C, "XOR\tR0, R0", "", "r0"),
    Mutant("arm64", ASM.format("arm64"), "MOVD	RSP, R13\n	SUB	$16, R13", "MOVD	RSP, R13\n	SUB	$24, R13", "sp"),
    within("arm64", ASM.format("arm64"), _ARM64_SWITCH, "MOVD\tR0, RSP\n", "", "sp"),
    within("riscv64", ASM.format("riscv64"), "SUB\t$16, X2\n\tMOV\tX9, 0(X2)", "$16", "$24", "sp"),
    # cgocallback: g0.sched.sp is not restored, and g is another where Go is entered
    within("amd64", ASM.format("amd64"), _AMD64_BACK, "MOVQ\tAX", "MOVQ\tSP", "rsp"),
    within("arm64", ASM.format("arm64"), _BACK, "MOVD\tR4, (g_sched+gobuf_sp)(g)", "", "sp"),
    within("riscv64", ASM.format("riscv64"), _RISCV64_BACK, "MOV\tX6", "MOV\tX2", "sp"),
    within("s390x", ASM.format("s390x"), _BACK, "MOVD\tR4", "MOVD\tR15", "r15"),
    within("ppc64le", ASM.format("ppc64x"), _BACK, "MOVD\tR4, (g_sched+gobuf_sp)(g)", "", "r1"),
    before("arm64", ASM.format("arm64"), "MOVD\t$runtime·cgocallbackg<", "SUB\t$64, g", "x28"),
    before("riscv64", ASM.format("riscv64"), "CALL\truntime·cgocallbackg(SB)", "MOV\tX6, g", "s11"),
    before("s390x", ASM.format("s390x"), "BL\truntime·cgocallbackg(SB)", "MOVD\t$0, g", "r13"),
    before("ppc64le", ASM.format("ppc64x"), "MOVD\t$runtime·cgocallbackg(SB), R12", "ADD\t$8, g", "r30"),
    Mutant("amd64", ASM.format("amd64"), "XORPS	X15, X15 // clear X15", "PCMPEQL	X15, X15 // X15", "xmm15"),
    # signal handlers
    within("amd64", SYS.format("amd64"), _AMD64_SIGTRAMP, "ABI0()", "ABI0()\n\tMOVQ\t$0, R13", "r13"),
    within("amd64", SYS.format("amd64"), _AMD64_G, "MOVQ\tg(R12), R14\n", "\n", "r14"),
    within("riscv64", SYS.format("riscv64"), _RISCV64_G, "CALL\truntime·load_g(SB)", "MOV\tX0, X0", "s11"),
    within("amd64", SYS.format("amd64"), _AMD64_SIGTRAMP, "ABI0()", "ABI0()\n\tXCHGQ\tBX, BP", "rbx rbp"),
    within("arm64", SYS.format("arm64"), _ARM64_SIGTRAMP, "RESTORE_F8_TO_F15(8*14)", "FMOVD\tF1, F14", "v14"),
    within("arm64", SYS.format("arm64"), _ARM64_SIGTRAMP, "8*14)", "8*14)\n\tMOVD\t$0, R23", "x23"),
    within("ppc64le", SYS.format("ppc64x"), _PPC64_SIGTRAMP, "(32)", "(32)\n\tMOVD\tR0, R17", "r17"),
    within("ppc64le", SYS.format("ppc64x"), _PPC64_SIGTRAMP, "(32)", "(32)\n\tFMOVD\tF0, F15", "f15"),
]  # fmt: skip


def named(seen: Watched) -> set[str]:
    """Return what alarms name but for those that are known of an unmodified Go."""
    return {alarm.what for alarm in seen.alarms if not alarm.known}


def overlaid(mutant: Mutant, folder: Path) -> dict[str, str]:
    """Return the environment that builds with `mutant`."""
    goroot = golang.ensure(shipped().go).goroot
    head, found, tail = (goroot / mutant.file).read_text().rpartition(mutant.old)
    assert found, "the release has other code here"
    changed = folder / Path(mutant.file).name
    changed.write_text(head + mutant.new + tail)
    overlay = folder / "overlay.json"
    overlay.write_text(json.dumps({"Replace": {str(goroot / mutant.file): str(changed)}}))
    return {"GOFLAGS": f"-overlay={overlay}"}


def hold_unmodified(arch: str) -> None:
    """An unmodified Go breaks no promise but those that are known."""
    seen = watched(CASE, arch)
    assert seen.checked["crosscall2"] >= 1
    assert seen.checked["asmcgocall"] >= 1
    assert named(seen) == set(), seen.alarms


def hold_every_way(arch: str, folder: Path, release: str = "") -> None:
    """Every way between C and Go is seen from end to end, in a release of Go, and keeps what the ABI promises."""
    seen = watched(with_sentinels("program", folder), arch, release=release)
    assert seen.finished.stdout == b"done\n"
    for way in (*INTO_GO, *SIGNALS, INTO_C, SWITCH, CALLBACK):
        assert seen.checked[way] >= 2, (way, seen.checked)
    assert named(seen) == set(), seen.alarms


def hold_mutant(mutant: Mutant, folder: Path) -> None:
    """A changed instruction is found and named."""
    if mutant in MUTANTS:
        seen = watched(CASE, mutant.arch, overlaid(mutant, folder))
        assert set(mutant.names.split()) <= {alarm.what for alarm in seen.alarms}, seen
    else:
        seen = watched(with_sentinels("program", folder), mutant.arch, overlaid(mutant, folder))
        assert set(mutant.names.split()) <= named(seen), seen
