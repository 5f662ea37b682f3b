"""Words of flags, split and quoted as cmd/go does."""

from __future__ import annotations

import re
import shlex

_FIELD = re.compile(r"""'([^']*)'|"([^"]*)"|(\S+)""")


def split(text: str) -> list[str]:
    """Split flags into words as cmd/go does: quotes hold a word together."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def fields(text: str) -> list[str]:
    """Split GOFLAGS as cmd/go does (internal/quoted): a word may stand in quotes, and nothing is escaped."""
    return ["".join(parts) for parts in _FIELD.findall(text)]


def quoted(word: str) -> str:
    """Quote a word as `fields`, and Go's splitting of ``CC`` and ``#cgo`` lines, understand it."""
    if shlex.quote(word) == word:
        return word
    return f"'{word}'" if '"' in word and "'" not in word else '"' + word.replace('"', '\\"') + '"'
