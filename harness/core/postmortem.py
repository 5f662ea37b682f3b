"""Snapshots of a core: every thread, the one that died first, with backtrace and fault where the files are at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from elftools.elf.elffile import ELFFile

from harness.abi import astray
from harness.core.memory import CUT_OFF, NOT_MAPPED, NotInCoreError
from harness.core.reader import SOURCE, Core
from harness.core.threads import Thread
from harness.elf import places
from harness.elf.reading import DAMAGE
from harness.registers import TABLES
from harness.snapshot import FAULT, THREAD, Fault, Snapshot
from harness.unwind import signals
from harness.unwind.modules import AT_SYSINFO_EHDR, Module, modules, vdso
from harness.unwind.trapped import Raised, raised
from harness.unwind.unwinder import Backtrace, unwind

NO_PROGRAM = "not available: the program is not at hand"
NO_PLACE = "not available: the core does not tell where the thread was"
NO_SIGINFO = "not available: the core has no siginfo"
OTHERS = "{name} on this machine is another one than the core's, and was left out"
NO_LIST = "shared libraries can be missing here: the list of them could not be read at {error}"
UNCHECKED = "{name} is taken to be the core's: the core does not have its build-id"
_BUILD_ID = ".note.gnu.build-id"


@dataclass(frozen=True)
class Remains:
    """What is left of a process: see `harness.snapshot.SnapshotSource`.

    `program` is the ELF file that ran, None where it is not at hand; `find` returns the file on this machine that
    stands for a library's name. One whose build-id in the core is another is left out.
    """

    core: Core
    program: Path | None
    find: Callable[[str], Path | None]
    source = SOURCE

    @cached_property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """A snapshot a thread, the dead one first, as a fault.

        Raises ValueError where the program is not that of the core, UsageError where it cannot be read.
        """
        dead = self.core.dead
        ordered = sorted(self.core.threads, key=lambda thread: thread is not dead)
        return tuple(self._at(thread, number) for number, thread in enumerate(ordered, 1))

    @cached_property
    def _mapped(self) -> tuple[tuple[Module, ...], tuple[str, ...]]:
        """The program and its shared libraries, and what a reader has to know where those are not all of them."""
        if self.program is None:
            return (), ()
        main = Module(places.load(self.program), self.core.load_bias(self.program))
        if self._differs(main):
            raise ValueError(f"{self.core.path}: this is not a core of {self.program}: their build-ids differ")
        lost: list[NotInCoreError] = []
        memory = self._memory_of(main, lost)
        found = modules(main, memory, self.find, vdso(memory, self.core.auxiliary.get(AT_SYSINFO_EHDR, 0)))
        return found, tuple(NO_LIST.format(error=error) for error in lost[:1])

    @property
    def _modules(self) -> tuple[Module, ...]:
        return self._mapped[0]

    @cached_property
    def _usable(self) -> tuple[Module, ...]:
        return tuple(module for module in self._modules if not self._differs(module))

    @cached_property
    def _notes(self) -> tuple[str, ...]:
        told = {True: OTHERS, None: UNCHECKED}
        rows = ((row.program.path, self._differs(row)) for row in self._modules if not row.called)  # not the vDSO
        return (
            *self.core.notes,
            *self._mapped[1],
            *(told[differs].format(name=path) for path, differs in rows if differs in told),
        )

    def _at(self, thread: Thread, number: int) -> Snapshot:
        is_dead = thread is self.core.dead
        signal = signals.name(self.core.arch, thread.signal) if is_dead else ""
        where = self._raised(thread, signal)
        back = self._backtrace(thread, where.pc)
        return Snapshot(
            FAULT if is_dead else THREAD,
            FAULT if is_dead else THREAD,
            number,
            self.core.arch,
            where.pc,
            where.place,
            SOURCE,
            str(thread.pid),
            thread.registers,
            thread.missing,
            backtrace=tuple(frame.name for frame in back.frames),
            notes=(*self._notes, *where.notes),
            frames=back.frames,
            ended=back.ended,
            fault=self._fault(signal, where, thread) if is_dead else None,
        )

    def _raised(self, thread: Thread, signal: str) -> Raised:
        told, table = self.core.signal, TABLES[self.core.arch]
        at = thread.registers.get(table.pc, 0)
        word = told.word if told is not None else None
        return raised(table, signal, at, self._memory, self._usable, word, thread.registers)

    def _backtrace(self, thread: Thread, pc: int) -> Backtrace:
        table = TABLES[self.core.arch]
        if not self._usable:
            return Backtrace((), NO_PROGRAM)
        if not {table.pc, table.sp} <= thread.registers.keys():
            return Backtrace((), NO_PLACE)
        values = {**thread.registers, table.pc: pc}
        back = unwind(table, values, self._memory, lambda: self._usable, is_code=self._is_code)
        try:
            if back.unread is not None:
                self.core.memory.read(back.unread, table.word)
        except NotInCoreError as error:
            return replace(back, ended=f"{back.ended} ({error})")
        return back

    def _is_code(self, address: int) -> bool:
        piece = self.core.memory.piece(address)
        return piece is not None and "x" in piece.flags

    def _fault(self, name: str, where: Raised, thread: Thread) -> Fault:
        told, table = self.core.signal, TABLES[self.core.arch]
        at = thread.registers.get(table.pc, 0)
        gone = astray.told(table, at, thread.registers, self._memory, self._usable)
        address, why = (None, NO_SIGINFO) if told is None else told.address_at(where.pc)
        if address is None:
            return Fault(name, None, why, where.code, gone)
        is_mapped = self.core.memory.why_not(address) != NOT_MAPPED
        return Fault(name, address, "mapped" if is_mapped else "not mapped", where.code, gone)

    def _memory(self, address: int, size: int) -> bytes | None:
        """Return what the core has, or else what the files have that were mapped there."""
        return next(filter(None, (self._memory_of(module)(address, size) for module in self._usable)), None)

    def _memory_of(
        self, module: Module, lost: list[NotInCoreError] | None = None
    ) -> Callable[[int, int], bytes | None]:
        """Return what reads the core, or else the file of `module`; `lost` gets what neither can tell.

        Where the core is cut off the file has what was there at the start, which only code still is.
        """

        def memory(address: int, size: int) -> bytes | None:
            try:
                return self.core.memory.read(address, size)
            except NotInCoreError as error:
                piece = self.core.memory.piece(error.address)
                if error.why == CUT_OFF and piece is not None and "x" not in piece.flags:
                    if lost is not None:
                        lost.append(error)
                    return None
                data = module.program.bytes_at(address - module.bias, size)
                return data if len(data) == size else None

        return memory

    def _differs(self, module: Module) -> bool | None:
        """Whether the core has the build-id of another file where that of `module` is; None where it has none."""
        start, wanted = _build_id(module.program.path)
        try:
            return self.core.memory.read(start + module.bias, len(wanted)) != wanted if wanted else None
        except NotInCoreError:
            return None


def executable(core: Core) -> Path | None:
    """Return the program that the core names, if that file is on this machine and is this core's."""
    for mapped in core.files[:1]:
        path = Path(mapped.name)
        try:
            core.load_bias(path)
        except (ValueError, OSError):
            continue
        return path
    return None


def _build_id(path: Path) -> tuple[int, bytes]:
    """Return where the build-id of a file is (link-time address), and its bytes; empty where it has none."""
    try:
        with path.open("rb") as file:
            section = ELFFile(file).get_section_by_name(_BUILD_ID)
            return (0, b"") if section is None else (section["sh_addr"], section.data())
    except (OSError, *DAMAGE):
        return 0, b""
