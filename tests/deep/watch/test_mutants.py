"""Every changed instruction, on every architecture: each is found and named."""

from __future__ import annotations

from pathlib import Path

import pytest
from integration.watch.mutants import MUTANTS, OF_EVERY_WAY, Mutant, hold_every_way, hold_mutant, hold_unmodified

ARCHES = ("amd64", "arm64", "riscv64", "s390x", "ppc64le", "arm", "mips64le")


@pytest.mark.parametrize("arch", ARCHES)
def test_an_unmodified_go_breaks_no_promise_but_the_known_ones(arch: str) -> None:
    hold_unmodified(arch)


@pytest.mark.parametrize("arch", ARCHES)
def test_every_way_is_seen_from_end_to_end(arch: str, tmp_path: Path) -> None:
    hold_every_way(arch, tmp_path)


@pytest.mark.parametrize("mutant", [*MUTANTS, *OF_EVERY_WAY], ids=str)
def test_a_changed_instruction_is_found_and_named(mutant: Mutant, tmp_path: Path) -> None:
    hold_mutant(mutant, tmp_path)
