"""As tests/unit/abi/test_fetch.py, a million times over all conventions."""

from __future__ import annotations

import pytest

from harness.abi.place import Convention
from tests.unit.abi.test_fetch import ALL, FIRST, name, round_trips

MILLION, PARTS = 1_000_000, 4
EACH = -(-MILLION // (len(ALL) * PARTS))


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("convention", ALL, ids=name)
def test_what_is_laid_out_comes_back(convention: Convention, part: int) -> None:
    round_trips(convention, range(FIRST + part * EACH, FIRST + (part + 1) * EACH))
