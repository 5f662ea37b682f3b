import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.observation import (
    OUTCOMES,
    Diagnostic,
    Divergence,
    Environment,
    Observation,
    Verdict,
    Word,
    observation_from_json,
)
from unit.samples import observed

TEXT = st.text(max_size=20)
WORDS = st.tuples(TEXT, TEXT) | st.just(())
ENVIRONMENTS = st.builds(Environment, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, st.dictionaries(TEXT, TEXT, max_size=2))
OBSERVATIONS = st.builds(
    Observation,
    case=TEXT,
    target=TEXT,
    variant=TEXT,
    phase=st.sampled_from(["build", "run"]),
    outcome=st.sampled_from(OUTCOMES),
    exit_code=st.none() | st.integers(0, 255),
    signal=st.none() | TEXT,
    stdout=TEXT,
    stderr=TEXT,
    dropped=st.dictionaries(st.sampled_from(["stdout", "stderr"]), st.integers(1)),
    diagnostics=st.lists(st.builds(Diagnostic, TEXT, st.integers(0, 9), st.integers(0, 9), TEXT), max_size=2).map(
        tuple
    ),
    notes=WORDS,
    seconds=st.floats(0, 1e6),
    command=WORDS,
    symbols=st.dictionaries(TEXT, TEXT, max_size=2),
    environment=ENVIRONMENTS,
)


@given(OBSERVATIONS)
def test_an_observation_goes_to_json_and_back_without_loss(observation: Observation) -> None:
    assert observation_from_json(json.loads(json.dumps(observation.to_json()))) == observation


def test_a_record_of_an_older_format_gets_the_defaults() -> None:
    least = {"case": "c", "target": "arm64", "variant": "", "phase": "run", "outcome": "exit"}
    assert observation_from_json(least) == Observation("c", "arm64", "", "run", "exit")


def test_a_verdict_goes_to_json_with_its_parts() -> None:
    verdict = Verdict(
        "id",
        "diff",
        "c",
        "arm64",
        "",
        Word.XFAIL,
        divergences=(Divergence("stdout line 1", "a", "b"),),
        reasons={"a": "b"},
    )
    row = json.loads(json.dumps(verdict.to_json()))
    assert row["verdict"] == "XFAIL"
    assert row["divergences"] == [{"where": "stdout line 1", "left": "a", "right": "b"}]
    assert row["reasons"] == {"a": "b"}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"exit_code": 3}, "exit 3"),
        ({"outcome": "signal", "signal": "SIGBUS"}, "killed by SIGBUS"),
        ({"outcome": "go-panic", "message": "boom"}, "go-panic: boom"),
        ({"outcome": "cgo-fault", "signal": "SIGSEGV", "message": "x"}, "cgo-fault (SIGSEGV): x"),
        ({"outcome": "timeout"}, "timeout"),
    ],
)
def test_an_ending_is_a_few_words(changes: dict[str, Any], text: str) -> None:
    assert observed(**changes).ending() == text


@pytest.mark.parametrize(
    ("diagnostic", "text"),
    [
        (Diagnostic("a.go", 3, 7, "bad"), "a.go:3:7: bad"),
        (Diagnostic("a.c", 3, 0, "bad"), "a.c:3: bad"),
        (Diagnostic("", 0, 0, "bad"), "bad"),
    ],
)
def test_a_diagnostic_reads_as_compilers_write_it(diagnostic: Diagnostic, text: str) -> None:
    assert str(diagnostic) == text


@pytest.mark.parametrize(("where", "field"), [("build", "build"), ("stdout line 3", "stdout"), ("exit code", "exit")])
def test_a_divergence_knows_its_field(where: str, field: str) -> None:
    assert Divergence(where, "", "").field == field
