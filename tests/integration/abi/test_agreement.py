"""The model of each convention of C agrees with a compiler, on both sides of a call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.abi.conventions import OF_C
from harness.abi.place import Convention
from tests.signatures import c

from ..support import deep, target
from . import sides
from .shrink import shrunk
from .wrong import unseen

BATCH, BATCHES, FOR_ROWS = 100, 20, 10
VECTORS = {"386": ()}  # those of 8 and 16 bytes there depend on which instructions a compiler may use
BY_MODE = ("arm64", "ppc64le")  # where gcc goes by machine modes most
AT_ONCE = ("amd64", "s390x")  # of which the rows are held in CI: little- and big-endian


def run(convention: Convention, numbers: Sequence[int], folder: Path) -> tuple[list[sides.Numbered], bytes]:
    vectors = VECTORS.get(convention.arch, (8, 16))
    made = [(number, c.made(convention.model, number, vectors)) for number in numbers]
    return made, sides.run(target(convention.arch), sides.source(convention, made), folder)


def run_seldom(convention: Convention, folder: Path) -> tuple[list[sides.Numbered], bytes]:
    made = list(enumerate(c.seldom(convention.model, VECTORS.get(convention.arch, (8, 16)))))
    return made, sides.run(target(convention.arch), sides.source(convention, made), folder)


@pytest.mark.parametrize("batch", [0, *(deep(batch) for batch in range(1, BATCHES))])
@pytest.mark.parametrize("arch", OF_C)
def test_a_compiler_puts_each_byte_where_the_model_says(arch: str, batch: int, tmp_path: Path) -> None:
    convention = OF_C[arch]
    made, data = run(convention, range(batch * BATCH, (batch + 1) * BATCH), tmp_path)
    _hold(convention, made, data, tmp_path)


@pytest.mark.parametrize("arch", [arch if arch in BY_MODE else deep(arch) for arch in OF_C])
def test_what_few_programs_have(arch: str, tmp_path: Path) -> None:
    convention = OF_C[arch]
    made, data = run_seldom(convention, tmp_path)
    _hold(convention, made, data, tmp_path)


def _hold(convention: Convention, made: Sequence[sides.Numbered], data: bytes, folder: Path) -> None:
    """Fail with the smallest signature that does, made of the first."""
    wrong = list(sides.held(convention, made, data))
    if wrong:
        first = wrong[0]
        found = shrunk(convention, target(convention.arch), first.signature, folder)
        pytest.fail(f"{len(wrong)} disagree; number {first.number}, {first.what}: {first.says}; smallest: {found}")


@pytest.mark.parametrize("arch", [arch if arch in AT_ONCE else deep(arch) for arch in OF_C])
def test_a_row_that_is_wrong_is_seen(arch: str, tmp_path: Path) -> None:
    convention, left = OF_C[arch], None
    for batch in range(FOR_ROWS + 1):  # the core comes first: what no signature so far tells, a later one does
        numbers = range(batch * BATCH, (batch + 1) * BATCH)
        made, data = run(convention, numbers, tmp_path) if batch < FOR_ROWS else run_seldom(convention, tmp_path)
        found = set(unseen(convention, sides.held, made, data))
        left = found if left is None else left & found
        if not left:
            return
    assert left == set()
