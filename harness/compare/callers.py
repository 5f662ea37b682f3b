"""The functions that run at a probe, as runs are compared by them: the program's own, innermost first."""

from __future__ import annotations

import re

from harness.snapshot import Snapshot

_GLUE = re.compile(r"runtime\.|internal/runtime/|_cgo|x_cgo|crosscall|_?cgo_topofstack")  # of cgo and of Go's runtime
_CLONE = re.compile(r"\.(constprop|isra|part|cold|lto_priv|abi0|abiinternal)(\.\d+)?\b")


def chain(shot: Snapshot) -> str:
    """Return them as ``add3 ← main.call ← main.main``; empty where they were not asked for, or are not all known.

    Left out is what differs between architectures and releases with nothing being wrong: the C library and what else
    has no line table, Go's runtime, what cgo generates, and the names that compilers give to clones.
    """
    if shot.ended:
        return ""
    own = (frame for frame in shot.frames if frame.file and not _GLUE.match(frame.name))
    return " ← ".join(_CLONE.sub("", frame.name) for frame in own)
