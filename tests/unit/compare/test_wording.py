import pytest

from harness.compare.wording import aligned, quote, sentence
from harness.observation import Divergence


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("some text", "`some text`"),
        ("two\n  lines", "`two lines`"),
        ("(nothing)", "(nothing)"),
        ("-12", "-12"),
        ("SIGSEGV", "SIGSEGV"),
        ("exit 3", "exit 3"),
        ("killed by SIGBUS", "killed by SIGBUS"),
        ("", "``"),
        ("x" * 101, f"`{'x' * 100}…`"),
    ],
)
def test_quotes_stand_around_what_a_program_said(text: str, quoted: str) -> None:
    assert quote(text) == quoted


def test_more_divergences_than_anyone_reads_are_counted() -> None:
    found = [Divergence(f"stdout line {number}", "a\nb", "") for number in range(1, 24)]
    assert sentence(found, "l", "r").endswith("l `a b`, r `` (and 22 more)")
    lines = aligned(found, "l", "right", most=2)
    assert lines[:4] == ["stdout line 1:", "    l      a", "    l      b", "    right  "]
    assert lines[-1] == "(and 21 more)"
