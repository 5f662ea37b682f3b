from __future__ import annotations

import pytest

from harness.abi.roles import role


@pytest.mark.parametrize(
    ("arch", "convention", "where", "is_"),
    [
        ("amd64", "sysv-amd64", "rdi", "1st integer argument"),
        ("amd64", "sysv-amd64", "rdx", "3rd integer argument"),
        ("amd64", "sysv-amd64", "xmm1", "2nd floating-point argument"),
        ("amd64", "go-internal", "rax", "1st integer argument"),
        ("amd64", "go-internal", "xmm11", "12th floating-point argument"),
        ("arm64", "aapcs64", "x8", "the result's address"),
        ("arm64", "aapcs64", "*x0", "1st integer argument: its address"),
        ("amd64", "sysv-amd64", "rdi+xmm0", "1st integer argument and 1st floating-point argument"),
        ("386", "i386-cdecl", "stack+4", "on the stack"),
        ("arm", "aapcs-vfp", "s3", "4th single-precision register"),
        ("arm", "aapcs-vfp", "d1", "2nd double-precision register"),
        ("arm", "aapcs-vfp", "r2+r3", "the register of the 3rd word and the register of the 4th word"),
        ("mips64le", "mips64-n64", "a1", "the register of the 2nd doubleword"),
        ("mips64le", "mips64-n64", "f12", "the register of the 1st doubleword"),
        ("ppc64le", "ppc64le-elfv2", "r4", "the register of the 2nd doubleword"),
        ("ppc64le", "ppc64le-elfv2", "f1", "1st floating-point argument"),
        ("amd64", "sysv-amd64", "rbx", ""),
        ("amd64", "nobody's", "rdi", ""),
    ],
)
def test_a_place_has_a_role_in_its_convention(arch: str, convention: str, where: str, is_: str) -> None:
    assert role(arch, convention, where) == is_
