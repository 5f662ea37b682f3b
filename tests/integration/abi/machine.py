"""Assembly between a compiler's code and bytes: what a callee is entered with, and what it comes back with.

`capture` is called as any function: it copies the registers that can hold arguments, and the stack, to `captured`,
calls `fill`, and returns with the registers of `answers`. `play` calls what `target` points to, with the registers and
the stack of `given`, and copies the registers that can hold a result to `came`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

STACK = 1 << 14  # bytes of the stack that are kept, from the stack pointer at the first instruction on
ROOM = 1 << 12  # bytes of the stack that are given


def _names(names: Sequence[str], size: int) -> dict[str, int]:
    return dict.fromkeys(names, size)


def _numbered(prefix: str, numbers: range, size: int) -> dict[str, int]:
    return _names([f"{prefix}{number}" for number in numbers], size)


_X87 = {"fxsave": 32, "st0": 16, "st1": 16, "st2": 96}  # as fxsave lays them out
ARGUMENTS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "amd64": {**_names(("rax", "rdi", "rsi", "rdx", "rcx", "r8", "r9"), 8), **_numbered("xmm", range(8), 16)},
        "386": {},
        "arm64": {**_numbered("x", range(9), 8), **_numbered("v", range(8), 16)},
        "riscv64": {**_numbered("a", range(8), 8), **_numbered("fa", range(8), 8)},
        "s390x": {**_numbered("r", range(2, 7), 8), **_numbered("f", range(0, 8, 2), 8)},
        "ppc64le": {
            **_numbered("r", range(3, 11), 8),
            **_numbered("f", range(1, 14), 8),
            **_numbered("v", range(2, 14), 16),
        },
        "arm": {**_numbered("r", range(4), 4), **_numbered("d", range(8), 8)},
        "mips64le": {**_numbered("a", range(8), 8), **_numbered("f", range(12, 20), 8)},
    }
)
RESULTS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "amd64": {**_names(("rax", "rdx"), 8), **_X87, **_numbered("xmm", range(2), 16), "xmm2": 320},
        "386": {**_names(("eax", "edx"), 4), "none": 8, **_X87, **_numbered("xmm", range(2), 16), "xmm2": 320},
        "arm64": {**_numbered("x", range(2), 8), **_numbered("v", range(4), 16)},
        "riscv64": {**_numbered("a", range(2), 8), **_numbered("fa", range(2), 8)},
        "s390x": {"r2": 8, "f0": 8},
        "ppc64le": {
            **_numbered("r", range(3, 5), 8),
            **_numbered("f", range(1, 9), 8),
            **_numbered("v", range(2, 10), 16),
        },
        "arm": {**_numbered("r", range(4), 4), **_numbered("d", range(8), 8)},
        "mips64le": {**_numbered("v", range(2), 8), **_numbered("f", range(3), 8)},
    }
)
"""What is kept and given, with the size of each (bytes)."""


def places(rows: Mapping[str, int], start: int = 16) -> dict[str, int]:
    """Return where each register is: those of arguments stand behind the stack pointer."""
    found, at = {}, start
    for name, size in rows.items():
        at = -(-at // size) * size if size == 16 else at
        found[name] = at
        at += size
    return found


def stack(arch: str) -> int:
    """Return where the stack is in what was captured, and in what is given."""
    rows = ARGUMENTS[arch]
    return -(-max([at + rows[name] for name, at in places(rows).items()] or [16]) // 16) * 16


def answered(arch: str) -> int:
    """Return the size of the registers of a result."""
    rows = RESULTS[arch]
    return -(-max(at + rows[name] for name, at in places(rows, 0).items()) // 16) * 16


def _each(rows: Mapping[str, int], start: int, forms: Mapping[str, str]) -> str:
    """Return an instruction for each register, by the form that its prefix has."""
    lines = []
    for name, at in places(rows, start).items():
        prefix = name.rstrip("0123456789")
        form = forms[prefix if prefix in forms else ""]
        if form:
            lines.append(form.format(name=name, number=name[len(prefix) :], at=at))
    return "\n".join(lines)


def source(arch: str) -> str:
    """Return the assembly of `capture` and `play`."""
    word = "%" if arch == "arm" else "@"
    at = stack(arch)
    blocks = {
        "captured": at + STACK,
        "given": at + ROOM,
        "answers": answered(arch),
        "came": answered(arch),
        "target": 8,
    }
    body = _BODIES[arch](ARGUMENTS[arch], RESULTS[arch])
    for name, value in (("@STACK", at), ("@SIZE", STACK), ("@ROOM", ROOM)):
        body = body.replace(name, str(value))
    parts = [".bss"]
    for name, size in blocks.items():
        parts.append(
            f".balign 64\n.globl {name}\n.type {name}, {word}object\n.size {name}, {size}\n{name}: .space {size}"
        )
    parts += [".text", *(f".globl {name}\n.type {name}, {word}function" for name in ("capture", "play")), body]
    parts += [f'.section .note.GNU-stack,"",{word}progbits', ""]
    return "\n".join(parts)


Rows = Mapping[str, int]


def _amd64(arguments: Rows, results: Rows) -> str:
    none = dict.fromkeys(("xmm", "st", "fxsave"), "")
    return f"""capture:
