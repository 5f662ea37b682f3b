"""Go's own cgo tests (cmd/cgo/internal/test) under the watch: no alarm that is not known.

Those of the pinned release on each architecture, and those of each earlier one from 1.21 on, on one or two.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from integration.support import CROSSABI, command
from integration.watch.watched import of_release

from benchmarks import cgotests

from .test_releases import ARCHES, RELEASES


@pytest.mark.parametrize(
    ("arch", "release"), [*((arch, "") for arch in ARCHES), *zip(itertools.cycle(ARCHES[:6]), RELEASES, strict=False)]
)
def test_go_s_own_cgo_tests_break_no_promise_but_the_known_ones(arch: str, release: str, tmp_path: Path) -> None:
    wanted = of_release(arch, release)
    program = tmp_path / "cgotest"
    cgotests.build(wanted, program)
    watch = [*CROSSABI, "run", "--watch-crossings", f"--timeout={cgotests.SECONDS}", str(program), "--"]
    ran = command([*watch, *cgotests.arguments(arch)], tmp_path, seconds=cgotests.SECONDS + 60)
    assert ran.code == 0, ran.text
    assert "broken promises: 0" in ran.text
    assert "ended with exit 0" in ran.text
    for way, least in (("crosscall1", 20), ("crosscall2", 1000), ("asmcgocall", 1000)):
        counted = re.search(rf"(\d+) of {way}\b", ran.text)
        assert counted, ran.text
        assert int(counted[1]) >= least
