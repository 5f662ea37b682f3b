"""Hold every convention against the compilers, and write down in docs/conventions.md how many signatures agree.

    .venv/bin/python tools/agreement.py [--only amd64,go-internal-arm64] [--signatures 2000]

Ends with 1, and writes nothing, if one does not. Needs `crossabi setup --arch=all`.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HERE))

from harness.abi.conventions import OF_C  # noqa: E402
from harness.abi.place import Convention  # noqa: E402
from tests.integration.abi import go_sides, sides, test_agreement, test_go_agreement  # noqa: E402
from tests.integration.support import target  # noqa: E402

DOC = HERE / "docs" / "conventions.md"
BEGIN, END = "<!-- agreement: written by tools/agreement.py -->", "<!-- end -->"
BATCH, OF_C_LEAST, OF_GO_LEAST = 100, 2000, 500


def all_of() -> Iterator[tuple[str, Convention, Callable[..., Any], Callable[..., Any], int, str]]:
    """Yield each convention: its name, what runs signatures and what holds them, how many, and by which compiler."""
    for arch, row in OF_C.items():
        yield arch, row, test_agreement.run, sides.held, OF_C_LEAST, target(arch).cc.version
    for name, row in test_go_agreement.ALL.items():
        yield name, row, test_go_agreement.run, go_sides.held, OF_GO_LEAST, target(row.arch).go.release


def seconds() -> float:
    """Return the processor seconds of this process and its children so far."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--signatures", type=int, default=0)
    options = parser.parse_args()
    only = set(filter(None, options.only.split(",")))
    rows, bad = [], 0
    for name, convention, run, held, least, compiler in all_of():
        if only and name not in only:
            continue
        count, wrong = options.signatures or least, []
        cpu, wall = seconds(), time.monotonic()
        for first in range(0, count, BATCH):
            with tempfile.TemporaryDirectory() as folder:
                made, data = run(convention, range(first, min(count, first + BATCH)), Path(folder))
                wrong += held(convention, made, data)
        cpu, wall = seconds() - cpu, time.monotonic() - wall
        for row in wrong:
            print(f"{name} {row.number} {row.what}: {row.says}\n  {row.signature}")
        bad += len(wrong)
        agreed = count - len({row.number for row in wrong})
        cells = (
            convention.name,
            convention.arch,
            compiler,
            str(count),
            str(agreed),
            f"{wall:.0f}",
            f"{count / cpu:.0f}",
        )
        rows.append(f"| {' | '.join(cells)} |")
        print(rows[-1], flush=True)
    if bad:
        return 1
    if not only:
        head = (
            "| convention | architecture | compiler | signatures | that agree | seconds | a CPU second |\n"
            + "|---" * 7
            + "|"
        )
        text = DOC.read_text()
        before, after = text.partition(BEGIN)[0], text.partition(END)[2]
        DOC.write_text("\n".join((before + BEGIN, head, *rows, END)) + after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
