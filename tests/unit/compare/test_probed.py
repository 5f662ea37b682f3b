"""What probes say, as runs are compared by it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness import diagnoses as kinds
from harness.compare import calls, probed
from harness.expectation import Called, Expect
from harness.observation import Divergence, Observation
from harness.snapshot import Argument, Doubts, Frame, Meant, Reading, Snapshot
from unit.samples import observed

NOTHING = Expect()


def argument(name: str, text: str, where: str = "rdi", value: Any = 0, why: str = "") -> Argument:
    return Argument(name, "int", where, value, text, why)


def shot(*rows: Argument, hit: int = 1, caller_is: str = "C", readings: tuple[Reading, ...] = ()) -> Snapshot:
    meant = Meant("sysv-amd64", rows, doubts=Doubts(False, "call", caller_is, readings=readings))
    return Snapshot("add", "entry", hit, "amd64", 0x401000, "add", "stub", meant=meant)


def back(*rows: Argument) -> Snapshot:
    return Snapshot("add", "return", 1, "amd64", 0x401000, "call+0x5", "stub", meant=Meant("sysv-amd64", results=rows))


def run(*shots: Snapshot, target: str = "amd64", **more: Any) -> Observation:
    return observed(target=target, snapshots=shots, **more)


def between(left: Observation, right: Observation, expect: Expect = NOTHING) -> list[tuple[str, str, str]]:
    return [(row.where, row.left, row.right) for row in probed.divergences(left, right, expect, expect)]


AS_GO = (Reading(kinds.AS_GO, "", "go-internal", (argument("a", "1", "rax"),), False, True),)


def test_arguments_and_results_are_compared_by_value_at_the_same_hit() -> None:
    one = run(shot(argument("a", "1"), argument("b", "2.5")), back(argument("", "7")), shot(argument("a", "9"), hit=2))
    other = run(shot(argument("a", "1"), argument("b", "2.0")), back(argument("", "8")), target="arm64")
    assert between(one, other) == [
        ("probe add entry, hit 1: b", "2.5", "2.0"),
        ("probe add return, hit 1: result", "7", "8"),
    ]
    assert Divergence(*between(one, other)[0]).field == "probe"


def test_pointers_are_compared_by_what_they_point_to_and_by_which_are_the_same() -> None:
    def of(first: str, second: str) -> Observation:
        return run(shot(*(argument(name, text, value=text) for name, text in zip("ab", (first, second), strict=True))))

    assert between(of("0x10", "0x20"), of("0x777", "0x999")) == []
    assert between(of("0x10", "0x10"), of("0x777", "0x999")) == [
        ("probe add entry, hit 1: a and b", "the same object", "different objects")
    ]
    assert between(of("0x10", "0x20"), of("0x0", "0x30")) == [("probe add entry, hit 1: a", "pointer", "null")]


def test_what_one_side_does_not_know_is_not_compared() -> None:
    known, blind = run(shot(argument("a", "1"))), run(shot(argument("a", "", why="not available: memory")))
    assert between(known, blind) == []
    untold = Snapshot("add", "entry", 1, "amd64", 1, "add", "stub", meant=Meant(why="no debug information"))
    assert between(known, run(untold)) == []
    assert between(known, run()) == []


def test_a_call_that_is_wrong_is_compared_by_how_and_not_by_its_values() -> None:
    right = run(shot(argument("a", "1")))
    wrong, again = (run(shot(argument("a", text), caller_is="Go", readings=AS_GO)) for text in ("7", "8"))
    assert between(wrong, again) == []
    assert between(right, wrong) == [("probe add entry, hit 1", "called as what it is", "called-as-go")]


def test_a_run_fails_for_a_call_that_is_not_what_is_declared() -> None:
    wrong = run(shot(argument("a", "7"), caller_is="Go", readings=AS_GO))
    (row,) = probed.mismatches(wrong, NOTHING)
    assert (row.where, row.left) == ("probe add entry, hit 1", "called as what it is")
    assert row.right.startswith("the C function add was entered with its arguments where Go's internal")
    assert [*probed.mismatches(wrong, Expect(probes={"add": Called({}, kinds.AS_GO)}))] == []
    (row,) = probed.mismatches(wrong, Expect(probes={"add": Called({}, kinds.NO_ROOM)}))
    assert (row.left, row.right) == (kinds.NO_ROOM, kinds.AS_GO)
    (row,) = probed.mismatches(run(shot(argument("a", "1"))), Expect(probes={"add": Called({}, kinds.AS_GO)}))
    assert (row.left, row.right) == (kinds.AS_GO, "called as what it is")


def test_arguments_that_are_declared_are_held() -> None:
    declared = Expect(probes={"add": Called({"a": "1"})})
    assert [*probed.mismatches(run(shot(argument("a", "1"))), declared)] == []
    (row,) = probed.mismatches(run(shot(argument("a", "2"))), declared)
    assert row.right == "the arguments of add are not what they should be, and no other way of calling it explains that"


def test_a_declared_probe_without_a_snapshot_fails_and_says_why() -> None:
    declared = Expect(probes={"add": Called({"a": "1"})})
    (row,) = probed.mismatches(run(unreached={"add": "execution never came by"}), declared)
    assert (row.where, row.right) == ("probe add", "(execution never came by)")
    (row,) = probed.mismatches(run(), declared)
    assert row.right == "(no snapshot of its entry was taken that could be decoded)"
    returned = Expect(probes={"add": Called({}, kinds.CLOBBERED)})
    (row,) = probed.mismatches(run(shot(argument("a", "1"))), returned)
    assert row.right == "(no snapshot of its return was taken that could be decoded)"


def test_arguments_that_are_declared_and_not_there_are_said() -> None:
    declared = Expect(probes={"add": Called({"a": "1", "aa": "5"})})
    (row,) = probed.mismatches(run(shot(argument("a", "1"), argument("b", "2"))), declared)
    assert (row.where, row.right) == ("probe add entry, hit 1: aa", "(no such parameter: it has a, b)")
    (row,) = probed.mismatches(run(shot()), Expect(probes={"add": Called({"a": "1"})}))
    assert row.right == "(no such parameter: it has none)"
    (row,) = probed.mismatches(
        run(shot(argument("a", "", why="not available: x"))), Expect(probes={"add": Called({"a": "1"})})
    )
    assert (row.where, row.right) == ("probe add entry, hit 1: a", "(not available: x)")


def test_what_a_return_shows_is_declared_like_what_an_entry_does() -> None:
    row = back(argument("", "7"))
    assert row.meant is not None
    spoiled = replace(row, meant=replace(row.meant, doubts=Doubts(False, clobbered=("rbx was 1, and is 2",))))
    seen = run(shot(argument("a", "1")), spoiled)
    assert [*probed.mismatches(seen, Expect(probes={"add": Called({"a": "1"}, kinds.CLOBBERED)}))] == []
    (found,) = probed.mismatches(seen, NOTHING)
    assert (found.where, found.left) == ("probe add return, hit 1", "called as what it is")
    assert found.right == "add did not leave a callee-saved register as it was"


def test_a_baseline_keeps_what_is_compared_of_the_case_s_own_probes() -> None:
    seen = run(shot(argument("a", "0x10 <f>")), back(argument("", "7")))
    kept = probed.accepted(seen, NOTHING, {"add"})
    assert kept == {"probe add entry, hit 1": {"a": "pointer <f>"}, "probe add return, hit 1": {"result": "7"}}
    assert probed.accepted(seen, NOTHING, {"other"}) == {}
    before = observed(accepted=kept)
    assert between(before, seen) == []
    assert between(before, run(back(argument("", "8")))) == [("probe add return, hit 1: result", "7", "8")]


def test_the_side_whose_other_reading_has_what_the_other_says_is_explained() -> None:
    readings = (Reading(kinds.PROMOTED, "", "sysv-amd64", (argument("a", "1.5", "xmm0"),), True, True),)
    sides = {"amd64": shot(argument("a", "0.0"), readings=readings), "arm64": shot(argument("a", "1.5"))}
    told = {target: next(iter(probed.told(run(row)).values())) for target, row in sides.items()}
    found = probed.explained(told)
    assert found["amd64"].diagnosis is not None
    assert found["amd64"].diagnosis.kind == kinds.PROMOTED
    assert found["arm64"].diagnosis is None
    shown = list(calls.side_by_side(found, {}))
    assert shown[:4] == [
        "C function add, hit 1, called from call:",
        "     amd64  arm64",
        "  a  ✗ 0.0    1.5",
        "  amd64: a in rdi · 1st integer argument",
    ]
    assert "amd64: add was called with doubles where it takes floats" in shown[5]


def test_what_is_wrong_is_marked() -> None:
    sides = {"amd64": shot(argument("a", "1")), "arm64": shot(argument("a", "2"))}
    told = {target: next(iter(probed.told(run(row)).values())) for target, row in sides.items()}
    assert list(calls.side_by_side(told, {}))[2] == "  a  ✗ 1    ✗ 2"
    assert list(calls.side_by_side(told, {"a": "1"}))[2] == "  a    1    ✗ 2"


def test_calls_are_explained_one_by_one() -> None:
    rows = probed.told(run(shot(argument("a", "7"), caller_is="Go", readings=AS_GO), shot(argument("a", "1"), hit=2)))
    (found,) = calls.diagnoses(rows.values())
    assert (found.call, found.name) == ("C function add, hit 1, called from call", "called-as-go")
    assert found.lines[-1].startswith("    to mend it: ")


def test_a_return_has_a_heading_too() -> None:
    (told,) = probed.told(run(back(argument("", "7")))).values()
    assert calls.heading(told) == "add, hit 1, back in call"


def under(of: Snapshot, *names: str) -> Snapshot:
    return replace(of, frames=tuple(Frame(1, name, 0, "a.c", 1, 0) for name in names))


def test_the_functions_that_run_are_compared_whatever_is_known_of_the_call() -> None:
    right, untold = shot(argument("a", "1")), replace(shot(), meant=Meant(why="no debug information"))
    wrong = shot(argument("a", "7"), caller_is="Go", readings=AS_GO)
    for of in (right, untold, wrong, replace(right, meant=None)):
        assert between(run(under(of, "add", "main")), run(under(of, "add", "main"))) == []
        assert between(run(under(of, "add", "main")), run(of)) == []
        assert between(run(under(of, "add", "main")), run(under(of, "add", "by", "main"))) == [
            ("probe add entry, hit 1: (backtrace)", "add ← main", "add ← by ← main")
        ]
        assert [*probed.mismatches(run(under(of, "add")), NOTHING)] == [*probed.mismatches(run(of), NOTHING)]
    kept = probed.accepted(run(under(wrong, "add", "main")), NOTHING, {"add"})
    assert kept == {"probe add entry, hit 1": {"(call)": "called-as-go", "(backtrace)": "add ← main"}}


def test_no_reading_explains_a_call_of_which_only_the_functions_are_known() -> None:
    untold = replace(shot(), meant=Meant(why="no debug information"))
    sides = {"amd64": under(untold, "add", "main"), "arm64": under(untold, "add")}
    told = {target: next(iter(probed.told(run(row)).values())) for target, row in sides.items()}
    assert probed.explained(told) == told
