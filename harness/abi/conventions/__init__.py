"""The conventions of C, one a module, by architecture."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from harness.abi.conventions.aapcs64 import AAPCS64
from harness.abi.conventions.aapcs_vfp import AAPCS_VFP
from harness.abi.conventions.i386_cdecl import I386_CDECL
from harness.abi.conventions.mips64_n64 import MIPS64_N64
from harness.abi.conventions.ppc64le_elfv2 import PPC64LE_ELFV2
from harness.abi.conventions.riscv64_lp64d import RISCV64_LP64D
from harness.abi.conventions.s390x_elf import S390X_ELF
from harness.abi.conventions.sysv_amd64 import SYSV_AMD64
from harness.abi.place import Convention

OF_C: Mapping[str, Convention] = MappingProxyType(
    {
        row.arch: row
        for row in (
            *(SYSV_AMD64, AAPCS64, RISCV64_LP64D, S390X_ELF),
            *(PPC64LE_ELFV2, AAPCS_VFP, I386_CDECL, MIPS64_N64),
        )
    }
)
"""The convention of C on each architecture."""
