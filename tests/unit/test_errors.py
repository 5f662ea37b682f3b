"""The errors that the harness raises."""

from __future__ import annotations

from harness.errors import RunnerBroken, mistaken


def test_a_mistake_of_ours_says_what_and_where() -> None:
    try:
        raise IndexError("tuple index out of range")
    except IndexError as caught:
        error = mistaken("a stop was looked at", caught)
    assert isinstance(error, RunnerBroken)
    assert (
        error.what == "crossabi itself made a mistake while a stop was looked at: IndexError: tuple index out of range"
    )
    assert "test_errors.py:" in error.why
    assert "in test_a_mistake_of_ours_says_what_and_where" in error.why
