from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.expectation import FIELDS, Called, Expect, Expectation, TextMatch, from_yaml

SEGV: dict[str, Any] = {"signal": "SIGSEGV"}


@pytest.mark.parametrize(
    ("values", "expect"),
    [
        (None, Expect(exit_code=0)),
        ({}, Expect(exit_code=0)),
        ("fail@build", Expect(("build-error",), build_failure="")),
        ({"fail@build": "cannot use"}, Expect(("build-error",), build_failure="cannot use")),
        ({"exit": 3}, Expect(exit_code=3)),
        ({"signal": "SIGSEGV"}, Expect(("signal",), signal="SIGSEGV")),
        ({"outcome": "go-panic"}, Expect(("go-panic",))),
        ({"outcome": ["go-panic", "cgo-fault"], "exit": 2}, Expect(("go-panic", "cgo-fault"), 2)),
        ({"stdout": "x\n"}, Expect(exit_code=0, stdout=TextMatch("x\n"))),
        ({"probes": {"f": {"arguments": {"a": "1"}}}}, Expect(exit_code=0, probes={"f": Called({"a": "1"})})),
        ({"stderr": {"pattern": "x+"}}, Expect(exit_code=0, stderr=TextMatch("x+", is_pattern=True))),
    ],
)
def test_the_default_is_read(values: Any, expect: Expect) -> None:
    assert from_yaml(values).on("arm64") == expect


@pytest.mark.parametrize(
    ("default", "row", "expect"),
    [
        ({"stdout": "x"}, {"exit": 1}, Expect(exit_code=1, stdout=TextMatch("x"))),
        ({"exit": 4}, {"stdout": "y"}, Expect(exit_code=4, stdout=TextMatch("y"))),
        ({"exit": 4, "stdout": "x"}, SEGV, Expect(("signal",), signal="SIGSEGV", stdout=TextMatch("x"))),
        (SEGV, {"exit": 0}, Expect(exit_code=0)),
        ({"stdout": "x"}, {"fail@build": ""}, Expect(("build-error",), build_failure="")),
        ({"fail@build": "x"}, {"exit": 0, "stdout": "y"}, Expect(exit_code=0, stdout=TextMatch("y"))),
        ({"outcome": "go-panic"}, {"outcome": ["timeout"]}, Expect(("timeout",))),
    ],
)
def test_a_row_inherits_what_it_does_not_say(default: Any, row: Any, expect: Expect) -> None:
    values = {**default, "per_arch": [{"arches": ["arm", "386"], "reason": "r", **row}]}
    expectation = from_yaml(values)
    assert expectation.on("arm") == expectation.on("386") == expect
    assert expectation.on("amd64") == from_yaml(default).default


def test_the_reasons_of_the_architectures_that_have_one() -> None:
    rows = [
        {"arches": ["arm", "386"], "reason": "folded\n  text\n", "rule": "psABI 3", "exit": 1},
        {"arches": ["s390x"], "reason": "big", "exit": 2},
    ]
    expectation = from_yaml({"per_arch": rows})
    assert expectation.reasons("amd64", "386", "s390x") == {"386": "folded text [psABI 3]", "s390x": "big"}
    row = expectation.row("arm")
    assert row is not None
    assert (row.arches, row.rule) == (("arm", "386"), "psABI 3")
    assert expectation.row("amd64") is None


@pytest.mark.parametrize(
    ("left", "right", "fields"),
    [
        (None, None, ()),
        ({"exit": 0}, {"exit": 1}, ["exit"]),
        ({"exit": 0}, SEGV, ["exit"]),
        ({"outcome": "go-panic"}, {"outcome": "go-fatal"}, ["exit"]),
        ({"stdout": "x"}, {"stdout": "y", "stderr": "z"}, ["stdout", "stderr"]),
        ({"stdout": "x"}, {"stdout": {"pattern": "x"}}, ["stdout"]),
        ({"exit": 1, "stdout": "x"}, "fail@build", ["build"]),
        ({"fail@build": "x"}, {"fail@build": "y"}, ["build"]),
    ],
)
def test_the_fields_in_which_two_expectations_differ(left: Any, right: Any, fields: list[str]) -> None:
    assert from_yaml(left).default.differing_fields(from_yaml(right).default) == set(fields)


@pytest.mark.parametrize(
    ("match", "seen", "whole", "found"),
    [
        (TextMatch("a\n"), "a\n", True, True),
        (TextMatch("a"), "a\n", True, False),
        (TextMatch("a"), "a\n", False, False),
        (TextMatch("a.c", is_pattern=True), "abc", True, True),
        (TextMatch("a.c", is_pattern=True), "xabc\n", True, False),
        (TextMatch("a.c", is_pattern=True), "xabcx", False, True),
        (TextMatch("a.*c", is_pattern=True), "a\nc", True, True),
        (TextMatch("a.*c", is_pattern=True), "a\nc", False, False),
        (TextMatch("^b$", is_pattern=True), "a\nb\nc\n", False, True),
        (TextMatch("", is_pattern=True), "x", True, False),
    ],
)
def test_a_text_or_pattern_matches(match: TextMatch, seen: str, whole: bool, found: bool) -> None:
    assert match.matches(seen, whole=whole) is found


TEXTS = st.none() | st.builds(TextMatch, st.text(max_size=3), st.booleans())
EXPECTS = st.builds(
    Expect,
    st.sampled_from([("exit",), ("signal",), ("go-panic", "timeout")]),
    st.none() | st.integers(0, 2),
    st.none() | st.just("SIGSEGV"),
    TEXTS,
    TEXTS,
    st.none() | st.sampled_from(["", "x"]),
)


@given(EXPECTS, EXPECTS)
def test_differing_fields_are_symmetric_and_empty_only_for_equals(left: Expect, right: Expect) -> None:
    fields = left.differing_fields(right)
    assert fields == right.differing_fields(left)
    assert fields <= set(FIELDS)
    assert bool(fields) == (left != right)


def test_without_an_expect_a_program_has_to_end_well() -> None:
    assert from_yaml(None) == Expectation()


def test_a_row_says_of_a_probe_what_is_different_and_none_takes_a_diagnosis_back() -> None:
    rows = [
        {"arches": ["arm64"], "reason": "r", "probes": {"f": {"diagnosis": "none"}}},
        {"arches": ["arm"], "reason": "r", "probes": {"f": {"arguments": {"a": "2"}}, "g": {"diagnosis": "none-fits"}}},
    ]
    default = {"f": {"arguments": {"a": "1"}, "diagnosis": "called-as-go"}}
    made = from_yaml({"probes": default, "per_arch": rows})
    assert made.on("amd64").probes == {"f": Called({"a": "1"}, "called-as-go")}
    assert made.on("arm64").probes == {"f": Called({"a": "1"})}
    assert made.on("arm").probes == {"f": Called({"a": "2"}, "called-as-go"), "g": Called({}, "none-fits")}
    assert made.on("amd64").differing_fields(made.on("arm64")) == {"probe"}
    assert made.on("amd64").differing_fields(made.on("amd64")) == set()
