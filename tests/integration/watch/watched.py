"""Builds programs for the tests of the watch, and watches them."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from harness.build import build
from harness.build.ambient import ambient
from harness.build.recipe import recipe
from harness.build.store import Binary, Store
from harness.case import Case
from harness.host import faults, golang
from harness.probe.guest import Guest
from harness.process.spec import Command
from harness.run.execute import guest_environment
from harness.snapshot import WATCH_BY
from harness.target import Target
from harness.watch.run import watch
from harness.watch.watcher import Watched

from ..support import CORPUS, load_case, shipped, target

OWN = Path(__file__).parent
ARCHES = ("amd64", "arm64", "riscv64", "s390x", "ppc64le", "mips64le", "arm")  # under QEMU; the last has 32 bits
TELLS_THREADS = ("amd64", "riscv64", "ppc64le")  # by a register, in QEMU's log
SENTINELS = CORPUS / "conversions" / "callee_saved"


def with_sentinels(name: str, folder: Path) -> Case:
    """Return the program `name` of this folder as a case in `folder`, with the corpus's assembly beside it."""
    place = folder / "watched" / name
    shutil.copytree(OWN / name, place)
    shutil.copytree(SENTINELS / "clobber", place / "clobber")
    for file in (*SENTINELS.glob("sentinels_*.S"), SENTINELS / "sentinels.h"):
        shutil.copy(file, place)
    return load_case(place)


def of_release(arch: str, release: str = "", runner: str = "qemu") -> Target:
    """Return `arch` with a `release` of Go; by default the one of the corpus."""
    if not release:
        return target(arch, runner)
    pin = replace(shipped().go, release=release)
    golang.ensure(pin)
    return target(arch, runner, replace(shipped(), go=pin))


def built(
    case: Case, arch: str, environ: dict[str, str] | None = None, release: str = "", runner: str = "qemu"
) -> Binary:
    """Build the first variant of `case` with the environment and a release of Go."""
    made = recipe(case, case.variants[0], of_release(arch, release, runner), ambient({**os.environ, **(environ or {})}))
    (found,) = build(Store(), [made]).values()
    assert isinstance(found, Binary), found
    return found


def guest(
    case: Case,
    arch: str,
    environ: dict[str, str] | None = None,
    arguments: tuple[str, ...] = (),
    release: str = "",
    runner: str = "qemu",
) -> Guest:
    """Build `case` with the environment and a release of Go; return what is to run."""
    binary = built(case, arch, environ, release, runner)
    settings = case.variants[0].run
    command = Command((), guest_environment(settings, binary), 60.0)
    return Guest(target(arch, runner), binary.program, arguments or settings.args, command)


def watched(
    case: Case,
    arch: str,
    environ: dict[str, str] | None = None,
    arguments: tuple[str, ...] = (),
    release: str = "",
    runner: str = "qemu",
    by: str = WATCH_BY[0],
) -> Watched:
    """Build `case` with the environment and a release of Go, and watch it."""
    return watch(guest(case, arch, environ, arguments, release, runner), faults.load(), by)
