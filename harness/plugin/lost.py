"""The verdict of an item that gave none: its worker died, a hook skipped it, or something failed that never should."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from harness.case import CASE_FILE
from harness.observation import Verdict, Word
from harness.plugin.state import case_name

_ITEM = re.compile(
    rf"(?P<path>.*{CASE_FILE})::(?P<kind>run|diff)\[(?:(?P<against>[^]~-]+)~)?(?P<target>[^]~-]+)(?:-(?P<variant>.+))?]"
)


def left_by(report: pytest.TestReport, rootpath: Path) -> dict[str, Any] | None:
    """Return what the item of a `report` without a verdict leaves for the records: BROKEN or SKIP.

    None where it is of no run or diff item, or says nothing: it passed so far, or its item had a verdict (teardown).
    All that is known of the item is its id, which says what it was of.
    """
    if report.passed or report.when == "teardown":
        return None
    item = _ITEM.fullmatch(report.nodeid)
    if item is None:
        return None
    case = case_name(Path(rootpath, item["path"]))
    lines = report.longreprtext.strip().splitlines() or ["no reason was given"]
    word = Word.SKIP if report.skipped else Word.BROKEN
    cause = f"no verdict: {_cause(report.longrepr) or lines[-1]}"
    verdict = Verdict(
        *(report.nodeid, item["kind"], case, item["target"], item["variant"] or "", word, cause),
        against=item["against"],
        detail=tuple(lines),
    )
    return {"observations": [], "verdict": verdict.to_json(), "lonely": False}


def _cause(longrepr: Any) -> str:
    if isinstance(longrepr, tuple):  # of a skip: file, line and reason
        return str(longrepr[2]).partition("\n")[0]
    crash = getattr(longrepr, "reprcrash", None)
    return str(crash.message).partition("\n")[0] if crash else ""
