"""The content-addressed store of what builds gave: binaries, and compilers' refusals.

One folder a key, put in place by a rename: it is there whole or not at all. A killed build leaves only a folder
under ``tmp/``, which the next `sweep` removes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, astuple, dataclass, field, replace
from pathlib import Path
from typing import Any

from harness import files
from harness.build.reads import Lists
from harness.observation import Diagnostic

PROGRAM = "program"
RECORD = "build.json"


@dataclass(frozen=True)
class Binary:
    """A verified ELF program in the store.

    `loads` are the address ranges (start, end) at which its parts stand when it runs, where they are fixed.
    `read` are files elsewhere that the build read, with what they were like (see `harness.build.reads`).
    """

    key: str
    folder: Path
    diagnostics: tuple[Diagnostic, ...] = ()
    loads: tuple[tuple[int, int], ...] = ()
    read: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def program(self) -> Path:
        """The program itself; its shared libraries stand beside it."""
        return self.folder / PROGRAM


@dataclass(frozen=True)
class Refusal:
    """A compiler refused the sources; the same sources will be refused again, so it is stored too."""

    key: str
    diagnostics: tuple[Diagnostic, ...]
    output: str
    seconds: float = 0.0
    read: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Trouble:
    """The build failed for a reason of ours (toolchain, disk, time); never stored."""

    key: str
    cause: str
    output: str = ""
    seconds: float = 0.0


Built = Binary | Refusal | Trouble


@dataclass(frozen=True)
class _Stamp:
    """What a stored file was like. Its content is looked at again only where it was written to or moved here."""

    size: int
    modified: int
    digest: str

    @classmethod
    def of(cls, path: Path) -> _Stamp:
        stat = path.stat()
        return cls(stat.st_size, stat.st_mtime_ns, _digest(path))

    def is_of(self, path: Path) -> bool:
        """Whether `path` is still that file. Raises OSError where it is gone."""
        stat = path.stat()
        unchanged = stat.st_mtime_ns == self.modified
        return stat.st_size == self.size and (unchanged or _digest(path) == self.digest)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Store:
    """The store below one folder."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = (root or files.cache_root()) / "store"
        self._lists = Lists(self.root / "reads")

    def get(self, key: str) -> Binary | Refusal | None:
        """Return what is stored under `key`, or None.

        An entry that was damaged from outside is removed, and so is one whose build read what has changed.
        """
        folder = self._folder(key)
        try:
            record = files.read_json(folder / RECORD)
            diagnostics = tuple(Diagnostic(**row) for row in record["diagnostics"])
            if not self._lists.holds(record["read"]):
                pass
            elif not record["files"]:
                return Refusal(key, diagnostics, record["output"])
            elif all(_Stamp(*stamp).is_of(folder / name) for name, stamp in record["files"].items()):
                return Binary(key, folder, diagnostics, tuple((start, end) for start, end in record["loads"]))
        except (KeyError, TypeError, ValueError, OSError):
            pass
        shutil.rmtree(folder, ignore_errors=True)
        return None

    def put_binary(self, made: Path, binary: Binary) -> Binary:
        """Move the folder `made`, which holds the program of `binary`, into the store."""
        stamps = {path.name: astuple(_Stamp.of(path)) for path in sorted(made.iterdir())}
        row = {"diagnostics": binary.diagnostics, "output": "", "files": stamps, "read": self._lists.keep(binary.read)}
        self._put(binary.key, made, {**row, "loads": binary.loads})
        return replace(binary, folder=self._folder(binary.key))

    def put_refusal(self, refusal: Refusal) -> None:
        """Remember that a compiler refused `refusal.key`."""
        with self.scratch() as made:
            row = {"diagnostics": refusal.diagnostics, "output": refusal.output, "files": {}}
            self._put(refusal.key, made, {**row, "read": self._lists.keep(refusal.read)})

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """Yield a private folder on the store's disk, removed afterwards."""
        area = self.root / "tmp"
        try:
            area.mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=area))
        except OSError as error:
            raise files.cannot_write(area, error) from error
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def lock(self, name: str) -> AbstractContextManager[bool]:
        """Hold the lock called `name`; yields whether somebody else held it before."""
        return files.locked(self.root / "locks" / name)

    def sweep(self) -> int:
        """Remove scratch folders of processes that are gone; return how many."""
        count = 0
        for folder in (self.root / "tmp").glob("*-*"):
            if files.is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)
                count += 1
        return count

    def users(self) -> set[int]:
        """Return the processes that work with the store now: sessions, and single commands."""
        return files.owners(self.root / "tmp") | files.owners(self.root.parent / "sessions")

    def _folder(self, key: str) -> Path:
        return self.root / key[:2] / key

    def _put(self, key: str, made: Path, row: dict[str, Any]) -> None:
        final = self._folder(key)
        row["diagnostics"] = [asdict(diagnostic) for diagnostic in row["diagnostics"]]
        files.write_atomic(made / RECORD, json.dumps(row))
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
            made.rename(final)
        except OSError as error:
            if not (final / RECORD).exists():
                raise files.cannot_write(final, error) from error
