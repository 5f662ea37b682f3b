from __future__ import annotations

from harness.observation import Explained, Verdict, Word
from harness.report.diagnoses import Diagnoses


def verdict(target: str, *found: Explained, variant: str = "") -> dict[str, object]:
    made = Verdict("id", "run", "g/c", target, variant, Word.PASS, diagnoses=found)
    return made.to_json()


def test_a_call_is_shown_once_with_the_evidence_of_two_targets() -> None:
    shown = Diagnoses()
    for target in ("amd64", "arm", "386"):
        shown.add(verdict(target, Explained("C function add, hit 1", "called-as-go", ("it was", "    so"))))
    shown.add(verdict("arm64", Explained("C function add, hit 1", "called-as-go, right by accident", ("it is",))))
    assert list(shown.lines()) == [
        "  g/c: C function add, hit 1",
        "      amd64: called-as-go: it was",
        "          so",
        "      arm: called-as-go: it was",
        "          so",
        "      386: called-as-go, for the same reason (--records=FILE has each)",
        "      arm64: called-as-go, right by accident: it is",
    ]


def test_right_calls_and_variants() -> None:
    shown = Diagnoses()
    shown.add(verdict("amd64"))
    assert list(shown.lines()) == []
    shown.add(verdict("amd64", Explained("C function add, hit 1", "none-fits", ("it was",)), variant="wrong"))
    assert next(shown.lines()) == "  g/c [wrong]: C function add, hit 1"
