"""Explanations from snapshots that are written by hand; cases/diagnosis/ has real programs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness import diagnoses as kinds
from harness.abi.diagnose import CERTAIN, LIKELY, POSSIBLE, agree, diagnose, said
from harness.snapshot import Argument, Doubts, Meant, Reading, Snapshot


def argument(name: str, text: str, where: str = "rdi", why: str = "") -> Argument:
    return Argument(name, "int", where, 0, text, why)


def arguments(*texts: str) -> tuple[Argument, ...]:
    return tuple(argument(name, text) for name, text in zip("abcdef", texts, strict=False))


def reading(
    kind: str, *texts: str, about: str = "", arguments_same: bool = False, results_same: bool = True
) -> Reading:
    return Reading(kind, about, "go-internal", arguments(*texts), arguments_same, results_same)


def shot(*taken: str, is_go: bool = False, caller_is: str = "C", readings: Any = (), **doubts: Any) -> Snapshot:
    made = Doubts(is_go, "main.call", caller_is, readings=tuple(readings), **doubts)
    meant = Meant("sysv-amd64", arguments(*taken), doubts=made)
    return Snapshot("add", "entry", 1, "amd64", 0x401000, "add", "stub", meant=meant)


def test_a_call_that_is_right_has_no_diagnosis() -> None:
    assert diagnose(shot("1", "2")) is None
    assert diagnose(shot("1", "2"), {"a": "1", "b": "2.0", "of another function": "7"}) is None
    assert diagnose(replace(shot(), meant=None)) is None
    assert diagnose(replace(shot("1"), when="return"), {"a": "2"}) is None


def test_go_code_that_enters_c_is_certain_and_says_both_readings() -> None:
    found = diagnose(shot("7", caller_is="Go", readings=[reading(kinds.AS_GO, "1")], room=800))
    assert found is not None
    assert (found.name, found.confidence, found.accident) == ("called-as-go", CERTAIN, False)
    text = "\n".join(found.lines())
    assert "the C function add was entered with its arguments where Go's internal convention puts them" in text
    assert "taken, by sysv-amd64: a = 7 (rdi)\n    passed, by go-internal: a = 1 (rdi)" in text
    assert "800 bytes above its end" in text
    assert "to mend it: call it through cgo" in text


def test_the_same_values_are_right_by_accident_unless_the_result_is_elsewhere() -> None:
    found = diagnose(shot("1", caller_is="Go", readings=[reading(kinds.AS_GO, "1")]))
    assert found is not None
    assert found.name == "called-as-go, right by accident"
    found = diagnose(shot("1", caller_is="Go", readings=[reading(kinds.AS_GO, "1", results_same=False)]))
    assert found is not None
    assert found.name == "called-as-go"
    assert "the result is not where the caller looks for it" in "\n".join(found.evidence)


def test_c_code_that_enters_go_is_certain_too() -> None:
    found = diagnose(shot("7", is_go=True, readings=[reading(kinds.AS_C, "1")]))
    assert found is not None
    assert (found.kind, found.confidence) == (kinds.AS_C, CERTAIN)
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
    found = diagnose(shot("1", dirty=("a: a0 is 0x7700000001, and 0x1 was promised",), misaligned="sp is 0x8"))
    assert found is not None
    assert (found.kind, found.evidence) == (kinds.DIRTY, ("a: a0 is 0x7700000001, and 0x1 was promised",))
    found = diagnose(shot("1", misaligned="sp is 0x8"))
    assert found is not None
    assert found.kind == kinds.MISALIGNED
    found = diagnose(shot("2", dirty=("a",), readings=[reading(kinds.NO_ROOM, "1")]), {"a": "1"})
    assert found is not None
    assert found.kind == kinds.NO_ROOM


@pytest.mark.parametrize(
    ("text", "is_"),
    [
        ("0x7fff0010", "pointer"),
        ("0x0", "null"),
        ('0x400010 "hello"', 'pointer "hello"'),
        ("0x400010 <runtime.mstart.abi0>", "pointer <runtime.mstart>"),
        ('{str = 0x400010, len = 5} "hello"', '{str = pointer, len = 5} "hello"'),
        ("about 0.1", "0.1"),
        ("-12", "-12"),
    ],
)
def test_a_pointer_is_what_it_points_to(text: str, is_: str) -> None:
    assert said(argument("a", text)) == is_


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("1", "1", True),
        ("1", "1.0", True),
        ("1", "2", False),
        ("4294967295", "18446744073709551615", True),  # of unsigned long: all ones
        ("4294967295", "4294967294", False),
        ("pointer", "pointer <callback>", True),  # a name that is not known is no other one
        ("pointer <__strlen_avx2>", "pointer <__strlen_aarch64>", True),
        ("pointer <_strlen>", "pointer <other>", True),
        ("pointer <one>", "pointer <other>", False),
        ("pointer", "null", False),
        ('pointer "hello"', "hello", True),
        ("pointer <callback>", "callback", True),
        ('pointer "hello"', 'pointer "hallo"', False),
        ("true", "false", False),
    ],
)
def test_values_agree_by_what_they_mean(one: str, other: str, is_same: bool) -> None:
    assert agree(one, other) is is_same
    assert agree(other, one) is is_same
