"""Registers by the project's names, from the packets in which a stub sends them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from harness.registers import Register, RegisterTable
from harness.stub.errors import StubRefused, nonsense
from harness.stub.features import Description, Slot
from harness.stub.session import is_error, refused, unhex

ABSENT = "the stub's target description has no such register"
UNAVAILABLE = "the stub says that its value is not available at this stop"


@dataclass(frozen=True)
class Registers:
    """The registers of one thread: values by the names of `harness.registers`, and why others have none."""

    values: Mapping[str, int]
    missing: Mapping[str, str]


class Layout:
    """Where the registers of `table` are in the packets of a stub whose target is described by `description`."""

    def __init__(self, table: RegisterTable, description: Description) -> None:
        self.table = table
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
        values: dict[str, int] = {}
        missing: dict[str, str] = {}
        wanted = [row for row in self.table.rows if names is None or row.name in names]
        digits: dict[str, bytes] = {}
        outside: dict[str, int] = {}
        for row in wanted:
            if row.name in self._places:
                _, slot, offset = self._places[row.name]
                digits[row.name] = general[2 * offset : 2 * (offset + slot.size)]
                if len(digits[row.name]) != 2 * slot.size:
                    outside[row.name] = slot.number
        replies = singles(tuple(outside.values())) if outside else {}
        for row in wanted:
            if row.name not in self._places:
                missing[row.name] = ABSENT
                continue
            reply = replies[outside[row.name]] if row.name in outside else digits[row.name]
            if row.name in outside and (not reply or is_error(reply)):
                missing[row.name] = refused(b"p%x" % outside[row.name], reply).what
            elif b"x" in reply:
                missing[row.name] = UNAVAILABLE
            else:
                values[row.name] = self._value(row, self._places[row.name][1], reply)
        return Registers(MappingProxyType(values), MappingProxyType(missing))

    def _value(self, row: Register, slot: Slot, digits: bytes) -> int:
        """Decode one register. A wider one of the stub (SVE's z0, a 64-bit fcsr) has ours in its low bits."""
        data = unhex(digits)
        if len(data) != slot.size:
            raise nonsense(f"{len(data)} bytes for the {slot.size} of {slot.name}", digits)
        return int.from_bytes(data, self.table.byte_order) & ((1 << row.bits) - 1)
