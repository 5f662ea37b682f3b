"""``crossabi explain``: where the arguments and the result of a function go, on each architecture."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import click

from harness import arches
from harness.abi.conventions import OF_C
from harness.cli.guests import select
from harness.cli.options import ARCH, TOOLCHAINS, say
from harness.errors import UsageError
from harness.toolchain import load_all

UNLIMITED = 1 << 16  # columns, where nobody looks at them


@click.command()
@ARCH
@TOOLCHAINS
@click.option("--go-abi", "go", is_flag=True, help="Also where Go would have them: go-internal and go-abi0.")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout (docs/conventions.md).")
@click.argument("prototype")
def explain(names: tuple[str, ...], folders: tuple[Path, ...], prototype: str, *, go: bool, as_json: bool) -> None:
    """Say where the arguments and the result of a C function go. No program is needed.

    \b
    crossabi explain 'double f(struct {int a; double b;}, float, ...)'
    crossabi explain --arch amd64,arm64 --go-abi 'int add3(int, int, int)'
    crossabi explain --json 'typedef struct {float x, y, z;} v; v cross(v a, v b)'

    PROTOTYPE is a declaration in C, with the types that it needs before it; those of <stdint.h> and <stddef.h> are
    known. The default is every architecture. stack+N is N bytes above the stack pointer at the callee's first
    instruction; *x0 is the address of the value in x0.
    """
    from harness.abi.explain import explain as explained
    from harness.abi.prototype import read
    from harness.report.placements import lines

    toolchains = load_all(folders)
    chosen = [arch for arch in select(toolchains, names or (arches.ALL,)) if arch in OF_C]
    read_as, failed = {}, []
    for arch in chosen:
        try:
            read_as[arch] = read(prototype, toolchains.by_arch[arch].triple, OF_C[arch].model)
        except UsageError as error:
            failed.append(error)
    if not read_as:
        raise failed[0]
    for why in failed:
        say(str(why))
    rows = [(arch, row) for arch, made in read_as.items() for row in explained(made, arch, go=go)]
    if as_json:
        found: dict[str, dict[str, object]] = {}
        for arch, row in rows:
            if arch in found:
                found[arch][row.convention.name] = row.to_json()
            else:
                found[arch] = row.to_json()
        click.echo(json.dumps(found, indent=2))
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else UNLIMITED
    click.echo("\n".join(lines(next(iter(read_as.values())), rows, width)).rstrip())
