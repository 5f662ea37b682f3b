"""Flags that make `go` compile a case's packages in each build, and not take them from its own cache.

That cache knows neither which headers a package's C code reads, nor files that are included under another suffix, nor
anything that a linker or assembler reads. And what is not compiled is not read, so nobody could see what it reads
(`harness.build.reads`). So all packages but Go's own are compiled with a flag that holds a mark. The flag is ``-D``,
"relative path for local imports", which mean nothing in a module.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import PurePosixPath

from harness.build import stage
from harness.build.commands import Workbench, gcflags_said, go_modules
from harness.build.recipe import Recipe


def of_packages(recipe: Recipe, packages: Sequence[str]) -> list[str]:
    """Return the flags for the programs of `recipe`'s settings that are the main packages `packages`."""
    return flags(secrets.token_hex(8), packages, [], gcflags_said(recipe))


def of_module(recipe: Recipe, bench: Workbench) -> list[str]:
    """Return the flags for the case whose module is in `bench`, and for all modules that it is built with.

    One set is for the program and its plugins: Go opens no plugin whose packages are not the very ones of the program.
    """
    own = stage.modules(bench.source)
    listed = go_modules(recipe, bench) if recipe.has_module else []
    mains = [str(PurePosixPath(root, part)) for root in own[:1] for part in ("", *recipe.settings.plugins.values())]
    return flags(secrets.token_hex(8), mains, list(dict.fromkeys([*own, *listed])), gcflags_said(recipe))


def flags(mark: str, mains: Sequence[str], modules: Sequence[str], said: Sequence[str]) -> list[str]:
    """Return ``-gcflags`` for the packages called `mains` and all those of `modules`, with that mark.

    `said` are values of ``-gcflags`` that count without us, later ones more: they have to go on doing so, because only
    the last flag that matches a package does anything (``go help build``).
    """
    flag = f"-D=crossabi-{mark}"
    parsed = [_parse(value) for value in said]
    everywhere = next((words for pattern, words in reversed(parsed) if pattern == "all"), "")
    named = next((words for pattern, words in reversed(parsed) if pattern in ("", "all")), "")
    rows = [(f"{module}/...", everywhere) for module in modules]
    rows += [(main, named) for main in mains]
    rows += [(pattern, words) for pattern, words in parsed if pattern not in ("", "all")]
    return [f"-gcflags={pattern}={' '.join(filter(None, [words, flag]))}" for pattern, words in rows]


def _parse(value: str) -> tuple[str, str]:
    """Return (pattern, words); the pattern is empty where there is none."""
    value = value.strip()
    if value.startswith("-") or "=" not in value:
        return "", value
    pattern, _, words = value.partition("=")
    return pattern, words.strip()
