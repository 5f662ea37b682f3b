from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.case import Rewrite
from harness.compare.normalise import RULES, Normaliser
from harness.observation import Environment, Observation
from unit.samples import observed

SEEN = observed(
    workdir="/tmp/crossabi-run-ab12",
    binary="ab" + "0" * 38,
    pid=4711,
    symbols={"0x49c000": "main.add+0x0", "0x49c010": "main.add+0x10"},
    environment=Environment(go="go1.27.4"),
)
STORE = f"/home/me/.cache/crossabi/store/ab/{SEEN.binary}/12"


@pytest.mark.parametrize(
    ("text", "normal", "rows"),
    [
        ("in /tmp/crossabi-run-ab12/x", "in <workdir>/x", {"workdir": 1}),
        (f"{STORE}/program: {STORE}/liba.so", "<bin>/program: <bin>/liba.so", {"program-folder": 2}),
        ("/tmp/go-build123/b001/x /tmp/ccAb12.o", "<tmp>/b001/x <tmp>.o", {"temp-path": 2}),
        ("goroutine 17 [running]:", "goroutine <n> [running]:", {"goroutine": 1}),
        (
            "built with go1.27.4, not go1.27.40 or go1.27.4.1",
            "built with <go>, not go1.27.40 or go1.27.4.1",
            {"go-version": 1},
        ),
        ("PID: 4711 pid=4711 pid 47110", "PID: <pid> pid=<pid> pid 47110", {"pid": 2}),
        ("4711 is no pid", "4711 is no pid", {}),
        ("at 0x49c010 and 0x49c000", "at <main.add+0x10> and <main.add+0x0>", {"symbol": 2}),
        ("0x49c0100 0x49c01", "0x49c0100 0x49c01", {}),
        ("0x7fff12345678 0xc000012345", "<address> <address>", {"address": 2}),
        # what only looks like an address: 32 bits, 64 bits, padded small values
        ("0x11111111 0xffffffffffffffff 0x00000002a 0x1122334455667788", None, {}),
    ],
)
def test_what_differs_between_any_two_runs_is_taken_out_and_counted(
    text: str, normal: str | None, rows: dict[str, int]
) -> None:
    normaliser = Normaliser()
    assert normaliser.apply(text, SEEN) == (text if normal is None else normal)
    assert normaliser.counted() == rows


@pytest.mark.parametrize("field", ["workdir", "binary", "pid", "symbols", "environment"])
def test_what_an_observation_does_not_show_is_left_alone(field: str) -> None:
    text = f"/tmp/crossabi-run-ab12 {STORE} pid 4711 0x49c010 go1.27.4"
    empty: dict[str, Any] = {"environment": Environment(), "symbols": {}, "pid": 0}
    less = observed(**{**vars(SEEN), field: empty.get(field, "")})
    before, after = Normaliser(), Normaliser()
    assert before.apply(text, SEEN) != after.apply(text, less)


def test_the_rows_of_a_case_come_last_and_are_counted_by_number() -> None:
    normaliser = Normaliser((Rewrite("^line (.)$", r"\1"), Rewrite("goroutine <n>", "somebody")))
    assert normaliser.apply("line a\ngoroutine 5\nline b\n", observed()) == "a\nsomebody\nb\n"
    assert normaliser.counted() == {"goroutine": 1, "case row 1": 2, "case row 2": 1}


@pytest.mark.parametrize("text", ["", "goroutine 5 at 0x7fff12345678"])
def test_raw_leaves_everything_as_printed(text: str) -> None:
    normaliser = Normaliser((Rewrite(".", "x"),), raw=True)
    assert normaliser.apply(text, SEEN) == text
    assert normaliser.counted() == {}


PIECES = st.sampled_from(
    [SEEN.workdir, STORE, "/tmp/go-build1", "goroutine 1", "go1.27.4", "pid 4711", "0x49c000", "0xc000012345", "<pid>"]
)


@given(st.lists(PIECES | st.text(max_size=8), max_size=8).map(" ".join))
def test_a_normal_text_stays_as_it_is(text: str) -> None:
    once = Normaliser().apply(text, SEEN)
    again = Normaliser()
    assert again.apply(once, SEEN) == once
    assert again.counted() == {}


def test_every_row_of_the_table_has_a_name_of_its_own_and_says_what_it_is_for() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.about for rule in RULES)


@given(st.from_regex(r"[^\d]{0,20}", fullmatch=True))
def test_a_text_without_a_digit_holds_no_accident_but_the_workdir(text: str) -> None:
    seen: Observation = observed(pid=1, binary="0", environment=Environment(go="go1"))
    assert Normaliser().apply(text, seen) == text or "/tmp/" in text
