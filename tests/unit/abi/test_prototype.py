"""A prototype in C's syntax becomes the types of the model."""

from __future__ import annotations

import pytest

from harness.abi.layout import MODELS, layout
from harness.abi.model import Array, Complex, CType, Enumeration, Kind, Member, Prototype, Record, Scalar, Vector
from harness.abi.prototype import read
from harness.errors import UsageError
from harness.toolchain import load_all

TRIPLES = {arch: row.triple for arch, row in load_all().by_arch.items()}
INT, FLOAT, POINTER = Scalar(Kind.INT), Scalar(Kind.FLOAT), Scalar(Kind.POINTER)


def on(arch: str, text: str) -> Prototype:
    return read(text, TRIPLES[arch], MODELS[arch])


def argument(text: str, arch: str = "arm64") -> CType:
    (found,) = on(arch, text).signature.arguments
    return found


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.FUNCTION])
def test_each_kind_is_read_as_it_is_spelled(kind: Kind) -> None:
    assert argument(f"void f({kind.value} x)") == Scalar(kind)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("void f(void (*call)(int))", Scalar(Kind.FUNCTION)),
        ("void f(int call(int))", Scalar(Kind.FUNCTION)),
        ("void f(int x[4])", POINTER),
        ("void f(char x[])", POINTER),
        ("int n; void f(int x[n])", POINTER),
        ("int n; void f(int x[3][n], ...)", POINTER),
        ("void f(long _Complex z)", Complex(Kind.LONG)),
        ("enum e : char {A}; void f(enum e x)", Scalar(Kind.CHAR)),
        ("enum __attribute__((packed)) e {A}; void f(enum e x)", Scalar(Kind.UCHAR)),
        ("enum e {A} __attribute__((packed)); void f(enum e x)", Scalar(Kind.UCHAR)),
        ("enum e : int {A}; void f(enum e x)", INT),
        ("void f(const char *const x)", POINTER),
        ("void f(uint16_t x)", Scalar(Kind.USHORT)),
        ("void f(bool x)", Scalar(Kind.BOOL)),
        ("void f(enum {A = -3, B = 7} e)", Enumeration("unnamed1", -3, 7)),
        ("void f(float _Complex z)", Complex(Kind.FLOAT)),
        ("typedef float v __attribute__((vector_size(16))); void f(v x)", Vector(Kind.FLOAT, 4)),
        ("void f(struct s {int a, b[2];} s)", Record("s", (Member("a", INT), Member("b", Array(INT, 2))))),
        ("void f(struct {int a; float b;} s)", Record("unnamed1", (Member("a", INT), Member("b", FLOAT)))),
        ("union u {int a; float b;}; void f(union u s)", Record("u", (Member("a", INT), Member("b", FLOAT)), True)),
        ("void f(struct __attribute__((packed)) s {int a;} s)", Record("s", (Member("a", INT),), packed=True)),
        ("void f(struct s {int a;} __attribute__((aligned(16))) s)", Record("s", (Member("a", INT),), align=16)),
        (
            "void f(struct s {int a:3, :5; __attribute__((aligned(8))) int b; int n; char more[];} s)",
            Record(
                "s",
                (
                    Member("a", INT, 3),
                    Member("", INT, 5),
                    Member("b", INT, align=8),
                    Member("n", INT),
                    Member("more", Array(Scalar(Kind.CHAR), 0, is_flexible=True)),
                ),
            ),
        ),
        (
            "void f(struct s {struct {int a;}; struct {int b;} c;} s)",
            Record(
                "s",
                (
                    Member("", Record("unnamed1", (Member("a", INT),))),
                    Member("c", Record("unnamed2", (Member("b", INT),))),
                ),
            ),
        ),
    ],
)
def test_types(text: str, expected: CType) -> None:
    assert argument(text) == expected


def test_the_last_function_counts_and_arguments_keep_their_names() -> None:
    found = on("arm64", "int g(int); static inline double f(int a, float, ...);")
    assert (found.name, found.names, found.signature.fixed) == ("f", ("a", ""), 2)
    assert found.signature.result == Scalar(Kind.DOUBLE)
    assert on("arm64", "void f(void)").signature.results == ()


