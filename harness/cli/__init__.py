"""The command ``crossabi``."""

from harness.cli.commands import main

__all__ = ["main"]
