"""The crossings of a program of the store are found once: decoding its C code takes as long as many a run of it.

They stand beside the program, under a name that everything that they follow from goes into, our own code included.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import resource
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness import files
from harness.elf import calls, places
from harness.errors import StoreBroken
from harness.probe import image, layout
from harness.probe.guest import Guest
from harness.watch import promises, returns, sites
from harness.watch.sites import Exit, Site, Sites


def crossings(guest: Guest, folder: Path | None) -> Sites:
    """Return the crossings of `guest`: those that stand in `folder`, or else what is found, which is put there."""
    if folder is None:
        return _found(guest)
    path = folder / f"crossings-{_key(guest)}.json"
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        return _read(json.loads(path.read_text()))
    made = _found(guest)
    with contextlib.suppress(StoreBroken):
        files.write_atomic(path, json.dumps(_written(made)))
    return made


def _found(guest: Guest) -> Sites:
    found = layout.layout(guest)
    return returns.with_returns(sites.of(image.modules(guest, found), guest.arch), guest, found)


def _key(guest: Guest) -> str:
    """Return a name for all that the crossings follow from, and where the emulator puts the program."""
    stat = guest.program.stat()
    emulator = guest.platform.emulator
    loader = sorted(item for item in guest.command.env.items() if item[0].startswith(("LD_", "QEMU_")))
    limit = resource.getrlimit(resource.RLIMIT_STACK)
    parts = [stat.st_size, stat.st_mtime_ns, guest.arch, emulator and emulator.identity, str(guest.platform.sysroot)]
    return hashlib.sha256(json.dumps([*parts, loader, limit, _code()]).encode()).hexdigest()[:32]


@lru_cache(maxsize=1)
def _code() -> list[tuple[int, int]]:
    """Return what tells one state of the code that finds crossings from another."""
    stats = [Path(str(module.__file__)).stat() for module in (calls, places, image, layout, promises, returns, sites)]
    return [(stat.st_size, stat.st_mtime_ns) for stat in stats]


def _written(made: Sites) -> dict[str, Any]:
    return {
        "entries": [(address, row.crossing, row.name, row.wrapped) for address, row in made.entries.items()],
        "exits": [(address, row.crossings, row.name, row.sure) for address, row in made.exits.items()],
        "loaded": made.loaded,
        "landmarks": list(made.landmarks.items()),
        "opens": made.opens,
        "grows": made.grows,
        "nameless": made.nameless,
        "static_g": made.static_g,
    }


def _read(rows: dict[str, Any]) -> Sites:
    return Sites(
        {address: Site(crossing, name, wrapped) for address, crossing, name, wrapped in rows["entries"]},
        {address: Exit(tuple(crossings), name, sure) for address, crossings, name, sure in rows["exits"]},
        tuple((path, bias) for path, bias in rows["loaded"]),
        dict(rows["landmarks"]),
        bool(rows["opens"]),
        bool(rows["grows"]),
        tuple(rows["nameless"]),
        tuple(map(tuple, rows["static_g"])),
    )