def test_a_target_has_its_own_types() -> None:
    assert argument("void f(size_t n)") == Scalar(Kind.ULONG)
    assert argument("void f(size_t n)", "386") == Scalar(Kind.UINT)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("double f(strct x)", "at column 10, unknown type name 'strct'"),
        ("int x", "declares no function"),
        ("", "declares no function"),
        ("int f()", "says nothing of the arguments"),
        ("void f(struct s x)", "struct s"),
        ("void f(_Float16 x)", "not known here"),
        ("void f(__float128 x)", "__float128"),
        ("#error no", "no"),
        ("void f(struct {int a[1 << 20];} s)", "more than 65536 bytes"),
        ("void f(_Complex __int128 x)", "is invalid"),
        ("void f(_Complex _Float16 x)", "not known here"),
        ("typedef int t __attribute__((aligned(16))); void f(t x)", "t is aligned otherwise than int"),
        ("typedef struct {int a;} t __attribute__((aligned(16))); t f(void)", "t is aligned otherwise"),
        ("typedef union {long *a; int *b;} t __attribute__((transparent_union)); void f(t x)", "transparent_union"),
        ('_Pragma("pack(2)") struct s {char a; int b;}; void f(struct s x)', "struct s has 6 bytes aligned to 2"),
        ("struct s {char a; int b __attribute__((packed)); short c;}; void f(struct s x)", "struct s has 8 bytes"),
        (
            "struct __attribute__((aligned)) s {char a __attribute__((aligned));}; void f(struct s x)",
            "may be aligned in several ways",
        ),
        ("__attribute__((aarch64_vector_pcs)) void f(int x)", "of its own: aarch64_vector_pcs"),
        ("typedef __attribute__((aarch64_vector_pcs)) void t(int x); t f", "of its own: aarch64_vector_pcs"),
    ],
)
def test_what_is_no_prototype_is_one_clear_error(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as error:
        on("arm64", text)
    assert "\n  mend: " in str(error.value)


@pytest.mark.parametrize(
    ("arch", "text", "says"),
    [
        ("amd64", "__attribute__((ms_abi)) int f(int)", "ms_abi"),
        ("386", "int f(int) __attribute__((regparm(3)))", "regparm"),
        ("386", "int f(int) __attribute__((fastcall))", "fastcall"),
        ("386", "int f(int) __attribute__((stdcall))", "stdcall"),
        ("386", "float f(float) __attribute__((sseregparm))", "sseregparm"),
        ("arm", 'float f(float) __attribute__((pcs("aapcs")))', "aapcs"),
    ],
)
def test_a_calling_convention_of_its_own_is_refused(arch: str, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=f"calling convention of its own: .*{says}"):
        on(arch, text)


def test_attributes_that_say_what_is_so_anyway_are_none() -> None:
    on("amd64", "__attribute__((sysv_abi, noreturn)) void f(int)")
    on("386", "__attribute__((cdecl)) void f(int)")
    on("arm", '__attribute__((pcs("aapcs-vfp"))) void f(float)')


@pytest.mark.parametrize(
    ("arch", "text", "expected"),
    [
        (
            "amd64",
            "typedef long t __attribute__((aligned(32))); struct s {char c; t x; long y;}",
            (64, 32, (0, 256, 320)),
        ),
        ("amd64", "struct s {_Alignas(double) int x; int y;}", (8, 8, (0, 32))),
        ("386", "struct s {char c; _Alignas(double) int y;}", (8, 4, (0, 32))),
        ("amd64", "struct s {char c; int x __attribute__((__aligned__(4 * 4)));}", (32, 16, (0, 128))),
        ("amd64", "struct s {int a;} __attribute__((aligned))", (16, 16, (0,))),
        ("arm", "struct s {int a;} __attribute__((aligned))", (8, 8, (0,))),
        ("amd64", '_Pragma("pack(1)") struct s {char c; int x;}', (5, 1, (0, 8))),
        ("amd64", "struct s {enum __attribute__((packed)) {A} a; char b, c;}", (3, 1, (0, 8, 16))),
    ],
)
def test_a_struct_is_as_libclang_has_it(arch: str, text: str, expected: tuple[int, int, tuple[int, ...]]) -> None:
    made = layout(MODELS[arch], argument(f"{text}; void f(struct s x)", arch))
    assert (made.size, made.align, made.starts) == expected
