"""The examples of the documents, and the places where conventions break; compilers are held in tests/integration."""

from __future__ import annotations

import pytest

from harness.abi.conventions import OF_C
from harness.abi.conventions.go import GO_ABI0, GO_INTERNAL
from harness.abi.go_types import GO_MODELS, STRING
from harness.abi.layout import MODELS
from harness.abi.model import Array, Kind, Member, Record, Scalar, Signature, Vector
from harness.abi.place import Placed, Placement
from harness.abi.prototype import read
from harness.registers import TABLES
from harness.toolchain import load_all

TRIPLES = {arch: row.triple for arch, row in load_all().by_arch.items()}
SPARM = "typedef struct {int a; double dd;} sparm;"
POINTS = "typedef struct {float x, y, z;} p3;"


def words(placed: Placed) -> str:
    where = [
        f"{piece.where}{f'>>{8 * piece.shift}' if piece.shift and not piece.part else ''}" for piece in placed.pieces
    ]
    return ("*" if placed.by_reference else "") + ("+".join(where) or "-")


def all_of(made: Placement) -> str:
    found = " ".join(map(words, made.arguments))
    hidden = f" result at *{made.hidden.where}" if made.hidden else ""
    return found + hidden + (f" = {words(made.result)}" if made.result and not made.hidden else "")


@pytest.mark.parametrize(
    ("arch", "prototype", "expected"),
    [
        (  # System V AMD64 psABI figures 3.5 and 3.6, without its vector
            "amd64",
            "typedef struct {int a, b; double d;} structparm;"
            "void f(int e, int f, structparm s, int g, int h, long double ld, double m, double n, int i, int j, int k)",
            "rdi rsi rdx+xmm0 rcx r8 stack+8 xmm1 xmm2 r9 stack+24 stack+32",
        ),
        ("amd64", "struct {long a, b;} f(struct {long a, b, c;} s)", "stack+8 = rax+rdx"),  # 3.2.3: more than two
        ("amd64", "_Complex long double f(void)", " = st0+st1"),  # 3.2.3, COMPLEX_X87
        ("amd64", "struct {char c[17];} f(int x)", "rsi result at *rdi"),
        ("amd64", f"{POINTS} p3 f(p3)", "xmm0+xmm1 = xmm0+xmm1"),  # two eightbytes of class SSE
        ("arm64", "void f(struct {int a; double b;} s)", "x0+x1"),  # no HFA: AAPCS64 6.8.2, C.12
        ("arm64", f"{POINTS} p3 f(p3)", "v0+v1+v2 = v0+v1+v2"),  # an HFA: C.2
        (  # one register left, two needed: none is taken from then on (C.3)
            "arm64",
            "void f(double, double, double, double, double, double, double, struct {double a, b;} s, double)",
            "v0 v1 v2 v3 v4 v5 v6 stack+0 stack+16",
        ),
        ("arm64", "void f(int, __int128)", "x0 x2+x3"),  # C.10: an even register
        ("arm64", "struct {char c[17];} f(struct {char c[17];} s)", "*x0 result at *x8"),  # B.4; 6.9
        ("arm", "void f(float, double, float)", "s0 d1 s1"),  # AAPCS32 7.1.2: single-precision ones fill up
        ("arm", "void f(int, long long)", "r0 r2+r3"),  # 6.5, C.3
        ("arm", "int f(float x, ...)", "r0 = r0"),  # variadic: the base standard
        ("386", "struct {int a;} f(int, double)", "stack+8 stack+12 result at *stack+4"),
        ("386", "double f(void)", " = st0"),
        ("riscv64", "void f(struct {float a; float b;} s, struct {double d; int i;} t)", "fa0+fa1 fa2+a0"),
        (  # one register left, two needed: half of it on the stack
            "riscv64",
            "void f(int, int, int, int, int, int, int, struct {long a, b;} s)",
            "a0 a1 a2 a3 a4 a5 a6 a7+stack+0",
        ),
        ("riscv64", "void f(int x, ...)", "a0"),
        ("s390x", "void f(float, struct {float x;} s, struct {float x, y;} t, char)", "f0>>32 f2>>32 r2 r3"),
        ("s390x", "void f(struct {char c[3];} s, __int128)", "*r2 *r3"),  # no size of 1, 2, 4, 8
        (  # ELFv2 ABI 2.2.3.3, its parameter passing example
            "ppc64le",
            f"{SPARM} void f(int c, float ff, int d, long double ld, sparm s, double gg, sparm t, int e, double hh)",
            "r3 f1 r5 f2+f3 r8+r9 f4 stack+96 stack+112 f5",
        ),
        ("ppc64le", f"{POINTS} p3 f(p3)", "f1+f2+f3 = f1+f2+f3"),
        ("mips64le", "void f(double, int, double)", "f12 a1 f14"),  # N32 ABI handbook, its examples
        ("mips64le", "void f(int, double, int, double)", "a0 f13 a2 f15"),
        ("mips64le", "struct {double a, b;} f(struct {int i; double d;} s)", "a0+f13 = f0+f2"),
    ],
)
def test_the_documents_examples(arch: str, prototype: str, expected: str) -> None:
    assert all_of(OF_C[arch].place(read(prototype, TRIPLES[arch], MODELS[arch]).signature)) == expected


