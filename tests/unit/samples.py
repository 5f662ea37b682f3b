"""Records to test with, and malformed files: each with the place and the words that a reader must be given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness import toolchain
from harness.data import toolchains_dir
from harness.observation import Environment, Observation
from harness.target import GoToolchain, Target, Tool
from harness.toolchain import Toolchains

ROOT = Path(__file__).parents[2]
HEAD = "kind: program\nabout: a test\n"


@lru_cache
def shipped() -> Toolchains:
    return toolchain.load_all()


def names() -> tuple[tuple[str, str], ...]:
    return tuple(shipped().synonyms.items())


def observed(**changes: Any) -> Observation:
    base = Observation(
        "group/case", "arm64", "", "run", "exit", exit_code=0, environment=Environment(runner="qemu", go="go1.27.4")
    )
    return replace(base, **changes)


def target(arch: str = "arm64", **changes: Any) -> Target:
    base = Target(
        id=arch,
        toolchain=shipped().by_arch[arch],
        go=GoToolchain("go1.27.4", Path("/goroot"), "go1.27.4 identity"),
        cc=Tool(("/usr/bin/some-gcc",), "gcc 12", "cc identity"),
        cc_kind="gcc",
        libc="glibc 2.36",
        sysroot=Path("/usr/some"),
        runner="qemu",
        emulator=Tool(("/usr/bin/qemu-some",), "qemu-some version 7.2.22", "emulator identity"),
    )
    return replace(base, **changes)


@dataclass(frozen=True)
class Malformed:
    """A file, the place of its problem, words of the message, and whether the JSON Schema can see it too."""

    text: str | bytes
    line: int
    column: int
    says: str
    in_schema: bool = True


def _case(text: str, line: int, column: int, says: str, *, in_schema: bool = True) -> Malformed:
    """Place a problem below HEAD; `line` counts from there."""
    return Malformed(HEAD + text, line + 2, column, says, in_schema)


CASES = {
    # not YAML at all, or not the YAML that everybody reads alike
    "tab": _case("run:\n\tstdin: x\n", 2, 1, "cannot start any token", in_schema=False),
    "unclosed": _case("run: {stdin: x\n", 2, 1, "expected ',' or '}'", in_schema=False),
    "an unknown diagnosis": _case("expect: {probes: {f: {diagnosis: wrong}}}\n", 1, 34, "'wrong' is not one of none, "),
    "a list for an argument": _case("expect: {probes: {f: {arguments: {a: [1]}}}}\n", 1, 38, "expected a number, true"),
    "an odd number": _case("expect: {probes: {f: {arguments: {a: 0b1}}}}\n", 1, 38, "YAML 1.1", in_schema=False),
    "nul": _case("# ünïcödé\nrun: {stdin: a\0b}\n", 2, 15, "U+0000", in_schema=False),
    "bell": _case("run:\n  stdin: ü\x07\n", 2, 11, "U+0007", in_schema=False),
    "two documents": _case("---\nkind: program\n", 1, 1, "another document", in_schema=False),
    "empty": Malformed("", 1, 1, "empty", in_schema=False),
    "only a comment": Malformed("# nothing\n", 1, 1, "empty", in_schema=False),
    "not UTF-8": Malformed(HEAD.encode() + b"run: {stdin: \xff}\n", 3, 14, "not UTF-8: byte 0xff", in_schema=False),
    "UTF-16": Malformed(HEAD.encode("utf-16"), 1, 1, "not UTF-8: byte 0xff", in_schema=False),
    "too large": Malformed(HEAD + "#" * (1 << 20), 1, 1, "larger than", in_schema=False),
    "deep list": Malformed("[" * 900, 1, 100, "nested deeper than 100", in_schema=False),
    "deep list with closing brackets": Malformed('["]",' * 100_000, 1, 496, "deeper than 100", in_schema=False),
    "deep block": Malformed("- " * 5_000 + "x", 1, 199, "nested deeper than 100", in_schema=False),
    "deep mapping": Malformed("{a: " * 100_000, 1, 397, "nested deeper than 100", in_schema=False),
    "anchor alone": _case("run: {stdin: &x text}\n", 1, 14, "anchors and aliases", in_schema=False),
    "alias": _case("run: {args: [&x a, *x]}\n", 1, 14, "anchors and aliases", in_schema=False),
    "alias of itself": _case("run: &x {env: *x}\n", 1, 6, "anchors and aliases", in_schema=False),
    "empty tag": _case("run: {stdin: ! &x text}\n", 1, 14, "the tag ! is not allowed", in_schema=False),
    "unknown alias": _case("run: {stdin: *x}\n", 1, 14, "undefined alias", in_schema=False),
    "python object": _case(
        "run: !!python/object/apply:os.system [id]\n", 1, 6, "the tag !!python/object/apply:os", in_schema=False
    ),
    "tag": _case("run: {repeat: !!int '3'}\n", 1, 15, "the tag !!int is not allowed", in_schema=False),
    "own tag": _case("run: !x {}\n", 1, 6, "the tag !x is not allowed", in_schema=False),
    "tag of a word": _case("expect: {outcome: !!str exit}\n", 1, 19, "the tag !!str is not", in_schema=False),
    "tag of a list": _case("arches: !x [arm]\n", 1, 9, "the tag !x is not allowed", in_schema=False),
    "tag of a free mapping": _case("run: {env: !x {}}\n", 1, 12, "the tag !x is not allowed", in_schema=False),
    "merge key": _case("run: {<<: {stdin: x}}\n", 1, 7, "unknown key '<<'"),
    "duplicate key": _case("run: {}\nrun: {}\n", 2, 1, "'run' stands twice; the first is in line 3", in_schema=False),
    "list as key": _case("? [a]\n: b\n", 1, 3, "expected a key, found a list", in_schema=False),
    # texts that YAML 1.1 takes for something else
    "no": _case("run: {args: [no]}\n", 1, 14, '`no` is a boolean in YAML 1.1; write "no"', in_schema=False),
    "yes as value": _case("run: {env: {X: Yes}}\n", 1, 16, "`Yes` is a boolean", in_schema=False),
    "on as key": _case("run: {env: {on: x}}\n", 1, 13, "`on` is a boolean", in_schema=False),
    "base 60": _case("run: {stdin: 1:30}\n", 1, 14, "`1:30` is a base-60 number", in_schema=False),
    "octal": _case("run: {args: [0777]}\n", 1, 14, "`0777` is a number with a leading zero", in_schema=False),
    "not even octal": _case("run: {repeat: 08}\n", 1, 15, "`08` is a number with a leading zero", in_schema=False),
    "underscores": _case("run: {repeat: 1_0}\n", 1, 15, "`1_0` is a number with underscores", in_schema=False),
    "date": _case("run: {stdin: 2024-01-31}\n", 1, 14, "`2024-01-31` is a date", in_schema=False),
    "endless number": _case(f"run: {{repeat: {'9' * 5000}}}\n", 1, 15, "beyond every bound", in_schema=False),
    "endless hex": _case(f"run: {{repeat: 0x{'f' * 5000}}}\n", 1, 15, "beyond every bound", in_schema=False),
    # shapes
    "list for a mapping": Malformed("- kind: program\n", 1, 1, "expected a mapping, found a list"),
    "text for a mapping": Malformed("program\n", 1, 1, "expected a mapping, found the text 'program'"),
    "mapping for a list": _case("arches: {arm64: true}\n", 1, 9, "expected a list, found a mapping"),
    "text for a list": _case("arches: arm64\n", 1, 9, "expected a list, found the text 'arm64'"),
    "list for a text": _case("run: {stdin: [a]}\n", 1, 14, "expected text, found a list"),
    "number for a text": _case("run: {args: [7]}\n", 1, 14, 'expected text, found 7; put it in quotes: "7"'),
    "boolean for a text": _case("run: {env: {X: true}}\n", 1, 16, "expected text, found true"),
    "nothing for a text": _case("run: {stdin: }\n", 1, 14, "expected text, found nothing"),
    "nothing for a mapping or a word": _case("expect:\n", 1, 8, "expected fail@build or a mapping, found nothing"),
    "nothing for a choice": _case("build: {mode: }\n", 1, 15, "expected one of c-archive, c-shared, found nothing"),
    "nothing for a mapping": _case("run:\n", 1, 5, "expected a mapping, found nothing"),
    "text for a number": _case("run: {repeat: many}\n", 1, 15, "a whole number, found the text 'many'"),
    "fraction for a whole number": _case("run: {repeat: 1.5}\n", 1, 15, "expected a whole number, found 1.5"),
    "boolean for a number": _case("expect: {exit: true}\n", 1, 16, "expected a whole number, found true"),
    "too low": _case("run: {repeat: 0}\n", 1, 15, "0 is not between 1 and 1000"),
    "too high": _case("expect: {exit: 256}\n", 1, 16, "256 is not between 0 and 255"),
    "infinite": _case("run: {timeout: .inf}\n", 1, 16, "inf is not between 0.1 and 3600"),
    "not a number": _case("run: {timeout: .nan}\n", 1, 16, "nan is not between", in_schema=False),
    "empty list": _case("arches: []\n", 1, 9, "at least 1 member"),
    "blank text": Malformed('kind: program\nabout: " "\n', 2, 8, "must not be empty"),
    # names
    "missing key": Malformed("about: a test\n", 1, 1, "the key 'kind' is missing"),
    "misspelt key": _case("biuld: {}\n", 1, 1, "unknown key 'biuld'; did you mean 'build'?"),
    "key in capitals": _case("Run: {}\n", 1, 1, "did you mean 'run'?"),
    "unknown key": _case("zzzzzz: 1\n", 1, 1, "unknown key 'zzzzzz' (known here: kind, about"),
    "key of a nested mapping": _case("build: {cflags: [-O0]}\n", 1, 9, "'cflags' belongs under 'c' (known"),
    "key of two nested mappings": _case("build: {ldflags: x}\n", 1, 9, "belongs under 'go' or 'c' ("),
    "key of a deeper mapping": _case("gcflags: x\n", 1, 1, "'gcflags' belongs under 'build.go' ("),
    "key of a list's mapping": _case("expect: {reason: x}\n", 1, 10, "'reason' belongs under 'per_arch' ("),
    "unknown kind": Malformed("kind: programm\nabout: x\n", 1, 7, "did you mean 'program'?"),
    "unknown arch": _case("arches: [amd64, riscv46]\n", 1, 17, "'riscv46'; did you mean 'riscv64'? (known: amd64"),
    "unknown signal": _case("expect: {signal: SIGSEV}\n", 1, 18, "did you mean 'SIGSEGV'?"),
    "alias of a signal": _case("expect: {signal: SIGIOT}\n", 1, 18, "'SIGIOT' is not one of"),
    "outcome of a build": _case("expect: {outcome: build-error}\n", 1, 19, "'build-error' is not one of"),
    "outcome of our own": _case("expect: {outcome: [exit, broken]}\n", 1, 26, "'broken' is not one of"),
    "misspelt scalar form": _case("expect: fail@bulid\n", 1, 9, "did you mean 'fail@build'?"),
    "environment name": _case("run: {env: {1X: x}}\n", 1, 13, "the key '1X' does not have the form"),
    "library name": _case("build: {shared: {foo.dll: [a.c]}}\n", 1, 18, "'foo.dll' does not have the form"),
    "row that says nothing": _case(
        "expect: {stdout: x, per_arch: [{arches: [arm64], reason: r, stdout: x}]}\n",
        1,
        32,
        "this row says of arm64 what the default says; take it away",
        in_schema=False,
    ),
    "library outside": _case("build: {shared: {liba.so: [../a.c]}}\n", 1, 28, "'../a.c' does not have the form"),
    "library absolute": _case("build: {shared: {liba.so: [/a.c]}}\n", 1, 28, "'/a.c' does not have the form"),
    "library without sources": _case("build: {shared: {liba.so: []}}\n", 1, 27, "at least 1 member"),
    "plugin with a library's name": _case(
        "build: {plugins: {libwork.so: work}}\n", 1, 19, "'libwork.so' does not have the form"
    ),
    "plugin outside": _case("build: {plugins: {work.so: ../work}}\n", 1, 28, "'../work' does not have the form"),
    "plugin absolute": _case("build: {plugins: {work.so: /work}}\n", 1, 28, "'/work' does not have the form"),
    "plugin that is the host": _case("build: {plugins: {work.so: .}}\n", 1, 28, "'.' does not have the form"),
    "hidden plugin": _case("build: {plugins: {work.so: a/.b}}\n", 1, 28, "'a/.b' does not have the form"),
    "flag": _case("build: {flags: [race]}\n", 1, 17, "'race' does not have the form"),
    # patterns
    "bad pattern": _case("expect: {stdout: {pattern: 'a('}}\n", 1, 28, "missing )", in_schema=False),
    "bad build pattern": _case("expect: {fail@build: '*'}\n", 1, 22, "nothing to repeat", in_schema=False),
    "pattern of the future": _case("expect: {stderr: {pattern: '[[a]'}}\n", 1, 28, "nested set", in_schema=False),
    "pattern too large": _case(
        "expect: {stdout: {pattern: 'a{99999999999}'}}\n", 1, 28, "number is too large", in_schema=False
    ),
    "pattern too deep": _case(
        f"expect: {{stdout: {{pattern: '{'(' * 5000}{')' * 5000}'}}}}\n", 1, 28, "too deeply", in_schema=False
    ),
    "bad replacement": _case("normalise: [{match: 'a', as: '\\1'}]\n", 1, 30, "invalid group", in_schema=False),
    "unknown group": _case("normalise: [{match: 'a', as: '\\g<x>'}]\n", 1, 30, "unknown group", in_schema=False),
    # what only the whole shows
    "exit with signal": _case("expect: {exit: 1, signal: SIGSEGV}\n", 1, 27, "beside exit", in_schema=False),
    "signal with outcome": _case(
        "expect: {outcome: exit, signal: SIGSEGV}\n", 1, 33, "'signal' cannot stand beside outcome", in_schema=False
    ),
    "failed build with exit": _case(
        "expect: {fail@build: x, exit: 1}\n", 1, 22, "'fail@build' cannot stand beside exit", in_schema=False
    ),
    "failed build with output": _case(
        "expect: {stdout: x, fail@build: x}\n", 1, 33, "'fail@build' cannot stand beside stdout", in_schema=False
    ),
    "output below a failed build": _case(
        "expect:\n  fail@build: x\n  per_arch:\n    - {arches: [arm], reason: r, stdout: x}\n",
        4, 7, "the default is a failed build", in_schema=False,
    ),
    "row without reason": _case(
        "expect:\n  per_arch:\n    - {arches: [arm], exit: 1}\n", 3, 7, "the key 'reason' is missing"
    ),
    "row without difference": _case(
        "expect:\n  per_arch:\n    - {arches: [arm], reason: r}\n", 3, 7, "declares no difference", in_schema=False
    ),
    "row that clashes": _case(
        "expect:\n  per_arch:\n    - {arches: [arm], reason: r, exit: 1, signal: SIGBUS}\n",
        3, 51, "'signal' cannot stand beside exit", in_schema=False,
    ),
    "arch in two rows": _case(
        "expect:\n  per_arch:\n    - {arches: [arm64], reason: r, exit: 1}\n"
        "    - {arches: [arm, aarch64], reason: r, exit: 2}\n",
        4, 7, "arm64 already stands in row 1", in_schema=False,
    ),
    "row that is never applied": _case(
        "arches: [arm64]\nexpect:\n  per_arch:\n    - {arches: [arm], reason: r, exit: 1}\n",
        4, 7, "nothing here runs on arm (arches: arm64)", in_schema=False,
    ),
    "row that a variant never applies": _case(
        "variants:\n  - name: a\n    arches: [arm]\n"
        "    expect: {per_arch: [{arches: [arm], reason: r, exit: 1}, {arches: [386], reason: r, exit: 1}]}\n",
        4, 62, "nothing here runs on 386 (arches: arm)", in_schema=False,
    ),
    "row that no variant applies": _case(
        "arches: [arm]\nexpect: {per_arch: [{arches: [amd64], reason: r, exit: 1}]}\n"
        "variants: [{name: a, arches: [arm64]}, {name: b}, {name: c, arches: [amd64], expect: {exit: 2}}]\n",
        2, 21, "nothing here runs on amd64 (arches: arm64, arm)", in_schema=False,
    ),
    "environment of the target": _case(
        "build: {env: {CGO_CFLAGS: x, GOARCH: arm}}\n", 1, 30, "GOARCH is decided by the target", in_schema=False
    ),
    "mode of a program": _case("build: {mode: c-archive}\n", 1, 15, "is for kind: c-host only", in_schema=False),
    "mode of a variant": _case(
        "variants:\n  - name: a\n    build: {mode: c-shared}\n", 3, 19, "is for kind: c-host only", in_schema=False
    ),
    "plugin of a C host": Malformed(
        "kind: c-host\nabout: x\nbuild: {plugins: {a.so: a}}\n",
        3, 18, "'plugins' is for kind: program only", in_schema=False,
    ),
    "variants of one name": _case(
        "variants:\n  - name: a\n  - name: a\n", 3, 5, "two variants are called 'a'", in_schema=False
    ),
    "variant without name": _case("variants:\n  - about: x\n", 2, 5, "the key 'name' is missing"),
}  # fmt: skip

TOOLCHAIN = (toolchains_dir() / "arm64.yaml").read_text()


def _toolchain(old: str, new: str, shift: int, column: int, says: str, *, in_schema: bool = True) -> Malformed:
    """Damage the shipped arm64.yaml; the problem is `shift` lines below the first line that changed."""
    start = TOOLCHAIN.index(old)
    line = TOOLCHAIN.count("\n", 0, start) + 1
    return Malformed(TOOLCHAIN.replace(old, new, 1), line + shift, column, says, in_schema)


TOOLCHAINS = {
    "unknown key": _toolchain("synonyms:", "synonims:", 0, 1, "unknown key 'synonims'; did you mean 'synonyms'?"),
    "nested key": _toolchain("byte_order:", "slowdown: 3\nbyte_order:", 0, 1, "'slowdown' belongs under 'emulator'"),
    "duplicate key": _toolchain("byte_order:", "order: 3\nbyte_order:", 0, 1, "'order' stands twice", in_schema=False),
    "arch in capitals": _toolchain("arch: arm64", "arch: ARM64", 0, 7, "'ARM64' does not have the form"),
    "arch a number": _toolchain("arch: arm64", "arch: 386", 0, 7, 'found 386; put it in quotes: "386"'),
    "order": _toolchain("order: 2 ", "order: 0 ", 0, 8, "0 is not between 1 and 1000"),
    "order a text": _toolchain("order: 2 ", "order: two ", 0, 8, "expected a whole number, found the text 'two'"),
    "number in the environment": _toolchain("GOARM64: v8.0", "GOARM64: 8", 0, 14, "expected text, found 8"),
    "relative sysroot": _toolchain("sysroot: /usr/aarch64", "sysroot: usr/aarch64", 0, 12, "does not have the form"),
    "no slowdown": _toolchain("slowdown: 4", "slowdown: 0.5", 0, 13, "0.5 is not between 1 and 1000"),
    "machine": _toolchain("EM_AARCH64", "AArch64", 0, 12, "'AArch64' does not have the form"),
    "machine that nobody knows": _toolchain(
        "EM_AARCH64",
        "EM_AARHC64",
        0,
        12,
        "no ELF machine is called 'EM_AARHC64'; did you mean 'EM_AARCH64'?",
        in_schema=False,
    ),
    "GOARCH": _toolchain("goarch: arm64", "goarch: arm46", 0, 11, "did you mean 'arm64'?"),
    "brace": _toolchain('flags: [-L, "{sysroot}"]', 'flags: [-L, "{sysroot"]', 0, 15, "'}'", in_schema=False),
    "placeholder": _toolchain(
        '"{sysroot}"',
        '"{sysrot}"',
        0,
        15,
        "nothing fills in {sysrot}, only {sysroot}; did you mean 'sysroot'?",
        in_schema=False,
    ),
    "placeholder with a form": _toolchain(
        '"{sysroot}"',
        '"{sysroot:>9}"',
        0,
        15,
        "nothing fills in {sysroot:>9}",
        in_schema=False,
    ),
    "placeholder without a name": _toolchain('"{sysroot}"', '"{}"', 0, 15, "nothing fills in {}", in_schema=False),
    "class": _toolchain("class: 64", "class: 46", 0, 10, "'46' is not one of 32, 64; did you mean '64'?"),
    "byte order": _toolchain("byte_order: little", "byte_order: litle", 0, 13, "did you mean 'little'?"),
    "no for a list": _toolchain("machines: [aarch64, arm64]", "machines: no", 0, 13, "expected a list, found no"),
    "no in a list": _toolchain("machines: [aarch64", "machines: [no", 0, 14, "`no` is a boolean", in_schema=False),
    "package part": _toolchain(
        "packages: {compiler", "packages: {complier", 0, 14, "unknown key 'complier'; did you mean 'compiler'?"
    ),
    "package name": _toolchain("[gcc-aarch64-linux-gnu]", "[GCC]", 0, 25, "'GCC' does not have the form"),
    "word and class": _toolchain("class: 64", "class: 32", 3, 12, "64 bits does not fit ELF class 32", in_schema=False),
    "goarch and machine": _toolchain(
        "goarch: arm64", "goarch: s390x", 0, 11, "GOARCH=s390x makes programs of EM_S390, class 64", in_schema=False
    ),
    "page": _toolchain("page_size: 4096", "page_size: 5000", 0, 12, "5000 is not a power of two", in_schema=False),
    "empty name": _toolchain("program: qemu-aarch64", 'program: ""', 0, 12, "must not be empty"),
    "section a text": _toolchain("elf:\n  machine: EM_AARCH64\n  class: 64", "elf: arm", 0, 6, "expected a mapping"),
    "section missing": Malformed(
        TOOLCHAIN.replace("elf:\n  machine: EM_AARCH64\n  class: 64\n", ""), 2, 1, "the key 'elf' is missing here"
    ),
    "no emulator": _toolchain("  program: qemu-aarch64\n", "", 0, 3, "the key 'program' is missing here"),
    "list": Malformed("- arch: arm64\n", 1, 1, "expected a mapping, found a list"),
}
