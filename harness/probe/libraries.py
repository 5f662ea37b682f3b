"""Places in shared libraries: those that a program maps when it starts, and those that it loads later (dlopen).

The dynamic loader calls an empty function of its own, `_dl_debug_state`, whenever its list of what is mapped has
changed (<link.h>, r_brk): stopping there, one finds the new ones before anything in them runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from harness.elf import places
from harness.elf.places import NoSuchPlace, Place, Program
from harness.errors import UsageError
from harness.probe import layout
from harness.probe.frames import finder, reader
from harness.probe.guest import Guest
from harness.snapshot import Probe
from harness.stub.client import Stub
from harness.unwind.modules import Module, modules

AT_BASE = 7  # of the auxiliary vector: where the dynamic loader is (getauxval(3))
_CHANGED = "_dl_debug_state"
_OPENS = frozenset({"dlopen", "dlmopen"})


def sort(
    guest: Guest, program: Program, probes: Sequence[Probe]
) -> tuple[list[tuple[Probe, Place]], list[Probe], list[tuple[Probe, NoSuchPlace]]]:
    """Sort `probes` into those that `program` has, those that a library of it may have, and those of neither."""
    here: list[tuple[Probe, Place]] = []
    elsewhere: list[Probe] = []
    nowhere: list[tuple[Probe, NoSuchPlace]] = []
    for probe in probes:
        try:
            here.append((probe, program.find(probe.at)))
        except NoSuchPlace as error:
            if may_have(guest, probe.at):
                elsewhere.append(probe)
            else:
                nowhere.append((probe, error))
    return here, elsewhere, nowhere


def may_have(guest: Guest, place: str) -> bool:
    """Whether a library that is mapped with `guest` has `place`, or one that it may load later could."""
    loader = interpreter(guest.program)
    if not loader:
        return False
    if imports(guest.program) & _OPENS:
        return True
    find = finder(guest)
    files = [find(path) for path, _ in layout.libraries(guest)]
    return any(file is not None and (has(file, place) or imports(file) & _OPENS) for file in files)


def has(file: Path, place: str) -> bool:
    """Whether the library `file` has `place`, which is no bare address: those are the program's."""
    try:
        places.load(file).find(place)
    except UsageError:
        return False
    return not place.lower().startswith("0x")


@lru_cache(maxsize=16)
def interpreter(program: Path) -> str:
    """Return the dynamic loader that the ELF file `program` asks for, or an empty text. Raises OSError."""
    with program.open("rb") as file:
        found = (row.data() for row in ELFFile(file).iter_segments("PT_INTERP"))
        return next(found, b"").rstrip(b"\0").decode(errors="surrogateescape")


@lru_cache(maxsize=64)
def imports(file: Path) -> frozenset[str]:
    """Return the names that `file` takes from others. Raises OSError."""
    try:
        with file.open("rb") as opened:
            table = ELFFile(opened).get_section_by_name(".dynsym")
            rows = table.iter_symbols() if isinstance(table, SymbolTableSection) else ()
            return frozenset(row.name for row in rows if row["st_shndx"] == "SHN_UNDEF")
    except (ELFError, UnicodeDecodeError):
        return frozenset()


class Libraries:
    """Follows what the program `main`, which `stub` has stopped before its first instruction, maps."""

    def __init__(self, guest: Guest, stub: Stub, main: Module) -> None:
        self._guest, self._stub, self._main = guest, stub, main
        self._find = finder(guest)
        self._known: dict[tuple[Path, int], Module] = {}
        self.changed = self._state()

    def _state(self) -> tuple[int, ...]:
        """Return where the loader tells of changes: the entries of its function."""
        path = self._find(interpreter(self._guest.program))
        base = self._stub.auxv().get(AT_BASE, 0)
        if path is None or not base:
            return ()
        rows = places.load(path).by_name.get(_CHANGED, ())
        return tuple(base + row.entries[-1] for row in rows[:1])

    def new(self) -> Iterator[Module]:
        """Yield each library that was not there the last time."""
        for module in modules(self._main, reader(self._stub), self._find)[1:]:
            key = module.program.path, module.bias
            if key not in self._known:
                self._known[key] = module
                yield module

    def at(self, address: int) -> Module:
        """Return the library that has `address`, or else the program."""
        return next((module for module in self._known.values() if module.holds(address)), self._main)
