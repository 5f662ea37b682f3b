"""What is entered and never left is not taken for something else, nor what did not cross for no goroutine."""

from __future__ import annotations

import pytest

from harness.snapshot import WATCH_BY
from harness.watch.sites import CALLBACK, INTO_C, INTO_GO

from ..support import deep, load_case
from .mutants import named
from .watched import ARCHES, OWN, TELLS_THREADS, watched

CASE = load_case(OWN / "leftovers")
WAYS = {"depths": ARCHES, "unwatched": ARCHES, "small": ARCHES, "heap": ARCHES[:-1], "locked": ARCHES, "reused": ARCHES}
WAYS |= {"regrown": ARCHES, "nested": ARCHES, "threads": ARCHES, "deep": ("amd64", "arm64")}
FEW = {
    ("depths", "arm64"),
    ("unwatched", "arm64"),
    ("small", "amd64"),
    ("heap", "arm64"),
    ("locked", "riscv64"),
    ("reused", "riscv64"),
    ("reused", "arm64"),
    ("regrown", "amd64"),
    ("regrown", "s390x"),
    ("nested", "arm64"),
    ("threads", "amd64"),
}
ROWS = [(way, arch) for way, arches in WAYS.items() for arch in arches]
*_, STOPS = WATCH_BY


@pytest.mark.parametrize(("way", "arch"), [row if row in FEW else deep(*row) for row in ROWS])
def test_no_promise_is_said_to_be_broken(way: str, arch: str) -> None:
    seen = watched(CASE, arch, arguments=(way,))
    assert (seen.finished.code, named(seen)) == (0, set()), seen
    if way == "small" and arch in TELLS_THREADS:
        assert seen.checked[INTO_GO[0]] >= int(seen.finished.stdout)
    if way in ("reused", "regrown"):
        assert seen.checked[CALLBACK] == int(seen.finished.stdout)
    if way == "deep":
        assert seen.checked[CALLBACK] >= int(seen.finished.stdout)
    if way == "nested":
        assert seen.checked[INTO_C] >= 200  # all of them: what panics leave is not taken for these


@pytest.mark.parametrize("way", ["unwatched", "small"])
@pytest.mark.parametrize("arch", ["amd64", deep("386")])
def test_so_it_is_by_stops(arch: str, way: str) -> None:
    seen = watched(CASE, arch, arguments=(way,), runner="native", by=STOPS)
    assert (seen.finished.code, named(seen)) == (0, set()), seen
