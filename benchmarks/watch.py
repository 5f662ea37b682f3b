"""What the watch on crossings costs: the corpus through pytest with --watch-crossings against the same without.

    python benchmarks/watch.py [--arch arm64] [--rounds 5] [--workers 2] [--cpu] [cases/crossings …]
    python benchmarks/watch.py --cgo-tests --cpu --rounds 2

The store is warm on both sides, so that it is the runs that are compared. Both sides are run in turn under QEMU, each
round gives a ratio, and the ratio comes with its spread. --cpu counts processor seconds instead of wall time, for a
machine that has other work too. Without folders: cases/conversions and cases/crossings. With --cgo-tests it is Go's
own cgo tests (cmd/cgo/internal/test of the pinned release, -test.short) that are run, by `crossabi run`, instead;
--cgo-run=REGEXP runs some of them only.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import cgotests
from benchmarks.measure import Side, compare, cpu_seconds, seconds
from harness.host.resolve import resolve
from harness.target import QEMU, Target
from harness.toolchain import load_all

ROOT = Path(__file__).resolve().parent.parent
GROUPS = [str(ROOT / "cases" / name) for name in ("conversions", "crossings")]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--arch", default="arm64")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--cpu", action="store_true")
    options.add_argument("--cgo-tests", action="store_true")
    options.add_argument("--cgo-run", default="", metavar="REGEXP")
    options.add_argument("folders", nargs="*", default=GROUPS)
    chosen = options.parse_args()
    measure = cpu_seconds if chosen.cpu else seconds
    if chosen.cgo_tests:
        with tempfile.TemporaryDirectory(prefix="crossabi-cgo-tests-") as folder:
            watched, plain = cgo_tests(chosen.arch, Path(folder) / "cgotest", chosen.cgo_run)
            compare(f"Go's own cgo tests on {chosen.arch}", watched, plain, chosen.rounds, measure)
        return
    watched, plain = cases(chosen.arch, chosen.workers, chosen.folders)
    for side in (watched, plain):
        seconds(side)  # fills the store
    names = " and ".join(Path(folder).name for folder in chosen.folders)
    compare(f"{names} on {chosen.arch}", watched, plain, chosen.rounds, measure)


def cases(arch: str, workers: int, folders: Sequence[str]) -> tuple[Side, Side]:
    """Return the cases of `folders` through pytest, watched and not."""
    argv = [sys.executable, "-m", "pytest", "-q", f"--arch={arch}", "--runner=qemu", "-n", str(workers)]
    argv += ["-p", "no:cacheprovider", *folders]
    return Side("watched", [*argv, "--watch-crossings"], os.environ), Side("not watched", argv, os.environ)


def cgo_tests(arch: str, program: Path, wanted: str) -> tuple[Side, Side]:
    """Build Go's cgo tests as `program`, and return those of them that match `wanted`, watched and not."""
    target = resolve(load_all(), arch, QEMU)
    if not isinstance(target, Target):
        sys.exit(f"{arch}: {target}")
    cgotests.build(target, program)
    run = [sys.executable, "-m", "harness.cli", "run", f"--timeout={cgotests.SECONDS}", "--runner=qemu"]
    tests = [str(program), "--", *cgotests.arguments(arch), *([f"-test.run={wanted}"] if wanted else [])]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return Side("watched", [*run, "--watch-crossings", *tests], env), Side("not watched", [*run, *tests], env)


if __name__ == "__main__":
    main()
