"""The threads of a core and their registers, by the names of `harness.registers`."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from harness.core.elffile import Note
from harness.core.layout import NT_PRSTATUS, Field, Layout
from harness.registers import TABLES

MAX_THREADS = 1 << 15  # the kernel's own bound (pid_max) on most machines

QEMU_FLOAT = "QEMU writes no floating-point registers into cores"
NO_FLOAT = "the core has no note with this thread's floating-point registers"
NOT_SAVED = "NT_PRSTATUS does not hold it"


@dataclass(frozen=True)
class Thread:
    """One thread. `signal` is pr_cursig: the signal's number, or 0 where the thread took none.

    `registers` (unsigned, of the register's width) and `missing` (name to reason) are together the architecture's
    table.
    """

    pid: int
    signal: int
    registers: Mapping[str, int]
    missing: Mapping[str, str]


def decode(notes: Iterable[Note], layout: Layout, order: str, emulator: bool) -> tuple[Thread, ...]:
    """Return the threads in the order of the core; notes after an NT_PRSTATUS are of the same thread.

    `emulator`: QEMU wrote them. Raises ValueError for torn notes.
    """
    found: list[Thread] = []
    status: bytes | None = None
    sets: dict[int, bytes] = {}
    known = {registers.note for registers in layout.sets}
    shared: dict[tuple[str, ...], Mapping[str, str]] = {}
    for note in notes:
        if note.kind == NT_PRSTATUS and note.owner == "CORE":
            if status is not None:
                found.append(_thread(status, sets, layout, order, emulator, shared))
            if len(found) >= MAX_THREADS:
                raise ValueError(f"it has more than {MAX_THREADS} threads")
            status, sets = note.data, {}
        elif note.kind in known:
            sets[note.kind] = note.data
    if status is not None:
        found.append(_thread(status, sets, layout, order, emulator, shared))
    return tuple(found)


def _thread(
    status: bytes,
    sets: Mapping[int, bytes],
    layout: Layout,
    order: str,
    emulator: bool,
    shared: dict[tuple[str, ...], Mapping[str, str]],
) -> Thread:
    if len(status) < layout.prstatus + layout.general_size:
        raise ValueError(
            f"an NT_PRSTATUS has {len(status)} bytes; {layout.arch} has {layout.prstatus + layout.general_size} or more"
        )
    (signal,) = struct.unpack_from(f"{order}h", status, 12)
    (pid,) = struct.unpack_from(f"{order}i", status, 32 if layout.bits == 64 else 24)
    values = _values(status[layout.prstatus :], layout.general, order)
    for registers in layout.sets:
        data = sets.get(registers.note, b"")
        if len(data) >= registers.size:
            values |= _values(data, registers.fields, order)
    table = TABLES[layout.arch]
    reasons = dict.fromkeys((field.name for field in layout.floats), QEMU_FLOAT if emulator else NO_FLOAT)
    for name, why in layout.emulated.items() if emulator else ():
        reasons[name] = why
        values.pop(name, None)
    missing = {row.name: reasons.get(row.name, NOT_SAVED) for row in table.rows if row.name not in values}
    for name in [name for name, value in values.items() if value >> table.by_name[name].bits]:
        missing[name] = f"the core says {values.pop(name):#x}, which is wider than the register"
    frozen = shared.setdefault((*missing, *missing.values()), MappingProxyType(missing))
    return Thread(pid, signal, MappingProxyType(values), frozen)


def _values(data: bytes, fields: Iterable[Field], order: str) -> dict[str, int]:
    endian: Literal["big", "little"] = "big" if order == ">" else "little"
    return {field.name: int.from_bytes(data[field.offset : field.offset + field.size], endian) for field in fields}
