"""`--records=FILE`: JSON Lines, one object an observation and one a verdict (docs/records.md)."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from harness.errors import UsageError

FORMAT = 1


class RecordsFile:
    """Appends records as they come, a whole line at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("w", encoding="utf-8")
        except OSError as error:
            raise UsageError(
                f"--records={path}: cannot be written: {error.strerror}", mend="name another file"
            ) from error

    def write(self, left: Mapping[str, Any]) -> None:
        """Write what one item left: its observations, then its verdict. Raises UsageError on a full disk."""
        rows = [{"type": "observation", **row} for row in left["observations"]]
        rows.append({"type": "verdict", **left["verdict"]})
        try:
            self._file.writelines(json.dumps({"format": FORMAT, **row}) + "\n" for row in rows)
            self._file.flush()
        except OSError as error:
            raise UsageError(f"{self.path}: cannot be written: {error.strerror}", mend="free some space") from error

    def close(self) -> None:
        """End the file; what could not be written has been told."""
        with contextlib.suppress(OSError):
            self._file.close()

    def __enter__(self) -> RecordsFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
