"""What starts a binary. Every runner gives the same observation; it says which it was."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from harness.target import NATIVE, QEMU, Target


class Runner(Protocol):
    """Turns a program and its arguments into the command that runs it."""

    name: str

    def command(self, target: Target, program: Path, arguments: tuple[str, ...]) -> tuple[str, ...]:
        """Return the argument vector."""


class NativeRunner:
    """The machine's own processor."""

    name = NATIVE

    def command(self, target: Target, program: Path, arguments: tuple[str, ...]) -> tuple[str, ...]:
        """See `Runner.command`."""
        return (str(program), *arguments)


class QemuRunner:
    """User-mode QEMU, with the sysroot as the guest's root for what it does not find elsewhere."""

    name = QEMU

    def command(self, target: Target, program: Path, arguments: tuple[str, ...]) -> tuple[str, ...]:
        """See `Runner.command`."""
        if target.emulator is None:
            raise ValueError(f"{target.id} has no emulator")
        flags = (flag.format(sysroot=target.sysroot) for flag in target.toolchain.emulator.flags)
        return (*target.emulator.command, *flags, str(program), *arguments)


RUNNERS: Mapping[str, Runner] = {runner.name: runner for runner in (NativeRunner(), QemuRunner())}
