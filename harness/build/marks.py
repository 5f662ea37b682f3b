"""Flags that make Go's own build cache tell apart what our keys tell apart.

The cache looks at the files of a package's folder that cmd/go knows by their suffix: not at a header in a folder below,
a file that is included under another suffix, or anything elsewhere. So each package that is the case's own is compiled
with a flag that holds the case's key, and is compiled again when that changes. The flag is ``-D``, "relative path for
local imports", which mean nothing in a module.

The key of a case that reads files elsewhere cannot hold all of them (a header there includes what it likes), so its
packages are compiled anew in each build: only then does the compiler say what it read (`harness.build.reads`).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from harness.build.recipe import Recipe
from harness.build.store import Store


def mark(store: Store, recipe: Recipe) -> str:
    """Return what tells the packages of `recipe` from those of other keys, and from those of earlier builds."""
    again = recipe.outside or store.distrusts(recipe.key)
    return f"{recipe.key}-{secrets.token_hex(8)}" if again else recipe.key


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
