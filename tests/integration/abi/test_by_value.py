"""A snapshot's registers and memory, put together as the convention says, are what the caller passed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from harness.abi.conventions import OF_C
from harness.abi.fetch import Place, fetch
from harness.abi.prototype import read
from harness.abi.values import Value, decoded
from harness.registers import TABLES
from harness.snapshot import Snapshot
from harness.toolchain import load_all

from ..support import CROSSABI, command, target
from ..watch.watched import ARCHES

PROTOTYPE = (
    "double mix(struct pair {int a; double b;} s, float f, signed char c, struct big {long n[3];} w, long double d)"
)
REACH = 512  # bytes of the stack, in which the caller's copies are too
SOURCE = f"""
#include <stdio.h>
struct pair {{int a; double b;}};
struct big {{long n[3];}};
__attribute__((noipa)) {PROTOTYPE.replace("{int a; double b;}", "").replace("{long n[3];}", "")}
{{ return s.a + s.b + f + c + w.n[2] + d; }}
int main(void) {{
    struct pair s = {{-7, 2.5}};
    struct big w = {{{{1, 2, -3}}}};
    printf("%g\\n", mix(s, 1.5f, -2, w, 0.25L));
    return 0;
}}
"""
PASSED: list[Value] = [{"a": -7, "b": 2.5}, 1.5, -2, {"n": (1, 2, -3)}, 0.25]
FIRST = {"amd64": "rdi xmm0", "arm64": "x0 x1"}


@pytest.mark.parametrize("arch", ARCHES)
def test_what_the_caller_passed(arch: str, tmp_path: Path) -> None:
    place, convention = target(arch, "qemu"), OF_C[arch]
    (tmp_path / "prog.c").write_text(SOURCE)
    argv = [*place.cc.command, "-O1", "-g", "-Wno-psabi", "-o", tmp_path / "prog", tmp_path / "prog.c"]
    subprocess.run(argv, check=True)
    table = TABLES[arch]
    options = ("--at=mix", f"--memory={table.sp}:{REACH}", "--json", "--runner=qemu")
    done = command([*CROSSABI, "snapshot", *options, str(tmp_path / "prog")], cwd=tmp_path)
    assert "-7.75" in done.text, done.text
    shot = Snapshot.from_json(json.loads(next(line for line in done.text.splitlines() if line.startswith("{"))))
    ((start, stack),) = shot.memory.items()

    def memory(address: int, size: int) -> bytes:
        return stack[address - start : address - start + size]

    seen = Place(shot.registers, memory, shot.registers[table.sp])
    signature = read(PROTOTYPE, load_all().by_arch[arch].triple, convention.model).signature
    placed = convention.place(signature).arguments
    model = convention.model
    found = [fetch(model, of, where, seen) for of, where in zip(signature.arguments, placed, strict=True)]
    assert [decoded(model, *pair) for pair in zip(signature.arguments, found, strict=True)] == PASSED
    if arch in FIRST:
        assert " ".join(piece.where for piece in placed[0].pieces) == FIRST[arch]
