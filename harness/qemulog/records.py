"""From the text of QEMU's log to records of registers, as it comes, in bounded memory.

A log can have a hundred thousand records, so a record costs little: those of a guest differ in hardly more than their
digits, so that patterns are looked for once a form, and a number is read when somebody asks for it.
"""

from __future__ import annotations

import itertools
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any

from harness.qemulog.layouts import Field, Layout

MOST = 1 << 16  # characters of one record; the largest (arm64 with SVE) has 7,000
TAIL = 4096  # characters at a record's end that hold its last register, whatever its size
FORMS = 256  # of records that are remembered
EDGE = 96  # characters at both ends of a record that are looked at to tell its form
HELD = 4096  # records that wait for what is said of them
_TRACE, _STOPPED = b"\nTrace ", b"\nStopped execution of TB chain before "
_STOPPED_AT = re.compile(rb"\nStopped execution of TB chain before \S+ \[([0-9a-f]+)\]")
_MASK = bytes.maketrans(b"123456789abcdef", b"0" * 15)
_HEX = re.compile(r"[0-9a-f]+")
_ROW = re.compile(r"\b[0-9a-f]{16}\b")
_known: dict[tuple[str, frozenset[str] | None], dict[tuple[int, bytes, bytes], _Form]] = {}


@dataclass(frozen=True, eq=False)
class _Form:
    """Where the program counter and each register's digits stand in records that differ in their digits only."""

    pc: slice
    columns: Mapping[str, tuple[slice, ...]]
    _pickers: dict[tuple[str, ...], Callable[[bytes], Any]] = field(default_factory=dict)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The registers that are shown."""
        return tuple(self.columns)

    def digits(self, names: tuple[str, ...], raw: bytes) -> Any:
        """Return the digits of those of `names` that the record `raw` shows, to be compared with another's."""
        picker = self._pickers.get(names)
        if picker is None:
            slices = [part for name in names if name in self.columns for part in self.columns[name]]
            self._pickers[names] = picker = itemgetter(*slices) if slices else lambda _: ()
        return picker(raw)


class Values(Mapping[str, int]):
    """The registers of one record by name, in the table's order. A value is read from the text when it is asked for."""

    __slots__ = ("_form", "_raw")

    def __init__(self, form: _Form, raw: bytes) -> None:
        self._form, self._raw = form, raw

    def __getitem__(self, name: str) -> int:
        parts = self._form.columns[name]
        if len(parts) == 1:
            return int(self._raw[parts[0]], 16)
        return int(b"".join([self._raw[part] for part in parts]), 16)

    def __contains__(self, name: object) -> bool:
        return name in self._form.columns

    def __iter__(self) -> Iterator[str]:
        return iter(self._form.columns)

    def __len__(self) -> int:
        return len(self._form.columns)

    def digits(self) -> Any:
        """Return the digits of all registers, as they stand there, to be compared with another record's."""
        return self._form.digits(self._form.names, self._raw)

    def same(self, other: Values, names: tuple[str, ...]) -> bool:
        """Whether it is seen at a glance that none of `names` differs: no number is read for that."""
        form = self._form
        return form is other._form and form.digits(names, self._raw) == form.digits(names, other._raw)


@dataclass(frozen=True, eq=False)
class Record:
    """The registers when a block started, at the program counter `pc`."""

    raw: bytes
    layout: Layout
    pc: int
    registers: Values

    @cached_property
    def state(self) -> tuple[int, Any]:
        """What tells it from others: the program counter, and the digits of all registers, which are not read."""
        return self.pc, self.registers.digits()

    @cached_property
    def text(self) -> str:
        """What the log says."""
        return _decoded(self.raw)


