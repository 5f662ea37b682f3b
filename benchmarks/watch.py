"""What the watch on crossings costs: the corpus through pytest with --watch-crossings against the same without.

    python benchmarks/watch.py [--arch arm64] [--rounds 5] [--workers 2]

The store is warm on both sides, so that it is the runs that are compared. The ratio comes with its spread.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.measure import Side, compare, seconds

CORPUS = Path(__file__).resolve().parent.parent / "cases"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--arch", default="arm64")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--workers", type=int, default=2)
    chosen = options.parse_args()
    argv = [sys.executable, "-m", "pytest", "-q", f"--arch={chosen.arch}", "-n", str(chosen.workers)]
    argv += ["-p", "no:cacheprovider", str(CORPUS)]
    watched = Side("watched", [*argv, "--watch-crossings"], os.environ)
    plain = Side("not watched", argv, os.environ)
    seconds(watched), seconds(plain)
    compare(f"the corpus on {chosen.arch}", watched, plain, chosen.rounds)


if __name__ == "__main__":
    main()
