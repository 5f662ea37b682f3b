"""What the watch on crossings costs: the corpus through pytest with --watch-crossings against the same without.

    python benchmarks/watch.py [--arch arm64] [--rounds 5] [--workers 2] [--cpu] [cases/crossings …]

The store is warm on both sides, so that it is the runs that are compared. Both sides are run in turn under QEMU, each
round gives a ratio, and the ratio comes with its spread. --cpu counts processor seconds instead of wall time, for a
machine that has other work too. Without folders: cases/conversions and cases/crossings.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.measure import Side, compare, cpu_seconds, seconds

ROOT = Path(__file__).resolve().parent.parent
GROUPS = [str(ROOT / "cases" / name) for name in ("conversions", "crossings")]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--arch", default="arm64")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--cpu", action="store_true")
    options.add_argument("folders", nargs="*", default=GROUPS)
    chosen = options.parse_args()
    argv = [sys.executable, "-m", "pytest", "-q", f"--arch={chosen.arch}", "--runner=qemu", "-n", str(chosen.workers)]
    argv += ["-p", "no:cacheprovider", *chosen.folders]
    watched = Side("watched", [*argv, "--watch-crossings"], os.environ)
    plain = Side("not watched", argv, os.environ)
    for side in (watched, plain):
        seconds(side)  # fills the store
    names = " and ".join(Path(folder).name for folder in chosen.folders)
    compare(f"{names} on {chosen.arch}", watched, plain, chosen.rounds, cpu_seconds if chosen.cpu else seconds)


if __name__ == "__main__":
    main()
