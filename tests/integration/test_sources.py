"""QEMU's log and its debugging stub about one and the same run: equal in every register that both have.

The whole corpus on each architecture (a few cases in `make test`).
The stub stops the program, and the log writes the same place as the program is stepped off it: so no
difference is one of two runs.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.build import build
from harness.build.ambient import ambient
from harness.build.recipe import recipe
from harness.build.store import Binary, Store
from harness.elf import places
from harness.probe import reader
from harness.probe.guest import Guest
from harness.probe.image import main_module
from harness.probe.take import STUB, take
from harness.process.spec import Command
from harness.qemulog.layouts import LAYOUTS
from harness.qemulog.records import Splitter
from harness.run.execute import guest_environment
from harness.snapshot import Probe
from harness.stub.errors import StubBroken

from .stub import QEMU_ARCHES
from .support import CORPUS, deep, load_case, target

PLACES = ("main.main", "crosscall2", "x_cgo_init")
SPREAD = 6  # every which case `make test` tries
FIRST = 16 << 20  # bytes of the log that are read: the first hits are in them


@dataclass(frozen=True)
class Logged(Guest):
    """A guest whose emulator also writes its log into a file."""

    options: tuple[str, ...] = ()

    def under(self, *options: str, env: Mapping[str, str] | None = None) -> Command:
        return super().under(*self.options, *options, env=env)


@pytest.mark.parametrize(("arch", "every"), [("arm64", SPREAD), *(deep(arch, 1) for arch in QEMU_ARCHES)])
def test_the_sources_agree_on_every_case_of_the_corpus(arch: str, every: int, tmp_path: Path) -> None:
    on = target(arch, "qemu")
    cases = [load_case(path.parent) for path in sorted(CORPUS.glob("*/*/case.yaml"))][::every]
    recipes = {case.name: recipe(case, case.variants[0], on, ambient(os.environ)) for case in cases}
    built = build(Store(), list(recipes.values()))
    compared, unusable = 0, list[str]()
    for case in cases:
        binary = built[recipes[case.name].key]
        if not isinstance(binary, Binary):
            continue
        settings = case.variants[0].run
        command = Command((), {**guest_environment(settings, binary), "QEMU_RAND_SEED": "1"}, 120.0)
        program = places.load(binary.program)
        found = [name for name in PLACES if name in program.by_name]
        bias = main_module(Guest(on, binary.program, settings.args, command)).bias
        addresses = [address + bias for name in found for address in program.find(name).addresses]
        log = tmp_path / "log"
        guest = Logged(on, binary.program, settings.args, command, reader.options(addresses, log))
        try:
            taken = take(guest, [Probe(name, first=1, last=3) for name in found], STUB)
        except StubBroken:  # two threads at once, which QEMU's stub cannot tell apart (docs/limits.md)
            unusable.append(case.name)
            continue
        with log.open("rb") as file:
            splitter = Splitter(LAYOUTS[arch])
            records = [*splitter.feed(file.read(FIRST)), *splitter.end()]
        log.unlink()
        by_pc = defaultdict(list)
        for record in records:
            by_pc[record.pc].append(record.registers)
        for shot in taken.snapshots:
            assert shot.source.startswith("stub")
            wanted = by_pc[shot.pc]
            assert wanted, (case.name, shot.at)
            differing = [
                {
                    name: (hex(shot.registers[name]), hex(row[name]))
                    for name in row.keys() & shot.registers.keys()
                    if row[name] != shot.registers[name]
                }
                for row in wanted
            ]
            assert {} in differing, (case.name, shot.at, shot.hit, min(differing, key=len))
            assert len(wanted[0].keys() & shot.registers.keys()) >= len(wanted[0]) - 1
            compared += 1
    assert compared > 2 * len(cases)
    assert len(unusable) <= 4, unusable
