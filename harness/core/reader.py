"""Read a core file of QEMU or of a kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from harness.core import elffile, process, threads
from harness.core.elffile import ET_CORE, PT_LOAD, PT_PHDR, ElfFile
from harness.core.layout import BY_MACHINE, NT_AUXV, NT_FILE, NT_PRPSINFO, NT_SIGINFO
from harness.core.memory import Memory
from harness.core.process import AT_ENTRY, AT_PHDR, MappedFile, Program, Signal
from harness.core.threads import Thread

SOURCE = "core file"
CUT = (
    "the core is cut off: its program headers speak of {said} bytes and the file has {size};"
    " memory in the last {lost} is lost"
)
T = TypeVar("T")


@dataclass(frozen=True)
class Core:
    """A process that died.

    `threads` stand in the core's order. `signal` is siginfo, None where the core has none (QEMU writes none).
    `auxiliary` is the auxiliary vector by AT_*. `files` is empty where the core has no NT_FILE (QEMU's have none).
    `emulator`: QEMU wrote it, as far as can be told: kernels and debuggers write siginfo, NT_FILE or
    floating-point registers. `notes` are what could not be read, in words, and how much of the file is
    cut off.
    """

    path: Path
    arch: str
    threads: tuple[Thread, ...]
    memory: Memory
    program: Program | None = None
    signal: Signal | None = None
    auxiliary: Mapping[int, int] = field(default_factory=dict)
    files: tuple[MappedFile, ...] = ()
    emulator: bool = False
    notes: tuple[str, ...] = ()

    @property
    def dead(self) -> Thread | None:
        """The thread that died first: the first whose pr_cursig is not 0, and None where no thread has one.

        QEMU 7.2 lists it first, QEMU 10.0 in the order of the threads' birth; both leave pr_cursig 0 in the others. A
        kernel lists it first and gives every thread its signal. A core that a debugger took of a living process may
        have none.
        """
        return next((thread for thread in self.threads if thread.signal), None)

    def load_bias(self, program: Path) -> int:
        """Return what is added to the addresses in `program`, the ELF file that ran (0 unless it is PIE), in bytes.

        From the auxiliary vector: AT_PHDR and AT_ENTRY against the program's headers. Raises ValueError when the file
        is no ELF file, when it is not the program of this core, or when the core has no auxiliary vector.
        """
        elf = elffile.load(program, "ELF file")
        found = {
            known - named
            for known, named in (
                (self.auxiliary.get(AT_ENTRY), elf.entry),
                (self.auxiliary.get(AT_PHDR), _headers_address(elf)),
            )
            if known is not None and named is not None
        }
        if not found:
            raise ValueError(f"{self.path}: the core does not say where the program was loaded (no AT_ENTRY, AT_PHDR)")
        layout = BY_MACHINE.get((elf.machine, elf.bits, elf.big))
        if len(found) > 1 or layout is None or layout.arch != self.arch:
            raise ValueError(f"{self.path}: this is not a core of {program}: machine, entry or headers differ")
        return found.pop()


def read_core(path: Path) -> Core:
    """Read a core: every thread, the process, and where its memory is (which is read when it is asked for).

    Raises ValueError that names the file and what is wrong with it: not there, empty, no ELF file, no core, of a
    machine without a table, or so torn that its threads cannot be read. A note that is torn and holds no registers
    costs only itself, and is in `notes`.
    """
    elf = elffile.load(path, "core file")
    try:
        return _core(elf)
    except ValueError as error:
        raise ValueError(f"{path}: not a usable core file: {error}") from error


def _core(elf: ElfFile) -> Core:
    if elf.kind != ET_CORE:
        raise ValueError(f"it is an ELF file of type {elf.kind}, and a core has type {ET_CORE}")
    layout = BY_MACHINE.get((elf.machine, elf.bits, elf.big))
    if layout is None:
        order = "big" if elf.big else "little"
        raise ValueError(f"it is of machine {elf.machine}, {elf.bits}-bit, {order}-endian, which has no table here")
    notes = list(elffile.notes(elf))
    cut = [CUT.format(said=elf.said, size=elf.size, lost=elf.said - elf.size)] if elf.said > elf.size else []
    kinds: dict[int, bytes] = {}
    for note in notes:
        kinds.setdefault(note.kind, note.data)
    emulator = not {NT_SIGINFO, NT_FILE, *(registers.note for registers in layout.sets)} & kinds.keys()
    found = threads.decode(notes, layout, elf.order, emulator)
    if not found:
        raise ValueError("it has no thread (NT_PRSTATUS)")
    about = _Process(elf.order, kinds)
    return Core(
        path=elf.path,
        arch=layout.arch,
        threads=found,
        memory=Memory(elf),
        program=about.read(NT_PRPSINFO, process.program, None),
        signal=about.read(NT_SIGINFO, lambda data, order: process.signal(data, order, layout), None),
        auxiliary=about.read(NT_AUXV, lambda data, order: process.auxiliary(data, order, layout), {}),
        files=about.read(NT_FILE, lambda data, order: process.files(data, order, layout), ()),
        emulator=emulator,
        notes=(*cut, *about.troubles),
    )


class _Process:
    """Reads the notes that hold no registers; one that is torn costs only itself."""

    def __init__(self, order: str, kinds: Mapping[int, bytes]) -> None:
        self.order = order
        self.kinds = kinds
        self.troubles: list[str] = []

    def read(self, kind: int, decode: Callable[[bytes, str], T], otherwise: T) -> T:
        data = self.kinds.get(kind)
        if data is None:
            return otherwise
        try:
            return decode(data, self.order)
        except ValueError as error:
            self.troubles.append(str(error))
            return otherwise


def _headers_address(elf: ElfFile) -> int | None:
    """Return the address at which an ELF file's program headers are loaded, before any bias."""
    for segment in elf.segments:
        if segment.kind == PT_PHDR:
            return segment.address
    for segment in elf.segments:
        if segment.kind == PT_LOAD and segment.offset <= elf.program_headers < segment.offset + segment.in_file:
            return segment.address + elf.program_headers - segment.offset
    return None
