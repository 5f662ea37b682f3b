"""Registers by the project's names, from the packets in which a stub sends them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from harness.registers import Register, RegisterTable
from harness.stub.errors import StubRefused, nonsense
from harness.stub.features import Description, Slot
from harness.stub.layouts import X87, X87_STATUS
from harness.stub.session import is_error, refused, unhex

TURNED, UNKNOWN = "turned", "unknown"  # instead of empty: how a stub sends the x87's registers
_NOT_KNOWN = "which of the x87's registers this release of QEMU sends by which name is not known"
ABSENT = "the stub's target description has no such register"
UNAVAILABLE = "the stub says that its value is not available at this stop"


@dataclass(frozen=True)
class Registers:
    """The registers of one thread: values by the names of `harness.registers`, and why others have none."""

    values: Mapping[str, int]
    missing: Mapping[str, str]


class _Plan(NamedTuple):
    """What is wanted: each register with its digits in the reply to ``g``, or None where only ``p`` tells it.

    `singles` are the numbers of these; `absent` are those that the stub does not have.
    """

    rows: tuple[tuple[Register, Slot, slice | None], ...]
    singles: tuple[int, ...]
    absent: tuple[str, ...]


class Layout:
    """Where the registers of `table` are in the packets of a stub whose target is described by `description`.

    `x87` is ``TURNED`` where st0 is the first of the x87's registers, not the top of its stack, and ``UNKNOWN`` where
    that is not known.
    """

    def __init__(self, table: RegisterTable, description: Description, x87: str = "") -> None:
        self.table, self._x87 = table, x87
        self._plans: dict[tuple[frozenset[str] | None, int], _Plan] = {}
        self._places: dict[str, tuple[Register, Slot, int]] = {}  # with the offset in the g packet, in bytes
        offset = 0
        for slot in description.slots:
            row = table.by_stub_name.get(slot.name)
            if row is not None:
                self._places.setdefault(row.name, (row, slot, offset))
            offset += slot.size

    def number(self, name: str) -> int | None:
        """Return the protocol's number of a register, or None where the stub has it not."""
        return self._places[name][1].number if name in self._places else None

    def changed(self, general: bytes, name: str, value: int) -> bytes:
        """Return `general`, the reply to ``g``, with another `value` of a register. Raises StubRefused without it."""
        if name not in self._places:
            raise StubRefused(f"{name}: {ABSENT}")
        _, slot, offset = self._places[name]
        digits = value.to_bytes(slot.size, self.table.byte_order).hex().encode()
        return general[: 2 * offset] + digits + general[2 * offset + len(digits) :]

    def read(
        self,
        general: bytes,
        singles: Callable[[Sequence[int]], Mapping[int, bytes]],
        names: frozenset[str] | None = None,
    ) -> Registers:
        """Return the registers: those that `general`, the reply to ``g``, holds, and the others by ``p``.

        `singles` returns the replies to ``p`` for some numbers. `names` bounds what is asked for. Raises StubBroken for
        a reply that is none.
        """
        if not self._x87 or (names is not None and names.isdisjoint(X87)):
            return self._read(general, singles, names)
        found = self._read(general, singles, None if names is None else names | {*X87, X87_STATUS})
        found = _turned(found) if self._x87 == TURNED else _without_x87(found)
        if names is None:
            return found
        values = {name: value for name, value in found.values.items() if name in names}
        return Registers(values, {name: why for name, why in found.missing.items() if name in names})

    def _read(
        self, general: bytes, singles: Callable[[Sequence[int]], Mapping[int, bytes]], names: frozenset[str] | None
    ) -> Registers:
        plan = self._plan(names, len(general))
        replies = singles(plan.singles) if plan.singles else {}
        values: dict[str, int] = {}
        missing = dict.fromkeys(plan.absent, ABSENT)
        for row, slot, digits in plan.rows:
            reply = replies[slot.number] if digits is None else general[digits]
            if digits is None and (not reply or is_error(reply)):
                missing[row.name] = refused(b"p%x" % slot.number, reply).what
            elif b"x" in reply:
                missing[row.name] = UNAVAILABLE
            else:
                values[row.name] = self._value(row, slot, reply)
        return Registers(MappingProxyType(values), MappingProxyType(missing))

    def _plan(self, names: frozenset[str] | None, digits: int) -> _Plan:
        """Return where `names` are when the reply to ``g`` is that long; at each stop the same is asked for."""
        if (names, digits) not in self._plans:
            rows: list[tuple[Register, Slot, slice | None]] = []
            wanted = [row.name for row in self.table.rows if names is None or row.name in names]
            for row, slot, offset in (self._places[name] for name in wanted if name in self._places):
                end = 2 * (offset + slot.size)
                rows.append((row, slot, slice(2 * offset, end) if end <= digits else None))
            numbers = tuple(slot.number for _, slot, place in rows if place is None)
            absent = tuple(name for name in wanted if name not in self._places)
            self._plans[names, digits] = _Plan(tuple(rows), numbers, absent)
        return self._plans[names, digits]

    def _value(self, row: Register, slot: Slot, digits: bytes) -> int:
        """Decode one register. A wider one of the stub (SVE's z0, a 64-bit fcsr) has ours in its low bits."""
        data = unhex(digits)
        if len(data) != slot.size:
            raise nonsense(f"{len(data)} bytes for the {slot.size} of {slot.name}", digits)
        return int.from_bytes(data, self.table.byte_order) & ((1 << row.bits) - 1)


def _turned(found: Registers) -> Registers:
    """Return the same with the x87's registers from the top of its stack on (Intel SDM volume 1, 8.1.2 and 8.1.3)."""
    if X87_STATUS not in found.values or any(name not in found.values for name in X87):
        return _without_x87(found)
    top = found.values[X87_STATUS] >> 11 & 7
    values = {name: found.values[X87[(top + number) % len(X87)]] for number, name in enumerate(X87)}
    return Registers(MappingProxyType({**found.values, **values}), found.missing)


def _without_x87(found: Registers) -> Registers:
    gone = {name: _NOT_KNOWN for name in X87 if name in found.values}
    values = {name: value for name, value in found.values.items() if name not in gone}
    return Registers(MappingProxyType(values), MappingProxyType({**found.missing, **gone}))
