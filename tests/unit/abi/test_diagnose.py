"""Explanations from snapshots that are written by hand; cases/diagnosis/ has real programs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness import diagnoses as kinds
from harness.abi.diagnose import CERTAIN, LIKELY, POSSIBLE, UNEXPLAINED, diagnose
from harness.snapshot import Argument, Doubts, Meant, Reading, Snapshot


def argument(name: str, text: str, where: str = "rdi", why: str = "") -> Argument:
    return Argument(name, "int", where, 0, text, why)


def arguments(*texts: str) -> tuple[Argument, ...]:
    return tuple(argument(name, text) for name, text in zip("abcdef", texts, strict=False))


def reading(
    kind: str, *texts: str, about: str = "", arguments_same: bool = False, results_same: bool = True
) -> Reading:
    return Reading(kind, about, "go-internal", arguments(*texts), arguments_same, results_same)


def shot(
    *taken: str, is_go: bool = False, caller: str = "main.call", caller_is: str = "C", readings: Any = (), **doubts: Any
) -> Snapshot:
    made = Doubts(is_go, caller, caller_is, readings=tuple(readings), **doubts)
    meant = Meant("sysv-amd64", arguments(*taken), doubts=made)
    return Snapshot("add", "entry", 1, "amd64", 0x401000, "add", "stub", meant=meant)


def test_a_call_that_is_right_has_no_diagnosis() -> None:
    assert diagnose(shot("1", "2")) is None
    assert diagnose(shot("1", "2"), {"a": "1", "b": "2.0", "of another function": "7"}) is None
    assert diagnose(replace(shot(), meant=None)) is None
    assert diagnose(replace(shot("1"), when="return"), {"a": "2"}) is None


def test_go_code_that_enters_c_is_likely_and_says_both_readings() -> None:
    found = diagnose(shot("7", caller_is="Go", readings=[reading(kinds.AS_GO, "1")], room=800))
    assert found is not None
    assert (found.name, found.confidence, found.accident) == ("called-as-go", LIKELY, False)
    text = "\n".join(found.lines())
    assert "the C function add was entered with its arguments where Go's internal convention puts them" in text
    assert "taken, by sysv-amd64: a = 7 (rdi)\n    passed, by go-internal: a = 1 (rdi)" in text
    assert "800 bytes above its end" in text
    assert "to mend it: call it through cgo" in text


def test_what_the_values_show_as_well_is_certain() -> None:
    call = shot("7", caller_is="Go", readings=[reading(kinds.AS_GO, "1")])
    found = diagnose(call, {"a": "1"})
    assert found is not None
    assert (found.name, found.confidence) == ("called-as-go", CERTAIN)
    found = diagnose(call, {"a": "3"})
    assert found is not None
    assert (found.name, found.confidence) == ("called-as-go", LIKELY)


def test_values_that_are_right_contradict_a_return_address() -> None:
    call = shot("1", caller_is="Go", readings=[reading(kinds.AS_GO, "7")])
    assert diagnose(call, {"a": "1"}) is None
    call = shot("1", caller_is="Go", readings=[reading(kinds.AS_GO, "7")], room=800)
    found = diagnose(call, {"a": "1"})
    assert found is not None
    assert found.kind == kinds.ON_GOROUTINE


def test_the_same_places_are_right_by_accident_unless_the_result_is_elsewhere() -> None:
    def evidence(name: str, *, is_same: bool = True, **changes: Any) -> str:
        row = reading(kinds.AS_GO, "1", arguments_same=is_same, results_same=changes.pop("results_same", True))
        found = diagnose(shot("1", caller_is="Go", readings=[row], **changes))
        assert found is not None
        assert found.name == name
        return "\n".join(found.evidence)

    assert "chance" not in evidence("called-as-go, right by accident")
    assert "the result is not where the caller looks for it" in evidence("called-as-go", results_same=False)
    assert "that the values are the same is chance" in evidence("called-as-go", is_same=False)
    dirty = "a: a0 is 0x700000001, and 0x1 was promised"
    assert dirty in evidence("called-as-go", dirty=(dirty,))
    assert "Go promises nothing of the bits above a (a0)" in evidence(
        "called-as-go, right by accident", relied=("a (a0)",)
    )


def test_arguments_without_names_are_not_mixed_up() -> None:
    rows = (argument("", "7"), argument("", "1")), (argument("", "2"), argument("", "1"))
    doubts = Doubts(False, "main.call", "Go", readings=(Reading(kinds.AS_GO, "", "go-internal", rows[1], False, True),))
    call = replace(shot(), meant=Meant("sysv-amd64", rows[0], doubts=doubts))
    found = diagnose(call)
    assert found is not None
    assert not any("chance" in line for line in found.evidence)


def test_c_code_that_enters_go_is_told_too() -> None:
    found = diagnose(shot("7", is_go=True, readings=[reading(kinds.AS_C, "1")]))
    assert found is not None
    assert (found.kind, found.confidence) == (kinds.AS_C, LIKELY)
    assert found.sentence.startswith("the Go function add was entered with its arguments where")


@pytest.mark.parametrize(("caller_is", "is_go"), [("assembly", False), ("assembly", True), ("", True), ("Go", True)])
def test_other_callers_show_nothing(caller_is: str, is_go: bool) -> None:
    assert diagnose(shot("7", is_go=is_go, caller_is=caller_is, readings=[reading(kinds.AS_GO, "1")])) is None


def test_a_function_without_arguments_is_called_as_something_all_the_same() -> None:
    found = diagnose(shot(caller_is="Go", readings=[reading(kinds.AS_GO)]))
    assert found is not None
    assert "was entered as Go's internal convention has it" in found.sentence
    found = diagnose(shot(caller_is="Go"))  # Go has not the types
    assert found is not None
    assert found.kind == kinds.AS_GO


def test_the_first_belief_that_gives_all_values_explains_them() -> None:
    readings = [
        reading(kinds.FLOAT_FOR_INTEGER, "1", "2", about="a"),
        reading(kinds.NO_ROOM, "1", "2"),
        reading(kinds.PROMOTED, "1", "9"),
    ]
    found = diagnose(shot("8", "9", readings=readings), {"a": "1", "b": "2"})
    assert found is not None
    assert (found.kind, found.confidence) == (kinds.NO_ROOM, POSSIBLE)
    assert found.evidence[-1] == "so do these readings: float-for-integer"
    found = diagnose(shot("8", "9", readings=[reading(kinds.NO_ROOM, "1111", "2222")]), {"a": "1111", "b": "2222"})
    assert found is not None
    assert found.confidence == LIKELY


def test_a_belief_about_an_argument_that_is_right_explains_nothing() -> None:
    found = diagnose(shot("1", "9", readings=[reading(kinds.FLOAT_FOR_INTEGER, "1", "2", about="a")]), {"b": "2"})
    assert found is not None
    assert found.kind == kinds.NONE_FITS


def test_what_is_not_known_fits_nothing_and_contradicts_nothing() -> None:
    unknown = Reading(kinds.NO_ROOM, "", "x", (argument("a", "", why="not available: memory"),), False, True)
    found = diagnose(shot("8", readings=[unknown]), {"a": "1"})
    assert found is not None
    assert (found.kind, found.evidence) == (kinds.NONE_FITS, ("a should be 1",))
    known = shot()
    assert known.meant is not None
    blind = replace(known, meant=replace(known.meant, arguments=(argument("a", "", why="not available: xmm0"),)))
    assert diagnose(blind, {"a": "1"}) is None


def test_c_code_never_believes_that_it_calls_go() -> None:
    found = diagnose(shot("8", readings=[reading(kinds.AS_GO, "1")]), {"a": "1"})
    assert found is not None
    assert found.kind == kinds.NONE_FITS


def test_what_needs_no_values_comes_last() -> None:
    found = diagnose(shot("1", dirty=("a: a0 is 0x7700000001, and 0x1 was promised",), misaligned=("sp is 0x8",)))
    assert found is not None
    assert (found.kind, found.evidence) == (kinds.DIRTY, ("a: a0 is 0x7700000001, and 0x1 was promised",))
    found = diagnose(shot("1", misaligned=("sp is 0x8",), uncounted=("AL is 96",)))
    assert found is not None
    assert found.kind == kinds.MISALIGNED
    found = diagnose(shot("1", uncounted=("AL is 96, and 0 to 8 were promised",)))
    assert found is not None
    assert found.kind == kinds.UNCOUNTED
    found = diagnose(shot("2", dirty=("a",), readings=[reading(kinds.NO_ROOM, "11")]), {"a": "11"})
    assert found is not None
    assert found.kind == kinds.NO_ROOM


@pytest.mark.parametrize(
    ("caller", "caller_is", "is_go", "room", "kind"),
    [
        ("main.jump", "Go's assembly", False, 800, kinds.ON_GOROUTINE),
        ("main.jump", "Go's assembly", False, None, None),
        ("runtime.asmcgocall", "Go's assembly", False, 800, None),
        ("main.jump", "Go's assembly", True, 800, None),
        ("callback", "C", False, 800, None),
    ],
)
def test_c_that_the_program_calls_on_a_goroutine_s_stack_is_told(
    caller: str, caller_is: str, is_go: bool, room: int | None, kind: str | None
) -> None:
    found = diagnose(shot("1", caller_is=caller_is, is_go=is_go, room=room, caller=caller))
    assert (None if found is None else found.kind) == kind


def test_a_return_shows_what_was_not_preserved() -> None:
    row = "rbx was 0x1 at the call, and is 0x2"
    made = shot()
    back = replace(made, when="return", meant=Meant("sysv-amd64", doubts=Doubts(False, clobbered=(row,))))
    found = diagnose(back)
    assert found is not None
    assert (found.kind, found.evidence, found.confidence) == (kinds.CLOBBERED, (row,), CERTAIN)
    assert diagnose(replace(back, meant=Meant("sysv-amd64", doubts=Doubts(False)))) is None


def test_a_belief_about_several_arguments_is_of_any_that_is_wrong() -> None:
    found = diagnose(
        shot("1.5", "22", readings=[reading(kinds.INTEGER_FOR_FLOAT, "11", "22", about="a, b")]), {"a": "11", "b": "22"}
    )
    assert found is not None
    assert found.sentence == "add was called with an integer for a, b, which it takes as floating-point"


def test_a_pointer_to_nobody_knows_what_explains_nothing() -> None:
    found = diagnose(shot("0x10 <f>", readings=[reading(kinds.NO_ROOM, "0x20")]), {"a": "pointer <g>"})
    assert found is not None
    assert found.kind == kinds.NONE_FITS


def test_values_that_may_be_anywhere_explain_nothing() -> None:
    found = diagnose(shot("5", "0", readings=[reading(kinds.ROOM, "0", "7")]), {"a": "0"})
    assert found is not None
    assert (found.kind, found.confidence) == (kinds.NONE_FITS, UNEXPLAINED)
    assert "too common" in found.evidence[-1]


def test_a_float_that_was_promoted_is_told_by_its_own_text() -> None:
    rows = [reading(kinds.PROMOTED, "0.10000000149011612"), reading(kinds.NO_ROOM, "0.10000000149011612")]
    found = diagnose(shot("0.0", readings=rows), {"a": "0.1"})
    assert found is not None
    assert found.kind == kinds.PROMOTED
    assert not any("so do" in line for line in found.evidence)
