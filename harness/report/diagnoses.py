"""What is wrong with calls that were probed, or right by accident, in a few lines under the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

FULL = 2  # targets of which the evidence is shown, of one call and one diagnosis


class Diagnoses:
    """Collects the diagnoses of verdicts (as they stand in the records)."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], dict[str, dict[str, tuple[str, ...]]]] = {}  # by case and call, name, target

    def add(self, verdict: Mapping[str, Any]) -> None:
        """Take in one verdict."""
        variant = f" [{verdict['variant']}]" if verdict["variant"] else ""
        for row in verdict["diagnoses"]:
            by_name = self._found.setdefault((verdict["case"] + variant, row["call"]), {})
            by_name.setdefault(row["name"], {})[verdict["target"]] = tuple(row["lines"])

    def lines(self) -> Iterator[str]:
        """Yield each call with what is said of it, by target."""
        for (case, call), by_name in sorted(self._found.items()):
            yield f"  {case}: {call}"
            for name, by_target in by_name.items():
                for target, lines in list(by_target.items())[:FULL]:
                    first, *rest = lines
                    yield f"      {target}: {name}: {first}"
                    yield from (f"      {line}" for line in rest)
                others = list(by_target)[FULL:]
                if others:
                    yield f"      {', '.join(others)}: {name}, for the same reason (--records=FILE has each)"
