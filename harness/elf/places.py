"""Places in a program that people name: functions by symbol, ``file.c:12``, addresses; where execution enters them.

Symbols are those of .symtab and .dynsym. Two machines need care: on arm an odd value means Thumb code at the even
address (AAPCS32, "Thumb" symbols), on ppc64le a function has a global and, at st_other's distance, a local entry
(ELFv2 ABI, "Symbol Table": the three most significant bits of st_other).
"""

from __future__ import annotations

import bisect
import struct
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from harness.elf import symtab
from harness.elf.reading import opened
from harness.errors import UsageError
from harness.suggest import nearest

NEAR = 5  # names to suggest
_STATIC_G = ("runtime.g0", "runtime.gcrash")  # of the thread that starts it; for a crash on a bad stack
_FUNCTION = (symtab.FUNC, symtab.GNU_IFUNC, symtab.NOTYPE)


class NoSuchPlace(UsageError):
    """A program has no such function, line or address."""


@dataclass(frozen=True)
class Function:
    """`entries` are the addresses at which it is entered; the first is its symbol's (link-time addresses).

    `is_thumb` says that it is in arm's second instruction set. `chooses`: it is called once, to say which function its
    name stands for (STT_GNU_IFUNC).
    """

    name: str
    start: int
    size: int
    entries: tuple[int, ...]
    is_thumb: bool = False
    chooses: bool = False


@dataclass(frozen=True)
class Place:
    """What somebody named, and the link-time addresses where execution comes by.

    `entries` are those of each function of that name, for a function.
    """

    text: str
    addresses: tuple[int, ...]
    function: str = ""
    entries: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True)
