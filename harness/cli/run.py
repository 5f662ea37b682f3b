"""``crossabi run``: any program on its own architecture, with every crossing between C and Go watched."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import click

from harness.cli.guests import guest_of, say_dropped, show
from harness.cli.options import ARCH, TOOLCHAINS, Seconds, say
from harness.data import toolchains_dir
from harness.host import faults
from harness.host.resolve import AUTO, RUNNER_CHOICES
from harness.probe.guest import Guest
from harness.process import client
from harness.process.spec import Finished
from harness.run import cores
from harness.snapshot import WATCH_BY
from harness.target import QEMU
from harness.watch.run import watch

TIMED_OUT = 124  # as timeout(1)
_WATCH = "Hold every crossing between C and Go against the ABI (docs/watch.md)."
_CORE = "Where to put the core if it dies of a signal (crossabi crash reads it); otherwise none is written."
_RUNNER = "As pytest's; by default qemu with --watch-crossings, because its log does not stop the program."


@click.command()
@ARCH
@TOOLCHAINS
@click.option("--watch-crossings", is_flag=True, help=_WATCH)
@click.option("--watch-by", type=click.Choice(WATCH_BY), default=WATCH_BY[0], show_default=True, help="As pytest's.")
@click.option("--core", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help=_CORE)
@click.option("--runner", type=click.Choice(RUNNER_CHOICES), default=None, help=_RUNNER)
@click.option("--timeout", type=Seconds(), default=60.0, show_default=True, metavar="SECONDS")
@click.argument("program", type=click.Path(path_type=Path))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(
    names: tuple[str, ...],
    folders: tuple[Path, ...],
    watch_by: str,
    core: Path | None,
    runner: str | None,
    timeout: float,
    program: Path,
    arguments: tuple[str, ...],
    *,
    watch_crossings: bool,
) -> None:
    """Run PROGRAM on its own architecture, by the emulator where this machine is another.

    \b
    crossabi run ./prog-arm64 -- its arguments
    crossabi run --watch-crossings ./prog-arm64
    crossabi run --watch-crossings --runner=native ./prog
    crossabi run --core=prog.core ./prog-arm64

    The program reads crossabi's own standard input. It ends as the program does, with 128 + N after signal N, and with
    124 when its time was up. With --watch-crossings each broken promise is a line on stdout, and it ends with 1 when
    there was one that is not known.
    """
    guest = guest_of(program, arguments, names, folders, runner or (QEMU if watch_crossings else AUTO), timeout)
    if core is not None and watch_crossings:
        raise click.UsageError("--core and --watch-crossings do not go together.")
    if not watch_crossings:
        finished, why = _plain(guest, core)
        sys.stdout.buffer.write(finished.stdout)
        sys.stderr.buffer.write(finished.stderr)
        say_dropped(finished)
        if why:
            say(why)
        sys.exit(_code(finished))
    watched = watch(guest, faults.load((toolchains_dir(), *folders)), watch_by)
    for alarm in watched.alarms:
        click.echo(f"{alarm}{f' (known: {alarm.known})' if alarm.known else ''}")
    known = sum(watched.known.values())
    broken = watched.total - known
    counts = ", ".join(f"{count} of {name}" for name, count in sorted(watched.checked.items())) or "none"
    say(
        f"{show(program, watched.finished)}; crossings seen from end to end: {counts}; broken promises: {broken}"
        + (f", and {known} that Go is known to break (toolchains/emulator-faults.yaml)" if known else "")
    )
    for note in watched.notes:
        say(note)
    if watched.unwatched:
        say(f"not watched: {watched.unwatched}")
    sys.exit(1 if broken or watched.unwatched else _code(watched.finished))


def _plain(guest: Guest, core: Path | None) -> tuple[Finished, str]:
    if core is None:
        return client.run(guest.under()), ""
    return cores.run(guest.under(), Path.cwd(), core, emulated=guest.platform.emulator is not None)


def _code(finished: Finished) -> int:
    """Return the exit code that says how a program ended, as a shell does; as timeout(1) where its time was up."""
    if finished.ended == "timeout":
        return TIMED_OUT
    if finished.code is not None:
        return finished.code
    return 128 + getattr(signal, finished.signal or "", 0)
