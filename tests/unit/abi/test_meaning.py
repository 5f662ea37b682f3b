"""Arguments and results as text and as plain data, from registers and memory that are written by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from fractions import Fraction

import pytest

from harness.abi import meaning
from harness.abi.conventions import OF_C
from harness.abi.conventions.go import GO_ABI0, GO_INTERNAL
from harness.abi.fetch import Place
from harness.abi.go_types import INT, POINTER
from harness.abi.meaning import Meaning
from harness.abi.model import Array, CType, Kind, Member, Prototype, Record, Scalar, Signature
from harness.abi.place import Convention
from harness.snapshot import Argument, Meant

CHARS, LONG, DOUBLE = (
    ("const char *", Scalar(Kind.POINTER)),
    ("long", Scalar(Kind.LONG)),
    ("double", Scalar(Kind.DOUBLE)),
)
BIG = ("struct big", Record("big", (Member("a", Array(Scalar(Kind.LONG), 3)),)))
STRING = ("string", Record("string", (Member("str", POINTER), Member("len", INT))))
FUNC = ("func()", Scalar(Kind.FUNCTION))


def of(
    convention: Convention, *arguments: tuple[str, CType], result: tuple[str, CType] | None = None, is_go: bool = False
) -> Meaning:
    signature = Signature(tuple(row[1] for row in arguments), result[1] if result else None)
    names = tuple("abcdefghij"[: len(arguments)])
    types, results = tuple(row[0] for row in arguments), (result[0],) if result else ()
    made = Prototype("f", signature, names, types, results, is_go)
    return Meaning(made, convention, convention.place(signature))


def place(registers: Mapping[str, int], memory: Mapping[int, bytes] | None = None, sp: int = 0x8000) -> Place:
    pieces = memory or {}

    def read(address: int, size: int) -> bytes | None:
        for start, data in pieces.items():
            if start <= address and address + size <= start + len(data):
                return data[address - start :][:size]
        return None

    return Place(registers, read, sp)


def texts(found: tuple[Argument, ...]) -> list[str]:
    return [row.text or row.why for row in found]


def test_what_c_passes_in_registers_and_on_the_stack() -> None:
    made = of(OF_C["amd64"], LONG, DOUBLE, CHARS, BIG)
    memory = {0x8000: bytes(8) + b"".join(n.to_bytes(8, "little") for n in (1, 2, 3)), 0x500: b"hey\0" + bytes(80)}
    (first, *others) = made.arguments(place({"rdi": (1 << 64) - 5, "xmm0": 0x3FF8000000000000, "rsi": 0x500}, memory))
    assert first == Argument("a", "long", "rdi", -5, "-5")
    assert texts(tuple(others)) == ["1.5", '0x500 "hey"', "{a = {1, 2, 3}}"]
    assert [(row.where, row.value) for row in others[::2]] == [("xmm0", 1.5), ("stack+8", {"a": [1, 2, 3]})]
    assert made.needs_memory
    assert not of(OF_C["amd64"], LONG, DOUBLE, CHARS).needs_memory


def test_what_is_not_known_is_said_and_the_others_are_there() -> None:
    made = of(OF_C["amd64"], LONG, DOUBLE, BIG)
    assert texts(made.arguments(place({"rdi": 7}))) == [
        *("7", "not available: xmm0", "not available: the 24 bytes of memory at 0x8008"),
    ]


def test_a_result_in_memory_is_read_where_the_caller_made_room() -> None:
    memory = {0x600: bytes([*[1, 0, 0, 0, 0, 0, 0, 0] * 3])}
    for arch, register in (("riscv64", "a0"), ("amd64", "rdi")):
        made = of(OF_C[arch], LONG, result=BIG)
        room = made.room(place({register: 0x600}))
        assert room == 0x600
        assert made.room(place({})) is None
        back = place({"rax": 0x600} if arch == "amd64" else {}, memory)
        assert [row.value for row in made.results(back, room)] == [{"a": [1, 1, 1]}]
    assert texts(made.results(place({}, memory), room)) == ["not available: rax"]
    made = of(OF_C["riscv64"], result=BIG)
    assert texts(made.results(place({}, memory), None)) == ["not available: what the address of its room was"]
    assert texts(made.results(place({}), 0x600)) == ["not available: the 24 bytes of memory at 0x600"]
    assert of(OF_C["riscv64"], LONG).room(place({})) is None


@pytest.mark.parametrize(
    ("memory", "text"),
    [
        ({0x500: b'a\tb"\0'.ljust(64, b"x")}, '0x500 "a\\tb""'),
        ({0x500: b"x" * 64}, f'0x500 "{"x" * 64}"…'),
        ({0x500: b"hi\0".ljust(20, b"x")}, '0x500 "hi"'),  # 16 bytes before the end of what is mapped
        ({0x500: b"\xffz\0".ljust(64, b"x")}, '0x500 "\\xffz"'),
        ({}, "0x500"),
    ],
)
def test_what_a_text_of_c_says(memory: dict[int, bytes], text: str) -> None:
    assert texts(of(OF_C["arm64"], CHARS).arguments(place({"x0": 0x500}, memory))) == [text]


def test_a_pointer_to_code_has_its_symbol() -> None:
    made = of(OF_C["arm64"], ("void *", Scalar(Kind.POINTER)), CHARS)
    where = dataclasses.replace(place({"x0": 0x401000, "x1": 0}), name_of=lambda at: "f" if at == 0x401000 else "")
    assert texts(made.arguments(where)) == ["0x401000 <f>", "0x0"]


def test_a_string_and_a_func_value_of_go() -> None:
    memory = {0x500: b"hey!", 0x700: (0x402000).to_bytes(8, "little"), 0x900: b"y" * 80}
    made = of(GO_INTERNAL["arm64"], STRING, FUNC, STRING, is_go=True)
    where = dataclasses.replace(
        place({"x0": 0x500, "x1": 3, "x2": 0x700, "x3": 0x900, "x4": 80}, memory),
        name_of=lambda at: "main.g" if at == 0x402000 else "",
    )
    assert texts(made.arguments(where)) == [
        '{str = 0x500, len = 3} "hey"', "0x700 <main.g>", f'{{str = 0x900, len = 80}} "{"y" * 64}"…',
    ]  # fmt: skip
    where = place({"x0": 0x500, "x1": 900, "x2": 0, "x3": 0, "x4": 0}, {})
    assert texts(made.arguments(where)) == ["{str = 0x500, len = 900}", "0x0", '{str = 0x0, len = 0} ""']
    where = place({"x0": 0x500, "x1": (1 << 64) - 1, "x2": 8, "x3": 0, "x4": 0}, {})
    assert texts(made.arguments(where))[:2] == ["{str = 0x500, len = -1}", "0x8"]


def test_results_of_go_on_the_stack_are_above_the_arguments() -> None:
    made = of(GO_ABI0["arm"], LONG, result=LONG, is_go=True)
    memory = {0x8000: b"".join(n.to_bytes(4, "little") for n in (0, 5, 6))}
    assert texts(made.arguments(place({}, memory))) == ["5"]
    assert texts(made.results(place({}, memory), None)) == ["6"]


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (7, 7),
        (-(1 << 53), str(-(1 << 53))),
        (True, True),
        (2.5, 2.5),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
        (Fraction(3, 2), "0x3p-1"),
        (Fraction(-1, 1 << 16494), "-0x1p-16494"),
        (Fraction(5 << 16000), "0x5p+16000"),
        (Fraction(4, 2), 2),
        ((1, {"a": 2}), [1, {"a": 2}]),
    ],
)
def test_what_json_has_of_a_value(value: meaning.Value, plain: object) -> None:
    assert meaning._plain(value) == plain


def test_it_is_kept_in_a_snapshot() -> None:
    made = of(OF_C["arm64"], LONG, DOUBLE).arguments(place({"x0": 1}))
    for meant in (Meant("aapcs64", made), Meant("aapcs64", results=made[:1]), Meant(why="no debug information")):
        assert Meant.from_json(meant.to_json()) == meant


def test_narrow_integers_are_dirty_where_the_caller_has_to_extend_them() -> None:
    short, unsigned = ("short", Scalar(Kind.SHORT)), ("unsigned int", Scalar(Kind.UINT))
    clean = {"a0": (1 << 64) - 1, "a1": 0xFFFFFFFF_80000000}  # riscv64 extends an unsigned int by its bit 31
    made = of(OF_C["riscv64"], short, unsigned)
    assert made.dirty(place(clean)) == ()
    (told,) = made.dirty(place({**clean, "a1": 0x80000000}))
    assert told == "b: a1 is 0x80000000, and 0xffffffff80000000 was promised"
    assert of(OF_C["s390x"], unsigned).dirty(place({"r2": 0xFFFFFFFF_80000000})) != ()
    assert of(OF_C["amd64"], short).dirty(place({"rdi": 0x7700001111})) == ()  # the psABI promises nothing
    assert made.dirty(place({})) == ()
