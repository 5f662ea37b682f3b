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

    Raises EnvironmentBroken for a file that cannot be read.
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
            if own or not path.is_file():
                continue
            try:
                yield relative, path.read_bytes()
            except OSError as error:
                mend = "give yourself the right to read it"
                raise EnvironmentBroken(f"{path}: cannot be read: {error.strerror}", mend=mend) from None


def walk(path: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield what `os.walk` does, through links to folders too, but no folder twice on the way to itself."""
    for place, folders, files in os.walk(path, followlinks=True):
        folders[:] = sorted(name for name in folders if not _leads_back(place, os.path.join(place, name)))  # noqa: PTH118
        yield place, folders, sorted(files)


def _leads_back(place: str, path: str) -> bool:
    """Whether the link `path` in `place` leads to a folder that `place` is in."""
    if not os.path.islink(path):  # noqa: PTH114 (thousands)
        return False
    return Path(place).resolve().is_relative_to(Path(path).resolve())


def _is_hidden(name: str, *, embeds: bool) -> bool:
    return name in NOBODYS if embeds else name.startswith(".") or name in NOBODYS
