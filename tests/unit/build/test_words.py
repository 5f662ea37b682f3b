import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.build import words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("-a=1  -b", ["-a=1", "-b"]),
        ("'-overlay=/a b.json' \"-gcflags=all=-N -l\"", ["-overlay=/a b.json", "-gcflags=all=-N -l"]),
        (r"-ldflags=-X=a=c:\d", [r"-ldflags=-X=a=c:\d"]),
        ("", []),
    ],
)
def test_goflags_are_split_as_go_does(text: str, found: list[str]) -> None:
    assert words.fields(text) == found


@pytest.mark.parametrize(
    ("word", "quoted"),
    [
        ("-O2", "-O2"),
        ("/my folder/gcc", '"/my folder/gcc"'),
        ("", '""'),
        ('a"b c', "'a\"b c'"),
        ("-DX='y'", "\"-DX='y'\""),
    ],
)
def test_a_word_is_quoted_where_it_has_to_be(word: str, quoted: str) -> None:
    assert words.quoted(word) == quoted


@given(st.text(alphabet="ab -='\"/,.", max_size=8))
def test_a_quoted_word_is_one_word_again(word: str) -> None:
    assert words.split(words.quoted(word)) == [word]
    if not {"'", '"'} <= set(word):
        assert words.fields(words.quoted(word)) == [word]