movq %rsp, captured(%rip)
{_each(arguments, 16, {"": "movq %{name}, captured+{at}(%rip)", "xmm": "movups %{name}, captured+{at}(%rip)"})}
leaq captured+@STACK(%rip), %rdi
movq %rsp, %rsi
movl $@SIZE/8, %ecx
rep movsq
subq $8, %rsp
call fill
addq $8, %rsp
fxrstor answers+16(%rip)
{_each(results, 0, {"": "movq answers+{at}(%rip), %{name}", **none})}
ret
play:
pushq %rbp
movq %rsp, %rbp
subq $@ROOM, %rsp
andq $-64, %rsp
leaq given+@STACK+8(%rip), %rsi
movq %rsp, %rdi
movl $@ROOM/8-1, %ecx
rep movsq
{_each(arguments, 16, {"": "movq given+{at}(%rip), %{name}", "xmm": "movups given+{at}(%rip), %{name}"})}
call *target(%rip)
{_each(results, 0, {"": "movq %{name}, came+{at}(%rip)", **none})}
fxsave came+16(%rip)
fninit
movq %rbp, %rsp
popq %rbp
ret"""


def _i386(_: Rows, results: Rows) -> str:
    none = dict.fromkeys(("xmm", "st", "fxsave", "none"), "")
    return f"""capture:
movl %esp, captured
xorl %ecx, %ecx
1: movl (%esp,%ecx,4), %eax
movl %eax, captured+@STACK(,%ecx,4)
incl %ecx
cmpl $@SIZE/4, %ecx
jne 1b
subl $12, %esp
call fill
addl $12, %esp
fxrstor answers+16
{_each(results, 0, {"": "movl answers+{at}, %{name}", **none})}
cmpl $0, popped
jne 2f
ret
2: ret $4
play:
pushl %ebp
movl %esp, %ebp
pushl %esi
pushl %edi
subl $@ROOM, %esp
andl $-16, %esp
leal given+@STACK+4, %esi
movl %esp, %edi
movl $@ROOM/4-1, %ecx
rep movsl
call *target
{_each(results, 0, {"": "movl %{name}, came+{at}", **none})}
fxsave came+16
fninit
leal -8(%ebp), %esp
popl %edi
popl %esi
popl %ebp
ret"""


def _arm64(arguments: Rows, results: Rows) -> str:
    store = {"": "str {name}, [x16, #{at}]", "v": "str q{number}, [x16, #{at}]"}
    load = {"": "ldr {name}, [x16, #{at}]", "v": "ldr q{number}, [x16, #{at}]"}
    return f"""capture:
