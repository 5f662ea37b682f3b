"""A small writer of ELF cores: what a kernel writes, as far as the reader looks at it."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.core.layout import (
    LAYOUTS,
    NT_ARM_VFP,
    NT_AUXV,
    NT_FILE,
    NT_PPC_VMX,
    NT_PRPSINFO,
    NT_PRSTATUS,
    NT_PRXFPREG,
    NT_SIGINFO,
    Field,
    Layout,
)

Note = tuple[str, int, bytes]


@dataclass
class Load:
    """A mapping: `data` is in the file, `size` in memory."""

    address: int
    data: bytes
    size: int
    flags: int = 6


@dataclass
class Writer:
    """Collects notes and mappings; `build` gives the bytes."""

    arch: str
    notes: list[Note] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    kind: int = 4
    machine: int | None = None
    entry: int = 0

    @property
    def layout(self) -> Layout:
        return LAYOUTS[self.arch]

    @property
    def order(self) -> str:
        return ">" if self.layout.big else "<"

    @property
    def word(self) -> str:
        return "Q" if self.layout.bits == 64 else "I"

    def pack(self, form: str, *values: int) -> bytes:
        return struct.pack(self.order + form.replace("W", self.word), *values)

    def thread(self, pid: int, signal: int = 0, general: Mapping[str, int] | None = None) -> Writer:
        layout = self.layout
        status = bytearray(layout.prstatus + layout.general_size + 4)
        struct.pack_into(f"{self.order}h", status, 12, signal)
        struct.pack_into(f"{self.order}i", status, 32 if layout.bits == 64 else 24, pid)
        self._fill(status, layout.general, general or {}, layout.prstatus)
        status += bytes(-len(status) % (layout.bits // 8))
        self.notes.append(("CORE", NT_PRSTATUS, bytes(status)))
        return self

    def floats(self, values: Mapping[str, int]) -> Writer:
        for registers in self.layout.sets:
            data = bytearray(registers.size)
            self._fill(data, registers.fields, values, 0)
            whole = 16 if registers.fields[0].size == 16 else self.layout.bits // 8
            data += bytes(-len(data) % whole)  # the struct's own padding
            owner = "LINUX" if registers.note in (NT_PRXFPREG, NT_ARM_VFP, NT_PPC_VMX) else "CORE"
            self.notes.append((owner, registers.note, bytes(data)))
        return self

    def auxv(self, values: Mapping[int, int]) -> Writer:
        rows = b"".join(self.pack("WW", key, value) for key, value in (*values.items(), (0, 0)))
        self.notes.append(("CORE", NT_AUXV, rows))
        return self

    def psinfo(self, pid: int, name: bytes, arguments: bytes) -> Writer:
        head = bytes(24 if self.layout.bits == 64 else 12)
        body = self.pack("iiii", pid, 1, pid, pid) + name.ljust(16, b"\0")[:16] + arguments.ljust(80, b"\0")[:80]
        self.notes.append(("CORE", NT_PRPSINFO, head + body))
        return self

    def siginfo(self, number: int, code: int, address: int) -> Writer:
        words = (number, code, 0) if self.layout.swapped else (number, 0, code)
        middle = b"" if self.layout.bits == 32 else bytes(4)
        data = self.pack("iii", *words) + middle + self.pack("W", address)
        self.notes.append(("CORE", NT_SIGINFO, data.ljust(128, b"\0")))
        return self

    def files(self, rows: Sequence[tuple[int, int, int, bytes]], count: int | None = None) -> Writer:
        data = self.pack("WW", len(rows) if count is None else count, 4096)
        data += b"".join(self.pack("WWW", start, end, offset) for start, end, offset, _ in rows)
        self.notes.append(("CORE", NT_FILE, data + b"".join(name + b"\0" for *_, name in rows)))
        return self

    def load(self, address: int, data: bytes, size: int = 0, flags: int = 6) -> Writer:
        self.loads.append(Load(address, data, max(size, len(data)), flags))
        return self

    def build(self) -> bytes:
        wide = self.layout.bits == 64
        header, row = (64, 56) if wide else (52, 32)
        notes = b"".join(map(self._note, self.notes))
        start = header + row * (1 + len(self.loads))
        rows = [self._row(4, 0, start, 0, len(notes), 0)]
        body, offset = [notes], start + len(notes)
        for load in self.loads:
            rows.append(self._row(1, load.flags, offset, load.address, len(load.data), load.size))
            body.append(load.data)
            offset += len(load.data)
        ident = bytes([0x7F, *b"ELF", 2 if wide else 1, 2 if self.layout.big else 1, 1, *bytes(9)])
        machine = self.layout.machine if self.machine is None else self.machine
        head = self.pack(
            "HHIWWWIHHHHHH", self.kind, machine, 1, self.entry, header, 0, 0, header, row, len(rows), 0, 0, 0
        )
        return b"".join((ident, head, *rows, *body))

    def _note(self, note: Note) -> bytes:
        owner, kind, data = note
        name = owner.encode() + b"\0"
        head = self.pack("III", len(name), len(data), kind)
        return head + name + bytes(-len(name) % 4) + data + bytes(-len(data) % 4)

    def _row(self, kind: int, flags: int, offset: int, address: int, in_file: int, size: int) -> bytes:
        if self.layout.bits == 64:
            return self.pack("IIQQQQQQ", kind, flags, offset, address, 0, in_file, size, 1)
        return self.pack("IIIIIIII", kind, offset, address, 0, in_file, size, flags, 1)

    def _fill(self, into: bytearray, fields: Iterable[Field], values: Mapping[str, int], start: int) -> None:
        for row in fields:
            data = values.get(row.name, 0).to_bytes(row.size, "big" if self.layout.big else "little")
            into[start + row.offset : start + row.offset + row.size] = data


def patterns(fields: Iterable[Field], first: int, bits: Mapping[str, int]) -> dict[str, int]:
    """A value of its own for each field, which fits the register."""
    return {
        row.name: int.from_bytes(bytes([first + number]) * min(row.size, bits[row.name] // 8), "big")
        for number, row in enumerate(fields)
    }
