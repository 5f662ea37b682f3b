"""What a build read outside of its own folders, and whether that is still what it was.

The kernel tells which files a build opened (see `harness.process.opens`): headers, libraries, linker scripts, sources
of replaced modules, what pkg-config looked at, the compilers themselves, and what was looked for and is not there. A
stored program is right as long as all of that is as it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from harness import files
from harness.build.sources import NOBODYS
from harness.process.spec import Finished

UNSURE = "?"  # equal to no file's stamp: what was built is used once
_OUTPUTS = (".jsonl", ".xml", ".log")  # what test runs leave in a repository
# What a program reads for itself, whatever it builds: the kernel's own files; what the C library's loader and its
# words need; and what a download needs.
_NOBODYS_INPUT = (
    *("/proc/", "/sys/", "/dev/", "/run/"),
    *("/etc/ld.so.cache/", "/usr/share/locale/", "/usr/lib/locale/", "/usr/share/zoneinfo/", "/etc/localtime/"),
    *("/etc/resolv.conf/", "/etc/hosts/", "/etc/host.conf/", "/etc/nsswitch.conf/", "/etc/gai.conf/"),
    *("/etc/services/", "/etc/passwd/", "/etc/group/", "/etc/ssl/", "/usr/share/ca-certificates/", "/etc/mime.types/"),
)
_GOROOT = tuple(f"src/{part}" for part in ("runtime", "internal", "syscall", "sync", "reflect", "cmd/cgo", "cmd/link"))


class Seen:
    """What the commands of one build opened and looked for."""

    def __init__(self) -> None:
        self._opened: set[str] = set()
        self._sought: set[str] = set()
        self._complete = True
        self._started = 0
        self._stamps: dict[str, str] | None = None

    def start(self) -> None:
        """A command that is watched starts now."""
        self._started = self._started or time.time_ns()

    def take(self, finished: Finished, ignored: tuple[str, ...]) -> None:
        """Add what a command showed. What is at or below a place that is `ignored` is no input, or in the key."""
        self._stamps = None
        if finished.opened is None or finished.sought is None:
            self._complete &= finished.ended == "not-started"
            return
        self._opened.update(_elsewhere(finished.opened, ignored))
        self._sought.update(_elsewhere(finished.sought, ignored))

    def stamps(self) -> dict[str, str]:
        """Return each path with its `stamp`: of what was only sought, those that are not there.

        What was written to since the build started is `UNSURE`: which state of it was read? And all is, where the
        kernel did not tell.
        """
        if self._stamps is None:
            self._stamps = self._look() if self._complete else {"": UNSURE}
        return self._stamps

    def _look(self) -> dict[str, str]:
        embedding = {os.path.dirname(path) for path in self._opened if path.endswith(_OUTPUTS)}  # noqa: PTH120
        found = {path: self._stamp(path, embedding) for path in self._opened}
        absent = {path: "" for path in self._sought - self._opened if not os.path.exists(path)}  # noqa: PTH110
        return dict(sorted({**found, **absent}.items()))

    def _stamp(self, path: str, embedding: set[str]) -> str:
        found, changed = _look(path, whole=os.path.normpath(path) in embedding)
        return found if changed < self._started else UNSURE


def ignored(env: Mapping[str, str], goroot: Path, own: Path) -> tuple[str, ...]:
    """Return where a build with the environment `env` opens files that are not its input, or part of its key.

    That is the build's `own` folder, the Go release (see `goroot`), and what Go and zig keep for themselves.
    """
    home = env.get("HOME", "")
    caches = env.get("XDG_CACHE_HOME") or f"{home}/.cache"
    modules = env.get("GOMODCACHE") or f"{env.get('GOPATH', '').split(':')[0] or f'{home}/go'}/pkg/mod"
    places = [
        str(own),
        str(goroot),
        env.get("GOCACHE") or f"{caches}/go-build",
        f"{modules}/cache",
        f"{env.get('XDG_CONFIG_HOME') or f'{home}/.config'}/go",
        env.get("ZIG_GLOBAL_CACHE_DIR") or f"{caches}/zig",
    ]
    return (*_NOBODYS_INPUT, *(f"{name}/" for place in places for name in (place, os.path.realpath(place))))


def _elsewhere(paths: Iterable[str], ignored: tuple[str, ...]) -> list[str]:
    return [path for path in paths if not f"{os.path.normpath(path)}/".startswith(ignored)]


def stamp(path: str, *, whole: bool = False) -> str:
    """Return a text that changes when what is at `path` does; an empty one where nothing is.

    Of a file these are size, times of modification and change, and inode (which tells a link that was moved to
    another file of the same size and age); of a folder, the names in it. Without `whole`, files that test runs leave
    in a folder do not count.
    """
    return _look(path, whole=whole)[0]


def _look(path: str, *, whole: bool) -> tuple[str, int]:
    """Return the stamp, and when the file was written to, or the folder got other names (ns since the epoch)."""
    try:
        found = os.stat(path)  # noqa: PTH116 (many)
        changed = max(found.st_mtime_ns, found.st_ctime_ns)
        if not stat.S_ISDIR(found.st_mode):
            return f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}", changed
        names = sorted(name for name in os.listdir(path) if name not in NOBODYS)  # noqa: PTH208
    except OSError:
        return "", 0
    counted = [name for name in names if whole or not name.endswith(_OUTPUTS)]
    digest = hashlib.sha256("\0".join(counted).encode(errors="surrogateescape")).hexdigest()[:32]
    return f"{'whole' if whole else 'names'} {digest}", changed


class Lists:
    """The lists of stamps that stored programs go by. Programs of one build share one.

    One of these objects belongs to one session, which looks at each path once: a change in the middle of a session
    is the next one's to see.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._stamps: dict[tuple[str, bool], str] = {}
        self._hold: dict[str, bool] = {}

    def keep(self, read: Mapping[str, str]) -> str:
        """Keep a list of a build that just ended; return its name."""
        text = json.dumps(read)
        name = hashlib.sha256(text.encode()).hexdigest()[:40]
        if not self._path(name).exists():
            self._root.mkdir(parents=True, exist_ok=True)
            files.write_atomic(self._path(name), text)
        self._hold[name] = True
        return name

    def holds(self, name: str) -> bool:
        """Whether all that the list `name` tells of is still so."""
        if name not in self._hold:
            try:
                read = files.read_json(self._path(name))
                self._hold[name] = all(self._now(path, at) == at for path, at in read.items())
            except (OSError, ValueError, AttributeError):
                self._hold[name] = False
        return self._hold[name]

    def _now(self, path: str, at: str) -> str:
        key = path, at.startswith("whole")
        if key not in self._stamps:
            self._stamps[key] = stamp(path, whole=key[1])
        return self._stamps[key]

    def _path(self, name: str) -> Path:
        return self._root / f"{name}.json"


@lru_cache(maxsize=64)
def goroot(root: Path) -> str:
    """Return a digest of what the parts of a Go release that a cgo program is made of are like (size, times, inode)."""
    found = hashlib.sha256()
    for part in (*_GOROOT, "pkg/tool"):
        for place, folders, names in os.walk(root / part):
            folders[:] = sorted(name for name in folders if name != "testdata")
            for name in sorted(names):
                if not name.endswith("_test.go"):
                    path = os.path.join(place, name)  # noqa: PTH118 (thousands)
                    found.update(f"{path} {stamp(path)}\n".encode(errors="surrogateescape"))
    return found.hexdigest()
