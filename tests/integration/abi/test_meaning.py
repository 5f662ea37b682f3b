"""What `crossabi snapshot` says that arguments and results are, is what the program passed: in C and Go, everywhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.abi.conventions import OF_C
from harness.abi.conventions.go import GO_INTERNAL
from harness.host import golang
from harness.target import NATIVE

from ..support import CROSSABI, command, shipped, some, target
from ..watch.watched import ARCHES as QEMU_ARCHES

HERE = Path(__file__).parent
DEFERRED, GENERIC = "main.deferred", "main.generic[go.shape.string]"
NO_DICTIONARY = "Go 1.22's debug information leaves out the dictionary of a generic function"
FEW = ("amd64", "s390x", "386")
ARCHES = pytest.mark.parametrize("arch", some(OF_C, FEW))
GO_ARCHES = pytest.mark.parametrize("arch", some(QEMU_ARCHES, ("arm64", "mips64le")))


def built(arch: str, folder: Path, *options: str) -> Path:
    program = folder / "program"
    cc = [*target(arch).cc.command, "-O1", *(options or ("-g",))]
    subprocess.run([*cc, "-o", program, HERE / "meant.c"], check=True)
    return program


def shots(*words: object) -> tuple[list[dict[str, Any]], str]:
    ran = command([*CROSSABI, "snapshot", *map(str, words)], Path.cwd())
    return [json.loads(line) for line in ran.text.splitlines() if line.startswith("{")], ran.text


def values(rows: list[dict[str, Any]], at: str, key: str) -> list[Any]:
    """The values of the first entry or return of a place."""
    when = "entry" if key == "arguments" else "return"
    (row,) = [row for row in rows if (row["at"], row["when"]) == (at, when)]
    return [said.get("value", said.get("why")) for said in row["meant"][key]]


@ARCHES
def test_arguments_and_results_of_c_are_those_of_the_program(arch: str, tmp_path: Path) -> None:
    places = ("mix", "make", "point", "shade", "many")
    rows, text = shots("--json", "--when=both", *(f"--at={name}" for name in places), built(arch, tmp_path))
    assert " 9 0.5 -1 0.3\n" in text
    point, color, big = {"x": 7, "y": 2.5}, dict(zip("rgb", map(single, (0.1, 0.2, 0.3)), strict=True)), {}
    big = {"a": [1, 2, 3, 4, -5]}
    mix = values(rows, "mix", "arguments")
    assert [*mix[:3], *mix[4:10]] == [-3, 65535, point, color, big, 77, 88, 1.25, single(0.1)]
    floats = [values(rows, name, "results") for name in ("mix", "many")]
    assert floats == [[pytest.approx(65820.95)], [single(0.3)]]
    assert (values(rows, "make", "arguments"), values(rows, "make", "results")) == ([9], [{"a": [9, 2, 3, 4, 5]}])
    assert (values(rows, "point", "arguments"), values(rows, "point", "results")) == ([3], [{"x": 3, "y": 0.5}])
    assert values(rows, "shade", "arguments") == ["18446744073709551615", -1, True]
    assert values(rows, "shade", "results") == [-1]
    assert values(rows, "many", "arguments") == [3]
    (entry,) = [row["meant"] for row in rows if (row["at"], row["when"]) == ("mix", "entry")]
    assert entry["convention"] == OF_C[arch].name
    said = {row["name"]: row for row in entry["arguments"]}
    assert said["name"]["text"] == f'{said["name"]["value"]:#x} "say "hello"\\n"'
    assert re.fullmatch(r"0x[0-9a-f]+ <add>", said["call"]["text"])
    assert said["f"]["text"] == "0.1"
    assert (said["call"]["type"], said["p"]["type"], said["k"]["type"]) == (
        "int (*)(int, int)",
        "struct point",
        "color",
    )


ON_X87 = """
__attribute__((noipa)) long double extended(int a) { return a * 1.5L; }
__attribute__((noipa)) double twice(int a) { return a * 0.25; }
__attribute__((noipa)) float half(float a) { return a * 0.5f; }
__attribute__((noipa)) _Complex long double both(int a) { return a + 2.0Li; }
int main(void) {
  long double kept = 7; /* on the x87's stack meanwhile, below what comes back */
  return extended(3) + kept + twice(5) + half(3) + __real__ both(4) != 18.25L;
}
"""


@pytest.mark.parametrize("runner", ["native", "qemu"])
@pytest.mark.parametrize("arch", ["amd64", "386"])
def test_results_on_the_x87_s_stack(arch: str, runner: str, tmp_path: Path) -> None:
    (tmp_path / "x87.c").write_text(ON_X87)
    program = tmp_path / "x87"
    subprocess.run([*target(arch).cc.command, "-O1", "-g", "-o", program, tmp_path / "x87.c"], check=True)
    places = ("extended", "twice", "half", "both")
    rows, text = shots(f"--runner={runner}", "--json", "--when=return", *(f"--at={name}" for name in places), program)
    assert "ended with exit 0" in text
    texts = {row["at"]: row["meant"]["results"][0]["text"] for row in rows}
    assert [texts[name] for name in places] == ["4.5", "1.25", "1.5", "4.0 + 2.0i"]


def single(value: float) -> float:
    import struct

    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def test_the_log_says_what_registers_tell_and_memory_is_asked_of_the_stub(tmp_path: Path) -> None:
    program = built("arm64", tmp_path)
    rows, _ = shots("--json", "--at=point", program)
    assert rows[0]["source"] == "QEMU log"
    assert values(rows, "point", "arguments") == [3]
    rows, _ = shots("--json", "--at=mix", program)
    assert rows[0]["source"] == "stub: QEMU"
    (row,) = shots("--json", "--at=mix", "--source=log", program)[0]
    said = row["meant"]["arguments"]
    assert [argument.get("value") for argument in said[:3]] == [-3, 65535, {"x": 7, "y": 2.5}]
    assert said[-1]["why"].startswith("not available: the 8 bytes of memory at 0x")


def test_people_read_it_above_the_registers(tmp_path: Path) -> None:
    _, text = shots("--at=point", "--at=make", "--when=both", built("amd64", tmp_path))
    lines = text.splitlines()
    assert lines[1] == "  n 9  (int in rsi)"
    assert "  = {x = 3, y = 0.5}  (struct point in rax+xmm0)" in lines


UNKNOWN = {
    "no debug information": ("amd64", ("-g0",), "main", "program has no debug information"),
    "C++": ("amd64", ("-g", "-xc++"), "main", "it is of a language (DW_AT_language 0x21) that is neither C nor Go"),
    "static on i386": ("386", ("-g", "-O1"), "own", "it is static, and gcc calls such functions of i386 as it likes"),
    "a clone": ("amd64", ("-g", "-O2"), "own.constprop.0", "it is a clone that the compiler made"),
    "with -flto on i386": ("386", ("-g", "-O1", "-flto"), "plain", "it is static, and gcc calls such functions"),
    "without a prototype": ("amd64", ("-g",), "old", "it is defined without a prototype (K&R)"),
    "a decimal number": ("amd64", ("-g",), "decimal", "_Decimal64 of 8 bytes is a type that the model has not"),
}
OTHERS = """
#ifdef __cplusplus
int main() { return 0; }
#else
#include <stdio.h>
__attribute__((noinline)) static int own(int a, int b) { return a * printf("%d\\n", b) + b; }
#ifdef __DEC64_MANT_DIG__
__attribute__((noipa)) _Decimal64 decimal(_Decimal64 a) { return a; }
#else
#define decimal(a) a
#endif
__attribute__((noipa)) int old(a, b) float a; int b; { return a + b; }
__attribute__((noinline)) int plain(int a, int b) { return a - printf("%d\\n", b); }
int main(int argc, char **argv) {
  return own(argc, 7) + own(argc + 1, 7) + (int)decimal(argc) + old(1.5f, argc) + plain(argc, 8) + plain(argc, 9) == 0;
}
#endif
"""


@pytest.mark.parametrize(("arch", "options", "at", "why"), UNKNOWN.values(), ids=UNKNOWN)
def test_where_it_is_not_known_that_is_said(
    arch: str, options: tuple[str, ...], at: str, why: str, tmp_path: Path
) -> None:
    (tmp_path / "others.c").write_text(OTHERS)
    program = tmp_path / "program"
    subprocess.run([*target(arch).cc.command, *options, "-o", program, tmp_path / "others.c"], check=True)
    rows, text = shots("--json", f"--at={at}", "--when=both", "--hits=1", program)
    assert len(rows) == 2, text
    assert [why in row["meant"]["why"] for row in rows] == [True, True], rows[0]["meant"]


VECTORS = """
typedef int four __attribute__((vector_size(16)));
__attribute__((noipa)) int last(four a) { return a[3]; }
int main(void) { return last((four){1, 2, 3, 0}); }
"""


@pytest.mark.parametrize(("option", "is_known"), [("-march=z13", False), ("-mno-vx", True)])
def test_vectors_in_vector_registers_are_not_taken_for_others(option: str, is_known: bool, tmp_path: Path) -> None:
    (tmp_path / "vectors.c").write_text(VECTORS)
    program = tmp_path / "program"
    subprocess.run(
        [*target("s390x").cc.command, "-g", "-march=z13", option, "-o", program, tmp_path / "vectors.c"], check=True
    )
    (row,), text = shots("--json", "--at=last", program)
    if is_known:
        assert row["meant"]["arguments"][0]["value"] == [1, 2, 3, 0], text
    else:
        assert "the program passes them in vector registers" in row["meant"]["why"]


@pytest.mark.parametrize(("sign", "value"), [("-funsigned-char", 200), ("-fsigned-char", -56)])
def test_a_char_has_the_sign_that_it_was_compiled_with(sign: str, value: int, tmp_path: Path) -> None:
    (tmp_path / "c.c").write_text(
        "__attribute__((noipa)) char f(char c) { return c; }\nint main() { return f(200) == 0; }\n"
    )
    program = tmp_path / "program"
    for arch in ("amd64", "arm64"):
        subprocess.run([*target(arch).cc.command, "-g", sign, "-o", program, tmp_path / "c.c"], check=True)
        rows, _ = shots("--json", "--at=f", "--when=both", program)
        assert (values(rows, "f", "arguments"), values(rows, "f", "results")) == ([value], [value])


def test_a_place_inside_a_function_has_no_arguments(tmp_path: Path) -> None:
    rows, _ = shots("--json", "--at=meant.c:10", built("amd64", tmp_path))
    assert rows[0]["meant"] == {"why": "the place is no function's first instruction"}


@GO_ARCHES
def test_arguments_and_results_of_go_are_those_of_the_program(arch: str, tmp_path: Path) -> None:
    program = go_built(arch, tmp_path)
    places = ("main.many", "main.point.V", "main.blank")
    rows, text = shots("--json", "--when=both", *(f"--at={name}" for name in places), program)
    assert "207 hey bad 8 a\tb! 2 42 13 5" in text
    many = values(rows, "main.many", "arguments")
    assert (many[:2], many[9]["D"], many[10:]) == ([-7, 200], [9], [single(0.1), 2.5, [1.0, 2.0], [1, 2, 3], True])
    (entry,) = [row["meant"] for row in rows if (row["at"], row["when"]) == ("main.many", "entry")]
    assert entry["convention"] == ("go-internal" if arch in GO_INTERNAL else "go-abi0")
    said = {row["name"]: row for row in entry["arguments"]}
    assert said["s"]["text"].endswith('len = 3} "hey"')
    assert said["f"]["text"].endswith(" <main.double>")
    assert (said["l"]["value"]["len"], said["l"]["value"]["cap"], said["l"]["type"]) == (2, 2, "[]int32")
    assert [many[2]["len"], *values(rows, "main.many", "results")[:1]] == [3, 207]
    assert values(rows, "main.many", "results")[1:] == [many[2], many[8]]
    v = [row["meant"] for row in rows if row["at"] == "main.point.V"]
    assert [row["value"] for row in v[0]["arguments"][:2]] == [{"x": 5}, 3]
    assert [row["text"].rpartition("} ")[2] for row in v[1]["results"]] == ["8", '"a\\tb!"']
    more, _ = shots(
        "--json", "--when=both", *(f"--at={name}" for name in (DEFERRED, GENERIC, "meant/asm.Add")), program
    )
    assert values(more, DEFERRED, "results") == [42, {"tab": 0, "data": 0}]
    assert [row["name"] for row in more[1]["meant"]["results"]] == ["", ""]
    assert values(more, GENERIC, "arguments")[2] == 9
    asm = next(row["meant"] for row in more if row["at"] == "meant/asm.Add")
    if arch == "amd64":
        assert asm == {"why": "it is written in assembly, and debug information has no prototype of it"}
    else:
        assert [said["value"] for said in asm["arguments"]] == [2, 3]
    blank = values(rows, "main.blank", "arguments")
    assert (blank[0], blank[1]["len"], blank[2:]) == (1, 2, [2.5, 77])


@pytest.mark.parametrize(("release", "why"), [("1.21.13", "Go 1.21's debug information leaves out"), ("1.22.12", "")])
def test_older_releases_are_decoded_where_their_debug_information_is_whole(
    release: str, why: str, tmp_path: Path
) -> None:
    program = go_built("amd64", tmp_path, release)
    rows, _ = shots("--json", "--at=main.blank", program)
    assert rows[0]["meant"].get("why", "").startswith(why)
    if not why:
        assert values(rows, "main.blank", "arguments")[2:] == [2.5, 77]
        rows, _ = shots("--json", "--when=both", f"--at={DEFERRED}", f"--at={GENERIC}", program)
        assert values(rows, DEFERRED, "results") == [42, {"tab": 0, "data": 0}]
        assert [row["meant"].get("why", "") for row in rows if row["at"] == GENERIC] == [NO_DICTIONARY] * 2


def go_built(arch: str, folder: Path, release: str = "") -> Path:
    on = target(arch, NATIVE if arch == "amd64" else "qemu")
    go = golang.ensure(shipped().go)
    flags = {"GOFLAGS": "", "GOTOOLCHAIN": f"go{release}" if release else "local", "CGO_ENABLED": "1"}
    env = {**os.environ, **flags, "CC": " ".join(on.cc.command), "GOARCH": on.toolchain.goarch, **on.toolchain.go_env}
    program = folder / "program"
    argv = [go.command, "build", "-o", program, "."]
    done = subprocess.run(argv, cwd=HERE / "meant", env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return program
