import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.suggest import did_you_mean, nearest

WORDS = ("arches", "build", "run", "expect", "stdout", "stderr")


@pytest.mark.parametrize(
    ("name", "found"),
    [("biuld", "build"), ("Run", "run"), ("stdot", "stdout"), ("arch", "arches"), ("tuodts", "stdout"), ("zzz", None)],
)
def test_the_nearest_name_is_found(name: str, found: str | None) -> None:
    assert nearest(name, WORDS) == found


@pytest.mark.parametrize(("name", "text"), [("biuld", "; did you mean 'build'?"), ("zzz", "")])
def test_the_question_is_asked_only_where_there_is_a_guess(name: str, text: str) -> None:
    assert did_you_mean(name, WORDS) == text


@given(st.text(), st.lists(st.text(min_size=1)))
def test_a_guess_is_always_a_known_name(name: str, known: list[str]) -> None:
    found = nearest(name, known)
    assert found is None or found in known


@given(st.lists(st.text(min_size=1), min_size=1, unique_by=str.lower), st.data())
def test_a_known_name_is_nearest_to_itself_in_any_case_and_order(known: list[str], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(known))
    assert nearest(name, known) == nearest(name, reversed(known)) == name