adrp x16, captured
add x16, x16, :lo12:captured
mov x9, sp
str x9, [x16]
{_each(arguments, 16, store)}
mov x9, sp
add x10, x16, #@STACK
mov x11, #@SIZE/8
1: ldr x12, [x9], #8
str x12, [x10], #8
subs x11, x11, #1
b.ne 1b
stp x29, x30, [sp, #-16]!
bl fill
ldp x29, x30, [sp], #16
adrp x16, answers
add x16, x16, :lo12:answers
{_each(results, 0, load)}
ret
play:
stp x29, x30, [sp, #-16]!
mov x29, sp
sub sp, sp, #@ROOM
adrp x16, given
add x16, x16, :lo12:given
add x10, x16, #@STACK
mov x11, sp
mov x12, #@ROOM/8
1: ldr x13, [x10], #8
str x13, [x11], #8
subs x12, x12, #1
b.ne 1b
{_each(arguments, 16, load)}
adrp x17, target
ldr x17, [x17, :lo12:target]
blr x17
adrp x16, came
add x16, x16, :lo12:came
{_each(results, 0, store)}
mov sp, x29
ldp x29, x30, [sp], #16
ret"""


def _riscv64(arguments: Rows, results: Rows) -> str:
    store = {"": "sd {name}, {at}(t0)", "fa": "fsd {name}, {at}(t0)"}
    load = {"": "ld {name}, {at}(t0)", "fa": "fld {name}, {at}(t0)"}
    return f"""capture:
la t0, captured
sd sp, 0(t0)
{_each(arguments, 16, store)}
addi t0, t0, @STACK
mv t1, sp
li t2, @SIZE/8
1: ld t3, 0(t1)
sd t3, 0(t0)
addi t1, t1, 8
addi t0, t0, 8
addi t2, t2, -1
bnez t2, 1b
addi sp, sp, -16
sd ra, 0(sp)
call fill
ld ra, 0(sp)
addi sp, sp, 16
la t0, answers
{_each(results, 0, load)}
ret
play:
addi sp, sp, -16
sd ra, 8(sp)
sd s0, 0(sp)
mv s0, sp
li t0, @ROOM
sub sp, sp, t0
la t0, given
addi t0, t0, @STACK
mv t1, sp
li t2, @ROOM/8
1: ld t3, 0(t0)
sd t3, 0(t1)
addi t1, t1, 8
addi t0, t0, 8
addi t2, t2, -1
bnez t2, 1b
la t0, given
{_each(arguments, 16, load)}
la t1, target
ld t1, 0(t1)
jalr t1
la t0, came
{_each(results, 0, store)}
mv sp, s0
ld s0, 0(sp)
ld ra, 8(sp)
addi sp, sp, 16
ret"""


def _s390x(arguments: Rows, results: Rows) -> str:
    store = {"": "stg %{name}, {at}(%r1)", "f": "std %{name}, {at}(%r1)"}
    load = {"": "lg %{name}, {at}(%r1)", "f": "ld %{name}, {at}(%r1)"}
    return f"""capture:
larl %r1, captured
stg %r15, 0(%r1)
{_each(arguments, 16, store)}
la %r1, @STACK(%r1)
lgr %r3, %r15
lghi %r4, @SIZE/8
1: lg %r0, 0(%r3)
stg %r0, 0(%r1)
la %r3, 8(%r3)
la %r1, 8(%r1)
brctg %r4, 1b
stmg %r14, %r15, 112(%r15)
aghi %r15, -160
brasl %r14, fill
lmg %r14, %r15, 272(%r15)
larl %r1, answers
{_each(results, 0, load)}
br %r14
play:
stmg %r6, %r15, 48(%r15)
lgr %r11, %r15
aghi %r15, -@ROOM
larl %r1, given
la %r3, @STACK(%r1)
lgr %r5, %r15
lghi %r4, @ROOM/8
1: lg %r0, 0(%r3)
stg %r0, 0(%r5)
la %r3, 8(%r3)
la %r5, 8(%r5)
brctg %r4, 1b
{_each(arguments, 16, load)}
larl %r1, target
lg %r1, 0(%r1)
basr %r14, %r1
larl %r1, came
{_each(results, 0, store)}
lgr %r15, %r11
lmg %r6, %r15, 48(%r15)
br %r14"""


def _ppc64le(arguments: Rows, results: Rows) -> str:
    store = {"r": "std {number}, {at}(11)", "f": "stfd {number}, {at}(11)", "v": "li 12, {at}\nstvx {number}, 12, 11"}
    load = {"r": "ld {number}, {at}(11)", "f": "lfd {number}, {at}(11)", "v": "li 12, {at}\nlvx {number}, 12, 11"}
    return f"""capture:
addis 2, 12, .TOC.-capture@ha
addi 2, 2, .TOC.-capture@l
.localentry capture, .-capture
addis 11, 2, captured@toc@ha
addi 11, 11, captured@toc@l
std 1, 0(11)
{_each(arguments, 16, store)}
addi 11, 11, @STACK-8
addi 12, 1, -8
li 0, @SIZE/8
mtctr 0
1: ldu 0, 8(12)
stdu 0, 8(11)
bdnz 1b
mflr 0
std 0, 16(1)
stdu 1, -64(1)
bl fill
nop
addi 1, 1, 64
ld 0, 16(1)
mtlr 0
addis 11, 2, answers@toc@ha
addi 11, 11, answers@toc@l
{_each(results, 0, load)}
blr
play:
addis 2, 12, .TOC.-play@ha
addi 2, 2, .TOC.-play@l
.localentry play, .-play
mflr 0
std 0, 16(1)
std 31, -8(1)
mr 31, 1
addi 1, 1, -@ROOM-64
addis 11, 2, given@toc@ha
addi 11, 11, given@toc@l
addi 12, 1, -8
addi 10, 11, @STACK-8
li 0, @ROOM/8
mtctr 0
1: ldu 0, 8(10)
stdu 0, 8(12)
bdnz 1b
{_each(arguments, 16, load)}
addis 12, 2, target@toc@ha
ld 12, target@toc@l(12)
mtctr 12
bctrl
addis 11, 2, came@toc@ha
addi 11, 11, came@toc@l
{_each(results, 0, store)}
mr 1, 31
ld 31, -8(1)
ld 0, 16(1)
mtlr 0
blr"""


def _arm(_: Rows, __: Rows) -> str:
    return """.arm
.fpu vfpv3-d16
capture:
ldr ip, =captured
str sp, [ip], #16
stmia ip!, {r0-r3}
vstmia ip!, {d0-d7}
ldr ip, =captured+@STACK
mov r0, sp
ldr r1, =@SIZE/4
1: ldr r2, [r0], #4
str r2, [ip], #4
subs r1, r1, #1
bne 1b
push {ip, lr}
bl fill
pop {ip, lr}
ldr ip, =answers
ldmia ip!, {r0-r3}
vldmia ip!, {d0-d7}
bx lr
.ltorg
play:
push {fp, lr}
mov fp, sp
sub sp, sp, #@ROOM
ldr ip, =given+@STACK
mov r0, sp
ldr r1, =@ROOM/4
1: ldr r2, [ip], #4
str r2, [r0], #4
subs r1, r1, #1
bne 1b
ldr ip, =given+16
ldmia ip!, {r0-r3}
vldmia ip!, {d0-d7}
ldr ip, =target
ldr ip, [ip]
blx ip
ldr ip, =came
stmia ip!, {r0-r3}
vstmia ip!, {d0-d7}
mov sp, fp
pop {fp, pc}
.ltorg"""


def _mips64le(arguments: Rows, results: Rows) -> str:
    def each(rows: Rows, start: int, integer: str, floating: str) -> str:
        lines = []
        for name, at in places(rows, start).items():
            number = int(name[1:]) + {"a": 4, "v": 2}.get(name[0], 0)
            lines.append(f"{floating if name[0] == 'f' else integer}{number}, {at}($12)")
        return "\n".join(lines)

    return f""".set noreorder
.ent capture
capture:
.cpsetup $25, $2, capture
dla $12, captured
.cpreturn
sd $29, 0($12)
{each(arguments, 16, "sd $", "sdc1 $f")}
daddiu $12, $12, @STACK
move $13, $29
li $14, @SIZE/8
1: ld $15, 0($13)
sd $15, 0($12)
daddiu $13, $13, 8
daddiu $14, $14, -1
bnez $14, 1b
daddiu $12, $12, 8
daddiu $29, $29, -32
sd $31, 0($29)
.cpsetup $25, 8, capture
dla $25, fill
jalr $25
nop
dla $12, answers
.cpreturn
ld $31, 0($29)
daddiu $29, $29, 32
{each(results, 0, "ld $", "ldc1 $f")}
jr $31
nop
.end capture
.ent play
play:
daddiu $29, $29, -32
sd $31, 0($29)
sd $30, 16($29)
.cpsetup $25, 8, play
move $30, $29
daddiu $29, $29, -@ROOM
dla $12, given
daddiu $13, $12, @STACK
move $24, $29
li $14, @ROOM/8
1: ld $15, 0($13)
sd $15, 0($24)
daddiu $13, $13, 8
daddiu $14, $14, -1
bnez $14, 1b
daddiu $24, $24, 8
{each(arguments, 16, "ld $", "ldc1 $f")}
dla $25, target
ld $25, 0($25)
jalr $25
nop
dla $12, came
{each(results, 0, "sd $", "sdc1 $f")}
move $29, $30
.cpreturn
ld $31, 0($29)
ld $30, 16($29)
daddiu $29, $29, 32
jr $31
nop
.end play"""


_BODIES = {
    "amd64": _amd64,
    "386": _i386,
    "arm64": _arm64,
    "riscv64": _riscv64,
    "s390x": _s390x,
    "ppc64le": _ppc64le,
    "arm": _arm,
    "mips64le": _mips64le,
}
