"""Callbacks within callbacks on many threads while stacks move: each exit is told to belong to its own entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.snapshot import WATCH_BY
from harness.watch.sites import CALLBACK

from ..support import CORPUS, load_case, some
from .mutants import named, overlaid
from .test_modes import LOSES
from .watched import ARCHES, watched

CASE = load_case(CORPUS / "crossings" / "stacks_move")
RETURNED = {"grow": 256, "panic": 190}  # callbacks: 13 on each of 12 threads, 25 on each of 4 goroutines
*_, STOPS = WATCH_BY


@pytest.mark.parametrize("what", RETURNED)
@pytest.mark.parametrize("arch", some(ARCHES, ("amd64", "arm64")))
def test_each_callback_that_returns_is_held_and_no_promise_is_broken(arch: str, what: str) -> None:
    seen = watched(CASE, arch, arguments=(what,))
    assert (seen.finished.code, seen.checked[CALLBACK], named(seen)) == (0, RETURNED[what], set()), seen


@pytest.mark.parametrize("arch", some(("amd64", "386"), ("386",)))
@pytest.mark.parametrize("what", RETURNED)
def test_so_it_is_by_stops(arch: str, what: str) -> None:
    seen = watched(CASE, arch, arguments=(what,), runner="native", by=STOPS)
    assert (seen.finished.code, seen.checked[CALLBACK], named(seen)) == (0, RETURNED[what], set()), seen


@pytest.mark.parametrize("arch", some(LOSES, ("riscv64",)))
def test_a_register_that_a_callback_loses_there_is_the_only_one_named(arch: str, tmp_path: Path) -> None:
    seen = watched(CASE, arch, overlaid(LOSES[arch], tmp_path))
    assert named(seen) == {LOSES[arch].names}, seen
