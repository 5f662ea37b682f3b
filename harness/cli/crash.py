"""``crossabi crash``: what a core file, or what Go printed of its death, tells of a crash that happened elsewhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO

import click

from harness.cli.guests import select, toolchain_of
from harness.cli.options import TOOLCHAINS, say
from harness.cli.snapshot import show_all
from harness.errors import UsageError
from harness.host import tools
from harness.probe.frames import below
from harness.snapshot import SnapshotSource
from harness.toolchain import Toolchains, load_all

MOST_TEXT = 32 << 20  # bytes
_EMPTY = "{file} is empty: it tells of no crash"
_MEND = "name a core file, or a file with what Go printed"
_MAGIC = b"\x7fELF"
_ARCH = "Of what Go printed, which does not say it: the architecture (GOARCH, or a synonym). A core says its own."
_PROGRAM = "The program that ran; by default the one that the core names, if it is here. Without it there are no names."
_SYSROOT = (
    "Where the core's shared libraries are looked for; by default the sysroot of its architecture, then this machine."
)


@click.command()
@TOOLCHAINS
@click.option("--program", type=click.Path(path_type=Path), help=_PROGRAM)
@click.option("--sysroot", type=click.Path(path_type=Path, file_okay=False), help=_SYSROOT)
@click.option("--arch", "name", help=_ARCH)
@click.option("--json", "as_json", is_flag=True, help="JSON Lines on stdout, one object a thread (docs/snapshots.md).")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
def crash(
    folders: tuple[Path, ...],
    program: Path | None,
    sysroot: Path | None,
    name: str | None,
    file: Path,
    *,
    as_json: bool,
) -> None:
    """Show the registers of a crash that FILE tells of: a core file, or what Go printed when it died ("-": stdin).

    \b
    crossabi crash core.1234 --program ./prog
    crossabi crash --arch arm64 traceback.txt

    The thread that died comes first: its signal, registers, the instructions around it, and its backtrace through Go
    and C. It ends with 0 when there was a thread to show, with 1 when FILE tells of no fault.
    """
    toolchains = load_all(folders)
    try:
        is_core = str(file) != "-" and _is_core(file)
        source = _core(file, program, sysroot, toolchains) if is_core else _text(file, program, name, toolchains)
        shots = source.snapshots if source is not None else ()
    except ValueError as error:
        raise UsageError(str(error), mend="name a core file, and with --program the very file that ran") from None
    show_all(shots, as_json=as_json)
    if not shots:
        say(f"{file} tells of no signal that Go died of: a plain panic has no registers")
    sys.exit(0 if shots else 1)


def _is_core(file: Path) -> bool:
    try:
        if file.is_file() and not file.stat().st_size:
            raise UsageError(_EMPTY.format(file=file), mend=_MEND)
        if file.is_fifo():
            return False  # what is read of it here would be missing later
        with file.open("rb") as opened:
            return opened.read(len(_MAGIC)) == _MAGIC
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}", mend=_MEND) from None


def _core(file: Path, program: Path | None, sysroot: Path | None, toolchains: Toolchains) -> SnapshotSource:
    from harness.core import read_core
    from harness.core.postmortem import Remains, executable

    core = read_core(file)
    own = program if program is not None else executable(core)
    if own is None:
        say(f"{file} does not name its program, or it is not here: --program=FILE gives names and a backtrace")
    return Remains(core, own, below(sysroot or toolchains.by_arch[core.arch].site_on(tools.machine()).sysroot))


def _text(file: Path, program: Path | None, name: str | None, toolchains: Toolchains) -> SnapshotSource | None:
    from harness.traceback import dump

    arch = _arch(program, name, toolchains)
    if str(file) == "-":
        data = _read(sys.stdin.buffer, "stdin")
    else:
        with file.open("rb") as opened:
            data = _read(opened, str(file))
    return dump.read(data.decode(errors="replace"), arch)


def _read(opened: BinaryIO, name: str) -> bytes:
    """Return the text: the last of a file that is too large, because a death is at the end, the first of a pipe."""
    end = os.fstat(opened.fileno()).st_size
    if opened.seekable() and end > MOST_TEXT:
        say(f"{name} has {end} bytes: only the last {MOST_TEXT} were read")
        opened.seek(end - MOST_TEXT)
        return opened.read()
    data = opened.read(MOST_TEXT)
    if not data:
        raise UsageError(_EMPTY.format(file=name), mend=_MEND)
    if opened.read(1):
        say(f"{name} has more than {MOST_TEXT} bytes: only the first were read")
    return data


def _arch(program: Path | None, name: str | None, toolchains: Toolchains) -> str:
    if program is not None:
        return toolchain_of(toolchains, program, (name,) if name else ()).arch
    if not name:
        raise UsageError("what Go prints does not name its architecture", mend="--arch=NAME, or --program=FILE")
    chosen = select(toolchains, (name,))
    if len(chosen) != 1:
        raise UsageError(f"--arch={name} names {len(chosen)} architectures", mend="name the one that crashed")
    return chosen[0]
