"""A few changed instructions on two architectures; tests/deep/watch has all of them on every one."""

from __future__ import annotations

from pathlib import Path

import pytest

from .mutants import MUTANTS, OF_EVERY_WAY, Mutant, hold_every_way, hold_mutant, hold_unmodified

ARCHES = ("arm64", "s390x")
FEW = {  # a register lost, a vector lost, the stack pointer off: of crosscall2, crosscall1, asmcgocall and sigtramp
    ("src/runtime/cgo/asm_arm64.s", "x21"),
    ("src/runtime/cgo/asm_arm64.s", "v12"),
    ("src/runtime/cgo/asm_s390x.s", "r15"),
    ("src/runtime/cgo/gcc_s390x.S", "f9"),
    ("src/runtime/asm_arm64.s", "sp"),
    ("src/runtime/sys_linux_arm64.s", "x23"),
}
CHOSEN = [mutant for mutant in (*MUTANTS, *OF_EVERY_WAY) if (mutant.file, mutant.names) in FEW]


@pytest.mark.parametrize("arch", ARCHES)
def test_an_unmodified_go_breaks_no_promise_but_the_known_ones(arch: str) -> None:
    hold_unmodified(arch)


@pytest.mark.parametrize("arch", ARCHES)
def test_every_way_is_seen_from_end_to_end(arch: str, tmp_path: Path) -> None:
    hold_every_way(arch, tmp_path)


@pytest.mark.parametrize("mutant", CHOSEN, ids=str)
def test_a_changed_instruction_is_found_and_named(mutant: Mutant, tmp_path: Path) -> None:
    assert {(mutant.file, mutant.names) for mutant in CHOSEN} == FEW
    hold_mutant(mutant, tmp_path)
