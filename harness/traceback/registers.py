"""The register block of Go's crash text, by the names of `harness.registers`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.registers import FLOAT, TABLES, VECTOR
from harness.traceback.words import WORDS

_PAIR = r"([a-z][a-z0-9]*) +0x([0-9a-f]{1,16})"
_LINE = re.compile(rf"{_PAIR}(?:\t{_PAIR})?\t?")

NO_FLOAT = "Go's crash text has no floating-point registers"
LEFT_OUT = "Go's crash text leaves this register out"
NO_BLOCK = "no register block follows in the text"
TORN = "the register block in the text is torn here"


@dataclass(frozen=True)
class Block:
    """The registers of one fault, as unsigned integers of the register's width.

    `registers` and `missing` (name to reason) are each a part of the architecture's table, and together all of it.
    `others` are the words of the block that are no register of the table: selectors, trap numbers, `fault`.
    """

    registers: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, int] = field(default_factory=dict)


def read(lines: Iterable[str], arch: str) -> Block:
    """Return the register block that stands in `lines`: complete lines, without their ends.

    Lines of the program between those of the block are passed over. The runtime writes a block in a fixed order; a
    word that is out of order is not its. Of several blocks the most complete counts, and the first of equals.
    Any text has an answer; raises KeyError for an architecture without a table.
    """
    order = {word: place for place, word in enumerate(WORDS[arch])}
    best: dict[str, int] = {}
    current: dict[str, int] = {}
    last = -1
    for line in lines:
        for word, value in _pairs(line):
            place = order.get(word)
            if place is None:
                continue
            if place == 0:
                best, current, last = max(best, current, key=len), {}, -1
            if place > last:
                current[word], last = value, place
    return _block(max(best, current, key=len), arch)


def _pairs(line: str) -> tuple[tuple[str, int], ...]:
    match = _LINE.fullmatch(line)
    if match is None:
        return ()
    first, value, second, other = match.groups()
    return ((first, int(value, 16)), *(((second, int(other, 16)),) if second else ()))


def _block(found: Mapping[str, int], arch: str) -> Block:
    words, table = WORDS[arch], TABLES[arch]
    registers: dict[str, int] = {}
    missing: dict[str, str] = {}
    for word, value in found.items():
        name = words[word]
        if not name:
            continue
        if value >> table.by_name[name].bits:
            missing[name] = f"the text says {value:#x}, which is wider than the register"
        else:
            registers[name] = value
    printed = set(words.values())
    for row in table.rows:
        if row.name not in registers and row.name not in missing:
            if row.name in printed:
                missing[row.name] = TORN if found else NO_BLOCK
            else:
                missing[row.name] = NO_FLOAT if row.role in (FLOAT, VECTOR) else LEFT_OUT
    return Block(registers, missing, {word: value for word, value in found.items() if not words[word]})
