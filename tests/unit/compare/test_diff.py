from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.case import Rewrite
from harness.compare.diff import MOST_PAIRS, NOTHING, divergences, text_divergences
from harness.compare.normalise import Normaliser
from harness.observation import Diagnostic, Divergence
from unit.samples import observed

PANIC: dict[str, Any] = {"outcome": "go-panic", "exit_code": 2}
REFUSED: dict[str, Any] = {
    "phase": "build", "outcome": "build-error", "exit_code": None, "diagnostics": (Diagnostic("a.go", 1, 2, "bad"),),
}  # fmt: skip


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        ("a\nb\n", "a\nb\n", []),
        ("a\nb\nc\n", "a\nx\nc\n", [("line 2", "b", "x")]),
        ("a\nc\n", "a\nb\nc\n", [("line 2", NOTHING, "b")]),
        ("a\nb\nc\n", "a\nc\n", [("line 2", "b", NOTHING)]),
        (
            "a\n1\n2\nz\n",
            "a\n1x\n2x\n3x\nz\n",
            [("line 2", "1", "1x"), ("line 3", "2", "2x"), ("line 4", NOTHING, "3x")],
        ),
        ("", "a\n", [("line 1", NOTHING, "a")]),
        ("", "\n", [("line 1", NOTHING, "")]),
        ("a\n", "a", [("end", "ends with a newline", "ends without a newline")]),
        ("a\r\n", "a\n", [("line 1", "a\r", "a")]),
        ("a\x85b\n", "a\nb\n", [("line 1", "a\x85b", "a"), ("line 2", NOTHING, "b")]),
        ("a\n(nothing)\n", "a\n", [("line 2", "(nothing)", NOTHING)]),
    ],
)
def test_texts_differ_by_line(left: str, right: str, found: list[tuple[str, str, str]]) -> None:
    assert text_divergences("stdout", left, right) == [Divergence(f"stdout {where}", *sides) for where, *sides in found]


TEXTS = st.text(alphabet="ab\n\r\x85\u2028", max_size=12)


@given(TEXTS, TEXTS)
def test_there_is_a_divergence_exactly_where_texts_differ(left: str, right: str) -> None:
    assert bool(text_divergences("stdout", left, right)) == (left != right)


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_the_divergences_hold_every_line_that_only_one_side_has(left: list[str], right: list[str]) -> None:
    found = text_divergences("stdout", "".join(f"{x}\n" for x in left), "".join(f"{x}\n" for x in right))
    gone, new = (
        ([side for side in sides if side != NOTHING] for sides in zip(*((d.left, d.right) for d in found), strict=True))
        if found
        else ([], [])
    )
    assert sorted(left + new) == sorted(right + gone)


def test_outputs_too_long_to_align_are_compared_by_number() -> None:
    count = int(MOST_PAIRS**0.5) + 10
    left = ["first", *["same"] * count, "last"]
    right = ["begin", *["same"] * count, "end", "more"]
    found = text_divergences("stdout", "\n".join(left), "\n".join(right))
    assert found == [
        Divergence("stdout line 1", "first", "begin"),
        Divergence(f"stdout line {count + 2}", "last", "end"),
        Divergence(f"stdout line {count + 3}", NOTHING, "more"),
    ]


def test_a_long_output_that_stops_early_costs_nothing() -> None:
    found = text_divergences("stdout", "x\n" * 400_000, "x\n" * 400_001)
    assert found == [Divergence("stdout line 400001", NOTHING, "x")]


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        ({}, {}, []),
        ({"exit_code": 1}, {"exit_code": 2}, [("exit code", "1", "2")]),
        ({}, PANIC, [("exit outcome", "exit 0", "go-panic")]),
        (
            {"outcome": "signal", "signal": "SIGSEGV", "exit_code": None},
            {"outcome": "signal", "signal": "SIGBUS", "exit_code": None},
            [("exit signal", "SIGSEGV", "SIGBUS")],
        ),
        ({**PANIC, "message": "goroutine 5"}, {**PANIC, "message": "goroutine 7"}, []),
        ({**PANIC, "message": "boom"}, {**PANIC, "message": "bang"}, [("exit message", "boom", "bang")]),
        ({"message": "not"}, {"message": "looked at"}, []),
        ({"stdout": "a\n", "stderr": "b"}, {"stdout": "x\n", "stderr": "y"}, [("stdout line 1", "a", "x")]),
        (
            {"exit_code": 1, "stdout": "a\n"},
            {"exit_code": 2, "stdout": "x\n"},
            [("exit code", "1", "2"), ("stdout line 1", "a", "x")],
        ),
        ({}, REFUSED, [("build", "built (exit 0)", "refused: a.go:1:2: bad")]),
        ({**REFUSED, "diagnostics": (), "message": "why"}, {}, [("build", "refused: why", "built (exit 0)")]),
        (
            REFUSED,
            {**REFUSED, "diagnostics": (Diagnostic("a.go", 1, 2, "worse"),), "stdout": "x"},
            [("build diagnostic 1", "a.go:1:2: bad", "a.go:1:2: worse")],
        ),
    ],
)
def test_observations_differ_in_build_exit_and_streams(
    left: dict[str, Any], right: dict[str, Any], found: list[tuple[str, str, str]]
) -> None:
    seen = divergences(observed(**left), observed(**right), ("stdout",), Normaliser())
    assert seen == tuple(Divergence(*row) for row in found)


