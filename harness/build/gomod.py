"""What a go.mod says of modules that are folders (Go modules reference)."""

from __future__ import annotations

import os
import re
from pathlib import Path

_REPLACE = re.compile(
    r"""^(?P<old>\s*(?:replace\s+)?(?P<module>[^\s(]+)[^\n=]*=>\s*)(?P<new>"[^"\n]*"|`[^`\n]*`|[^\s"`]+)""",
    re.MULTILINE,
)
_MODULE = re.compile(r"""^module\s+"?([^\s"]+)""", re.MULTILINE)
_VENDORED = re.compile(r"^# (\S+) ", re.MULTILINE)


def vendored(listing: str) -> list[str]:
    """Return the modules of a ``vendor/modules.txt`` ("Vendoring")."""
    return _VENDORED.findall(listing)


def modules(content: str) -> list[str]:
    """Return the module path of a go.mod, then those that it replaces by folders."""
    own = _MODULE.search(content)
    folders = (match["module"] for match in _REPLACE.finditer(content) if _is_path(match["new"].strip('"`')))
    return [*([own[1]] if own else []), *folders]


def pinned(folder: Path, content: str) -> str:
    """Return the go.mod `content` of the case in `folder` as it says the same from any other folder.

    A relative ``replace`` ("replace directive") counts from the go.mod's own folder; one that leads out of the case
    becomes absolute, one that stays inside is copied with the case and stays.
    """

    def absolute(match: re.Match[str]) -> str:
        place = _elsewhere(folder, match["new"])
        return f'{match["old"]}"{place}"' if place else match[0]

    return _REPLACE.sub(absolute, content)


def _is_path(text: str) -> bool:
    return text in (".", "..") or text.startswith(("/", "./", "../"))


def _elsewhere(folder: Path, text: str) -> Path | None:
    """Return the place of the replacement `text`, which counts from `folder`, where it is a path and lies outside."""
    path = text.strip('"`')
    if not _is_path(path):
        return None
    place = Path(os.path.normpath(folder.resolve() / path))
    return None if place.is_relative_to(folder.resolve()) else place
