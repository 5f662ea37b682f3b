from dataclasses import replace

import pytest

from harness.observation import Environment, Verdict, Word
from harness.report.failure import environment_line, explain, printable
from harness.snapshot import Fault, Frame, Snapshot
from unit.samples import observed

VERDICT = Verdict("id", "run", "group/case", "arm64", "", Word.FAIL, "exit code: expected 0, got 1")
RERUN = "pytest cases --arch=arm64"


def test_the_least_is_the_cause_and_the_way_to_see_it_again() -> None:
    assert explain(VERDICT, [], RERUN) == f"FAIL: exit code: expected 0, got 1\n\nrerun: {RERUN}"


def test_everything_that_is_known_is_said_in_order() -> None:
    verdict = replace(
        VERDICT, detail=("one", "two"), outcomes={"exit 0": 3, "exit 1": 1}, normalised={"pid": 2, "address": 1}
    )
    seen = [
        observed(target=name, command=("qemu", "-L", "/x", "program"), environment=Environment(go="go1.27.4"))
        for name in ("amd64", "arm64", "s390x")
    ]
    assert explain(verdict, seen, RERUN).splitlines() == [
        "FAIL: exit code: expected 0, got 1",
        "",
        "one",
        "two",
        "",
        "outcomes:",
        "    3 × exit 0",
        "    1 × exit 1",
        "",
        "normalised: address 1, pid 2 (--raw shows the output as printed)",
        "",
        "amd64: go1.27.4",
        "    qemu -L /x program",
        "",
        "arm64: go1.27.4",
        "    qemu -L /x program",
        "",
        f"rerun: {RERUN}",
    ]


def test_one_outcome_is_no_distribution() -> None:
    assert "outcomes" not in explain(replace(VERDICT, outcomes={"exit 1": 1}), [], RERUN)


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        (Environment(), ""),
        (Environment(runner="native", go="go1.27.4"), "go1.27.4 · native"),
        (
            Environment("qemu", "go1.27.4", "gcc 12", "glibc 2.36", "qemu 7.2", "6.1", "cpu", {"GOX": "1", "A": "b"}),
            "go1.27.4 · gcc 12 · glibc 2.36 · qemu 7.2 · 6.1 · cpu · A=b GOX=1",
        ),
    ],
)
def test_the_environment_is_one_line(environment: Environment, line: str) -> None:
    assert environment_line(environment) == line


def test_a_program_cannot_drive_the_terminal_of_who_reads_about_it() -> None:
    assert printable("a\x1b[2J\x00\tb\nc\x9b\r") == "a\\x1b[2J\\x00\tb\nc\\x9b\\x0d"


def test_what_a_program_died_of_is_said_with_its_backtrace() -> None:
    frames = tuple(Frame(0x1000, f"f{number}", 4, "a.c", 7, 0) for number in range(18))
    fault = Fault("SIGSEGV", 0x10, "not mapped", ("=> 0x1004  ldr x0, [x1]",), ("kind", "why", "    evidence"))
    shot = Snapshot("fault", "fault", 1, "arm64", 0x1004, "f0+0x4", "stub: QEMU", frames=frames, fault=fault)
    told = Snapshot("fault", "fault", 1, "arm64", 1, "0x1", "Go's crash text", fault=replace(fault, astray=()))
    lines = explain(VERDICT, [observed(snapshots=(told, shot))], RERUN).splitlines()[2:]
    assert lines[:7] == [
        "what it died of at f0+0x4, seen in a second run (stub: QEMU):",
        "  SIGSEGV, address 0x10, not mapped",
        "  kind: why",
        "      evidence",
        "  => 0x1004  ldr x0, [x1]",
        "  #0   f0+0x4 at a.c:7",
        "  #1   f1+0x4 at a.c:7",
    ]
    assert "  and 2 more" in lines