@pytest.mark.parametrize(
    ("streams", "fields"), [(("stdout",), ["stdout"]), (("stderr", "stdout"), ["stderr", "stdout"]), ((), [])]
)
def test_only_the_streams_that_are_asked_for_are_compared(streams: tuple[str, ...], fields: list[str]) -> None:
    left, right = observed(stdout="a", stderr="b"), observed(stdout="c", stderr="d")
    assert [found.field for found in divergences(left, right, streams, Normaliser())] == fields


def test_each_side_is_normalised_by_its_own_accidents() -> None:
    left, right = observed(stdout="pid 17\n", pid=17), observed(stdout="pid 99\n", pid=99)
    assert divergences(left, right, ("stdout",), Normaliser()) == ()
    assert len(divergences(left, right, ("stdout",), Normaliser(raw=True))) == 1


def test_a_line_that_both_print_alike_is_equal_whatever_normalising_makes_of_it() -> None:
    left, right = observed(stdout="a\n0x49c000\n", symbols={"0x49c000": "main.f"}), observed(stdout="b\n0x49c000\n")
    assert divergences(left, right, ("stdout",), Normaliser()) == (Divergence("stdout line 1", "a", "b"),)


def test_a_rewriting_that_takes_lines_away_hides_no_other_line() -> None:
    normaliser = Normaliser((Rewrite(r"^chatter\n", ""),))
    left, right = observed(stdout="1\nchatter\nfoo\n"), observed(stdout="2\nchatter\nbar\n")
    found = divergences(left, right, ("stdout",), normaliser)
    assert [(row.left, row.right) for row in found] == [("1", "2"), ("foo", "bar")]


def test_how_much_was_dropped_is_compared_between_runs_but_not_with_a_baseline() -> None:
    runs = [observed(stdout="a", dropped={"stdout": count}, command=("x",)) for count in (5, 7)]
    found = divergences(*runs, ["stdout"], Normaliser())
    assert found == (Divergence("stdout end", "5 more bytes, dropped", "7 more bytes, dropped"),)
    assert divergences(*runs, ["stderr"], Normaliser()) == ()
    assert divergences(observed(stdout="a"), runs[0], ["stdout"], Normaliser()) == ()


GROWS = (Rewrite("x", "xx"),)  # finds what it has written itself


@pytest.mark.parametrize(
    ("fields", "accepted"),
    [
        ({"stdout": "x\n"}, {"stdout": "xx\n"}),
        ({"stdout": "a\nx\nb\n"}, {"stdout": "old\nxx\nb\n"}),
        ({**PANIC, "message": "x"}, {**PANIC, "message": "xx"}),
        (
            {**REFUSED, "diagnostics": (Diagnostic("", 0, 0, "x"),)},
            {**REFUSED, "diagnostics": (Diagnostic("", 0, 0, "xx"),)},
        ),
    ],
    ids=["stdout", "a line of stdout", "message", "diagnostic"],
)
def test_what_a_baseline_holds_is_normalised_already(fields: dict[str, Any], accepted: dict[str, Any]) -> None:
    sides = observed(command=("./x",), **fields), observed(**accepted)
    other = [("stdout line 1", "a", "old")] if "old" in accepted.get("stdout", "") else []
    for first, second in (sides, sides[::-1]):
        found = divergences(first, second, ["stdout"], Normaliser(GROWS))
        assert [row.where for row in found] == [where for where, *_ in other]
    live = [observed(command=("./x",), **row) for row in (fields, accepted)]
    assert divergences(*live, ["stdout"], Normaliser(GROWS))  # between two programs the row is no excuse


def test_a_row_that_is_added_later_needs_no_new_baseline() -> None:
    live, accepted = observed(command=("./x",), stdout="took 7 s\n"), observed(stdout="took 5 s\n")
    assert not divergences(accepted, live, ["stdout"], Normaliser((Rewrite(r"took \d+ s", "took <n> s"),)))
