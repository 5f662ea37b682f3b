"""What the harness costs: the corpus through pytest against a shell loop of the same `go build` and `qemu-*`.

    python benchmarks/overhead.py [--arch amd64,arm64] [--rounds 3] [--workers 2]

Three comparisons, each as a ratio (ours / theirs) with its spread:

- cold: an empty store and an empty Go build cache on both sides;
- unchanged: everything was built and nothing changed;
- collection: ten thousand generated case files, in seconds (there is no alternative to compare with).

The loop is what a maintainer would write: for each case and architecture `go build -o DIR/case .` in the case's
folder with GOARCH and CC, then the program, as many side by side as we do (xargs -P). It compares nothing and checks
nothing. Cases that are not plain Go programs (c-host, C libraries, settings of their own) are left out on both sides.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.measure import Side, compare, seconds, spread
from harness import case as cases
from harness.case import BuildSettings, Case
from harness.host import golang, resolve
from harness.run.runners import RUNNERS
from harness.target import Target
from harness.toolchain import Toolchains, load_all

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "cases"
MANY = 10_000


def plain_cases(toolchains: Toolchains) -> list[Case]:
    """Return the cases that a loop of `go build` can build: no settings, one variant, builds on every architecture."""
    names = tuple(toolchains.synonyms.items())
    found = [
        cases.load(path, f"{path.parent.parent.name}/{path.parent.name}", names)
        for path in sorted(CORPUS.glob("*/*/case.yaml"))
    ]
    return [
        case
        for case in found
        if case.kind == "program"
        and len(case.variants) == 1
        and case.variants[0].build == BuildSettings()
        and not any(path.is_dir() for path in case.folder.iterdir())
    ]


def loop_lines(targets: list[Target], chosen: list[Case], out: Path) -> list[str]:
    """Return one shell line for each case and architecture: build, then run."""
    lines = []
    for target in targets:
        for case in chosen:
            program = out / target.id / case.folder.name
            command = RUNNERS[target.runner].command(target, program, case.variants[0].run.args)
            build = f"GOARCH={target.toolchain.goarch} CC={shlex.join(target.cc.command)} {target.go.command} build"
            run = f"(cd /tmp && {shlex.join(command)} >/dev/null 2>&1 </dev/null; true)"
            lines.append(f"cd {case.folder} && {build} -o {program} . && {run}")
    return lines


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--arch", default="amd64,arm64")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    chosen = options.parse_args()
    toolchains = load_all()
    golang.ensure(toolchains.go, print)
    targets = [resolve.resolve(toolchains, arch) for arch in chosen.arch.split(",")]
    usable = [target for target in targets if isinstance(target, Target)]
    programs = plain_cases(toolchains)
    print(f"{len(programs)} cases on {', '.join(target.id for target in usable)}, {chosen.workers} side by side\n")
    with tempfile.TemporaryDirectory(prefix="crossabi-bench-") as text:
        work = Path(text)
        ours, theirs = sides(work, usable, programs, chosen.workers)
        compare("cold", ours(cold=True), theirs(cold=True), chosen.rounds)
        seconds(ours(cold=False)), seconds(theirs(cold=False))
        compare("unchanged", ours(cold=False), theirs(cold=False), chosen.rounds + 2)
        collection(work, chosen.rounds)


def sides(work: Path, targets: list[Target], programs: list[Case], workers: int):  # type: ignore[no-untyped-def]
    """Return two functions that make the sides of a comparison, cold or not."""
    script = work / "loop.txt"
    copies = work / "loop"
    for case in programs:
        copy = copies / case.folder.relative_to(CORPUS)
        shutil.copytree(case.folder, copy)
        (copy / "go.mod").write_text("module loop.test/case\n\ngo 1.21\n")
    lines = loop_lines(targets, programs, work / "out")
    script.write_text("".join(line.replace(str(CORPUS), str(copies)) + "\0" for line in lines))
    base = {name: value for name, value in os.environ.items() if name not in ("GOFLAGS", "CROSSABI_CACHE")}

    def empty(*folders: Path) -> None:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)

    def ours(*, cold: bool) -> Side:
        store, gocache = work / "store", work / "gocache-ours"
        argv = [sys.executable, "-m", "pytest", "-q", f"--jobs={workers}", "-p", "no:cacheprovider"]
        argv += [f"--arch={','.join(target.id for target in targets)}", *(str(case.path) for case in programs)]
        env = {**base, "CROSSABI_CACHE": str(store), "GOCACHE": str(gocache)}
        return Side("pytest", argv, env, lambda: empty(store / "store", gocache) if cold else None)

    def theirs(*, cold: bool) -> Side:
        gocache = work / "gocache-loop"
        env = {**base, "GOCACHE": str(gocache), "GOTOOLCHAIN": "local", "CGO_ENABLED": "1"}
        argv = ["xargs", "-0", "-a", str(script), "-P", str(workers), "-n", "1", "sh", "-c"]
        return Side("shell loop", argv, env, lambda: empty(work / "out", gocache) if cold else None)

    return ours, theirs


def collection(work: Path, rounds: int) -> None:
    """Time the collection of many generated case files, each of another content."""
    folder = work / "many"
    for number in range(MANY):
        place = folder / "cases" / f"g{number // 100:03}" / f"c{number % 100:02}"
        place.mkdir(parents=True)
        (place / "case.yaml").write_text(
            f"kind: program\nabout: generated case {number}\nrun:\n  args: [{number}a]\nexpect:\n  exit: 0\n"
            f"  stdout: |\n    {number}\n  per_arch:\n    - arches: [amd64]\n      reason: number {number}\n"
            f"      stdout: |\n        -{number}\n"
        )
    # hypothesis is a tool of this project's tests; its pytest plugin, which a user need not have, costs a second
    plugins = ["-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
    argv = [sys.executable, "-m", "pytest", "-q", "--collect-only", "--arch=arm64", *plugins]
    side = Side("collection", [*argv, f"--rootdir={folder}", str(folder / "cases")], os.environ)
    print(f"collection of {MANY} case files: {spread([seconds(side) for _ in range(rounds)], ' s')}")


if __name__ == "__main__":
    main()
