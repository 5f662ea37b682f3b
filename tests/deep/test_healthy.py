"""No diagnosis where nothing is wrong: Go's own cgo tests and right programs of the corpus, probed all over."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from integration.support import CORPUS, load_case, target
from integration.watch.watched import guest

from benchmarks import cgotests
from harness.abi import meaning
from harness.abi.diagnose import diagnose
from harness.abi.dwarf import NotKnown
from harness.elf import places
from harness.elf.places import Program
from harness.probe.guest import Guest
from harness.probe.take import take
from harness.process.spec import Command
from harness.snapshot import Probe, Snapshot

ARCHES = ("amd64", "arm64", "riscv64", "s390x", "ppc64le", "mips64le", "arm")
RIGHT = ("export_callback", "via_trampoline", "qsort_comparator", "nested_callback", "variadic_pointer", "vtable")
ONE_RUN, MOST = 60, 240
LIBRARY = 0.1  # of what is neither C's nor the program's own
OWN = ("main.", "cmd/cgo/internal/test")


def names(program: Program, arch: str) -> list[str]:
    """Return functions that can be decoded: all of C and of the program's own, and a part of Go's library."""
    found = []
    for function in program.functions:
        is_library = "." in function.name and not function.name.startswith(OWN)
        if is_library and random.Random(function.name).random() > LIBRARY:
            continue
        try:
            meaning.of(program, function, arch)
        except NotKnown:
            continue
        found.append(function.name)
    return random.Random(1).sample(unique := list(dict.fromkeys(found)), min(MOST, len(unique)))


def shots(of: Guest, wanted: Sequence[str]) -> Iterator[Snapshot]:
    for start in range(0, len(wanted), ONE_RUN):
        probes = [Probe(name, first=1, last=1, meant=True, doubted=True) for name in wanted[start : start + ONE_RUN]]
        taken = take(of, probes)
        assert taken.error is None, taken.error
        yield from taken.snapshots


def alarms(of: Guest, arch: str) -> tuple[int, list[str]]:
    """Return how many calls were looked at, and what was said of them."""
    program = places.load(of.program)
    seen = [
        shot for shot in shots(of, names(program, arch)) if shot.meant is not None and shot.meant.doubts is not None
    ]
    found = [(shot, diagnose(shot)) for shot in seen]
    return len(seen), [f"{shot.at}: {row.sentence}: {row.evidence}" for shot, row in found if row is not None]


@pytest.mark.parametrize("arch", ARCHES)
def test_nothing_is_wrong_with_go_s_own_cgo_tests(arch: str, tmp_path: Path) -> None:
    on = target(arch)
    program = tmp_path / "cgotest"
    cgotests.build(on, program)
    command = Command((), {}, float(cgotests.SECONDS))
    count, said = alarms(Guest(on, program, tuple(cgotests.arguments(arch)), command), arch)
    assert said == []
    assert count >= 40


@pytest.mark.parametrize("arch", ARCHES)
def test_nothing_is_wrong_with_right_programs_of_the_corpus(arch: str) -> None:
    counts = []
    for name in RIGHT:
        count, said = alarms(guest(load_case(CORPUS / "conversions" / name), arch), arch)
        assert said == []
        counts.append(count)
    assert sum(counts) >= 200
