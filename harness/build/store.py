"""The content-addressed store of what builds gave: binaries, and compilers' refusals.

One folder a key, with a numbered folder a build: put in place by a rename, so it is there whole or not at all. Only the
newest counts for a session that begins. Older ones stay as they are for as long as a session lives that could run them.
A killed build leaves only a folder under ``tmp/``, which the next `sweep` removes.
"""

from __future__ import annotations

import contextlib
import errno
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
KEPT = "kept"  # folder of a session: a link a key to the build that it runs
REPLACED = "replaced"  # a file a build that a newer one replaced: the processes that may be running it


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
    """The store below one folder.

    `session` is what the workers of a session share. One session runs one program a key: what one of its workers was
    given first all of them are given until the session ends, though a header is edited meanwhile or is of tomorrow.
    """

    def __init__(self, root: Path | None = None, session: Path | None = None) -> None:
        self.root = (root or files.cache_root()) / "store"
        self.session = session
        self._lists = Lists(self.root / "reads")

    def get(self, key: str) -> Binary | Refusal | None:
        """Return what is stored under `key`, or None.

        An entry that was damaged from outside does not count, nor does one whose build read what has changed,
        unless the session has it already. Neither is removed: somebody may be running it.
        """
        kept = self._kept(key)
        found = _load(key, kept) if kept else None
        if found:
            return found[0]
        newest = self._newest(key)
        found = _load(key, self._folder(key) / str(newest)) if newest else None
        if found is None:
            return None
        entry, read = found
        return self._keep(entry, newest) if self._lists.holds(read) else None

    def put_binary(self, made: Path, binary: Binary) -> Binary:
        """Move the folder `made`, which holds the program of `binary`, into the store."""
        stamps = {path.name: astuple(_Stamp.of(path)) for path in sorted(made.iterdir())}
        row = {"diagnostics": binary.diagnostics, "output": "", "files": stamps, "read": self._lists.keep(binary.read)}
        number = self._put(binary.key, made, {**row, "loads": binary.loads})
        stored = replace(binary, folder=self._folder(binary.key) / str(number))
        self._keep(stored, number)
        return stored

    def put_refusal(self, refusal: Refusal) -> None:
        """Remember that a compiler refused `refusal.key`."""
        with self.scratch() as made:
            row = {"diagnostics": refusal.diagnostics, "output": refusal.output, "files": {}}
            self._keep(refusal, self._put(refusal.key, made, {**row, "read": self._lists.keep(refusal.read)}))

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
        """Remove scratch folders of processes that are gone, and replaced builds that nobody alive can run.

        Returns how many.
        """
        count = 0
        for folder in (self.root / "tmp").glob("*-*"):
            if files.is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)
                count += 1
        replaced = list((self.root / REPLACED).glob("*-*"))
        alive = self.users() if replaced else set()
        for marker in replaced:
            key, _, number = marker.name.rpartition("-")
            if number.isdigit() and alive.isdisjoint(files.read_json(marker) or ()):
                shutil.rmtree(self._folder(key) / number, ignore_errors=True)
                marker.unlink(missing_ok=True)
                count += 1
        return count

    def users(self) -> set[int]:
        """Return the processes that work with the store now: sessions, and single commands."""
        return files.owners(self.root / "tmp") | files.owners(self.root.parent / "sessions")

    def _folder(self, key: str) -> Path:
        return self.root / key[:2] / key

    def _numbers(self, key: str) -> list[int]:
        """Return the numbers of the builds of `key`, in their order."""
        try:
            names = os.listdir(self._folder(key))  # noqa: PTH208 (one for each program of a session)
        except OSError:
            return []
        return sorted(int(name) for name in names if name.isdigit())

    def _newest(self, key: str) -> int:
        """Return the number of the newest build of `key`, or 0."""
        return max(self._numbers(key), default=0)

    def _kept(self, key: str) -> Path | None:
        """Return the folder that the session was given for `key` before."""
        try:
            return (self.session / KEPT / key).readlink() if self.session else None
        except OSError:
            return None

    def _keep(self, entry: Binary | Refusal, number: int) -> Binary | Refusal:
        """Return what the session keeps for the key of `entry`, its build `number`: that, or what it has already.

        The name of a link is taken by one worker only.
        """
        if self.session is None:
            return entry
        link = self.session / KEPT / entry.key
        try:
            link.parent.mkdir(parents=True, exist_ok=True)
            for _ in range(2):
                with contextlib.suppress(FileExistsError):
                    link.symlink_to(self._folder(entry.key) / str(number))
                    return entry
                kept = _load(entry.key, link.readlink())
                if kept:
                    return kept[0]
                link.unlink(missing_ok=True)  # it was damaged
        except OSError as error:
            raise files.cannot_write(link, error) from error
        return entry

    def _put(self, key: str, made: Path, row: dict[str, Any]) -> int:
        """Make the folder `made` the newest build of `key`; return its number."""
        parent = self._folder(key)
        row["diagnostics"] = [asdict(diagnostic) for diagnostic in row["diagnostics"]]
        files.write_atomic(made / RECORD, json.dumps(row))
        while True:
            number = self._newest(key) + 1
            try:
                parent.mkdir(parents=True, exist_ok=True)
                made.rename(parent / str(number))
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                    raise files.cannot_write(parent / str(number), error) from error
            else:
                self._replace(key, number)
                return number

    def _replace(self, key: str, newest: int) -> None:
        """Write down who may be running the builds of `key` before the `newest`: nobody who begins from now on will."""
        for number in self._numbers(key):
            marker = self.root / REPLACED / f"{key}-{number}"
            if number < newest and not marker.exists():
                files.write_atomic(marker, json.dumps(sorted(self.users())))


def _load(key: str, folder: Path) -> tuple[Binary | Refusal, str] | None:
    """Return what the build in `folder` gave, and the list of what it read; None where it was damaged or is gone."""
    try:
        record = files.read_json(folder / RECORD)
        diagnostics = tuple(Diagnostic(**row) for row in record["diagnostics"])
        if not record["files"]:
            return Refusal(key, diagnostics, record["output"]), record["read"]
        if all(_Stamp(*stamp).is_of(folder / name) for name, stamp in record["files"].items()):
            loads = tuple((start, end) for start, end in record["loads"])
            return Binary(key, folder, diagnostics, loads), record["read"]
    except (KeyError, TypeError, ValueError, OSError):
        pass
    return None
