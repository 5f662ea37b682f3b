"""Files outside a case's folder that its build reads, because a flag, a #cgo line, a variable or its go.mod says so."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

_NAMED = re.compile(r"""(?:-I|-L|-isystem|-iquote|-idirafter|-include|-imacros)[ =]?["']?(/[^\s"']+)""")
_PATH = re.compile(r"""(?:^|[\s"'])(/[^\s"']+)""")
_CGO = re.compile(r"#cgo\b.*")
_REPLACE = re.compile(r"""=>\s*"?(/[^\s"]+)""")
_LISTS = ("CPATH", "C_INCLUDE_PATH", "LIBRARY_PATH")


def named_paths(folder: Path, sources: Iterable[str], words: Iterable[str], env: Mapping[str, str]) -> list[Path]:
    """Return the absolute paths that `words` (flags), `env`, and the `sources` of the case in `folder` name."""
    texts = [" ".join(words), *(value for name, value in env.items() if name.startswith("CGO_"))]
    found = {path for text in texts for path in (*_NAMED.findall(text), *_PATH.findall(text))}
    for name in sources:
        if name.endswith(".go"):
            for line in _CGO.findall(_read(folder / name)):
                found.update((*_NAMED.findall(line), *_PATH.findall(line)))
        elif name == "go.mod":
            found.update(_REPLACE.findall(_read(folder / name)))
    found.update(part for name in _LISTS for part in env.get(name, "").split(":") if part.startswith("/"))
    return sorted(Path(path) for path in found)


@lru_cache(maxsize=1024)
def state(path: Path) -> str:
    """Return a text that changes when the file, or anything below the folder, does (by size and modification time)."""
    rows = []
    for place, folders, files in os.walk(path) if path.is_dir() else [(str(path.parent), [], [path.name])]:
        folders.sort()
        for name in sorted(files):
            try:
                stat = os.stat(os.path.join(place, name))  # noqa: PTH116, PTH118 (thousands)
            except OSError:
                rows.append((place, name, "missing"))
            else:
                rows.append((place, name, f"{stat.st_size}:{stat.st_mtime_ns}"))
    return f"{path} {rows}"


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
