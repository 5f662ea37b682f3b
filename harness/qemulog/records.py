"""From the text of QEMU's log to records of registers, as it comes, in bounded memory."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.qemulog.layouts import Field, Layout

MOST = 1 << 16  # characters of one record; the largest (arm64 with SVE) has 7,000
TAIL = 4096  # characters at a record's end that hold its last register, whatever its size
FORMS = 256  # of records that are remembered
Span = tuple[int, int]  # from, to
Columns = tuple[tuple[str, tuple[Span, ...]], ...]
_MASK = str.maketrans("123456789abcdef", "0" * 15)
_known: dict[tuple[str, frozenset[str] | None, str], Columns] = {}
_HEX = re.compile(r"[0-9a-f]+")
_ROW = re.compile(r"\b[0-9a-f]{16}\b")


@dataclass(frozen=True)
class Record:
    """The registers when a block started: its text, and what it says once somebody asks."""

    text: str
    layout: Layout
    wanted: frozenset[str] | None = None  # the registers that are read; None: all

    @cached_property
    def pc(self) -> int | None:
        """The program counter, or None in a torn record."""
        found = self.layout.pc.search(self.text)
        return int(found[1], 16) if found else None

    @cached_property
    def registers(self) -> Mapping[str, int]:
        """The values by register name, in the table's order."""
        text = self.text
        return {
            name: int(
                text[spans[0][0] : spans[0][1]]
                if len(spans) == 1
                else "".join([text[start:end] for start, end in spans]),
                16,
            )
            for name, spans in _columns(self.layout, text, self.wanted)
        }


def _columns(layout: Layout, text: str, wanted: frozenset[str] | None = None) -> Columns:
    """Return where each register's digits stand in the record `text`.

    The texts of a guest differ in hardly more than their digits, so the patterns are looked for once a form.
    """
    form = (layout.table.arch, wanted, text.translate(_MASK))
    if form not in _known:
        if len(_known) >= FORMS:
            _known.clear()
        found: dict[str, tuple[Span, ...]] = {}
        for field in layout.fields:
            for match in field.pattern.finditer(text):
                found.update(_places(field, match))
        _known[form] = tuple(
            (name, found[name]) for name in layout.table.by_name if name in found and (wanted is None or name in wanted)
        )
    return _known[form]


class Splitter:
    """Cuts a log into records as its bytes come. `torn` counts those that were cut off or are no records at all."""

    def __init__(self, layout: Layout, wanted: frozenset[str] | None = None) -> None:
        self.layout, self.wanted = layout, wanted
        self.torn = 0
        self._start = re.compile(f"^{re.escape(layout.start)}", re.MULTILINE)
        self._pending = ""

    def feed(self, data: bytes) -> Iterator[Record]:
        """Yield the records that `data` completes: one ends where the next starts."""
        self._pending += data.decode("ascii", errors="replace")
        starts = [found.start() for found in self._start.finditer(self._pending)]
        texts = [self._pending[start:end] for start, end in itertools.pairwise(starts)]
        self._pending = self._pending[starts[-1] if starts else -len(self.layout.start) :]
        if len(self._pending) > MOST:
            self._pending, self.torn = "", self.torn + 1
        yield from filter(None, map(self._whole, texts))

    def end(self) -> Iterator[Record]:
        """Yield the last record, if it is whole."""
        text, self._pending = self._pending, ""
        if text.startswith(self.layout.start):
            yield from filter(None, [self._whole(text)])

    def _whole(self, text: str) -> Record | None:
        """Return the record of `text`; one that is followed by another is as long as all of its kind."""
        record = Record(text, self.layout, self.wanted)
        if record.pc is not None and text.endswith("\n") and self.layout.last.search(text, max(0, len(text) - TAIL)):
            return record
        self.torn += 1
        return None


def _places(field: Field, match: re.Match[str]) -> Iterator[tuple[str, tuple[Span, ...]]]:
    """Yield the registers that one match of `field` tells, with where their digits are."""
    names, offset = field.names, match.start(2)
    if field.row and callable(names):
        for number, word in enumerate(_ROW.finditer(match[2]), int(match[1])):
            yield names(number), ((offset + word.start(), offset + word.end()),)
        return
    digits = [offset + place for word in _HEX.finditer(match[2]) for place in range(*word.span())]
    name = names(int(match[1])) if callable(names) else names.get(match[1])
    if name:
        yield name, _joined(digits[slice(*field.digits)])


def _joined(places: Sequence[int]) -> tuple[Span, ...]:
    """Return the ranges that ascending `places` make up."""
    starts = [place for place, before in zip(places, [-2, *places[:-1]], strict=True) if place != before + 1]
    ends = [place + 1 for place, after in zip(places, [*places[1:], -2], strict=True) if after != place + 1]
    return tuple(zip(starts, ends, strict=True))
