"""Handlers of C: one to which Go hands a signal on need not return, and each may have a stack of its own."""

from __future__ import annotations

import pytest

from harness.snapshot import WATCH_BY
from harness.watch.sites import CALLBACK, INTO_GO, SIGNALS

from ..support import deep, load_case
from .mutants import named
from .watched import ARCHES, OWN, TELLS_THREADS, watched

CASE = load_case(OWN / "handed_on")
FEW = {("jumps", "arm64"), ("rounds", "amd64"), ("jumps", "riscv64"), ("above", "amd64")}
SAYS = {"jumps": "15 15\n", "rounds": "5 0\n", "above": "0 20\n"}
DIES = ("rounds", "s390x")  # a handler of C that returns has overwritten Go's stack by then (docs/findings.md)
ROWS = [(way, arch) for way in SAYS for arch in ARCHES if (way, arch) != DIES]
*_, STOPS = WATCH_BY


@pytest.mark.parametrize(("way", "arch"), [row if row in FEW else deep(*row) for row in ROWS])
def test_no_promise_is_said_to_be_broken(way: str, arch: str) -> None:
    seen = watched(CASE, arch, arguments=(way,))
    assert (seen.finished.code, seen.finished.stdout, named(seen)) == (0, SAYS[way].encode(), set()), seen
    is_doubted = way == "jumps" and arch != "arm"  # where C's handlers return to the C library, and Go's do not
    if way != "above" or arch in TELLS_THREADS:
        assert any("exits were not held" in note for note in seen.notes) == is_doubted
    if way == "above" and arch in TELLS_THREADS:
        assert seen.checked[INTO_GO[0]] >= seen.checked[CALLBACK] == 20
    if way == "rounds":
        assert all(seen.checked[crossing] >= 5 for crossing in SIGNALS)


@pytest.mark.parametrize("way", SAYS)
@pytest.mark.parametrize("arch", ["amd64", deep("386")])
def test_so_it_is_by_stops(arch: str, way: str) -> None:
    seen = watched(CASE, arch, arguments=(way,), runner="native", by=STOPS)
    assert (seen.finished.code, seen.finished.stdout, named(seen)) == (0, SAYS[way].encode(), set()), seen
    if way == "above":
        assert seen.checked[INTO_GO[0]] >= 20
