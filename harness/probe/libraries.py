"""Places in shared libraries: those that a program maps when it starts, and those that it loads later (dlopen).

The dynamic loader calls an empty function of its own, `_dl_debug_state`, whenever its list of what is mapped has
changed (<link.h>, r_brk): stopping there, one finds the new ones before anything in them runs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from harness.elf import places
from harness.elf.places import NoSuchPlace, Place, Program
from harness.errors import UsageError
from harness.probe import layout
from harness.probe.frames import finder, reader
from harness.probe.guest import Guest
from harness.snapshot import Probe
from harness.stub.client import Stub
from harness.unwind.expressions import Memory
from harness.unwind.modules import Module, holding, modules

HEADERS = 1024  # bytes: the ELF header, the program headers, and mostly a note with the build id
AT_BASE = 7  # of the auxiliary vector: where the dynamic loader is (getauxval(3))
OPENS = frozenset({"dlopen", "dlmopen"})
"""What a program imports that may map libraries while it runs."""

_CHANGED = "_dl_debug_state"


def sort(
    guest: Guest, program: Program, probes: Sequence[Probe]
) -> tuple[list[tuple[Probe, Place]], list[Probe], list[tuple[Probe, NoSuchPlace]]]:
    """Sort `probes` into those that `program` has, those that a library of it may have, and those of neither."""
    here: list[tuple[Probe, Place]] = []
    missing: list[tuple[Probe, NoSuchPlace]] = []
    for probe in probes:
        try:
            here.append((probe, program.find(probe.at)))
        except NoSuchPlace as error:
            missing.append((probe, error))
    mapped = _mapped(guest) if missing and not program.imports & OPENS else []
    opens = any(file.imports & OPENS for file in (program, *mapped))
    elsewhere = [probe for probe, _ in missing if not places.is_address(probe.at) and (opens or _has(mapped, probe))]
    return here, elsewhere, [(probe, error) for probe, error in missing if probe not in elsewhere]


def _mapped(guest: Guest) -> list[Program]:
    """Return the libraries that are mapped with `guest`, as far as they can be read. Raises OSError."""
    files = map(finder(guest), (path for path, _ in layout.libraries(guest)))
    found = []
    for file in filter(None, files):
        with contextlib.suppress(UsageError):
            found.append(places.load(file))
    return found


def _has(files: Sequence[Program], probe: Probe) -> bool:
    """Whether one of `files` has the place of `probe`."""
    for file in files:
        with contextlib.suppress(NoSuchPlace):
            file.find(probe.at)
            return True
    return False


class Libraries:
    """Follows what the program `main`, which `stub` has stopped before its first instruction, maps."""

    def __init__(self, guest: Guest, stub: Stub, main: Module) -> None:
        self._guest, self._stub, self._main = guest, stub, main
        self._find = finder(guest)
        self._known: dict[tuple[Path, int], tuple[Module, object]] = {}  # by name and place, with what the file was
        self.changed = self._state()

    def _state(self) -> tuple[int, ...]:
        """Return where the loader tells of changes: the entries of its function."""
        path = self._find(layout.interpreter(self._guest.program))
        base = self._stub.auxv().get(AT_BASE, 0)
        if path is None or not base:
            return ()
        rows = places.load(path).by_name.get(_CHANGED, ())
        return tuple(base + row.entries[-1] for row in rows[:1])

    def look(self) -> tuple[Sequence[Module], Sequence[Module]]:
        """Return the libraries that are there now and were not the last time, and those that are gone since."""
        before, self._known = self._known, {}
        memory = reader(self._stub)
        for module in modules(self._main, memory, self._find)[1:]:
            key = module.program.path, module.bias
            if key in before or _is_of_file(module, memory):
                self._known[key] = before.get(key) or (module, _identity(module))
        return _without(self._known.values(), before.values()), _without(before.values(), self._known.values())

    def has(self, address: int) -> bool:
        """Whether a library has `address`."""
        return holding(self._modules, address) is not None

    def at(self, address: int) -> Module:
        """Return the library that has `address`, or else the program."""
        return holding(self._modules, address) or self._main

    @property
    def _modules(self) -> Iterator[Module]:
        return (module for module, _ in self._known.values())


def _without(some: Iterable[tuple[Module, object]], others: Iterable[tuple[Module, object]]) -> Sequence[Module]:
    there = {identity for _, identity in others}
    return [module for module, identity in some if identity not in there]


def _is_of_file(module: Module, memory: Memory) -> bool:
    """Whether the file that was found is what is mapped, by its headers: a relative name may be another file's here."""
    start = next((address for address, _, offset in module.program.segments if offset == 0), None)
    if start is None:
        return True
    wanted = module.program.bytes_at(start, HEADERS)
    seen = memory(start + module.bias, len(wanted))
    return seen is None or seen == wanted


def _identity(module: Module) -> object:
    """Return what tells a mapped file apart: a namespace (dlmopen) has the dynamic loader by another path."""
    path = module.program.path
    try:
        stat = path.stat()
    except OSError:  # it is mapped, whatever became of it
        return path, module.bias
    return stat.st_dev, stat.st_ino, module.bias
