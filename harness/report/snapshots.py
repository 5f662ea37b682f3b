"""Snapshots as people read them."""

from __future__ import annotations

from collections.abc import Iterator

from harness.registers import FLOAT, VECTOR, RegisterTable
from harness.snapshot import Snapshot

WIDTH = 100


def lines(snapshot: Snapshot, table: RegisterTable) -> Iterator[str]:
    """Yield a heading, the registers in columns (general ones, then floating-point and vector ones) and the rest."""
    thread = f" · {snapshot.thread}" if snapshot.thread else ""
    where = f"{snapshot.arch} · {snapshot.place}{thread} · {snapshot.source}"
    yield f"{snapshot.at} {snapshot.when}, hit {snapshot.hit} · {where}"
    if snapshot.fault is not None:
        fault = snapshot.fault
        yield f"  {fault.signal}, address {'' if fault.address is None else f'{fault.address:#x} '}{fault.mapped}"
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
    for number, frame in enumerate(snapshot.frames):
        where = f" at {frame.file}:{frame.line}" if frame.file else ""
        yield f"  #{number:<3} {frame.name}{f'+{frame.offset:#x}' if frame.offset else ''}{where}"
    if snapshot.ended:
        yield f"  backtrace: {snapshot.ended}"
    if snapshot.backtrace and not snapshot.frames:
        yield f"  backtrace: {' ← '.join(snapshot.backtrace)}"
    for note in snapshot.notes:
        yield f"  note: {note}"


def columns(cells: list[str]) -> Iterator[str]:
    """Yield `cells` side by side, as many as fit."""
    width = max(map(len, cells), default=0) + 1
    count = max(1, WIDTH // width) if cells else 1
    for start in range(0, len(cells), count):
        yield "".join(cell.ljust(width) for cell in cells[start : start + count]).rstrip()
