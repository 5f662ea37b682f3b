"""What the commands share: options, and how they speak."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from harness import arches
from harness.toolchain import load_all

MOST_SECONDS = 1e6  # eleven days


class ArchNames(click.ParamType[str]):
    """Architecture names, completed from the toolchain files."""

    name = "names"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Complete the name after the last comma."""
        before, comma, last = incomplete.rpartition(",")
        known = [*load_all().by_arch, arches.ALL, arches.NATIVE]
        return [CompletionItem(f"{before}{comma}{name}") for name in known if name.startswith(last)]


class Seconds(click.FloatRange):
    """A time that ends."""

    name = "number of seconds"

    def __init__(self) -> None:
        super().__init__(min=0.1, max=MOST_SECONDS)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return `value` as a number, which has to be one."""
        found = super().convert(value, param, ctx)
        if math.isnan(found):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return found


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
