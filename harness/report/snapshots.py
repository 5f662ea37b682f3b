"""Snapshots as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.abi.diagnose import diagnose
from harness.registers import FLOAT, TABLES, VECTOR, RegisterTable
from harness.snapshot import FAULT, THREAD, Fault, Frame, Meant, Snapshot

WIDTH = 100
SHOWN = 12  # snapshots under a table
FEW = 3
FRAMES = 16  # of a program that died, in a failure's text
FINE = "nothing tells that it was called as anything else"


def lines(snapshot: Snapshot, table: RegisterTable) -> Iterator[str]:
    """Yield a heading, the registers in columns (general ones, then floating-point and vector ones) and the rest."""
    thread = f" · {snapshot.thread}" if snapshot.thread else ""
    where = f"{snapshot.arch} · {snapshot.place}{thread} · {snapshot.source}"
    is_death = snapshot.when in (FAULT, THREAD)
    yield f"{snapshot.when if is_death else f'{snapshot.at} {snapshot.when}, hit {snapshot.hit}'} · {where}"
    if snapshot.fault is not None:
        yield from _died(snapshot.fault)
    if snapshot.meant is not None:
        yield from _meant(snapshot.meant)
        yield from _diagnosed(snapshot, snapshot.meant)
    for is_float in (False, True):
        cells = [
            f"{row.name:>7} {snapshot.registers[row.name]:0{row.bits // 4}x}"
            for row in table.rows
            if row.name in snapshot.registers and (row.role in (FLOAT, VECTOR)) is is_float
        ]
        yield from columns(cells)
    for address, data in snapshot.memory.items():
        for offset in range(0, len(data), 16):
            yield f"  {address + offset:#x}: {data[offset : offset + 16].hex(' ', 8)}"
    reasons: dict[str, list[str]] = {}
    for name, why in snapshot.missing.items():
        reasons.setdefault(why, []).append(name)
    for why, names in reasons.items():
        yield f"  not available: {', '.join(names)}: {why}"
    for row in snapshot.fault.code if snapshot.fault is not None else ():
        yield f"  {row}"
    yield from _frames(snapshot.frames)
    if snapshot.ended:
        yield f"  backtrace: {snapshot.ended}"
    if snapshot.backtrace and not snapshot.frames:
        yield f"  backtrace: {' ← '.join(snapshot.backtrace)}"
    for note in snapshot.notes:
        yield f"  note: {note}"


def death(snapshot: Snapshot, fault: Fault) -> Iterator[str]:
    """Yield what a program died of, without the registers."""
    yield f"what it died of at {snapshot.place}, seen in a second run ({snapshot.source}):"
    yield from _died(fault)
    yield from (f"  {row}" for row in fault.code)
    yield from _frames(snapshot.frames[:FRAMES])
    if len(snapshot.frames) > FRAMES:
        yield f"  and {len(snapshot.frames) - FRAMES} more"
    if snapshot.ended:
        yield f"  backtrace: {snapshot.ended}"


def _frames(frames: Sequence[Frame]) -> Iterator[str]:
    for number, frame in enumerate(frames):
        where = f" at {frame.file}:{frame.line}" if frame.file else ""
        yield f"  #{number:<3} {frame.name}{f'+{frame.offset:#x}' if frame.offset else ''}{where}"


def _died(fault: Fault) -> Iterator[str]:
    known = "" if fault.address is None else f"{fault.address:#x}, "
    yield f"  {fault.signal}, address {known}{fault.mapped}"
    if fault.astray:
        name, first, *rest = fault.astray
        yield f"  {name}: {first}"
        yield from (f"  {row}" for row in rest)


def _meant(meant: Meant) -> Iterator[str]:
    """Yield the arguments or results, one a line."""
    if meant.why:
        yield f"  no arguments: {meant.why}"
    rows = [(row.name, row) for row in meant.arguments] + [("=", row) for row in meant.results]
    width = max((len(name) for name, _ in rows), default=0)
    for name, row in rows:
        yield f"  {name.ljust(width)} {row.text or row.why}  ({row.type} in {row.where})"


def _diagnosed(snapshot: Snapshot, meant: Meant) -> Iterator[str]:
    """Yield what is wrong with the call, where that was asked for."""
    if meant.doubts is not None:
        found = diagnose(snapshot)
        yield from (f"  {line}" for line in (found.lines() if found is not None else (FINE,)))


class Shots:
    """Collects the snapshots of observations (as they stand in the records), to be shown under the table."""

    def __init__(self) -> None:
        self._shown: list[tuple[str, Mapping[str, Any]]] = []
        self._total = 0
        self._reached: dict[str, list[str]] = {}
        self._unreached: dict[tuple[str, str], list[str]] = {}

    def add(self, observation: Mapping[str, Any]) -> None:
        """Take in one observation."""
        variant = f" [{observation['variant']}]" if observation["variant"] else ""
        label = f"{observation['case']}{variant} on {observation['target']}"
        wanted = [row for row in observation["snapshots"] if row["when"] != FAULT]  # that one is in its own text
        self._total += len(wanted)
        self._shown += [(label, row) for row in wanted[: max(0, SHOWN - len(self._shown))]]
        for place, count in observation["hits"].items():
            if count:
                self._reached.setdefault(place, []).append(label)
        for place, why in observation["unreached"].items():
            self._unreached.setdefault((place, why), []).append(label)

    def lines(self) -> Iterator[str]:
        """Yield the first snapshots, and what the others and the places without one were."""
        for label, row in self._shown:
            shot = Snapshot.from_json(row)
            yield label
            yield from (f"  {line}" for line in lines(shot, TABLES[shot.arch]))
        if self._total > len(self._shown):
            yield f"and {self._total - len(self._shown)} more snapshots (--records=FILE has them all)"
        for (place, why), labels in sorted(self._unreached.items()):
            if place not in self._reached:
                yield f"{place}: {_few(labels)}: {why}"
        for place in sorted({place for place, _ in self._unreached} & self._reached.keys()):
            count = sum(len(labels) for (other, _), labels in self._unreached.items() if other == place)
            yield f"{place}: reached in {_few(self._reached[place])}; not in {count} others"


def _few(labels: list[str]) -> str:
    more = len(labels) - FEW
    return ", ".join(labels[:FEW]) + (f" and {more} more" if more > 0 else "")


def columns(cells: list[str]) -> Iterator[str]:
    """Yield `cells` side by side, as many as fit."""
    width = max(map(len, cells), default=0) + 1
    count = max(1, WIDTH // width) if cells else 1
    for start in range(0, len(cells), count):
        yield "".join(cell.ljust(width) for cell in cells[start : start + count]).rstrip()
