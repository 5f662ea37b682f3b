"""As tests/unit/watch/test_histories.py, with many more of them on every architecture that is watched by the log."""

from __future__ import annotations

import pytest

from harness.registers import TABLES
from tests.integration.watch.watched import ARCHES
from tests.unit.watch.test_histories import SOME, WAYS, hold

BATCH, BATCHES = 40, 5


@pytest.mark.parametrize("batch", range(BATCHES))
@pytest.mark.parametrize(("threads", "apart"), WAYS)
@pytest.mark.parametrize("arch", ARCHES)
def test_a_legal_history_raises_no_alarm(arch: str, threads: int, apart: int, batch: int) -> None:
    hold(TABLES[arch], range(SOME + batch * BATCH, SOME + (batch + 1) * BATCH), threads, apart)
