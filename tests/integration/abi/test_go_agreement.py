"""The model of Go's own conventions agrees with Go's compiler, on both sides of a call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.abi.conventions.go import GO_ABI0, GO_INTERNAL
from harness.abi.place import Convention
from tests.signatures import go

from ..support import deep, target
from . import go_sides
from .wrong import unseen

BATCH, BATCHES = 100, 5
ALL = {f"{row.name}-{row.arch}": row for row in (*GO_INTERNAL.values(), *GO_ABI0.values())}
AT_ONCE = ("go-internal-amd64", "go-internal-s390x")


def run(convention: Convention, numbers: Sequence[int], folder: Path) -> tuple[list[go_sides.Numbered], bytes]:
    made = [(number, go.made(convention.model, number)) for number in numbers]
    return made, go_sides.run(target(convention.arch), go_sides.sources(convention, made), folder)


@pytest.mark.parametrize("batch", [0, *(deep(batch) for batch in range(1, BATCHES))])
@pytest.mark.parametrize("convention", ALL.values(), ids=ALL)
def test_go_puts_each_byte_where_the_model_says(convention: Convention, batch: int, tmp_path: Path) -> None:
    made, data = run(convention, range(batch * BATCH, (batch + 1) * BATCH), tmp_path)
    assert [(row.number, row.what, row.says) for row in go_sides.held(convention, made, data)] == []


@pytest.mark.parametrize("name", [name if name in AT_ONCE else deep(name) for name in ALL])
def test_a_row_that_is_wrong_is_seen(name: str, tmp_path: Path) -> None:
    made, data = run(ALL[name], range(BATCH), tmp_path)
    assert unseen(ALL[name], go_sides.held, made, data) == []
