"""The one place that writes files: atomically, under the cache folder, or under a lock."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.errors import StoreBroken

_WHY = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "the disk, or what you may use of it, is full"),
    **dict.fromkeys((errno.EACCES, errno.EPERM), "the folder belongs to somebody else"),
    errno.EROFS: "the file system is read-only",
    **dict.fromkeys((errno.ENOTDIR, errno.EEXIST), "something on the way is a file, not a folder"),
    errno.ENOENT: "nothing can be made there: /proc and the like hold what the kernel says",
}


def cache_root() -> Path:
    """Return the cache folder: ``$CROSSABI_CACHE``, else ``$XDG_CACHE_HOME/crossabi``, else ``~/.cache/crossabi``."""
    chosen = os.environ.get("CROSSABI_CACHE")
    if chosen:
        return Path(chosen).absolute()
    shared = Path(os.environ.get("XDG_CACHE_HOME", ""))  # a relative one is to be ignored (XDG Base Directory)
    return (shared if shared.is_absolute() else Path.home() / ".cache") / "crossabi"


def session_root() -> Path:
    """Return the folder below which sessions keep what their workers share, a folder a session."""
    return cache_root() / "sessions"


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


def owners(area: Path) -> set[int]:
    """Return the processes that have a private folder (``PID-…``) in `area` and still run."""
    found = [folder for folder in area.glob("*-*") if not is_abandoned(folder)]
    return {int(folder.name.partition("-")[0]) for folder in found if folder.name[0].isdigit()}


def write_atomic(path: Path, data: bytes | str) -> None:
    """Write `data` so that `path` holds either the old content or all of the new.

    Raises StoreBroken, naming the file, when the disk is full or the folder cannot be written.
    """
    body = data.encode() if isinstance(data, str) else data
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> StoreBroken:
    """Return the error for a file that cannot be written."""
    return StoreBroken(
        f"{path}: cannot be written: {error.strerror}",
        why=_WHY.get(error.errno or 0, "the disk is full, or the folder belongs to somebody else"),
        mend="free some space, or point CROSSABI_CACHE at another folder",
    )


def read_json(path: Path) -> Any:
    """Return the JSON in `path`, or None where it is missing or was torn."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


@contextlib.contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold an exclusive lock on `path`; yields whether another process held it before.

    The kernel gives the lock back when its holder dies, so a killed holder blocks nobody.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        waited = False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waited = True
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield waited
    finally:
        os.close(descriptor)
