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
from harness.abi.conventions.go import GO_ABI0, GO_INTERNAL  # noqa: E402
from harness.abi.place import Convention  # noqa: E402
from tests.integration.abi import go_sides, sides  # noqa: E402
from tests.integration.abi.test_agreement import signatures  # noqa: E402
from tests.integration.support import target  # noqa: E402
from tests.signatures import go  # noqa: E402

DOC = HERE / "docs" / "conventions.md"
BEGIN, END = "<!-- agreement: written by tools/agreement.py -->", "<!-- end -->"
BATCH, OF_C_LEAST, OF_GO_LEAST = 100, 2000, 500


def of_c(convention: Convention, numbers: range, folder: Path) -> list[sides.Disagreement]:
    made = signatures(convention, numbers)
    data = sides.run(target(convention.arch), sides.source(convention, made), folder)
    return list(sides.held(convention, made, data))


def of_go(convention: Convention, numbers: range, folder: Path) -> list[sides.Disagreement]:
    made = [(number, go.made(convention.model, number)) for number in numbers]
    data = go_sides.run(target(convention.arch), go_sides.sources(convention, made), folder)
    return list(go_sides.held(convention, made, data))


def all_of() -> Iterator[tuple[str, Convention, Callable[..., Any], int, str]]:
    for arch, row in OF_C.items():
        yield arch, row, of_c, OF_C_LEAST, target(arch).cc.version
    for row in (*GO_INTERNAL.values(), *GO_ABI0.values()):
        yield f"{row.name}-{row.arch}", row, of_go, OF_GO_LEAST, target(row.arch).go.release


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
    for name, convention, hold, least, compiler in all_of():
        if only and name not in only:
            continue
        count, wrong = options.signatures or least, []
        cpu, wall = seconds(), time.monotonic()
        for first in range(0, count, BATCH):
            with tempfile.TemporaryDirectory() as folder:
                wrong += hold(convention, range(first, min(count, first + BATCH)), Path(folder))
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
