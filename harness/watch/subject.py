"""What the table of known alarms asks about the program that is watched."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.elf import gobuild, places
from harness.unwind.modules import Module, holding


@dataclass(frozen=True)
class Subject:
    """A program: its files and their load biases, which are read when something is asked.

    See `harness.host.crossings.Subject`.
    """

    arch: str
    loaded: tuple[tuple[str, int], ...]

    @cached_property
    def go(self) -> str:
        """The version of Go that built it, or its library."""
        return next(filter(None, (gobuild.version(Path(path)) for path, _ in self.loaded)), "")

    def name_at(self, address: int) -> str:
        """Return the name of an address."""
        module = holding(self._modules, address)
        return module.name_at(address) if module is not None else hex(address)

    @cached_property
    def _modules(self) -> tuple[Module, ...]:
        return tuple(Module(places.load(Path(path)), bias) for path, bias in self.loaded)
