"""The benchmarks run: they are started by hand, and rot between the times."""

from __future__ import annotations

import re
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


def test_the_watch_is_measured_over_go_s_own_cgo_tests() -> None:
    argv = [sys.executable, str(BENCHMARKS / "watch.py"), "--cgo-tests", "--cgo-run=^TestCallback$", "--rounds=1"]
    ran = command([*argv, "--cpu"], BENCHMARKS.parent)
    assert ran.code == 0, ran.text
    watched, plain, ratio = (float(text) for text in re.findall(r"median ([0-9.]+)", ran.text))
    assert 0 < plain < watched
    assert ratio == pytest.approx(watched / plain, rel=0.1)
