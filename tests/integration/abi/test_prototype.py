"""A prototype in C's syntax is read as the source's own: placed alike for any signature, and as large as gcc has it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.abi.conventions import OF_C
from harness.abi.layout import layout
from harness.abi.model import Signature
from harness.abi.prototype import read
from harness.errors import UsageError
from harness.toolchain import load_all
from tests.signatures import c

from ..support import deep, target
from . import emit, sides
from .test_agreement import VECTORS

FEW = ("386", "s390x")
TRIPLES = {arch: row.triple for arch, row in load_all().by_arch.items()}
COUNT, STEP = 300, 7
ATTRIBUTES = """
typedef long al __attribute__((aligned(32))); struct s1 {char c; al x; long y;};
struct s2 {_Alignas(double) int x; int y;};
struct s3 {char a; enum __attribute__((packed)) {A3} b; char c;};
struct s4 {int a;} __attribute__((aligned));
struct s5 {char a; int b __attribute__((aligned));};
typedef struct {int a;} al6 __attribute__((aligned(16))); struct s6 {al6 x; int y;};
struct s7 {char a; int b __attribute__((__aligned__(4 * 2)));};
#pragma pack(push, 1)
struct s8 {char a; int b; short c : 3;};
#pragma pack(pop)
struct s9 {double a; _Alignas(16) char b; short more[];};
"""
NUMBERS = range(1, 10)


def text(number: int, signature: Signature) -> str:
    """Return the function `number` as C has it."""
    used = (*signature.arguments, *([signature.result] if signature.result is not None else []))
    named = [emit.declared(row, f"a{index}") for index, row in enumerate(signature.arguments)][: signature.fixed]
    types = ", ".join((*named, *(["..."] if signature.is_variadic else []))) or "void"
    lines: Iterator[str] = emit.definitions(iter(used), "", set())
    result = "void" if signature.result is None else "result"
    made = [*lines, *([] if signature.result is None else [f"typedef {emit.declared(signature.result, 'result')};"])]
    return "\n".join((*made, f"{result} f{number}({types})"))


@pytest.mark.parametrize("arch", [arch if arch in FEW else deep(arch) for arch in OF_C])
def test_each_prototype_is_placed_as_its_source_would_be(arch: str) -> None:
    convention = OF_C[arch]
    model, refused = convention.model, []
    vectors = VECTORS.get(arch, (8, 16))
    made = [(number, c.made(model, number, vectors)) for number in range(0, COUNT * STEP, STEP)]
    made += enumerate(c.seldom(model, vectors)[::STEP], COUNT * STEP)
    for number, of in made:
        signature = sides.rename(of, f"s{number}_")
        wanted = Signature(signature.arguments[: signature.fixed], signature.result, signature.fixed)
        try:
            found = read(text(number, signature), TRIPLES[arch], model).signature
        except UsageError as error:
            refused.append((number, str(error)))
            continue
        assert convention.place(found) == convention.place(wanted), number
        for mine, theirs in zip((*found.arguments, *found.results), (*wanted.arguments, *wanted.results), strict=True):
            assert layout(model, mine).mask == layout(model, theirs).mask, number
    assert refused == []


@pytest.mark.parametrize("arch", OF_C)
def test_attributes_that_are_found_by_trying_are_gccs(arch: str, tmp_path: Path) -> None:
    model, place = OF_C[arch].model, target(arch)
    lines = [ATTRIBUTES]
    for number in NUMBERS:
        (of,) = read(f"{ATTRIBUTES}\nvoid f(struct s{number} x)", TRIPLES[arch], model).signature.arguments
        made = layout(model, of)
        lines.append(f'_Static_assert(sizeof(struct s{number}) == {made.size}, "size {number}");')
        lines.append(f'_Static_assert(_Alignof(struct s{number}) == {made.align}, "alignment {number}");')
        for member, start in zip(of.members, made.starts, strict=True):
            if member.bits is None:
                there = f"__builtin_offsetof(struct s{number}, {member.name})"
                lines.append(f'_Static_assert({there} == {start // 8}, "{member.name} of {number}");')
    (tmp_path / "f.c").write_text("\n".join(lines))
    cc = [*place.cc.command, "-std=gnu11", "-w", "-fsyntax-only", tmp_path / "f.c"]
    done = subprocess.run(cc, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
