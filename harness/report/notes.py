"""What happened beside the result: said under the table, so that a green run does not hide it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SHOWN = 10


class Notes:
    """Collects the notes of observations (as they stand in the records)."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], list[str]] = {}

    def add(self, observation: Mapping[str, Any]) -> None:
        """Take in one observation."""
        case = observation["case"] + (f" [{observation['variant']}]" if observation["variant"] else "")
        for note in observation["notes"]:
            targets = self._found.setdefault((case, note), [])
            if observation["target"] not in targets:
                targets.append(observation["target"])

    def lines(self) -> list[str]:
        """Return a line for each note, and how many more there are."""
        lines = [f"  {case} on {', '.join(targets)}: {note}" for (case, note), targets in sorted(self._found.items())]
        more = len(lines) - SHOWN
        return [*lines[:SHOWN], *([f"  and {more} more (--records=FILE has them all)"] if more > 0 else [])]
