"""What QEMU's log does not show, and stops do: some registers, and where the dynamic loader goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.snapshot import WATCH_BY
from harness.watch.sites import START

from ..support import some
from .mutants import (
    AMD64_END,
    ASM,
    CASE,
    PPC64,
    PPC64_END,
    RISCV64,
    RISCV64_END,
    S390X,
    S390X_END,
    Mutant,
    after,
    named,
    overlaid,
)
from .test_modes import built_as
from .watched import watched

*_, STOPS = WATCH_BY
_AMD64_START = f"CALL\truntime·libInit(SB)\n\n\t{AMD64_END}"
HIDDEN = [
    after("ppc64le", PPC64, PPC64_END, "VXOR\tV20, V20, V20", "v20"),
    after("ppc64le", PPC64, PPC64_END, "VOR\tV20, V20, V31", "v31"),
    after("riscv64", RISCV64, RISCV64_END, "WORD\t$0x0020d073\t// csrwi frm, 1", "fcsr"),
    after("s390x", S390X, S390X_END, "WORD\t$0xb2990001\t// srnm 1", "fpc"),
]
STARTS = [
    after("amd64", ASM.format("amd64"), _AMD64_START, "XORQ\t$64, R12", "r12"),
    after("arm64", ASM.format("arm64"), "RESTORE_R19_TO_R28(24)", "EOR\t$64, R21", "x21"),
    after("riscv64", ASM.format("riscv64"), "RESTORE_FPR((8*16))", "XOR\t$64, X9", "s1"),
    after("s390x", ASM.format("s390x"), "FMOVD\t72(R15), F15", "FNEG\tF9, F9", "f9"),
    after("ppc64le", ASM.format("ppc64x"), PPC64_END, "XOR\t$64, R20", "r20"),
]


@pytest.mark.parametrize("mutant", some(HIDDEN, HIDDEN[::2]), ids=str)
def test_a_register_that_is_not_in_the_log_is_named(mutant: Mutant, tmp_path: Path) -> None:
    assert mutant.names in named(watched(CASE, mutant.arch, overlaid(mutant, tmp_path), by=STOPS))


@pytest.mark.parametrize("mutant", some(STARTS, STARTS[:1]), ids=str)
def test_what_starts_go_in_a_library_is_held(mutant: Mutant, tmp_path: Path) -> None:
    case = built_as("conversions/c_host_archive", "shared")
    right = watched(case, mutant.arch, by=STOPS)
    assert (right.finished.code, right.checked[START], named(right)) == (0, 1, set())
    wrong = watched(case, mutant.arch, overlaid(mutant, tmp_path), by=STOPS)
    alarms = [alarm for alarm in wrong.alarms if alarm.crossing == START]
    assert {alarm.what for alarm in alarms} == {mutant.names}, wrong
