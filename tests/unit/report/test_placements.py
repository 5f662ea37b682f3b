"""The table of where arguments go fits into the terminal, and says what it cannot show in notes."""

from __future__ import annotations

from harness.abi.explain import explain
from harness.abi.layout import MODELS
from harness.abi.prototype import read
from harness.report.placements import lines
from harness.toolchain import load_all

TRIPLES = {arch: row.triple for arch, row in load_all().by_arch.items()}


def table(text: str, *arches: str, go: bool = False, width: int = 200) -> list[str]:
    made = {arch: read(text, TRIPLES[arch], MODELS[arch]) for arch in arches}
    rows = [(arch, row) for arch, prototype in made.items() for row in explain(prototype, arch, go=go)]
    return list(lines(made[arches[0]], rows, width))


def test_a_row_for_each_convention_and_a_column_for_each_argument() -> None:
    assert table("double f(struct {int a; double b;} s, float, ...)", "amd64", "arm64") == [
        "                  1 s       2     result",
        "amd64 sysv-amd64  rdi+xmm0  xmm1  xmm0",
        "arm64 aapcs64     x0+x1     v0    v0",
        "",
        "amd64 sysv-amd64: AL is 2, the number of vector registers that hold arguments",
    ]


def test_what_is_passed_by_reference_and_what_is_above_narrow_integers() -> None:
    found = table("struct {long a[3];} f(struct {long a[3];} x, signed char c, void *p)", "riscv64", "s390x", "386")
    assert [line.split() for line in found[1:4]] == [
        ["riscv64", "riscv64-lp64d", "*a1", "a2", "a3", "*a0"],
        ["s390x", "s390x-elf", "*r3", "r4", "r5", "*r2"],
        ["386", "i386-cdecl", "stack+8", "stack+20", "stack+24", "*stack+4"],
    ]
    notes = found[5:]
    assert "386 i386-cdecl: the callee takes 4 bytes off the stack as it returns" in notes
    assert "riscv64 riscv64-lp64d, s390x s390x-elf: the bits above 2 c are copies of its sign" in notes
    room = "s390x s390x-elf: the caller passes the address of the result's room in "
    assert any(f"{room}r2" in note for note in notes)
    assert not any("comes back in r2" in note for note in notes)


def test_a_narrow_terminal_gets_several_parts() -> None:
    found = table("void f(int first, int second, int third)", "amd64", width=36)
    assert found == [
        "                  1 first  2 second",
        "amd64 sysv-amd64  rdi      rsi",
        "",
        "                  3 third  result",
        "amd64 sysv-amd64  rdx      void",
        "",
    ]


def test_a_row_of_what_go_has_not_is_as_long_as_the_others() -> None:
    found = table(f"void f({', '.join(['int'] * 70)}, ...)", "amd64", go=True, width=1 << 16)
    assert found[2].split() == ["amd64", "go-internal", *["-"] * 71]


def test_what_go_has_not_and_from_when_it_has_registers() -> None:
    found = table("void f(union {int a; float b;} u)", "amd64", go=True)
    assert found[2].split() == ["amd64", "go-internal", "-", "-"]
    assert found[-1].startswith("amd64 go-internal, amd64 go-abi0: Go has no unions")
    found = table("struct {} f(struct {} e)", "amd64", go=True)
    assert found[1].split() == ["amd64", "sysv-amd64", "nothing", "nothing"]
    assert "amd64 go-internal: from Go 1.17 on" in found


def test_of_a_large_struct_not_each_part_is_told() -> None:
    found = table("void f(struct {char c[60000];} s)", "mips64le")
    assert found[1].endswith(
        "a7+" + "+".join(f"stack+{8 * number}" for number in range(8)) + "+... (7484 more, to stack+59928)  void"
    )
    assert max(map(len, table("void f(struct {char c[60000];} s)", *TRIPLES))) < 300
