import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import patterns
from harness.patterns import PatternUnusable

ENDLESS = "(a|aa)+$"


@pytest.mark.parametrize(
    ("pattern", "text", "anywhere", "whole"),
    [
        ("b", "abc", True, False),
        ("^b$", "a\nb\nc\n", True, False),
        ("a.*c\n", "a\nb\nc\n", False, True),
        ("(?s)a.*c", "a\nb\nc\n", True, False),
        (r"x = -?\d+", "x = -12", True, True),
        ("", "", True, True),
    ],
)
def test_a_pattern_matches_as_a_case_means_it(pattern: str, text: str, anywhere: bool, whole: bool) -> None:
    assert patterns.search(pattern, text) is anywhere
    assert patterns.matches(pattern, text) is whole


def test_every_match_is_replaced_and_counted() -> None:
    assert patterns.substitute(r"^(\w)=\d+$", r"\1=<n>", "a=1\nb=22\nc\n") == ("a=<n>\nb=<n>\nc\n", 2)


def test_a_pattern_that_backtracks_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "SECONDS", 0.05)
    text = "a" * 60 + "b"
    for apply in (patterns.search, patterns.matches, lambda pattern, text: patterns.substitute(pattern, "", text)):
        with pytest.raises(PatternUnusable, match="came to no end in 0 s on a text of 61 char") as caught:
            apply(ENDLESS, text)
        assert "in one way only" in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [("T{e}", "totally", False), (r"got &{i:\d+}", "got &{i:1}", True), ("struct {s}", "struct {s}", True)],
)
def test_patterns_are_pythons_own(pattern: str, text: str, found: bool) -> None:
    assert patterns.search(pattern, text) is found


def test_the_bound_leaves_nothing_behind() -> None:
    before = signal.getsignal(signal.SIGVTALRM)
    patterns.search("a", "a")
    assert signal.getsignal(signal.SIGVTALRM) is before
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


def test_another_thread_matches_too() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(patterns.search, "b", "abc").result()