class Splitter:
    """Cuts a log into records as its bytes come. `torn` counts those that were cut off or are no records at all.

    Of each record the registers `wanted` are read; None: all. A block that did not run after all, because a signal came
    between, is no record. QEMU says that there was one (``-d exec``), and where, but not in which thread: it is that
    which runs later with the same registers. Where none does, because the handler changed them, it is the last.
    """

    def __init__(self, layout: Layout, wanted: frozenset[str] | None = None) -> None:
        self.layout, self.wanted = layout, wanted
        self.torn = 0
        self._start = b"\n" + layout.start.encode()
        self._pending = b"\n"
        self._count = 0
        self._held: OrderedDict[int, Record] = OrderedDict()  # by their numbers
        self._at: dict[tuple[int, Any], list[int]] = {}  # the numbers of those that look the same
        self._stopped: list[tuple[int, int]] = []  # blocks that did not run: after which record it was said, and where
        self._forms = _known.setdefault((layout.table.arch, wanted), {})

    def feed(self, data: bytes) -> Iterator[Record]:
        """Yield the records that `data` completes: one ends where the next starts."""
        pending = self._pending + data
        starts = list(self._starts(pending))
        self._pending = pending[starts[-1] if starts else -len(self._start) :]
        if len(self._pending) > MOST:
            self._pending, self.torn = b"", self.torn + 1
        for start, end in itertools.pairwise(starts):
            self._take(pending[start + 1 : end + 1])
            while len(self._held) > HELD:
                yield self._drop(next(iter(self._held)))

    def end(self) -> Iterator[Record]:
        """Yield the last records; the very last only if it is whole."""
        raw, self._pending = self._pending, b""
        if raw.startswith(self._start):
            self._take(raw[1:])
        self._give_up(self._count)
        while self._held:
            yield self._drop(next(iter(self._held)))

    def _take(self, raw: bytes) -> None:
        """Take the record that `raw` begins with, and what it says behind that of blocks that did not run."""
        end, said = raw.find(_TRACE), raw.find(_STOPPED)
        if said >= 0:
            end = said if end < 0 else min(said, end)
        record = self._whole(raw[: end + 1] if end >= 0 else raw)
        if record:
            self._count += 1
            if self._stopped:
                self._run_again(record)
            self._held[self._count] = record
            self._at.setdefault(record.state, []).append(self._count)
        if said >= 0:
            self._stopped += [(self._count, int(match[1], 16)) for match in _STOPPED_AT.finditer(raw, said)]
        if self._stopped:
            self._give_up(self._count - HELD // 2)

    def _drop(self, number: int) -> Record:
        """Hold the record `number` no longer, and return it."""
        record = self._held.pop(number)
        alike = self._at[record.state]
        alike.remove(number)
        if not alike:
            del self._at[record.state]
        return record

    def _run_again(self, record: Record) -> None:
        """Forget the block that did not run if `record` is that block, run after the signal: it looks the same."""
        for number in reversed(self._at.get(record.state, ())):
            stop = next((stop for stop in self._stopped if stop[0] >= number and stop[1] == record.pc), None)
            if stop is not None:
                self._drop(number)
                self._stopped.remove(stop)
                break

    def _give_up(self, count: int) -> None:
        """Forget, of the blocks that had not run when there were `count` records and never did, the last ones."""
        while self._stopped and self._stopped[0][0] <= count:
            at, pc = self._stopped.pop(0)
            before = next(
                (number for number in reversed(self._held) if number <= at and self._held[number].pc == pc), 0
            )
            if before:
                self._drop(before)

    def _starts(self, data: bytes) -> Iterator[int]:
        """Yield where, in `data`, the ends of the lines before records are."""
        at = data.find(self._start)
        while at >= 0:
            yield at
            at = data.find(self._start, at + 1)

    def _whole(self, raw: bytes) -> Record | None:
        """Return the record `raw`; one that is followed by another is as long as all of its kind."""
        # A record that lost lines is shorter, so its length and its ends tell one form from another.
        key = len(raw), raw[:EDGE].translate(_MASK), raw[-EDGE:].translate(_MASK)
        form = self._forms.get(key)
        if form is None:
            form = _form(self.layout, _decoded(raw), self.wanted)
            if form is None:
                self.torn += 1
                return None
            if len(self._forms) >= FORMS:
                self._forms.clear()
            alike = (known for known in self._forms.values() if (known.pc, known.columns) == (form.pc, form.columns))
            form = self._forms[key] = next(alike, form)
        return Record(raw, self.layout, int(raw[form.pc], 16), Values(form, raw))


def _decoded(raw: bytes) -> str:
    return raw.decode("ascii", errors="replace")


def _form(layout: Layout, text: str, wanted: frozenset[str] | None) -> _Form | None:
    """Return the form of the record `text`, or None where it is not whole."""
    pc = layout.pc.search(text)
    if pc is None or not text.endswith("\n") or not layout.last.search(text, max(0, len(text) - TAIL)):
        return None
    found: dict[str, tuple[slice, ...]] = {}
    for row in layout.fields:
        for match in row.pattern.finditer(text):
            found.update(_places(row, match))
    names = (name for name in layout.table.by_name if name in found and (wanted is None or name in wanted))
    return _Form(slice(*pc.span(1)), {name: found[name] for name in names})


def _places(row: Field, match: re.Match[str]) -> Iterator[tuple[str, tuple[slice, ...]]]:
    """Yield the registers that one match of `row` tells, with where their digits are."""
    names, offset = row.names, match.start(2)
    if row.row and callable(names):
        for number, word in enumerate(_ROW.finditer(match[2]), int(match[1])):
            yield names(number), (slice(offset + word.start(), offset + word.end()),)
        return
    digits = [offset + place for word in _HEX.finditer(match[2]) for place in range(*word.span())]
    name = names(int(match[1])) if callable(names) else names.get(match[1])
    if name:
        yield name, _joined(digits[slice(*row.digits)])


def _joined(places: Sequence[int]) -> tuple[slice, ...]:
    """Return the ranges that ascending `places` make up."""
    starts = [place for place, before in zip(places, [-2, *places[:-1]], strict=True) if place != before + 1]
    ends = [place + 1 for place, after in zip(places, [*places[1:], -2], strict=True) if after != place + 1]
    return tuple(slice(start, end) for start, end in zip(starts, ends, strict=True))
