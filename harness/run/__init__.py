"""From a binary to observations: start it under its runner, bounded, and decode how it ended."""

from __future__ import annotations

from harness.run.execute import run

__all__ = ["run"]
