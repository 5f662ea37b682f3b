"""Each way to build and link a program is watched like another: position-independent, static, as a C library."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.case import Case

from ..support import CORPUS, deep, load_case
from .mutants import AMD64, AMD64_END, ARM64, PPC64, RISCV64, S390X, after, named, overlaid
from .watched import watched

LOSES = {  # one register of crosscall2's, which nothing in these programs fills with this value
    "amd64": after("amd64", AMD64, AMD64_END, "MOVQ\t$0x5151, R12", "r12"),
    "arm64": after("arm64", ARM64, "LDP\t(8*22)(RSP), (R29, R30)", "MOVD\t$0x5151, R21", "x21"),
    "riscv64": after("riscv64", RISCV64, "RESTORE_FPR((8*17))", "MOV\t$0x5151, X18", "s2"),
    "s390x": after("s390x", S390X, "LMG\t48(R15), R6, R15", "MOVD\t$0x5151, R10", "r10"),
    "ppc64le": after("ppc64le", PPC64, "UNSTACK_AND_RESTORE_GO_TO_HOST_ABI(32)", "MOVD\t$0x5151, R20", "r20"),
}
CASES = {name: load_case(CORPUS / name) for name in ("crossings/build_modes", "conversions/c_host_archive")}
WAYS = [
    (name, variant.name, arch)
    for name, case in CASES.items()
    for variant in case.variants
    for arch in LOSES
    if variant.runs_on(arch)
]
FEW = {
    ("crossings/build_modes", "exe_internal", "s390x"),
    ("crossings/build_modes", "pie_external", "s390x"),
    ("conversions/c_host_archive", "shared", "arm64"),
}


def built_as(name: str, variant: str) -> Case:
    case = CASES[name]
    return replace(case, variants=tuple(row for row in case.variants if row.name == variant))


@pytest.mark.parametrize(("name", "variant", "arch"), [row if row in FEW else deep(*row) for row in WAYS])
def test_every_callback_is_seen_and_a_register_that_one_loses_is_named(
    name: str, variant: str, arch: str, tmp_path: Path
) -> None:
    case = built_as(name, variant)
    seen = watched(case, arch)
    assert (seen.finished.code, seen.unwatched, named(seen)) == (0, "", set()), seen
    callbacks = seen.checked["cgocallback"]
    assert callbacks in (9, 360)
    assert seen.checked["crosscall2"] - callbacks in (0, 1), seen.checked  # ppc64le and static: one more by C itself
    assert LOSES[arch].names in named(watched(case, arch, overlaid(LOSES[arch], tmp_path)))
