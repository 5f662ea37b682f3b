from pathlib import Path

import pytest

from harness.elf.places import Function, Program
from harness.watch.sites import CALLBACK, INTO_GO, SIGNALS, Exit, find

# Functions by address; Go's are from runtime.text to runtime.etext.
PLACES = {
    "runtime.text": 0x1000,
    "runtime.cgocallback.abi0": 0x1000,
    "runtime.cgocallbackg": 0x1100,
    "runtime.dropm": 0x1200,
    "runtime.etext": 0x1300,
    "crosscall2": 0x1400,
    "goCallback": 0x1500,
    "_cgo_release_context": 0x1600,
    "call_any": 0x1700,
}


def program(folder: Path, code: dict[str, str]) -> Program:
    data = bytearray(0x1000)
    for name, text in code.items():
        at = PLACES[name] - 0x1000
        found = bytes.fromhex(text)
        data[at : at + len(found)] = found
    path = folder / "program"
    path.write_bytes(data)
    sizes = dict.fromkeys(("runtime.text", "runtime.etext"), 0)
    ordered = sorted(PLACES.items(), key=lambda place: place[1])
    rows = tuple(Function(name, at, sizes.get(name, 0x80), (at,)) for name, at in ordered)
    return Program(path, True, 0, rows, ((0x1000, 0x1000, 0),))


@pytest.mark.parametrize(
    ("calls", "exits"),
    [
        # lea cgocallbackg, %rdx; call *%rdx; lea dropm, %rax; call *%rax
        ("488d15f9000000 ffd2 488d05f0010000 ffd0", [(0x1009, True)]),
        # call cgocallbackg; lea dropm, %rax; call *%rax
        ("e8fb000000 488d05f4010000 ffd0", [(0x1005, True)]),
        # call *%rdx; call *%rax: either may be it
        ("ffd2 ffd0", [(0x1002, False), (0x1004, False)]),
    ],
)
def test_cgocallback_is_left_where_cgocallbackg_returns(
    calls: str, exits: list[tuple[int, bool]], tmp_path: Path
) -> None:
    sites = find(program(tmp_path, {"runtime.cgocallback.abi0": calls}), "amd64")
    assert [(at, row.sure) for at, row in sites.exits.items() if row.crossings == (CALLBACK,)] == exits


def test_what_calls_by_a_pointer_may_call_anything_but_where_it_is_known_to_call_others(tmp_path: Path) -> None:
    by_pointer = "ffd0"
    code = {"goCallback": "e8fbfeffff", "_cgo_release_context": by_pointer, "call_any": by_pointer}
    assert find(program(tmp_path, code), "amd64").exits == {
        0x1505: Exit((INTO_GO[0],), "goCallback+0x0", True),
        0x1702: Exit((*INTO_GO, *SIGNALS), "call_any+0x0", False),
    }


def test_what_crosscall1_was_called_before_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PLACES, "crosscall_amd64", 0x1800)
    calls_it, by_pointer = "e8fb020000", "ffd0"  # what crosscall_amd64 calls by a pointer is Go's
    sites = find(program(tmp_path, {"goCallback": calls_it, "crosscall_amd64": by_pointer}), "amd64")
    assert sites.entries[0x1800].crossing == INTO_GO[1]
    assert sites.exits == {0x1505: Exit((INTO_GO[1],), "goCallback+0x0", True)}


@pytest.mark.parametrize(("arch", "seen"), [("amd64", {0x1100, 0x1180}), ("386", {0x1180})])
def test_behind_a_wrapper_only_the_zero_register_is_looked_at(
    arch: str, seen: set[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PLACES, "runtime.cgocallbackg.abi0", 0x1180)
    sites = find(program(tmp_path, {}), arch)
    assert {at for at, site in sites.entries.items() if site.crossing == CALLBACK} == seen
