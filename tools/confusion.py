"""Say how each way of calling a function wrongly is explained, and write that down in docs/diagnosis.md.

    .venv/bin/python tools/confusion.py [RECORDS]

Runs `pytest cases --arch=all` (or reads the records of such a run) and counts, over all probed calls of the corpus,
what a case says that a call is, against the diagnosis that came first; which other beliefs gave the same values; and
of what programs died.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE))

from harness import case as cases  # noqa: E402
from harness.abi.diagnose import diagnose  # noqa: E402
from harness.compare.calls import deaths  # noqa: E402
from harness.diagnoses import AT_RETURN  # noqa: E402
from harness.expectation import Called  # noqa: E402
from harness.observation import observation_from_json  # noqa: E402
from harness.snapshot import ENTRY, RETURN  # noqa: E402
from harness.toolchain import load_all  # noqa: E402

DOC = HERE / "docs" / "diagnosis.md"
BEGIN, END = "<!-- tools/confusion.py begins -->\n", "<!-- tools/confusion.py ends -->\n"
RIGHT = "(nothing wrong)"
_ALSO = re.compile(r"so do these readings: (.*)")


def records(path: Path) -> None:
    """Run the corpus on every architecture and keep its records at `path`."""
    argv = [sys.executable, "-m", "pytest", "-q", "cases", "--arch=all", f"--records={path}"]
    subprocess.run(argv, cwd=HERE, stdout=subprocess.DEVNULL, check=True)


def counted(path: Path) -> tuple[Counter[tuple[str, str]], dict[str, Counter[str]], dict[str, set[str]]]:
    """Return how often what was declared was said to be what, what else fitted, and on which architectures."""
    names = tuple(load_all().synonyms.items())
    known: dict[str, Any] = {}
    found: Counter[tuple[str, str]] = Counter()
    also: dict[str, Counter[str]] = {}
    where: dict[str, set[str]] = {}
    for line in path.read_text().splitlines():
        row = json.loads(line)
        if row["type"] != "observation" or not row["snapshots"]:
            continue
        seen = observation_from_json({key: value for key, value in row.items() if key not in ("type", "format")})
        if seen.case not in known:
            known[seen.case] = cases.load(HERE / "cases" / seen.case / cases.CASE_FILE, seen.case, names)
        variant = next(one for one in known[seen.case].variants if one.name == seen.variant)
        expect = variant.expect.on(seen.arch)
        for row in deaths(seen) if expect.death else ():
            found[expect.death, row.name] += 1
            where.setdefault(expect.death, set()).add(seen.arch)
        for shot in seen.snapshots:
            if shot.meant is None or shot.meant.why or (shot.when == ENTRY and shot.meant.doubts is None):
                continue
            called = expect.probes.get(shot.at, Called())
            said = diagnose(shot, called.arguments)
            is_here = (called.diagnosis in AT_RETURN) == (shot.when == RETURN)
            declared = called.diagnosis if called.diagnosis and is_here else RIGHT
            found[declared, said.name if said else RIGHT] += 1
            where.setdefault(declared, set()).add(seen.arch)
            for text in said.evidence if said else ():
                if match := _ALSO.fullmatch(text):
                    also.setdefault(declared, Counter()).update(match[1].split(", "))
    return found, also, where


def table(found: Counter[tuple[str, str]], also: dict[str, Counter[str]], where: dict[str, set[str]]) -> list[str]:
    """Return the table's lines."""
    lines = ["| what the call is | calls | architectures | named so, first | named otherwise | fitted as well |"]
    lines.append("|---|---|---|---|---|---|")
    for declared in sorted(where, key=lambda name: (name == RIGHT, name)):
        rows = {said: count for (of, said), count in found.items() if of == declared}
        others = ", ".join(f"{said} {count}" for said, count in sorted(rows.items()) if said != declared) or "none"
        fitted = ", ".join(f"`{name}` {count}" for name, count in sorted(also.get(declared, {}).items())) or ""
        name = declared if declared == RIGHT else f"`{declared}`"
        cells = (name, sum(rows.values()), len(where[declared]), rows.get(declared, 0), others, fitted)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def main() -> None:
    """Run, count, and write the table into the page."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(sys.argv[1]) if sys.argv[1:] else Path(folder) / "records.jsonl"
        if not sys.argv[1:]:
            records(path)
        lines = table(*counted(path))
    head, _, rest = DOC.read_text().partition(BEGIN)
    tail = rest.partition(END)[2]
    DOC.write_text("".join([head, BEGIN, *(f"{line}\n" for line in lines), END, tail]))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
