"""What a snapshot costs beyond the run itself, against a gdb-multiarch script on the same stub.

    python benchmarks/snapshot.py [--arch arm64] [--rounds 9]

In each round, in turn, under QEMU: the bare run; one snapshot of all registers by our stub client; the same by
`gdb-multiarch -batch` (break, continue, info all-registers, kill) on QEMU's stub; of a small C program and of a Go
program of the corpus. Then of the C program a thousand snapshots by the log and by the stub. What is printed is the
time beyond the bare run of the same program in the same round. Our side is measured from inside a Python process that
is already there, as it is in a pytest session; gdb has to be started, and reads the program's symbols anew each time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.measure import spread
from harness.host import resolve
from harness.probe.guest import Guest
from harness.probe.take import LOG, STUB, take
from harness.process import client
from harness.process.spec import Command
from harness.run.runners import RUNNERS
from harness.snapshot import Probe
from harness.target import Target
from harness.toolchain import load_all

CASE = Path(__file__).resolve().parent.parent / "cases" / "conversions" / "export_callback"
GO_PLACE = "crosscall2"
HITS = 1000
SOURCE = f"""
#include <stdio.h>
__attribute__((noipa)) double add3(int a, long b, double c) {{ return a + b + c; }}
int main(void)
{{
    double total = 0;
    for (int i = 0; i < {HITS}; i++)
        total += add3(i, 2, 2.5);
    printf("%g\\n", total);
    return 0;
}}
"""


def c_program(target: Target, folder: Path) -> Path:
    """Return the small program, with fixed addresses."""
    (folder / "hot.c").write_text(SOURCE)
    program = folder / "hot"
    subprocess.run([*target.cc.command, "-O1", "-g", "-no-pie", "-o", program, folder / "hot.c"], check=True)
    return program


def go_program(target: Target, folder: Path) -> Path:
    """Return the case ``conversions/export_callback``, as a plain `go build` makes it."""
    copy = folder / "case"
    shutil.copytree(CASE, copy)
    (copy / "go.mod").write_text("module loop.test/case\n\ngo 1.21\n")
    flags = {"GOFLAGS": "", "GOTOOLCHAIN": "local", "CGO_ENABLED": "1", "CC": " ".join(target.cc.command)}
    env = {**os.environ, **flags, "GOARCH": target.toolchain.goarch, **target.toolchain.go_env}
    program = folder / "go-program"
    subprocess.run([target.go.command, "build", "-o", program, "."], cwd=copy, env=env, check=True)
    return program


def with_gdb(guest: Guest, place: str, folder: Path) -> None:
    """Do with gdb what one snapshot by the stub does. Raises RuntimeError where it shows no registers."""
    listen = folder / "gdb.sock"
    listen.unlink(missing_ok=True)
    argv = RUNNERS[guest.platform.runner].command(guest.platform, guest.program, (), ("-g", str(listen)))
    env = {**os.environ, "GODEBUG": "asyncpreemptoff=1"}  # as ours: gdb hangs for ever with a preempted Go program
    server = subprocess.Popen(argv, stdout=subprocess.DEVNULL, env=env)
    try:
        while not listen.exists():
            time.sleep(0.0005)
        lines = [
            f"file {guest.program}",
            f"target remote {listen}",
            f"break *{place}",
            "continue",
            "info all-registers",
        ]
        words = [word for line in (*lines, "kill") for word in ("-ex", line)]
        done = subprocess.run(
            ["gdb-multiarch", "-nx", "-batch", *words], capture_output=True, text=True, check=False, timeout=60
        )
        if "Breakpoint 1," not in done.stdout or done.returncode:
            raise RuntimeError(f"gdb did not stop at {place}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    finally:
        server.kill()
        server.wait()


def seconds(what: Callable[[], object]) -> float:
    """Return how long `what` takes."""
    started = time.monotonic()
    what()
    return time.monotonic() - started


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--arch", default="arm64")
    options.add_argument("--rounds", type=int, default=9)
    chosen = options.parse_args()
    target = resolve.resolve(load_all(), chosen.arch, "qemu")
    assert isinstance(target, Target), target
    with tempfile.TemporaryDirectory(prefix="crossabi-bench-") as text:
        folder = Path(text)
        options = ((), Command((), {}, 60.0))
        c, go = (Guest(target, make(target, folder), *options) for make in (c_program, go_program))

        def snapshots(guest: Guest, place: str, source: str, hits: int = 1) -> None:
            taken = take(guest, [Probe(place, first=1, last=hits)], source)
            assert len(taken.snapshots) == hits, taken

        ways: dict[str, tuple[Guest, Callable[[], object]]] = {
            "C: one, by our stub client": (c, lambda: snapshots(c, "add3", STUB)),
            "C: one, by gdb-multiarch": (c, lambda: with_gdb(c, "add3", folder)),
            "Go: one, by our stub client": (go, lambda: snapshots(go, GO_PLACE, STUB)),
            "Go: one, by gdb-multiarch": (go, lambda: with_gdb(go, GO_PLACE, folder)),
            f"C: {HITS}, by the log": (c, lambda: snapshots(c, "add3", LOG, HITS)),
            f"C: {HITS}, by the stub": (c, lambda: snapshots(c, "add3", STUB, HITS)),
        }
        for _, way in ways.values():
            way()
        rows: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(chosen.rounds):
            bare = {guest.program: seconds(lambda: client.run(guest.under())) for guest in (c, go)}  # noqa: B023
            for name, (guest, way) in ways.items():
                rows[name].append(seconds(way) - bare[guest.program])
    print(f"{target.id}: time beyond the bare run, {chosen.rounds} rounds")
    for name, values in rows.items():
        print(f"    {name:<28} {spread([1000 * value for value in values], ' ms')}")
    for kind in ("C", "Go"):
        pairs = zip(rows[f"{kind}: one, by our stub client"], rows[f"{kind}: one, by gdb-multiarch"], strict=True)
        print(f"    {kind + ': gdb / ours':<28} median {statistics.median(other / mine for mine, other in pairs):.1f}")


if __name__ == "__main__":
    main()
