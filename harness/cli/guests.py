"""From a program on the command line to what runs it, and back to what is said of its end."""

from __future__ import annotations

import sys
from pathlib import Path

from harness import arches
from harness.cli.options import say
from harness.elf.identity import identify
from harness.errors import EnvironmentBroken, UsageError
from harness.host import tools
from harness.host.resolve import not_native, survey
from harness.probe.guest import Guest
from harness.process.client import own_environment
from harness.process.spec import GO_TERMINATE, MIB, Command, Finished, Limits
from harness.target import QEMU
from harness.toolchain import Elf, Toolchain, Toolchains, load_all

STDIN = 0
MOST_OUTPUT = 64 * MIB  # of stdout and of stderr: they are kept until the program has ended


def guest_of(
    program: Path,
    arguments: tuple[str, ...],
    names: tuple[str, ...],
    folders: tuple[Path, ...],
    runner: str,
    timeout: float,
) -> Guest:
    """Return `program` as a guest of this machine, in the caller's own environment and folder, with its stdin.

    Raises UsageError for what is no program or not of the architectures `names`, EnvironmentBroken without an emulator.
    """
    toolchain = toolchain_of(load_all(folders), program, names)
    foreign = not_native(toolchain, runner)
    if foreign is not None:
        raise UsageError(f"{program}: {foreign.cause}", mend=foreign.mend)
    found = survey(toolchain, runner)
    if found.runner == QEMU and found.emulator is None:
        mend = f"crossabi setup --arch={toolchain.arch}"
        raise EnvironmentBroken(f"{toolchain.emulator.program} is missing", mend=mend)
    limits = Limits(output=MOST_OUTPUT)
    stdin = b"" if sys.__stdin__ is None else STDIN
    command = Command((), own_environment(), timeout, cwd=Path.cwd(), stdin=stdin, limits=limits, stops=GO_TERMINATE)
    return Guest(found, program.resolve(), arguments, command)


def select(toolchains: Toolchains, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the architectures that `names` ask for; ``all`` is every one that a toolchain file describes."""
    known = tuple(toolchains.by_arch)
    return arches.select(names, toolchains.synonyms, known, toolchains.native_arch(tools.machine()))


def show(program: Path, finished: Finished) -> str:
    """Write what the program printed to stderr, and return how it ended. Raises EnvironmentBroken if it never began."""
    sys.stderr.flush()
    sys.stderr.buffer.write(finished.stdout + finished.stderr)
    sys.stderr.buffer.flush()
    say_dropped(finished)
    if finished.error:
        raise EnvironmentBroken(f"{program} could not be started: {finished.error}")
    if finished.ended == "timeout":
        return f"{program.name} was stopped when its time was up (--timeout)"
    ended = finished.signal or (f"exit {finished.code}" if finished.code is not None else finished.ended)
    return f"{program.name} ended with {ended}"


def say_dropped(finished: Finished) -> None:
    """Say how much of what the program printed was not kept, if any of it was."""
    for name, count in finished.dropped.items():
        say(f"{count} bytes of {name}, after the first {MOST_OUTPUT // MIB} MiB, were dropped")


def toolchain_of(toolchains: Toolchains, program: Path, names: tuple[str, ...]) -> Toolchain:
    """Return the toolchain whose ELF identity `program` has. Raises UsageError where --arch says another."""
    try:
        found = identify(program)
    except ValueError as error:
        raise UsageError(str(error), mend="name a Linux program") from None
    own = Elf(found.machine, found.bits, found.byte_order)
    chosen = next((chain for chain in toolchains.by_arch.values() if chain.elf == own), None)
    if chosen is None:
        raise UsageError(
            f"{program}: no toolchain file describes {found}", mend="crossabi doctor lists those that are known"
        )
    if names and chosen.arch not in select(toolchains, names):
        raise UsageError(f"{program} is for {chosen.arch}, and --arch says {', '.join(names)}", mend="leave --arch out")
    return chosen
