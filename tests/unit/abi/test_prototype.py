"""A prototype in C's syntax becomes the types of the model."""

from __future__ import annotations

import pytest

from harness.abi.model import Array, Complex, CType, Enumeration, Kind, Member, Record, Scalar, Vector
from harness.abi.prototype import read
from harness.errors import UsageError

ARM64, I386 = "aarch64-linux-gnu", "i686-linux-gnu"
INT, FLOAT, POINTER = Scalar(Kind.INT), Scalar(Kind.FLOAT), Scalar(Kind.POINTER)


def argument(text: str, triple: str = ARM64) -> CType:
    (found,) = read(text, triple).signature.arguments
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
    found = read("int g(int); static inline double f(int a, float, ...);", ARM64)
    assert (found.name, found.names, found.signature.fixed) == ("f", ("a", ""), 2)
    assert found.signature.result == Scalar(Kind.DOUBLE)
    assert read("void f(void)", ARM64).signature.results == ()


def test_a_target_has_its_own_types() -> None:
    assert argument("void f(size_t n)") == Scalar(Kind.ULONG)
    assert argument("void f(size_t n)", I386) == Scalar(Kind.UINT)


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
    ],
)
def test_what_is_no_prototype_is_one_clear_error(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as error:
        read(text, ARM64)
    assert "\n  mend: " in str(error.value)
