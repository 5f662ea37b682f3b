"""The model of each convention of C against the second C compiler: clang, as PyPI's ziglang has it.

It agrees with GCC, and with the model, but for what is named here with its reason; docs/conventions.md tells of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from integration.abi import sides
from integration.support import target

from harness.abi.conventions import OF_C
from harness.abi.model import Array, CType, Kind, Record
from harness.target import Tool
from tests.signatures import c

from .conftest import run

COUNT, BATCH = 1000, 100
INT128 = "a __int128 starts at any register; at an even one for GCC"
BITS = "a packed struct with a bit-field of long long is as a packed one; for GCC it starts at an even register"
EXPECTED: Mapping[str, Mapping[int, str]] = {
    "riscv64": {934: "struct {unsigned long long : 20; float} is in one integer register; in one of each for GCC"},
    "arm": {
        850: "a packed struct of doubles is on the stack at 8 bytes; at 4 for GCC",
        **dict.fromkeys((937, 943, 956), BITS),
    },
    "mips64le": {
        **dict.fromkeys((12, 13, 933, 938, 943, 956, 965, 983, 996), INT128),
        937: "a variadic float _Complex is in two registers; in one for GCC",
    },
}
VECTORS = {"386": (), "s390x": ()}  # zig's processors of s390x have the vector facility, and another convention
NO_LONG_DOUBLE = ("ppc64le",)  # musl's is a double there


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python of its own that has ziglang."""
    folder = tmp_path_factory.mktemp("zig") / "venv"
    run("python3", "-m", "venv", folder)
    run(folder / "bin/pip", "install", "--quiet", "ziglang")
    return folder / "bin" / "python"


def _has_long_double(of: CType) -> bool:
    match of:
        case Record():
            return any(_has_long_double(member.type) for member in of.members)
        case Array(element, _):
            return _has_long_double(element)
        case _:
            return getattr(of, "kind", None) is Kind.LDOUBLE


def _is_for(arch: str, types: tuple[CType, ...]) -> bool:
    return arch not in NO_LONG_DOUBLE or not any(map(_has_long_double, types))


@pytest.mark.parametrize("arch", OF_C)
def test_clang_puts_each_byte_where_the_model_says_but_for_what_is_known(
    arch: str, python: Path, tmp_path: Path
) -> None:
    convention, on = OF_C[arch], target(arch)
    assert on.toolchain.fallback
    compiler = Tool((str(python), "-m", "ziglang", "cc", "-target", on.toolchain.fallback), "zig cc", "zig cc")
    wrong: dict[int, str] = {}
    count = 0
    for first in range(0, COUNT, BATCH):
        several = (
            (number, c.made(convention.model, number, VECTORS.get(arch, (8, 16))))
            for number in range(first, first + BATCH)
        )
        made = [(number, one) for number, one in several if _is_for(arch, (*one.arguments, *one.results))]
        data = sides.run(replace(on, cc=compiler), sides.source(convention, made), tmp_path)
        count += len(made)
        for row in sides.held(convention, made, data):
            wrong.setdefault(row.number, f"{row.what}: {row.says}\n{row.signature}")
    assert count > COUNT // 2
    unknown = {number: says for number, says in wrong.items() if number not in EXPECTED.get(arch, {})}
    assert unknown == {}
    assert sorted(wrong) == sorted(EXPECTED.get(arch, {}))
