"""Files outside a case's folder that its build reads, because a flag, a #cgo line, a variable or its go.mod says so."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from harness.errors import EnvironmentBroken

MOST = 50_000  # files below one named folder; more than any tree of headers, and a walk of well under a second
_NAMED = re.compile(r"""(?:-I|-L|-isystem|-iquote|-idirafter|-include|-imacros)[ =]?["']?(/[^\s"']+|/(?=[\s"']|$))""")
_PATH = re.compile(r"""(?:^|[\s"'])(/[^\s"']+)""")
_CGO = re.compile(r"#cgo\b.*")
_REPLACE = re.compile(r"""(=>\s*"?)(\.{0,2}/[^\s"]*|\.{1,2}(?=[\s"]|$))""", re.MULTILINE)
_LISTS = ("CPATH", "C_INCLUDE_PATH", "LIBRARY_PATH")


def named_by(words: Iterable[str], env: Mapping[str, str]) -> set[Path]:
    """Return the absolute paths that flags and variables of a build name."""
    found = {Path(part) for name in _LISTS for part in env.get(name, "").split(":") if part.startswith("/")}
    return found.union(
        *map(_paths, (" ".join(words), *(text for name, text in env.items() if name.startswith("CGO_"))))
    )


def named_in(folder: Path, name: str, content: bytes) -> set[Path]:
    """Return the absolute paths elsewhere that the source `name` of the case in `folder` names."""
    if name.endswith(".go") and b"#cgo" in content:
        return set().union(*map(_paths, _CGO.findall(content.decode(errors="replace"))))
    if name == "go.mod":
        found = _REPLACE.findall(content.decode(errors="replace"))
        return {place for _, path in found if (place := _elsewhere(folder, path))}
    return set()


def pinned(folder: Path, content: str) -> str:
    """Return the go.mod `content` of the case in `folder` as it says the same from any other folder.

    A relative ``replace`` (Go modules reference, "replace directive") counts from the go.mod's own folder; one that
    leads out of the case becomes absolute, one that stays inside is copied with the case and stays.
    """

    def absolute(match: re.Match[str]) -> str:
        return f"{match[1]}{_elsewhere(folder, match[2]) or match[2]}"

    return _REPLACE.sub(absolute, content)


@lru_cache(maxsize=1024)
def state(path: Path) -> str:
    """Return a text that changes when the file, or anything below the folder, does (by size and modification time).

    Of a Go module only what belongs to it counts: no hidden folders, no modules within. Raises EnvironmentBroken for
    a folder with more than `MOST` files.
    """
    rows: list[tuple[str, str]] = []
    for place in _files(path):
        if len(rows) == MOST:
            raise EnvironmentBroken(
                f"{path}: the build may read any of more than {MOST} files below it",
                why="all of them would have to be looked at to know whether a stored binary is still right",
                mend="name the folder that the headers, libraries or module are in",
            )
        try:
            stat = os.stat(place)  # noqa: PTH116 (thousands)
        except OSError:
            rows.append((place, "missing"))
        else:
            rows.append((place, f"{stat.st_size}:{stat.st_mtime_ns}"))
    return f"{path} {rows}"


def _files(path: Path) -> Iterator[str]:
    if not path.is_dir():
        yield str(path)
        return
    is_module = (path / "go.mod").exists()
    for place, folders, files in os.walk(path):
        if is_module:
            folders[:] = [name for name in folders if not name.startswith(".") and not _is_module(place, name)]
        folders.sort()
        yield from (os.path.join(place, name) for name in sorted(files))  # noqa: PTH118 (thousands)


def _is_module(place: str, name: str) -> bool:
    return os.path.exists(os.path.join(place, name, "go.mod"))  # noqa: PTH110, PTH118 (thousands)


def _paths(text: str) -> set[Path]:
    return {Path(path) for path in (*_NAMED.findall(text), *_PATH.findall(text))}


def _elsewhere(folder: Path, path: str) -> Path | None:
    """Return the place of `path`, which counts from `folder`, where it lies outside of it."""
    place = Path(os.path.normpath(folder.resolve() / path))
    return None if place.is_relative_to(folder.resolve()) else place
