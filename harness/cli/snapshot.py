"""``crossabi snapshot``: registers of any program at any place, no case needed."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from harness.abi.diagnose import diagnose
from harness.cli.guests import guest_of, show
from harness.cli.options import ARCH, TOOLCHAINS, Seconds, say
from harness.host.resolve import RUNNER_CHOICES
from harness.probe.guest import Taken
from harness.probe.take import AUTO, SOURCES, take
from harness.registers import TABLES
from harness.report.snapshots import lines
from harness.snapshot import DEFAULT_HITS, ENTRY, WHEN, Probe, Snapshot, parse_hits

MOST_MEMORY = 1 << 20
_MEMORY = re.compile(r"([a-z][a-z0-9_]*|0x[0-9a-fA-F]{1,16}):(\d{1,7})")


class Memory(click.ParamType[tuple[str, int]]):
    """``sp:64``, ``0x401126:16``: a register or an address, and how many bytes."""

    name = "memory"

    def convert(
        self, value: str | tuple[str, int], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """Return (register or address, bytes)."""
        if isinstance(value, tuple):
            return value
        found = _MEMORY.fullmatch(value)
        if not found or not 0 < int(found[2]) <= MOST_MEMORY:
            self.fail(f"{value!r} is no memory: sp:64, or 0x401126:16; at most {MOST_MEMORY} bytes", param, ctx)
        return found[1], int(found[2])


class Hits(click.ParamType[tuple[int, int | None]]):
    """``3``, ``1-3`` or ``2-``."""

    name = "hits"

    def convert(
        self, value: str | tuple[int, int | None], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int | None]:
        """Return (first, last)."""
        if isinstance(value, tuple):
            return value
        try:
            return parse_hits(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


_PLACE = (
    "A function as the symbol table has it (add3, main.goCallback) or file.c:12, of the program or of a library that"
    " it maps, or an address; again for more."
)
_WHEN = "Before the first instruction of its prologue, back at its caller, or both."
_SOURCE = "Where registers come from: the cheapest source that can answer, QEMU's log, or a debugging stub."
_BACKTRACE = "The functions that run, with file and line, through C and Go; from the stub, which has memory."
_TAKE = "Bytes at a register's value or an address, taken with each snapshot; from the stub, which has memory."
_FAULT = "The signal that the program dies of: registers at the faulting instruction, disassembly, backtrace."
_DIAGNOSE = "Whether each function was called as what it is, and if not, as what; from the stub, which has memory."
_JSON = "JSON Lines on stdout, one object a snapshot (docs/snapshots.md)."


@click.command()
@ARCH
@TOOLCHAINS
@click.option("--at", "places", multiple=True, metavar="PLACE", help=_PLACE)
@click.option("--when", type=click.Choice(WHEN), default=ENTRY, show_default=True, help=_WHEN)
@click.option(
    "--hits", type=Hits(), default=DEFAULT_HITS, show_default=True, metavar="N|N-M|N-", help="Which of the hits."
)
@click.option("--memory", type=Memory(), multiple=True, metavar="REGISTER|ADDRESS:BYTES", help=_TAKE)
@click.option("--fault", is_flag=True, help=_FAULT)
@click.option("--backtrace", is_flag=True, help=_BACKTRACE)
@click.option("--diagnose", is_flag=True, help=_DIAGNOSE)
@click.option("--source", type=click.Choice(SOURCES), default=AUTO, show_default=True, help=_SOURCE)
@click.option("--runner", type=click.Choice(RUNNER_CHOICES), default=AUTO, show_default=True, help="As pytest's.")
@click.option("--timeout", type=Seconds(), default=60.0, show_default=True, metavar="SECONDS")
@click.option("--json", "as_json", is_flag=True, help=_JSON)
@click.argument("program", type=click.Path(path_type=Path))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def snapshot(
    names: tuple[str, ...],
    folders: tuple[Path, ...],
    places: tuple[str, ...],
    when: str,
    hits: tuple[int, int | None],
    source: str,
    runner: str,
    timeout: float,
    memory: tuple[tuple[str, int], ...],
    program: Path,
    arguments: tuple[str, ...],
    *,
    as_json: bool,
    backtrace: bool,
    diagnose: bool,
    fault: bool,
) -> None:
    """Run PROGRAM and print its registers each time that execution comes by a place.

    \b
    crossabi snapshot --at add3 ./prog -- its arguments
    crossabi snapshot --at main.goCallback --when both --hits 1-5 --json ./prog
    crossabi snapshot --fault ./prog -- its arguments

    With debug information it says what the arguments of an entry and the results of a return are.

    The architecture is the program's own; --arch, if given, has to agree. The program reads crossabi's own standard
    input, and what it prints goes to stderr.
    It ends with 0 when there was a snapshot, with 1 when execution never came by.
    """
    if not places and not fault:
        raise click.UsageError("Missing option '--at' or '--fault'.")
    if "" in places:
        raise click.UsageError("Invalid value for '--at': an empty text names no place.")
    guest = guest_of(program, arguments, names, folders, runner, timeout)
    for name, _ in memory:
        if name not in guest.table.by_name and not name.startswith("0x"):
            raise click.UsageError(f"{guest.arch} has no register {name}: {', '.join(guest.table.by_name)}")
    probes = [Probe(place, when, *hits, memory, backtrace, meant=True, doubted=diagnose) for place in places]
    taken = take(guest, probes, source, fault=fault)
    show_all(taken.snapshots, as_json=as_json)
    _tell(taken, program)
    if taken.error is not None:
        raise taken.error
    if fault and not any(shot.fault for shot in taken.snapshots):
        say("no signal was its death")
    sys.exit(0 if taken.snapshots else 1)


def show_all(shots: Sequence[Snapshot], *, as_json: bool) -> None:
    """Print `shots` on stdout, for people or for programs."""
    for shot in shots:
        click.echo(json.dumps(_plain(shot)) if as_json else "\n".join([*lines(shot, TABLES[shot.arch]), ""]))


def _plain(shot: Snapshot) -> dict[str, Any]:
    """Return `shot` as plain data, with what is wrong with the call where that was asked for (null: nothing is)."""
    if shot.meant is None or shot.meant.doubts is None:
        return shot.to_json()
    found = diagnose(shot)
    said = None if found is None else {"name": found.name, "lines": list(found.lines())}
    return {**shot.to_json(), "diagnosis": said}


def _tell(taken: Taken, program: Path) -> None:
    """Say on stderr what the program printed, how it ended, and how often each place was hit."""
    say(f"{show(program, taken.finished)}; registers are from {taken.source}")
    for place, count in taken.hits.items():
        more = " (not counted after the last hit that was wanted)" if place in taken.uncounted else ""
        say(f"{place}: {taken.unreached.get(place) or f'hit {count} times{more}'}")
    for note in taken.notes:
        say(note)
