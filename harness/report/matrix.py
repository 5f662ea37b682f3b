"""The table at the end: rows are cases, columns are architectures, and below it why they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.compare.wording import sentence
from harness.observation import Divergence

_RUN_CELLS = {
    "PASS": ("ok", "green"),
    "FAIL": ("FAIL", "red"),
    "FLAKY": ("flaky", "yellow"),
    "BROKEN": ("BROKEN", "magenta"),
    "TIMEOUT": ("TIMEOUT", "red"),
    "SKIP": ("skip", "yellow"),
}
_DIFF_MARKS = {
    "PASS": ("=", "green"),
    "XFAIL": ("≠ declared", "cyan"),
    "FAIL": ("≠ DIVERGES", "red"),
    "XPASS": ("= UNEXPECTED", "red"),
    "BROKEN": ("?", "magenta"),
    "TIMEOUT": ("?", "red"),
    "SKIP": ("", "yellow"),
}
_SEVERITY = ("yellow", "green", "cyan", "magenta", "red")


@dataclass
class Row:
    """One case or variant: run and diff verdicts by architecture, as plain data."""

    runs: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    diffs: list[Mapping[str, Any]] = field(default_factory=list)


@dataclass
class Matrix:
    """Collects verdicts (as they stand in the records) and renders them."""

    order: Sequence[str] = ()
    rows: dict[str, Row] = field(default_factory=dict)

    def add(self, verdict: Mapping[str, Any]) -> None:
        """Take in one verdict."""
        if verdict["kind"] not in ("run", "diff"):
            return
        name = verdict["case"] + (f" [{verdict['variant']}]" if verdict["variant"] else "")
        row = self.rows.setdefault(name, Row())
        if verdict["kind"] == "run":
            row.runs[verdict["target"]] = verdict
        else:
            row.diffs.append(verdict)

    @property
    def columns(self) -> list[str]:
        """The architectures that a verdict is of, in the table's order."""
        seen = {target for row in self.rows.values() for target in row.runs}
        seen |= {str(diff["target"]) for row in self.rows.values() for diff in row.diffs}
        known = [arch for arch in self.order if arch in seen]
        return known + sorted(seen - set(known))

    def cell(self, row: Row, column: str) -> tuple[str, str]:
        """Return the text and colour of one cell: how the run went, and how it compares with its reference."""
        run = row.runs.get(column)
        marks = [_DIFF_MARKS[diff["verdict"]] for diff in row.diffs if diff["target"] == column]
        if run is None and not marks:
            return "·", "dim"
        text, colour = _RUN_CELLS.get(run["verdict"], (run["verdict"], "red")) if run else ("", "green")
        worst = max(marks, key=lambda mark: _SEVERITY.index(mark[1]), default=("", ""))
        if worst[0]:
            colour = worst[1] if worst[1] in ("red", "cyan", "magenta") and colour == "green" else colour
        return f"{text} {worst[0]}".strip(), colour

    def differences(self) -> list[str]:
        """Return, for each case with declared divergences that were found, what differs from whom and why."""
        lines = []
        for name, row in sorted(self.rows.items()):
            found = [diff for diff in row.diffs if diff["verdict"] == "XFAIL"]
            if not found:
                continue
            lines.append(f"  {name}")
            for (against, divergences), targets in _alike(found).items():
                shown = sentence(divergences, against, targets[0])
                lines.append(f"      {against} ≠ {', '.join(targets)}: {shown}")
            for reason, arches in _reasons(found).items():
                lines.append(f"      why {', '.join(arches)}: {reason}")
        return lines

    def plain(self) -> list[str]:
        """Return the table as aligned text without colour."""
        columns = self.columns
        body = [[name, *(self.cell(row, column)[0] for column in columns)] for name, row in sorted(self.rows.items())]
        table = [["case", *columns], *body]
        widths = [max(len(line[number]) for line in table) for number in range(len(columns) + 1)]
        return [
            "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in table
        ]

    def rich(self, width: int) -> str:
        """Return the table with colours and rules, for a terminal `width` columns wide."""
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        table = Table(box=None, header_style="bold", pad_edge=False)
        table.add_column("case", overflow="fold")
        for column in self.columns:
            table.add_column(column, overflow="fold")
        for name, row in sorted(self.rows.items()):
            cells = [self.cell(row, column) for column in self.columns]
            table.add_row(escape(name), *(f"[{colour}]{text}[/]" for text, colour in cells))
        console = Console(width=width, force_terminal=True, color_system="standard", highlight=False)
        with console.capture() as capture:
            console.print(table)
        return capture.get().rstrip("\n")


def _alike(diffs: Sequence[Mapping[str, Any]]) -> dict[tuple[str, tuple[Divergence, ...]], list[str]]:
    """Group the targets of diffs that show the same divergences against the same side."""
    groups: dict[tuple[str, tuple[Divergence, ...]], list[str]] = {}
    for diff in diffs:
        found = tuple(Divergence(**row) for row in diff["divergences"])
        groups.setdefault((diff["against"], found), []).append(diff["target"])
    return groups


def _reasons(diffs: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Group the architectures that share a declared reason."""
    groups: dict[str, list[str]] = {}
    for diff in diffs:
        for arch, reason in diff["reasons"].items():
            arches = groups.setdefault(reason, [])
            if arch not in arches:
                arches.append(arch)
    return groups
