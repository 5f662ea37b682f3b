"""The benchmarks run: they are started by hand, and rot between the times."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .support import command

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.deep
def test_the_overhead_is_measured_against_a_loop() -> None:
    ran = command([sys.executable, str(BENCHMARKS / "overhead.py"), "--rounds=1", "--arch=amd64"], BENCHMARKS.parent)
    assert ran.code == 0, ran.text
    assert ran.text.count("ratio") == 2
