"""What the watch on crossings saw, in a few lines under the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any


class Crossings:
    """Adds up the watch's part of observations (as they stand in the records)."""

    def __init__(self) -> None:
        self._seen: dict[str, Counter[str]] = {}
        self._known: dict[str, Counter[str]] = {}
        self._unwatched: dict[str, list[str]] = {}

    def add(self, observation: Mapping[str, Any]) -> None:
        """Take in one observation."""
        target = observation["target"]
        if observation["unwatched"]:
            targets = self._unwatched.setdefault(observation["unwatched"], [])
            if target not in targets:
                targets.append(target)
            return
        self._seen.setdefault(target, Counter()).update(observation["crossings"])
        for known, count in observation["known_alarms"].items():
            self._known.setdefault(known, Counter())[target] += count

    def lines(self) -> list[str]:
        """Return how many crossings were held against the ABI, what is known, and what was not watched."""
        lines = [
            f"  {target}: {', '.join(f'{count} {name}' for name, count in sorted(seen.items())) or 'none'}"
            for target, seen in self._seen.items()
        ]
        for known, counts in sorted(self._known.items()):
            where = ", ".join(f"{target} {count}" for target, count in counts.items())
            lines.append(f"  known, {known}: {where} (toolchains/emulator-faults.yaml)")
        lines += [f"  not watched: {', '.join(targets)}: {why}" for why, targets in self._unwatched.items()]
        return lines
