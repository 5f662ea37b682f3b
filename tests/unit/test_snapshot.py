import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.snapshot import Argument, Doubts, Fault, Frame, Meant, Probe, Reading, Snapshot, parse_hits, parse_probe


@pytest.mark.parametrize(
    ("text", "probe"),
    [
        ("add3", Probe("add3", "entry", 1, 3)),
        ("add3,both", Probe("add3", "both", 1, 3)),
        ("add3,return,2-", Probe("add3", "return", 2, None)),
        ("file.c:12,7", Probe("file.c:12", "entry", 7, 7)),
        ("main.f[go.shape.struct{a,b}]", Probe("main.f[go.shape.struct{a,b}]", "entry", 1, 3)),
        ("f,fault", Probe("f,fault", "entry", 1, 3)),
    ],
)
def test_a_probe_is_read_from_its_end(text: str, probe: Probe) -> None:
    assert parse_probe(text) == replace(probe, meant=True, doubted=True)


@pytest.mark.parametrize("text", ["", ",both", "add3,0-3", "add3,3-1"])
def test_what_is_no_probe_says_why(text: str) -> None:
    with pytest.raises(ValueError, match=r"names no place|no range of hits|ends before"):
        parse_probe(text)


@given(st.integers(1, 1 << 40), st.integers(0, 1 << 40))
def test_hits_are_read_as_written(first: int, more: int) -> None:
    assert parse_hits(f"{first}-{first + more}") == (first, first + more)


def test_a_snapshot_goes_to_json_and_back() -> None:
    shot = Snapshot(
        "f",
        "entry",
        2,
        "arm64",
        1 << 63,
        "f+0x4",
        "stub",
        "p1",
        {"x0": 1 << 64},
        {"v0": "why"},
        {16: b"\1"},
        ("f",),
        ("n",),
    )
    frames = (Frame(1 << 63, "f", 4, "f.c", 12, 1 << 62, 1 << 61), Frame(16, "main.main", 0, "", 0, 32))
    fault = Fault("SIGSEGV", None, "not known", ("=> nop",))
    for each in (shot, replace(shot, frames=frames, ended="why", fault=fault)):
        assert Snapshot.from_json(json.loads(json.dumps(each.to_json()))) == each


def test_what_registers_mean_and_what_is_doubted_of_it_goes_to_json_and_back() -> None:
    row = Argument("a", "int", "rdi", 7, "7")
    reading = Reading("called-as-go", "", "go-internal", (row,), False, True)
    doubts = Doubts(False, "main.call", "Go", 800, ("a: dirty",), ("sp is 8",), ("AL",), ("rbx",), ("b",), (reading,))
    blind = Argument("b", "double", "xmm0", None, "", "not available: xmm0")
    for meant in (Meant("sysv-amd64", (row, blind), (row,), doubts=doubts), Meant(why="no debug information")):
        shot = Snapshot("f", "entry", 1, "amd64", 1, "f", "stub", meant=meant)
        assert Snapshot.from_json(json.loads(json.dumps(shot.to_json()))) == shot
