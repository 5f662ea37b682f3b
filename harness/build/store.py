"""The content-addressed store of what builds gave: binaries, and compilers' refusals.

One folder a key, put in place by a rename: it is there whole or not at all. A killed build leaves only a folder
under ``tmp/``, which the next `sweep` removes.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from harness import files
from harness.observation import Diagnostic

PROGRAM = "program"
RECORD = "build.json"


@dataclass(frozen=True)
class Binary:
    """A verified ELF program in the store.

    `loads` are the address ranges (start, end) at which its parts stand when it runs, where they are fixed.
    """

    key: str
    folder: Path
    diagnostics: tuple[Diagnostic, ...] = ()
    loads: tuple[tuple[int, int], ...] = ()

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


@dataclass(frozen=True)
class Trouble:
    """The build failed for a reason of ours (toolchain, disk, time); never stored."""

    key: str
    cause: str
    output: str = ""
    seconds: float = 0.0


Built = Binary | Refusal | Trouble


def is_abandoned(folder: Path) -> bool:
    """Whether the process that a private folder is named after has ended, even where nobody collects zombies."""
    owner = folder.name.partition("-")[0]
    if not owner.isdigit():
        return False
    try:
        state = Path(f"/proc/{owner}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except OSError:
        return True
    return state in (b"Z", b"X")


class Store:
    """The store below one folder."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = (root or files.cache_root()) / "store"

    def get(self, key: str) -> Binary | Refusal | None:
        """Return what is stored under `key`, or None; an entry that was damaged from outside is removed."""
        folder = self._folder(key)
        try:
            record = files.read_json(folder / RECORD)
            diagnostics = tuple(Diagnostic(**row) for row in record["diagnostics"])
            if not record["program_bytes"]:
                return Refusal(key, diagnostics, record["output"])
            if (folder / PROGRAM).stat().st_size == record["program_bytes"]:
                return Binary(key, folder, diagnostics, tuple((start, end) for start, end in record["loads"]))
        except (KeyError, TypeError, ValueError, OSError):
            pass
        shutil.rmtree(folder, ignore_errors=True)
        return None

    def put_binary(self, made: Path, binary: Binary) -> Binary:
        """Move the folder `made`, which holds the program of `binary`, into the store."""
        size = (made / PROGRAM).stat().st_size
        row = {"diagnostics": binary.diagnostics, "output": "", "program_bytes": size, "loads": binary.loads}
        self._put(binary.key, made, row)
        return replace(binary, folder=self._folder(binary.key))

    def put_refusal(self, refusal: Refusal) -> None:
        """Remember that a compiler refused `refusal.key`."""
        with self.scratch() as made:
            row = {"diagnostics": refusal.diagnostics, "output": refusal.output, "program_bytes": 0}
            self._put(refusal.key, made, row)

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
            if is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)
                count += 1
        return count

    def _folder(self, key: str) -> Path:
        return self.root / key[:2] / key

    def _put(self, key: str, made: Path, row: dict[str, object]) -> None:
        final = self._folder(key)
        row["diagnostics"] = [asdict(diagnostic) for diagnostic in row["diagnostics"]]  # type: ignore[attr-defined]
        files.write_atomic(made / RECORD, json.dumps(row))
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
            made.rename(final)
        except OSError as error:
            if not (final / RECORD).exists():
                raise files.cannot_write(final, error) from error
