"""Where QEMU puts a guest: known before it starts, because QEMU's user mode places everything the same way each time.

The dynamic loader is asked to map the program and its libraries and to end (LD_TRACE_LOADED_OBJECTS, ld.so(8)), so that
nothing of the program runs, while QEMU logs the pages (``-d page``).
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.build.store import Store
from harness.elf.reading import opened
from harness.errors import StoreBroken
from harness.probe.frames import finder
from harness.probe.guest import Guest
from harness.process import client

PAGE = 4096
_START = re.compile(r"^start_code +0x([0-9a-f]+)$", re.MULTILINE)
_LOADED = "page layout changed following binary load"
_ROW = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) [0-9a-f]+ (\S+)$", re.MULTILINE)
# without an arrow: what was asked for is a path (a DT_NEEDED with a slash, LD_PRELOAD), or the loader itself
_LIBRARY = re.compile(r"^\s+(?:.+ => )?(.*/.*) \(0x([0-9a-f]+)\)$", re.MULTILINE)
_ASK = "LD_TRACE_LOADED_OBJECTS"


@dataclass(frozen=True)
class Layout:
    """`trampolines` are the pages (addresses) in one of which is what signal handlers return to.

    `libraries` are the addresses at which shared libraries are loaded, by the path that the guest sees. `start` is
    where the code of the program itself begins; None where that was not found out.
    """

    trampolines: tuple[int, ...] = ()
    libraries: tuple[tuple[str, int], ...] = ()
    start: int | None = None


def layout(guest: Guest) -> Layout:
    """Return where `guest`, which runs under QEMU, will be; nothing for a static program, which would run."""
    loader = interpreter(guest.program)
    if not loader:
        return Layout()
    with log_folder() as folder:
        log = folder / "pages"
        finished = client.run(guest.under("-E", f"{_ASK}=1", "-d", "page", "-D", str(log)))
        text = log.read_text(errors="replace") if log.exists() else ""
        if not text and os.statvfs(folder).f_bavail == 0:
            raise StoreBroken(f"no room for QEMU's log on the disk of {folder}", mend="make room there")
    return read(text, finished.stdout.decode(errors="replace"), loader, _folder(guest))


@contextlib.contextmanager
def log_folder() -> Iterator[Path]:
    """Yield a private folder for logs of QEMU, which takes a % in a log's name for a template (util/log.c)."""
    with Store().scratch() as folder:
        if "%" not in str(folder):
            yield folder
            return
        with tempfile.TemporaryDirectory(prefix="crossabi-log-", dir="/tmp") as name:
            yield Path(name)


def interpreter(program: Path) -> str:
    """Return the dynamic loader that maps `program`, or an empty text where there is none. Raises UsageError."""
    with opened(program) as elf:
        found = (segment.data() for segment in elf.iter_segments("PT_INTERP"))
        return next(found, b"").rstrip(b"\0").decode(errors="surrogateescape")


def read(pages: str, libraries: str, loader: str, folder: Path) -> Layout:
    """Return the layout that the log of `pages` and the list of `libraries` tell that `loader` printed in `folder`."""
    _, found, rest = pages.partition(_LOADED)
    rows = [(int(start, 16), int(end, 16), how) for start, end, how in _ROW.findall(rest.partition("start_brk")[0])]
    pages_of_code = tuple(start for start, end, how in rows if end - start == PAGE and how == "r-x")
    start = _START.search(rest)
    return Layout(
        pages_of_code if found else (),
        tuple((str(folder / path), int(at, 16)) for path, at in _LIBRARY.findall(libraries) if path != loader),
        int(start[1], 16) if start else None,
    )


def libraries(guest: Guest) -> tuple[tuple[str, int], ...]:
    """Return the libraries that the dynamic loader maps with `guest`, as `Layout.libraries`; natively they may move."""
    if guest.platform.emulator is not None:
        return layout(guest).libraries
    loader = interpreter(guest.program)
    if not loader:
        return ()
    printed = client.run(guest.under(env={_ASK: "1"})).stdout.decode(errors="replace")
    return read("", printed, loader, _folder(guest)).libraries


def _folder(guest: Guest) -> Path:
    """Return where the program runs: paths of its own may be relative to that."""
    return guest.command.cwd or Path()


def restorers(guest: Guest, code: bytes, found: Layout) -> tuple[int, ...]:
    """Return the addresses of `code` (what handlers return to, where it is the C library's) in the libraries."""
    addresses = []
    find = finder(guest)
    for path, base in found.libraries:
        file = find(path)
        if file is not None and file.name.startswith("libc."):
            data = file.read_bytes()
            at = data.find(code)
            while at >= 0:
                addresses.append(base + at)
                at = data.find(code, at + 1)
    return tuple(addresses)