@pytest.mark.parametrize(
    ("arch", "expected"),
    [("amd64", "rax stack+8 rbx = stack+24 rax+rbx"), ("arm64", "x0 stack+8 x1 = stack+24 x0+x1")],
)
def test_the_example_of_abi_internal(arch: str, expected: str) -> None:
    """func f(a1 uint8, a2 [2]uintptr, a3 uint8) (r1 struct { x uintptr; y [2]uintptr }, r2 string)"""
    pair = Array(Scalar(Kind.ULONG), 2)
    first = Record("r1", (Member("x", Scalar(Kind.ULONG)), Member("y", pair)))
    byte = Scalar(Kind.UCHAR)
    made = GO_INTERNAL[arch].place(Signature((byte, pair, byte), first, more_results=(STRING,)))
    assert f"{' '.join(map(words, made.arguments))} = {' '.join(map(words, made.results))}" == expected


def test_by_abi0_all_is_on_the_stack() -> None:
    byte, number = Scalar(Kind.UCHAR), Scalar(Kind.LONG)
    for arch, first in (("amd64", 8), ("386", 4), ("ppc64le", 32)):
        made = GO_ABI0[arch].place(Signature((byte, byte, number), byte))
        word = GO_MODELS[arch].word
        expected = [f"stack+{first + offset}" for offset in (0, 1, word, 2 * word)]
        assert [words(placed) for placed in (*made.arguments, *made.results)] == expected


@pytest.mark.parametrize(
    ("of", "why"),
    [
        (Record("u", (Member("a", Scalar(Kind.INT)),), is_union=True), "no unions"),
        (Record("b", (Member("a", Scalar(Kind.INT), 3),)), "bit-fields"),
        (Scalar(Kind.LDOUBLE), "no long double"),
        (Array(Scalar(Kind.INT128), 1), "no __int128"),
    ],
)
def test_go_has_not_every_type_of_c(of: Array | Record | Scalar, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        GO_INTERNAL["amd64"].place(Signature((of,)))
    with pytest.raises(ValueError, match="variadic"):
        GO_INTERNAL["amd64"].place(Signature((), fixed=0))


@pytest.mark.parametrize(
    "convention", [*OF_C.values(), *GO_INTERNAL.values(), *GO_ABI0.values()], ids=lambda row: f"{row.name}-{row.arch}"
)
def test_each_register_of_a_convention_is_one_of_its_architecture(convention) -> None:  # type: ignore[no-untyped-def]
    rows = convention.registers
    named = {*rows.integers, *rows.floats, *rows.integer_results, *rows.float_results, rows.context, rows.hidden}
    assert {name for name in named if name and name not in TABLES[convention.arch].by_name} <= {"st0"}


@pytest.mark.parametrize(
    ("arch", "size", "of"),
    [
        *((arch, size, Kind.INT) for arch in OF_C for size in (4, 32)),
        *((arch, 2, Kind.CHAR) for arch in OF_C),
        ("386", 16, Kind.INT),
        ("amd64", 8, Kind.DOUBLE),
        ("amd64", 16, Kind.INT128),
    ],
)
def test_a_vector_that_no_compiler_is_held_to_is_refused(arch: str, size: int, of: Kind) -> None:
    vector = Vector(of, size // OF_C[arch].model.sizes[of])
    for each in (vector, Record("s", (Member("m", Array(vector, 2)),))):
        for signature in (Signature((each,)), Signature((), each)):
            with pytest.raises(ValueError, match="vector"):
                OF_C[arch].place(signature)
