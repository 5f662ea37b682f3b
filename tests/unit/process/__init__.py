"""Small host commands, and how to know that a process has ended without sleeping."""

from __future__ import annotations

import os
import select
from pathlib import Path
from typing import Any

from harness.process.spec import Command

PATH = {"PATH": os.environ["PATH"]}


def sh(script: str, **changes: Any) -> Command:
    """Return the command that runs `script`; 5 seconds unless it says otherwise."""
    fields: dict[str, Any] = {"env": PATH, "timeout": 5.0, **changes}
    return Command(("/bin/sh", "-c", script), **fields)


def ended(pid: int, seconds: float = 10.0) -> bool:
    """Wait until process `pid` is gone, or a zombie that somebody else has yet to reap."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    try:
        return bool(poller.poll(seconds * 1000))
    finally:
        os.close(descriptor)


def pids(path: Path) -> list[int]:
    """Return the process ids that a script wrote into `path`."""
    return [int(word) for word in path.read_text().split()]
