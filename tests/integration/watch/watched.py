"""Builds programs for the tests of the watch, and watches them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from harness.build import build
from harness.build.ambient import ambient
from harness.build.recipe import recipe
from harness.build.store import Binary, Store
from harness.case import Case
from harness.host import faults
from harness.probe.guest import Guest
from harness.process.spec import Command
from harness.run.execute import guest_environment
from harness.watch.run import Watched, watch

from ..support import CORPUS, load_case, target

OWN = Path(__file__).parent
SENTINELS = CORPUS / "conversions" / "callee_saved"


def with_sentinels(name: str, folder: Path) -> Case:
    """Return the program `name` of this folder as a case in `folder`, with the corpus's assembly beside it."""
    place = folder / "watched" / name
    shutil.copytree(OWN / name, place)
    shutil.copytree(SENTINELS / "clobber", place / "clobber")
    for file in (*SENTINELS.glob("sentinels_*.S"), SENTINELS / "sentinels.h"):
        shutil.copy(file, place)
    return load_case(place)


def built(case: Case, arch: str, environ: dict[str, str] | None = None) -> Binary:
    """Build the first variant of `case` with the environment."""
    made = recipe(case, case.variants[0], target(arch, "qemu"), ambient({**os.environ, **(environ or {})}))
    (found,) = build(Store(), [made]).values()
    assert isinstance(found, Binary), found
    return found


def watched(case: Case, arch: str, environ: dict[str, str] | None = None, arguments: tuple[str, ...] = ()) -> Watched:
    """Build `case` with the environment and watch it."""
    binary = built(case, arch, environ)
    settings = case.variants[0].run
    command = Command((), guest_environment(settings, binary), 60.0)
    guest = Guest(target(arch, "qemu"), binary.program, arguments or settings.args, command)
    return watch(guest, faults.load())
