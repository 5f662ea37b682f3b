from typing import Any

import pytest

from harness.report.matrix import Matrix


def run(case: str, target: str, verdict: str, variant: str = "") -> dict[str, Any]:
    return {"kind": "run", "case": case, "variant": variant, "target": target, "verdict": verdict, "reasons": {}}


def diff(case: str, target: str, verdict: str, reasons: Any = (), divergences: Any = ()) -> dict[str, Any]:
    return {
        **run(case, target, verdict),
        "kind": "diff",
        "against": "amd64",
        "reasons": dict(reasons),
        "divergences": divergences,
    }


def matrix(*verdicts: dict[str, Any]) -> Matrix:
    made = Matrix(order=["amd64", "arm64", "s390x"])
    for verdict in verdicts:
        made.add(verdict)
    return made


def test_rows_are_cases_and_columns_architectures_in_the_order_of_the_table() -> None:
    made = matrix(
        run("g/b", "s390x", "FAIL"),
        run("g/b", "amd64", "PASS"),
        run("g/a", "arm64-zig", "PASS"),
        run("g/a", "amd64", "BROKEN", variant="v1"),
        {"kind": "build", "case": "g/z", "variant": "", "target": "arm", "verdict": "FAIL"},
    )
    assert made.plain() == [
        "case      amd64   s390x  arm64-zig",
        "g/a       ·       ·      ok",
        "g/a [v1]  BROKEN  ·      ·",
        "g/b       ok      FAIL   ·",
    ]


@pytest.mark.parametrize(
    ("ran", "diffs", "text", "colour"),
    [
        ("PASS", [], "ok", "green"),
        ("PASS", ["PASS"], "ok =", "green"),
        ("PASS", ["XFAIL"], "ok ≠ declared", "cyan"),
        ("PASS", ["FAIL"], "ok ≠ DIVERGES", "red"),
        ("PASS", ["XPASS"], "ok = UNEXPECTED", "red"),
        ("PASS", ["BROKEN"], "ok ?", "magenta"),
        ("PASS", ["SKIP"], "ok", "green"),
        ("FAIL", ["XFAIL"], "FAIL ≠ declared", "red"),
        ("FLAKY", ["PASS"], "flaky =", "yellow"),
        ("TIMEOUT", [], "TIMEOUT", "red"),
        ("ODD", [], "ODD", "red"),
        ("PASS", ["PASS", "FAIL", "XFAIL"], "ok ≠ DIVERGES", "red"),
        ("PASS", ["PASS", "XFAIL"], "ok ≠ declared", "cyan"),
        ("PASS", ["SKIP", "PASS"], "ok =", "green"),
        ("PASS", ["XFAIL", "BROKEN"], "ok ?", "magenta"),
    ],
)
def test_a_cell_says_how_it_ran_and_the_worst_of_its_diffs(ran: str, diffs: list[str], text: str, colour: str) -> None:
    made = matrix(run("c", "arm64", ran), *(diff("c", "arm64", word) for word in diffs), diff("c", "s390x", "FAIL"))
    assert made.cell(made.rows["c"], "arm64") == (text, colour)


DIFFERS = [
    {"where": "stdout line 1", "left": "a", "right": "b"},
    {"where": "stdout line 2", "left": "c", "right": "(nothing)"},
]
ONE = DIFFERS[:1]


def test_what_differs_from_whom_and_why_stands_once_for_targets_that_are_alike() -> None:
    made = matrix(
        diff("g/b", "arm64", "XFAIL", {"arm64": "registers", "amd64": "stack"}, DIFFERS),
        diff("g/b", "s390x", "XFAIL", {"s390x": "registers", "amd64": "stack"}, DIFFERS),
        diff("g/b", "arm", "XFAIL", {"arm": "other"}, ONE),
        diff("g/b", "386", "FAIL", {"386": "not shown"}, ONE),
        diff("g/c", "386", "PASS"),
        diff("g/a", "arm64", "XFAIL", {"arm64": "x"}, ONE),
    )
    assert made.differences() == [
        "  g/a",
        "      amd64 ≠ arm64: stdout line 1: amd64 `a`, arm64 `b`",
        "      why arm64: x",
        "  g/b",
        "      amd64 ≠ arm64, s390x: stdout line 1: amd64 `a`, arm64 `b` (and 1 more)",
        "      amd64 ≠ arm: stdout line 1: amd64 `a`, arm `b`",
        "      why arm64, s390x: registers",
        "      why amd64: stack",
        "      why arm: other",
    ]


def test_the_coloured_table_has_the_same_words() -> None:
    made = matrix(run("g/case", "amd64", "PASS", variant="red"), run("g/case", "arm64", "FAIL", variant="red"))
    text = made.rich(80)
    assert "g/case [red]" in text
    assert "\x1b[32mok" in text
    assert "\x1b[31mFAIL" in text


def test_a_narrow_terminal_folds_and_loses_nothing() -> None:
    text = matrix(run("group/" + "x" * 40, "amd64", "PASS")).rich(30)
    assert text.count("x") == 40


def test_nothing_is_an_empty_table() -> None:
    assert matrix().plain() == ["case"]


def test_a_diff_alone_has_a_column_too() -> None:
    matrix = Matrix(["amd64", "arm64"])
    row = {"case": "g/x", "variant": "", "kind": "diff", "target": "arm64", "against": "amd64", "verdict": "PASS"}
    matrix.add({**row, "divergences": [], "reasons": {}})
    assert matrix.plain() == ["case  arm64", "g/x   ="]
