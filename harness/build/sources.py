"""A case's own files: what of its folder is copied into the build and is part of the key."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from harness.case import BASELINE_FILE, CASE_FILE
from harness.errors import EnvironmentBroken

CXX = (".cc", ".cpp", ".cxx")  # CXXFiles of `go list`
NOBODYS = frozenset(
    ["__pycache__", ".git", ".hg", ".svn", ".DS_Store", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".venv", ".idea"]
)


def sources(folder: Path) -> dict[str, bytes]:
    """Return a case's own files by relative path: all but its case.yaml, baseline and hidden files.

    Raises EnvironmentBroken for a file that cannot be read and for a link that leads nowhere.
    """
    found = dict(_contents(folder, embeds=False))
    if any(b"//go:embed" in content for name, content in found.items() if name.endswith(".go")):
        found = dict(_contents(folder, embeds=True))
    return dict(sorted(found.items()))


def digest(content: bytes) -> str:
    """Return the SHA-256 of a content."""
    return hashlib.sha256(content).hexdigest()


def _contents(folder: Path, *, embeds: bool) -> Iterator[tuple[str, bytes]]:
    """Yield (relative path, content). Where files are embedded, a hidden one can be (``//go:embed``)."""
    for place, folders, names in walk(folder):
        folders[:] = [name for name in folders if not _is_hidden(name, embeds=embeds)]
        for name in names:
            path = Path(place, name)
            relative = str(path.relative_to(folder))
            own = relative in (CASE_FILE, BASELINE_FILE) or _is_hidden(name, embeds=embeds)
            if own:
                continue
            if not path.is_file():
                if path.is_symlink() and not path.exists():
                    mend = "give it something to lead to, or take it away"
                    raise EnvironmentBroken(f"{path}: a link to {path.readlink()}, which does not exist", mend=mend)
                continue  # a pipe, a socket, a device: go takes none for a source either
            try:
                yield relative, path.read_bytes()
            except OSError as error:
                mend = "give yourself the right to read it"
                raise EnvironmentBroken(f"{path}: cannot be read: {error.strerror}", mend=mend) from None


def walk(path: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield what `os.walk` does, through links to folders too, but no folder twice on the way to itself."""
    for place, folders, files in os.walk(path, followlinks=True):
        folders[:] = sorted(name for name in folders if not leads_back(Path(place, name)))
        yield place, folders, sorted(files)


def leads_back(path: Path) -> bool:
    """Whether `path` is a link to a folder that it is in, so that following it comes round again."""
    return path.is_symlink() and Path(os.path.realpath(path.parent)).is_relative_to(os.path.realpath(path))


def _is_hidden(name: str, *, embeds: bool) -> bool:
    return name in NOBODYS if embeds else name.startswith(".") or name in NOBODYS
