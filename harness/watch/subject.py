"""What the table of known alarms asks about the program that is watched."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.elf import gobuild, places


@dataclass(frozen=True)
class Subject:
    """A program, whose file is read when something is asked. See `harness.host.crossings.Subject`."""

    arch: str
    path: Path

    @cached_property
    def go(self) -> str:
        """The version of Go that built it."""
        return gobuild.version(self.path)

    def name_at(self, address: int) -> str:
        """Return the name of an address."""
        return places.load(self.path).name_at(address)