class Program:
    """The functions of an ELF file. `is_fixed` says that it runs at the addresses that its headers say (ET_EXEC)."""

    path: Path
    is_fixed: bool
    entry: int
    functions: tuple[Function, ...]
    segments: tuple[tuple[int, int, int], ...] = ()  # address, size in the file, offset in the file
    sections: tuple[tuple[int, int], ...] = ()  # those with code: address, end; none where no section header says
    imports: frozenset[str] = frozenset()  # the functions that it takes from other files
    bits: int = 64  # of an address

    def code(self, function: Function) -> bytes:
        """Return the bytes of `function` (empty where the file does not hold them). Raises OSError."""
        return self.bytes_at(function.start, self.size(function))

    def bytes_at(self, start: int, count: int) -> bytes:
        """Return `count` bytes at a link-time address, or as many as its segment has in the file. Raises OSError."""
        for address, size, offset in self.segments:
            if address <= start < address + size:
                with self.path.open("rb") as file:
                    file.seek(offset + start - address)
                    return file.read(min(count, address + size - start))
        return b""

    def size(self, function: Function) -> int:
        """Return the size of `function` (bytes); one that does not say reaches to the next, or to its section's end.

        What is no code, by its section, has no size.
        """
        if function.size:
            return function.size
        index = bisect.bisect_right(self._starts, function.start)
        end = self._starts[index] if index < len(self._starts) else function.start
        if self.sections:
            end = min(end, next((last for first, last in self.sections if first <= function.start < last), 0))
        return max(end - function.start, 0)

    @cached_property
    def by_name(self) -> Mapping[str, tuple[Function, ...]]:
        """Every function of a name: static ones can share it."""
        found: dict[str, list[Function]] = defaultdict(list)
        for function in self.functions:
            found[function.name].append(function)
        return {name: tuple(rows) for name, rows in found.items()}

    @cached_property
    def static_g(self) -> tuple[int, ...]:
        """Where Go's runtime has the goroutines that are variables of its own. Raises UsageError."""
        with opened(self.path) as elf:
            rows = symtab.symbols(elf, ".symtab", (symtab.OBJECT,))
            return tuple(row.value for row in rows if row.name in _STATIC_G)

    @cached_property
    def _starts(self) -> Sequence[int]:
        return [function.start for function in self.functions]

    def function_at(self, address: int) -> Function | None:
        """Return the function that link-time `address` is in; one without a size ends with the next, or its segment."""
        index = bisect.bisect_right(self._starts, address) - 1
        if index < 0:
            return None
        found = self.functions[index]
        if found.size:
            return found if address < found.start + found.size else None
        ends = [start + size for start, size, _ in self.segments if start <= found.start < start + size]
        return found if not self.segments or any(address < end for end in ends) else None

    def name_at(self, address: int) -> str:
        """Return ``symbol+0x10``, ``symbol`` at a function's start, or the bare address."""
        function = self.function_at(address)
        if function is None:
            return hex(address)
        offset = address - function.start
        return f"{function.name}+{offset:#x}" if offset else function.name

    def function_name_at(self, address: int) -> str:
        """Return the symbol of the function at `address`, or the bare address."""
        function = self.function_at(address)
        return function.name if function is not None else hex(address)

    def find(self, text: str) -> Place:
        """Return the place that `text` names: a function, ``file.c:12``, or ``0x…``. Raises NoSuchPlace.

        A Go function in assembly is called by its plain name too (abi-internal.md: it follows ABI0, and linkers of
        architectures with another ABIInternal mark that in its symbol).
        """
        if is_address(text):
            return self._address(text)
        functions = self.by_name.get(text) or self.by_name.get(text + _ABI0)
        if functions and all(function.chooses for function in functions):
            named = sorted((name for name in self.by_name if text in name and name != text), key=len)
            raise NoSuchPlace(
                f"{self.path}: what {text!r} stands for is chosen when the program starts (an indirect function)",
                why=f"names with it: {', '.join(named[:NEAR])}" if named else "no other name has it in it",
                mend="name the function that is chosen; its own address is that of what chooses",
            )
        if functions:
            entries = tuple(function.entries for function in functions)
            return Place(text, tuple(entry for row in entries for entry in row), text, entries)
        file, colon, line = text.rpartition(":")
        if colon and line.isdigit():
            return self._line(text, file, int(line))
        raise NoSuchPlace(f"{self.path}: no function is called {text!r}", why=self._near(text), mend=_FORMS)

    def _address(self, text: str) -> Place:
        try:
            address = int(text, 16)
        except ValueError:
            raise NoSuchPlace(f"{text!r} is no address", mend=_FORMS) from None
        if address >= _END[self.bits]:
            what = f"{self.path}: {text} is beyond every address that a program of {self.bits} bits can have"
            raise NoSuchPlace(what, mend=_FORMS)
        function = self.function_at(address)
        return Place(text, (address,), function.name if function else "")

    def _line(self, text: str, file: str, line: int) -> Place:
        addresses, known = _line_addresses(self.path, file, line)
        if addresses:
            function = self.function_at(addresses[0])
            return Place(text, tuple(addresses), function.name if function else "")
        if not known:
            raise NoSuchPlace(
                f"{self.path}: no source file called {file!r} is in its line table",
                why="it was built without debug information, or the file's name is another",
                mend=_FORMS,
            )
        below = [number for number in known if number > line]
        near = f"the next line that has code is {min(below)}" if below else f"its last line with code is {max(known)}"
        raise NoSuchPlace(f"{self.path}: line {line} of {file} has no code", why=near, mend="name a line that has code")

    def near(self, text: str) -> tuple[str, ...]:
        """Return other names that may be meant: clones of the compiler's, the same in other packages, the most like."""
        alike = [
            name for name in self.by_name if name.startswith(f"{text}.") or name.endswith((f".{text}", f"_{text}"))
        ]
        best = nearest(text, self.by_name.keys() - {text})
        return tuple(dict.fromkeys([*sorted(alike, key=len)[:NEAR], *([best] if best else [])]))

    def instead(self, place: Place) -> str:
        """Return what to say of `place` where execution never came by: what else may be meant; it can be empty."""
        if not is_address(place.text):
            names = self.near(place.function)
            return f"the program also has {', '.join(names)}" if names else ""
        if place.function:
            return f"it is {self.name_at(place.addresses[0])}"
        rows = self.sections or tuple((start, start + size) for start, size, _ in self.segments)
        if not rows:
            return "it is in no function"
        what = "has code" if self.sections else "is loaded"
        where = f"from {min(start for start, _ in rows):#x} to {max(end for _, end in rows):#x}"
        return f"it is in no function, and the program {what} {where}"

    def _near(self, text: str) -> str:
        if not self.by_name:
            return "it has no symbols at all (stripped); name an address"
        names = self.near(text)
        return f"near it: {', '.join(names)}" if names else "no name is like it"


def is_address(text: str) -> bool:
    """Whether a place that somebody named is an address."""
    return text.lower().startswith("0x")


