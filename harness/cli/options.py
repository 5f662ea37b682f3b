"""What the commands share: options, and how they speak."""

from __future__ import annotations

import os
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from harness import arches
from harness.toolchain import load_all


class ArchNames(click.ParamType[str]):
    """Architecture names, completed from the toolchain files."""

    name = "names"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Complete the name after the last comma."""
        before, comma, last = incomplete.rpartition(",")
        known = [*load_all().by_arch, arches.ALL, arches.NATIVE]
        return [CompletionItem(f"{before}{comma}{name}") for name in known if name.startswith(last)]


ARCH = click.option(
    "--arch",
    "names",
    type=ArchNames(),
    multiple=True,
    help="Architectures: GOARCH names, GNU triples, uname or Docker names, with commas; 'all' is every one known.",
)
TOOLCHAINS = click.option(
    "--toolchains",
    "folders",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A folder of toolchain files of your own.",
)


def say(text: str) -> None:
    """Say what is being done, on stderr, so that a pipe gets only results."""
    click.secho(f"crossabi: {text}", fg=None if "NO_COLOR" in os.environ else "cyan", err=True)
