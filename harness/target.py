"""A target: one architecture with the very tools that build and run it on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.toolchain import Toolchain

QEMU = "qemu"
NATIVE = "native"
RUNNERS = (NATIVE, QEMU)


@dataclass(frozen=True)
class Tool:
    """A program on this machine. `identity` changes when the program does (path, size, modification time)."""

    command: tuple[str, ...]
    version: str
    identity: str

    def __str__(self) -> str:
        return self.version


@dataclass(frozen=True)
class GoToolchain:
    """One Go release, ready to build. `release` is its name (``go1.27.4``)."""

    release: str
    goroot: Path
    identity: str

    @property
    def command(self) -> str:
        """The ``go`` program of the release."""
        return str(self.goroot / "bin" / "go")


class Platform(Protocol):
    """What it takes to run a program of one architecture that is built already."""

    @property
    def toolchain(self) -> Toolchain:
        """The architecture's data."""

    @property
    def sysroot(self) -> Path:
        """Where the emulated program finds its libraries."""

    @property
    def runner(self) -> str:
        """``qemu`` or ``native``."""

    @property
    def emulator(self) -> Tool | None:
        """The emulator, where the runner is one."""


@dataclass(frozen=True)
class Target:
    """What an item is parametrised with. `id` tells targets apart within a session (``arm64``)."""

    id: str
    toolchain: Toolchain
    go: GoToolchain
    cc: Tool
    cc_kind: str
    libc: str
    sysroot: Path
    runner: str
    emulator: Tool | None

    @property
    def arch(self) -> str:
        """The GOARCH name."""
        return self.toolchain.arch

    @property
    def slowdown(self) -> float:
        """What time limits are multiplied by."""
        return self.toolchain.emulator.slowdown if self.runner == QEMU else 1.0


@dataclass(frozen=True)
class Unavailable:
    """An architecture that was asked for and cannot run here: why, and what mends it."""

    arch: str
    cause: str
    mend: str