_ABI0 = ".abi0"
_END = {32: (1 << 32) - 4096, 64: 1 << 63}  # the kernel's: error codes of system calls; the upper half
_ADDIS_R2_R12, _ADDI_R2_R2 = 0x3C4C, 0x3842  # the upper halves of these instructions
_FORMS = "name a function as the symbol table has it (add3, main.goCallback), file.c:12, or an address (0x401126)"


@lru_cache(maxsize=16)
def _load(path: Path, stamp: tuple[int, int]) -> Program:
    with opened(path) as elf:
        rows: dict[tuple[int, str], Function] = {}
        for function in _functions(elf):
            known = rows.setdefault((function.start, function.name), function)
            if function.size > known.size:  # Go's linker says in .symtab, and not in .dynsym, how large C's are
                rows[function.start, function.name] = function
        ordered = tuple(rows[key] for key in sorted(rows))
        loads = (segment for segment in elf.iter_segments() if segment["p_type"] == "PT_LOAD")
        segments = tuple((load["p_vaddr"], load["p_filesz"], load["p_offset"]) for load in loads)
        sections = tuple(
            (section["sh_addr"], section["sh_addr"] + section["sh_size"])
            for section in elf.iter_sections()
            if section["sh_flags"] & SH_FLAGS.SHF_EXECINSTR
        )
        dynamic = symtab.symbols(elf, ".dynsym", _FUNCTION)
        imports = frozenset(symbol.name for symbol in dynamic if not symbol.is_defined)
        is_fixed = elf["e_type"] == "ET_EXEC"
        return Program(path, is_fixed, elf["e_entry"], ordered, segments, sections, imports, elf.elfclass)


def load(path: Path) -> Program:
    """Read the functions of the program at `path`. Raises UsageError for what is no ELF file or cannot be read."""
    try:
        stat = path.stat()
        return _load(path, (stat.st_size, stat.st_mtime_ns))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}", mend="name a program that is there") from None


def _functions(elf: ELFFile) -> Iterator[Function]:
    thumb = elf["e_machine"] == "EM_ARM"
    set_up = _toc_set_up(elf) if elf["e_machine"] == "EM_PPC64" else None
    for section in (".symtab", ".dynsym"):
        for symbol in symtab.symbols(elf, section, _FUNCTION):
            if not symbol.value or not symbol.name or not symbol.is_defined:
                continue
            if symbol.kind == symtab.NOTYPE and symbol.bind == symtab.LOCAL:
                continue  # labels and mapping symbols
            start = symbol.value & ~1 if thumb else symbol.value
            local = (_local_entry(symbol.other) or set_up(start)) if set_up else 0
            entries = (start, start + local)
            odd = thumb and bool(symbol.value & 1)
            yield Function(
                symbol.name, start, symbol.size, tuple(dict.fromkeys(entries)), odd, symbol.kind == symtab.GNU_IFUNC
            )


def _local_entry(other: int) -> int:
    """Return the distance of the local entry from the global one (bytes; ELFv2 ABI "Symbol Values", st_other)."""
    power = other >> 5
    return 1 << power if 2 <= power <= 6 else 0


def _toc_set_up(elf: ELFFile) -> Callable[[int], int]:
    """Return what tells the size of the code at an address (bytes) that finds the TOC from r12, or 0.

    What follows is the local entry (ELFv2 ABI 2.3.2.1), whatever st_other says: where Go's own linker makes a
    position-independent program, the symbols of its assembly say nothing.
    """
    form = "<II" if elf.little_endian else ">II"
    sections = [
        (section["sh_addr"], section.data())
        for section in elf.iter_sections()
        if section["sh_flags"] & SH_FLAGS.SHF_EXECINSTR and section["sh_type"] == "SHT_PROGBITS"
    ]

    def size_at(address: int) -> int:
        for start, data in sections:
            if start <= address <= start + len(data) - 8:
                first, second = struct.unpack_from(form, data, address - start)
                return 8 if (first >> 16, second >> 16) == (_ADDIS_R2_R12, _ADDI_R2_R2) else 0
        return 0

    return size_at


def _line_addresses(path: Path, file: str, line: int) -> tuple[list[int], set[int]]:
    """Return the first address of each run of `line` in `file`, and every line of it that has code."""
    from harness.elf.lines import rows_of

    found: list[int] = []
    known: set[int] = set()
    last = 0
    for address, number, is_statement in rows_of(path, file):
        known.add(number)
        if number == line and last != line and is_statement:
            found.append(address)
        last = number
    return found, known
