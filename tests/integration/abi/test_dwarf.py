"""The prototypes in a compiler's debug information are those that the source has: placed alike, for any signature."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.abi import dwarf
from harness.abi.conventions import OF_C
from harness.abi.layout import DataModel, layout
from harness.abi.model import FLOATS, Array, Complex, CType, Record, Signature
from harness.elf import places
from harness.elf.places import Function
from tests.signatures import c

from ..support import deep, target
from . import emit, sides
from .test_agreement import VECTORS

FEW = ("amd64", "s390x")
PACKED, ALIGNED, UNNAMED = "packed, and looks as if not", "aligned", "complex integer"
UNTOLD = {arch: {PACKED, ALIGNED} for arch in ("arm", "mips64le", "riscv64")}
"""What gcc does not tell: where misaligned access is slow it forgets that a struct was aligned to its own size."""
FORMATS = ("4", "5")
COUNT, STEP = 300, 7  # of the core and of random ones


def functions(numbered: list[sides.Numbered]) -> Iterator[str]:
    for number, signature in numbered:
        renamed = sides.rename(signature, f"s{number}_")
        used = (*renamed.arguments, *([renamed.result] if renamed.result is not None else []))
        yield from emit.definitions(iter(used), "", set())
        named = [emit.declared(row, f"a{index}") for index, row in enumerate(renamed.arguments)][: renamed.fixed]
        types = ", ".join((*named, *(["..."] if renamed.is_variadic else []))) or "void"
        if renamed.result is None:
            yield f"void f{number}({types}) {{}}"
        else:
            yield f"typedef {emit.declared(renamed.result, f'result_{number}')};"
            yield f"result_{number} f{number}({types}) {{ static result_{number} r; return r; }}"


def told(library: Path, function: Function, arch: str) -> Signature | None:
    """Return None where the model has no attributes that put the members where they are, or gcc names a type not."""
    try:
        return dwarf.prototype(library, function, arch).signature
    except dwarf.NotKnown as error:
        if not any(part in str(error) for part in ("by any attribute", "__unknown__", "complex int")):
            raise
        return None


def declared(signature: Signature) -> Signature:
    """Without the variadic arguments, which no debug information has."""
    return Signature(signature.arguments[: signature.fixed], signature.result, signature.fixed)


@pytest.mark.parametrize("version", FORMATS)
@pytest.mark.parametrize("arch", [arch if arch in FEW else deep(arch) for arch in OF_C])
def test_each_function_is_placed_as_its_source_would_be(arch: str, version: str, tmp_path: Path) -> None:
    convention = OF_C[arch]
    vectors = VECTORS.get(arch, (8, 16))
    made = [(number, c.made(convention.model, number, vectors)) for number in range(0, COUNT * STEP, STEP)]
    made += enumerate(c.seldom(convention.model, vectors)[::STEP], COUNT * STEP)
    (tmp_path / "f.c").write_text("\n".join(functions(made)))
    library = tmp_path / "f.so"
    cc = [*target(arch).cc.command, f"-gdwarf-{version}", "-w", "-Wno-psabi", "-O1", "-shared", "-fPIC", "-nostdlib"]
    subprocess.run([*cc, "-o", library, tmp_path / "f.c"], check=True)
    program, held = places.load(library), 0
    for number, signature in made:
        (function,) = program.by_name[f"f{number}"]
        attributes = set().union(*(has(convention.model, row) for row in (*signature.arguments, *signature.results)))
        found = told(library, function, arch)
        if found is None:
            assert attributes, number
            continue
        if attributes & UNTOLD.get(arch, {PACKED}):
            continue
        wanted = declared(signature)
        assert convention.place(found) == convention.place(wanted), number
        for mine, theirs in zip((*found.arguments, *found.results), (*wanted.arguments, *wanted.results), strict=True):
            assert layout(convention.model, mine).mask == layout(convention.model, theirs).mask, number
        held += 1
    assert held > COUNT * 6 // 10


def has(model: DataModel, of: CType) -> set[str]:
    """Return what a type has in it that debug information need not tell."""
    match of:
        case Array(element, _):
            return has(model, element)
        case Complex(kind) if kind not in FLOATS:
            return {UNNAMED}
        case Record():
            inner = set().union(*(has(model, member.type) for member in of.members))
            own, other = layout(model, of), layout(model, replace(of, packed=False))
            is_plain = of.packed and (own.starts, own.size) == (other.starts, other.size)
            is_aligned = of.align or any(member.align for member in of.members)
            return inner | ({PACKED} if is_plain else set()) | ({ALIGNED} if is_aligned else set())
    return set()
