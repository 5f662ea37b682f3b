"""A program under probes prints and exits exactly as without them: the whole corpus, by the log and by the stub."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .stub import QEMU_ARCHES
from .support import CORPUS, PYTEST, command

# Their threads stop at once now and then, which QEMU's stub cannot tell apart: docs/limits.md
THREADS = ("c_thread_callback", "signals_in_c", "threads_come_and_go")


def verdicts(records: Path) -> dict[str, str]:
    rows = [json.loads(line) for line in records.read_text().splitlines()]
    return {row["item"]: row["verdict"] for row in rows if row["type"] == "verdict"}


@pytest.mark.deep
@pytest.mark.parametrize("arch", QEMU_ARCHES)
@pytest.mark.parametrize("probe", ["crosscall2", "crosscall2,both,1-3"], ids=["log", "stub"])
def test_every_verdict_of_the_corpus_is_the_same_under_probes(arch: str, probe: str, tmp_path: Path) -> None:
    found = []
    for number, options in enumerate(([], [f"--snapshot={probe}"])):
        records = tmp_path / f"{number}.jsonl"
        words = (f"--arch={arch}", "--runner=qemu", f"--records={records}", *options, str(CORPUS))
        command([*PYTEST, *words], CORPUS.parent, {"PYTHONDONTWRITEBYTECODE": "1"})
        found.append(verdicts(records))
    without, under = found
    assert under.keys() == without.keys()
    assert set(without.values()) <= {"PASS", "SKIP", "XFAIL"}
    others = {item: (without[item], word) for item, word in under.items() if word != without[item]}
    if "both" in probe:
        others = {item: words for item, words in others.items() if not any(f"/{name}/" in item for name in THREADS)}
    assert not others
