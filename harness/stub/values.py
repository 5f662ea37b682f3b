"""Registers by the project's names, from the packets in which a stub sends them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from harness.registers import Register, RegisterTable
from harness.stub.errors import StubRefused, nonsense
from harness.stub.features import Description, Slot
from harness.stub.session import unhex

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

    def read(self, general: bytes, single: Callable[[int], bytes], names: frozenset[str] | None = None) -> Registers:
        """Return the registers: those that `general`, the reply to ``g``, holds, and the others by ``p``.

        `single` returns the reply to ``p`` for a number, or raises StubRefused. `names` bounds what is asked for.
        Raises StubBroken for a reply that is none.
        """
        values: dict[str, int] = {}
        missing: dict[str, str] = {}
        for row in self._wanted(names):
            if row.name not in self._places:
                missing[row.name] = ABSENT
                continue
            _, slot, offset = self._places[row.name]
            digits = general[2 * offset : 2 * (offset + slot.size)]
            try:
                digits = digits if len(digits) == 2 * slot.size else single(slot.number)
            except StubRefused as error:
                missing[row.name] = error.what
                continue
            if b"x" in digits:
                missing[row.name] = UNAVAILABLE
                continue
            values[row.name] = self._value(row, slot, digits)
        return Registers(MappingProxyType(values), MappingProxyType(missing))

    def _wanted(self, names: frozenset[str] | None) -> Iterator[Register]:
        return (row for row in self.table.rows if names is None or row.name in names)

    def _value(self, row: Register, slot: Slot, digits: bytes) -> int:
        """Decode one register. A wider one of the stub (SVE's z0, a 64-bit fcsr) has ours in its low bits."""
        data = unhex(digits)
        if len(data) != slot.size:
            raise nonsense(f"{len(data)} bytes for the {slot.size} of {slot.name}", digits)
        return int.from_bytes(data, self.table.byte_order) & ((1 << row.bits) - 1)
