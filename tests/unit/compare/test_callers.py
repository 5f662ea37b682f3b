"""Backtraces as they are compared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.compare.callers import chain
from harness.snapshot import Frame, Snapshot

SHOT = Snapshot("add", "entry", 1, "amd64", 0x401000, "add", "stub")


def of(*names: str, ended: str = "") -> Snapshot:
    """Return a snapshot with frames of these names; a name in brackets has no line."""
    frames = tuple(Frame(1, name.strip("[]"), 0, "" if name.startswith("[") else "a.c", 1, 0) for name in names)
    return replace(SHOT, frames=frames, ended=ended)


@pytest.mark.parametrize(
    ("shot", "is_"),
    [
        (of("add", "main"), "add ← main"),
        (
            of("add", "_cgo_31b048a637f3_Cfunc_add", "runtime.asmcgocall.abi0", "main._Cfunc_add.abi0", "main.main"),
            None,
        ),
        (of("add", "crosscall2", "_cgoexp_31b0_add", "runtime.cgocallback", "main._Cfunc_add", "main.main"), None),
        (of("add.constprop.0", "[qsort_r]", "main._Cfunc_add", "main.main", "[0x7f0010]"), None),
        (of("runtimes.add", "main"), "runtimes.add ← main"),
        (of("add", "main", ended="not available: no frame"), ""),
        (SHOT, ""),
        (of("[add]"), ""),
    ],
)
def test_the_program_s_own_functions_are_what_is_compared(shot: Snapshot, is_: str | None) -> None:
    assert chain(shot) == ("add ← main._Cfunc_add ← main.main" if is_ is None else is_)
