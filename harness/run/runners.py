"""What starts a binary. Every runner gives the same observation; it says which it was."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from harness.target import NATIVE, QEMU, Platform


class Runner(Protocol):
    """Turns a program and its arguments into the command that runs it."""

    name: str

    def command(
        self, platform: Platform, program: Path, arguments: tuple[str, ...], options: tuple[str, ...] = ()
    ) -> tuple[str, ...]:
        """Return the argument vector. `options` are further ones of what runs the program."""


class NativeRunner:
    """The machine's own processor."""

    name = NATIVE

    def command(
        self, platform: Platform, program: Path, arguments: tuple[str, ...], options: tuple[str, ...] = ()
    ) -> tuple[str, ...]:
        """See `Runner.command`."""
        return (*options, str(program), *arguments)


class QemuRunner:
    """User-mode QEMU, with the sysroot as the guest's root for what it does not find elsewhere."""

    name = QEMU

    def command(
        self, platform: Platform, program: Path, arguments: tuple[str, ...], options: tuple[str, ...] = ()
    ) -> tuple[str, ...]:
        """See `Runner.command`."""
        if platform.emulator is None:
            raise ValueError(f"{platform.toolchain.arch} has no emulator")
        flags = (flag.format(sysroot=platform.sysroot) for flag in platform.toolchain.emulator.flags)
        return (*platform.emulator.command, *flags, *options, str(program), *arguments)


RUNNERS: Mapping[str, Runner] = {runner.name: runner for runner in (NativeRunner(), QemuRunner())}
