"""``crossabi snapshot``: registers of any program at any place, no case needed."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import click

from harness.cli.options import ARCH, TOOLCHAINS, say
from harness.elf.identity import identify
from harness.errors import EnvironmentBroken, UsageError
from harness.host.resolve import RUNNER_CHOICES, survey
from harness.probe.guest import Guest, Taken
from harness.probe.take import AUTO, SOURCES, take
from harness.process.client import own_environment
from harness.process.spec import GO_TERMINATE, Command
from harness.registers import TABLES
from harness.report.snapshots import lines
from harness.snapshot import BOTH, ENTRY, RETURN, Probe
from harness.target import QEMU
from harness.toolchain import Elf, Toolchain, Toolchains, load_all

_HITS = re.compile(r"([1-9]\d*)(?:(-)([1-9]\d*)?)?")


class Hits(click.ParamType[tuple[int, int | None]]):
    """``3``, ``1-3`` or ``2-``."""

    name = "hits"

    def convert(
        self, value: str | tuple[int, int | None], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int | None]:
        """Return (first, last)."""
        if isinstance(value, tuple):
            return value
        found = _HITS.fullmatch(value)
        if not found:
            self.fail(f"{value!r} is no range of hits: 3, 1-3 or 2-", param, ctx)
        first = int(found[1])
        last = int(found[3]) if found[3] else (None if found[2] else first)
        if last is not None and last < first:
            self.fail(f"{value!r} ends before it begins", param, ctx)
        return first, last


_PLACE = "A function as the symbol table has it (add3, main.goCallback), file.c:12, or an address; again for more."
_WHEN = "Before the first instruction of its prologue, back at its caller, or both."
_SOURCE = "Where registers come from: the cheapest source that can answer, QEMU's log, or a debugging stub."
_JSON = "JSON Lines on stdout, one object a snapshot (docs/snapshots.md)."


@click.command()
@ARCH
@TOOLCHAINS
@click.option("--at", "places", multiple=True, required=True, metavar="PLACE", help=_PLACE)
@click.option("--when", type=click.Choice((ENTRY, RETURN, BOTH)), default=ENTRY, show_default=True, help=_WHEN)
@click.option("--hits", type=Hits(), default="1-3", show_default=True, metavar="N|N-M|N-", help="Which of the hits.")
@click.option("--source", type=click.Choice(SOURCES), default=AUTO, show_default=True, help=_SOURCE)
@click.option("--runner", type=click.Choice(RUNNER_CHOICES), default=AUTO, show_default=True, help="As pytest's.")
@click.option("--timeout", type=click.FloatRange(min=0.1), default=60.0, show_default=True, metavar="SECONDS")
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
    program: Path,
    arguments: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """Run PROGRAM and print its registers each time that execution comes by a place.

    \b
    crossabi snapshot --at add3 ./prog -- its arguments
    crossabi snapshot --at main.goCallback --when both --hits 1-5 --json ./prog

    The architecture is the program's own; --arch, if given, has to agree. What the program prints goes to stderr.
    It ends with 0 when there was a snapshot, with 1 when execution never came by.
    """
    toolchain = _toolchain(load_all(folders), program, names)
    found = survey(toolchain, runner)
    if found.runner == QEMU and found.emulator is None:
        mend = f"crossabi setup --arch={toolchain.arch}"
        raise EnvironmentBroken(f"{toolchain.emulator.program} is missing", mend=mend)
    command = Command((), own_environment(), timeout, cwd=Path.cwd(), stops=GO_TERMINATE)
    probes = [Probe(place, when, *hits) for place in places]
    taken = take(Guest(found, program.resolve(), arguments, command), probes, source)
    for shot in taken.snapshots:
        if as_json:
            click.echo(json.dumps(shot.to_json()))
        else:
            click.echo("\n".join([*lines(shot, TABLES[toolchain.arch]), ""]))
    _tell(taken, program)
    sys.exit(0 if taken.snapshots else 1)


def _tell(taken: Taken, program: Path) -> None:
    """Say on stderr what the program printed, how it ended, and how often each place was hit."""
    sys.stderr.flush()
    sys.stderr.buffer.write(taken.finished.stdout + taken.finished.stderr)
    sys.stderr.buffer.flush()
    finished = taken.finished
    if finished.error:
        raise EnvironmentBroken(f"{program} could not be started: {finished.error}")
    ended = finished.signal or (f"exit {finished.code}" if finished.code is not None else finished.ended)
    say(f"{program.name} ended with {ended}; registers are from {taken.source}")
    for place, count in taken.hits.items():
        others = ", ".join(taken.near.get(place, ()))
        never = f"execution never came by{f'; the program also has {others}' if others else ''}"
        say(f"{place}: {f'hit {count} times' if count else never}")
    for note in taken.notes:
        say(note)


def _toolchain(toolchains: Toolchains, program: Path, names: tuple[str, ...]) -> Toolchain:
    """Return the toolchain whose ELF identity `program` has. Raises UsageError where --arch says another."""
    from harness.cli.commands import select

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
