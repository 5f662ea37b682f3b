from dataclasses import replace
from typing import Any

import pytest

from harness.compare.judge import STDERR_LINES, Rules, judge_diff, judge_run, mismatches
from harness.compare.normalise import Normaliser
from harness.expectation import Expect, TextMatch, from_yaml
from harness.observation import Diagnostic, Divergence, Explained, Observation, Verdict, Word
from harness.snapshot import Argument, Doubts, Fault, Meant, Reading, Snapshot
from unit.samples import observed

ITEM = Verdict("id", "run", "group/case", "arm64", "", Word.SKIP)
REFUSED: dict[str, Any] = {
    "phase": "build", "outcome": "build-error", "exit_code": None, "diagnostics": (Diagnostic("a.go", 1, 2, "bad"),),
}  # fmt: skip


def rules(*streams: str) -> Rules:
    return Rules(streams or ("stdout",), Normaliser())


def judged(
    *observations: Observation, expect: Any = None, baseline: Observation | None = None, streams: tuple[str, ...] = ()
) -> Verdict:
    return judge_run(ITEM, observations, from_yaml(expect).default, baseline, rules(*streams))


@pytest.mark.parametrize(
    ("seen", "expect", "found"),
    [
        ({}, {}, None),
        ({"exit_code": 3}, {"exit": 3}, None),
        ({"exit_code": 3}, {}, ("exit code", "0", "3")),
        ({"outcome": "signal", "signal": "SIGBUS"}, {"signal": "SIGBUS"}, None),
        ({"outcome": "signal", "signal": "SIGBUS"}, {"signal": "SIGSEGV"}, ("exit signal", "SIGSEGV", "SIGBUS")),
        ({"outcome": "signal", "signal": "SIGBUS"}, {"outcome": "signal"}, None),
        ({}, {"outcome": "signal"}, ("exit outcome", "killed by a signal", "exit 0")),
        ({}, {"signal": "SIGBUS"}, ("exit outcome", "killed by SIGBUS", "exit 0")),
        ({"outcome": "go-panic", "message": "m"}, {"exit": 2}, ("exit outcome", "exit 2", "go-panic: m")),
        ({"outcome": "go-panic"}, {"outcome": "exit"}, ("exit outcome", "exit", "go-panic")),
        ({"outcome": "go-panic", "exit_code": 2}, {"outcome": ["go-panic", "go-fatal"]}, None),
        ({}, {"outcome": ["go-panic", "go-fatal"]}, ("exit outcome", "go-panic or go-fatal", "exit 0")),
        ({"stdout": "a\n"}, {"stdout": "a\n"}, None),
        ({"stdout": "b\n"}, {"stdout": "a\n"}, ("stdout line 1", "a", "b")),
        ({"stdout": "a\r\n"}, {"stdout": "a\n"}, ("stdout line 1", "a", "a\r")),
        ({"stdout": "pid 7\n", "pid": 7}, {"stdout": "pid <pid>\n"}, None),
        ({"stdout": "pid 7\n", "pid": 7}, {"stdout": "pid 7\n"}, None),
        ({"stdout": "abc"}, {"stdout": {"pattern": "a.c"}}, None),
        ({"stdout": "abcd"}, {"stdout": {"pattern": "a.c"}}, ("stdout pattern", "a.c", "abcd")),
        ({"stderr": "xabcx"}, {"stderr": {"pattern": "a.c"}}, None),
        ({"stderr": "x"}, {"stderr": {"pattern": "a.c"}}, ("stderr pattern", "a.c", "x")),
        (REFUSED, "fail@build", None),
        (REFUSED, {"fail@build": "b.d$"}, None),
        (REFUSED, {"fail@build": "worse"}, ("build diagnostic", "one that says /worse/", "a.go:1:2: bad")),
        (REFUSED, {}, ("build", "built", "a.go:1:2: bad")),
        ({**REFUSED, "diagnostics": (), "message": "no compiler"}, {}, ("build", "built", "no compiler")),
        ({}, {"fail@build": "bad"}, ("build", "a refusal that says /bad/", "built (exit 0)")),
    ],
)
def test_where_an_observation_is_not_what_was_expected(
    seen: dict[str, Any], expect: Any, found: tuple[str, str, str] | None
) -> None:
    wanted = (Divergence(*found),) if found else ()
    assert mismatches(observed(**seen), from_yaml(expect).default, rules()) == wanted


@pytest.mark.parametrize(
    ("seen", "word", "cause"),
    [
        ({}, Word.PASS, ""),
        ({"exit_code": 1}, Word.FAIL, "exit code: expected 0, got 1"),
        (
            {"outcome": "timeout", "seconds": 20.4, "message": "it was stopped"},
            Word.TIMEOUT,
            "no end after 20 s (it was stopped)",
        ),
        ({"outcome": "timeout", "seconds": 9.6}, Word.TIMEOUT, "no end after 10 s"),
        ({"outcome": "limit", "message": "files"}, Word.FAIL, "exit outcome: expected exit 0, got `limit: files`"),
        ({"outcome": "broken", "message": "no qemu\n  mend: x"}, Word.BROKEN, "no qemu"),
        ({"tries": 2}, Word.FLAKY, "passed at try 2, after a known emulator fault"),
    ],
)
def test_a_run_is_judged_by_its_expectation(seen: dict[str, Any], word: Word, cause: str) -> None:
    verdict = judged(observed(**seen))
    assert (verdict.verdict, verdict.cause) == (word, cause)


def test_an_expected_timeout_passes() -> None:
    assert judged(observed(outcome="timeout", exit_code=None), expect={"outcome": "timeout"}).verdict is Word.PASS


def test_a_difference_from_the_baseline_is_a_regression() -> None:
    verdict = judged(observed(stdout="new regression\n"), baseline=observed(stdout="old\n"))
    assert verdict.verdict is Word.FAIL
    assert verdict.cause == "regression on arm64: stdout line 1: was `old`, is `new regression`"
    assert verdict.detail == ("stdout line 1:", "    was  old", "    is   new regression")


def test_a_failed_expectation_comes_before_the_baseline_and_is_in_its_own_words() -> None:
    verdict = judged(observed(stdout="regression\n"), expect={"stdout": "x\n"}, baseline=observed(stdout="old\n"))
    assert verdict.cause == "stdout line 1: expected `x`, got `regression`"
    assert verdict.detail == ("stdout line 1:", "    expected  x", "    seen      regression")


def test_every_repeat_is_held_against_the_baseline() -> None:
    same = observed(stdout="a\n")
    verdict = judged(same, same, observed(stdout="b\n"), baseline=same)
    assert verdict.verdict is Word.FAIL
    assert verdict.cause == "regression on arm64: stdout line 1: was `a`, is `b`"
    assert judged(same, same, baseline=same).verdict is Word.PASS


def test_repeats_are_counted_and_the_first_bad_one_is_shown() -> None:
    verdict = judged(observed(), observed(exit_code=7), observed(), observed(exit_code=9))
    assert verdict.cause == "2 of 4 runs: exit code: expected 0, got 7"
    assert verdict.outcomes == {"exit 0": 2, "exit 7": 1, "exit 9": 1}


def test_the_detail_has_notes_and_the_beginning_of_stderr() -> None:
    seen = observed(exit_code=1, notes=("a note",), stderr="x\n" * (STDERR_LINES + 1))
    detail = judged(seen).detail
    assert detail[:4] == (
        "exit code:",
        "    expected  0",
        "    seen      1",
        "note: a note",
    )
    assert detail[4] == f"stderr (first {STDERR_LINES} of {STDERR_LINES + 1} lines):"
    assert detail[5:] == ("    x",) * STDERR_LINES  # fmt: skip


def test_a_broken_run_tells_the_mend_and_what_the_emulator_said() -> None:
    detail = judged(observed(outcome="broken", message="no qemu\n  mend: get one", stderr="qemu: oh")).detail
    assert detail == ("  mend: get one", "stderr:", "    qemu: oh")


def test_a_pass_has_no_detail_but_counts_what_was_normalised() -> None:
    verdict = judged(observed(stdout="goroutine 7", stderr="noise", notes=("x",)), expect={"stdout": "goroutine <n>"})
    assert (verdict.verdict, verdict.detail, verdict.normalised) == (Word.PASS, (), {"goroutine": 1})


EXPECT = {"stdout": "a\n", "per_arch": [{"arches": ["arm64"], "reason": "registers", "stdout": "b\n"}]}


def diffed(left: dict[str, Any], right: dict[str, Any], expect: Any = None, *streams: str) -> Verdict:
    sides = (observed(**{"target": "amd64", **left}), observed(**{"target": "arm64-zig", **right}))
    return judge_diff(ITEM, sides[:1], sides[1:], from_yaml(expect), rules(*streams))


@pytest.mark.parametrize(
    ("left", "right", "expect", "word", "cause"),
    [
        ({"stdout": "a\n"}, {"stdout": "a\n"}, None, Word.PASS, ""),
        (
            {"stdout": "a\n"},
            {"stdout": "b\n"},
            None,
            Word.FAIL,
            "amd64 and arm64-zig diverge: stdout line 1: amd64 `a`, arm64-zig `b`",
        ),
        ({"stdout": "a\n"}, {"stdout": "b\n"}, EXPECT, Word.XFAIL, "declared: arm64: registers"),
        (
            {"stdout": "a\n"},
            {"stdout": "a\n"},
            EXPECT,
            Word.XPASS,
            "the declared divergence of amd64 and arm64-zig in stdout no longer happens",
        ),
        (
            {"stdout": "a\n"},
            {"stdout": "b\n", "exit_code": 1},
            EXPECT,
            Word.FAIL,
            "amd64 and arm64-zig diverge: exit code: amd64 0, arm64-zig 1",
        ),
        (
            {},
            REFUSED,
            {"per_arch": [{"arches": ["arm64"], "reason": "r", "fail@build": "bad"}]},
            Word.XFAIL,
            "declared: arm64: r",
        ),
        (
            {"outcome": "broken", "message": "no qemu\nmore"},
            {"stdout": "b"},
            EXPECT,
            Word.BROKEN,
            "no comparison: amd64 is broken: no qemu",
        ),
        ({}, {"outcome": "broken", "message": "x"}, None, Word.BROKEN, "no comparison: arm64-zig is broken: x"),
    ],
)
def test_two_architectures_agree_diverge_or_do_as_declared(
    left: dict[str, Any], right: dict[str, Any], expect: Any, word: Word, cause: str
) -> None:
    verdict = diffed(left, right, expect)
    assert (verdict.verdict, verdict.cause) == (word, cause)


def test_a_divergence_is_shown_with_both_sides_under_each_other() -> None:
    assert diffed({"stdout": "a\n"}, {"stdout": "b\n"}).detail == (
        "stdout line 1:",
        "    amd64      a",
        "    arm64-zig  b",
    )


def test_a_declared_divergence_that_is_gone_names_the_reason() -> None:
    assert diffed({"stdout": "a\n"}, {"stdout": "a\n"}, EXPECT).detail == ("declared for arm64: registers",)


def test_a_declared_divergence_in_a_stream_that_is_not_compared_is_not_missed() -> None:
    assert diffed({}, {}, EXPECT, "stderr").verdict is Word.PASS


def test_all_divergences_of_a_declared_diff_are_kept() -> None:
    verdict = diffed({"stdout": "a\nx\n"}, {"stdout": "b\ny\n"}, EXPECT)
    assert [found.left for found in verdict.divergences] == ["a", "x"]
    assert verdict.reasons == {"arm64": "registers"}


def test_an_exact_text_is_matched_by_expectation() -> None:
    expect = Expect(exit_code=0, stderr=TextMatch("x\n"))
    assert mismatches(observed(stderr="y\n"), expect, rules()) == (Divergence("stderr line 1", "x", "y"),)


LINES = {
    "stdout": "a\nb\nc\nd\n",
    "per_arch": [{"arches": ["arm64"], "reason": "registers", "stdout": "x\nb\ny\nd\n"}],
}


@pytest.mark.parametrize(
    ("left", "right", "word", "cause"),
    [
        ("a\nb\nc\nd\n", "x\nb\ny\nd\n", Word.XFAIL, "declared: arm64: registers"),
        (
            "a\nb\nc\nd\n",
            "p\nb\nq\nd\n",
            Word.XFAIL,
            "declared: arm64: registers",
        ),  # red where it is held against itself
        (
            "a\nb\nc\nd\n",
            "x\nb\ny\nz\n",
            Word.FAIL,
            "amd64 and arm64-zig diverge: stdout line 4: amd64 `d`, arm64-zig `z`",
        ),
        (
            "a\nb\nc\nd\n",
            "x\nb\nc\nd\n",
            Word.XPASS,
            "the declared divergence of amd64 and arm64-zig in stdout line 3 no longer happens",
        ),
    ],
)
def test_where_both_texts_are_exact_a_divergence_is_declared_line_by_line(
    left: str, right: str, word: Word, cause: str
) -> None:
    verdict = diffed({"stdout": left}, {"stdout": right}, LINES)
    assert (verdict.verdict, verdict.cause) == (word, cause)


def test_a_pattern_declares_its_whole_stream() -> None:
    rows = [{"arches": ["arm64"], "reason": "r", "stdout": {"pattern": ".*"}}]
    verdict = diffed({"stdout": "a\nb\n"}, {"stdout": "a\nz\n"}, {"stdout": "a\nb\n", "per_arch": rows})
    assert verdict.verdict is Word.XFAIL


def test_many_declared_lines_that_are_gone_are_counted() -> None:
    expect = {"stdout": "a\n" * 6, "per_arch": [{"arches": ["arm64"], "reason": "r", "stdout": "b\n" * 6}]}
    verdict = diffed({"stdout": "a\n" * 6}, {"stdout": "b\n" + "a\n" * 5}, expect)
    assert verdict.cause.endswith("in stdout line 2 and stdout line 3 and stdout line 4 and 2 more no longer happens")


ANY_DEATH = {"outcome": ["go-fatal", "signal"]}
FATAL = {"outcome": "go-fatal", "exit_code": 2, "message": "one"}


def test_an_end_that_is_left_open_is_compared_neither_with_the_other_side_nor_with_the_baseline() -> None:
    killed = {"outcome": "signal", "signal": "SIGSEGV", "exit_code": None}
    assert diffed(FATAL, killed, ANY_DEATH).verdict is Word.PASS
    assert diffed(FATAL, {**FATAL, "message": "two"}, ANY_DEATH).verdict is Word.PASS
    assert judged(observed(**FATAL), expect=ANY_DEATH, baseline=observed(**killed)).verdict is Word.PASS


def test_an_end_that_its_list_does_not_have_is_compared() -> None:
    verdict = diffed(FATAL, {}, ANY_DEATH)
    assert (verdict.verdict, verdict.cause) == (
        Word.FAIL,
        "amd64 and arm64-zig diverge: exit outcome: amd64 `go-fatal: one`, arm64-zig exit 0",
    )


def test_two_timeouts_say_nothing_unless_they_are_expected() -> None:
    late = {"outcome": "timeout", "exit_code": None}
    verdict = diffed(late, late)
    assert (verdict.verdict, verdict.cause) == (
        Word.TIMEOUT,
        "no comparison: neither amd64 nor arm64-zig ended in time",
    )
    assert diffed(late, late, {"outcome": "timeout"}).verdict is Word.PASS
    assert diffed(late, {}).verdict is Word.FAIL


def test_every_repeat_of_a_side_is_held_against_the_other() -> None:
    left = [observed(target="amd64", stdout="a\n")] * 3
    right = [observed(target="arm64", stdout=text) for text in ("a\n", "a\n", "b\n")]
    for first, second in ((left, right), (right, left)):
        verdict = judge_diff(ITEM, first, second, from_yaml(None), rules())
        assert verdict.verdict is Word.FAIL
        assert "stdout line 1" in verdict.cause
    broken = [observed(target="arm64"), observed(target="arm64", outcome="broken", message="no qemu")]
    assert judge_diff(ITEM, left, broken, from_yaml(None), rules()).verdict is Word.BROKEN


def test_a_declared_line_is_known_again_where_another_one_came_before_it() -> None:
    verdict = diffed({"stdout": "L\na\nb\nc\nd\n"}, {"stdout": "R\nx\nb\ny\nd\n"}, LINES)
    assert (verdict.verdict, verdict.cause) == (
        Word.FAIL,
        "amd64 and arm64-zig diverge: stdout line 1: amd64 `L`, arm64-zig `R`",
    )


def test_two_refusals_alike_say_nothing_of_what_is_declared_of_a_run() -> None:
    assert diffed(REFUSED, REFUSED, LINES).verdict is Word.PASS
    rows = [{"arches": ["arm64"], "reason": "r", "fail@build": "bad"}]
    assert diffed(REFUSED, REFUSED, {"per_arch": rows}).verdict is Word.XPASS


@pytest.mark.parametrize(
    ("rights", "word", "says"),
    [
        ("222", Word.XFAIL, "declared: "),
        ("122", Word.XPASS, "stdout no longer happens in 1 of 3 comparisons of repeats"),
        ("221", Word.XPASS, "stdout no longer happens in 1 of 3 comparisons of repeats"),
        ("111", Word.XPASS, "stdout no longer happens"),
        ("213", Word.FAIL, "diverge"),
    ],
)
def test_a_declared_divergence_happens_in_every_repeat(rights: str, word: Word, says: str) -> None:
    expectation = from_yaml(
        {"stdout": "a\n1\n", "per_arch": [{"arches": ["arm64"], "reason": "r", "stdout": "a\n2\n"}]}
    )
    left = observed(target="amd64", stdout="a\n1\n")
    repeats = [observed(stdout=f"{'b' if text == '3' else 'a'}\n{text}\n") for text in rights]
    verdict = judge_diff(ITEM, [left], repeats, expectation, rules())
    assert verdict.verdict is word
    assert says in verdict.cause


def probed(target: str, value: str, *, caller_is: str = "C") -> Observation:
    row = Argument("a", "int", "rdi", 0, value, "")
    reading = Reading("called-as-go", "", "go-internal", (Argument("a", "int", "rax", 0, "1", ""),), False, True)
    meant = Meant("sysv-amd64", (row,), doubts=Doubts(False, "caller", caller_is, readings=(reading,)))
    shot = Snapshot("add", "entry", 1, target, 1, "add", "stub", meant=meant)
    return observed(target=target, snapshots=(shot,))


def test_a_call_that_is_not_what_it_should_be_fails_a_run_that_prints_the_right_thing() -> None:
    verdict = judged(probed("amd64", "7", caller_is="Go"))
    assert verdict.verdict is Word.FAIL
    assert verdict.cause.startswith(
        "probe add entry, hit 1: declared `called as what it is`, found `the C function add"
    )
    assert "C function add, hit 1, called from caller:" in verdict.detail
    assert [row.name for row in verdict.diagnoses] == ["called-as-go"]
    declared = {"probes": {"add": {"diagnosis": "called-as-go"}}}
    fine = judged(probed("amd64", "7", caller_is="Go"), expect=declared)
    assert (fine.verdict, [row.name for row in fine.diagnoses]) == (Word.PASS, ["called-as-go"])
    assert judged(probed("amd64", "1"), expect=declared).verdict is Word.FAIL


def test_another_value_than_the_baseline_s_is_a_regression() -> None:
    kept = observed(accepted={"probe add entry, hit 1": {"a": "1"}})
    assert judged(probed("amd64", "1"), baseline=kept).verdict is Word.PASS
    verdict = judged(probed("amd64", "2"), baseline=kept)
    assert (verdict.verdict, "probe add entry, hit 1: a: was 1, is 2" in verdict.cause) == (Word.FAIL, True)


def diff(left: Observation, right: Observation, expect: Any = None) -> Verdict:
    return judge_diff(ITEM, [left], [right], from_yaml(expect), rules())


def test_two_architectures_that_were_passed_other_values_diverge_and_the_call_is_shown() -> None:
    assert diff(probed("amd64", "1"), probed("arm64", "1")).verdict is Word.PASS
    verdict = diff(probed("amd64", "7"), probed("arm64", "1"))
    assert verdict.verdict is Word.FAIL
    assert "  a  ✗ 7    ✗ 1" in verdict.detail
    assert "  amd64: a in rdi · 1st integer argument" in verdict.detail


def test_a_declared_diagnosis_is_a_declared_divergence_that_has_to_happen() -> None:
    row = {"arches": ["amd64"], "reason": "Go passes it in rax", "probes": {"add": {"diagnosis": "called-as-go"}}}
    declared = {"per_arch": [row]}
    assert diff(probed("amd64", "7", caller_is="Go"), probed("arm64", "1"), declared).verdict is Word.XFAIL
    assert diff(probed("amd64", "1"), probed("arm64", "1"), declared).verdict is Word.XPASS
    older = observed(target="amd64")  # a baseline that keeps nothing of probes
    assert diff(older, probed("arm64", "1"), declared).verdict is Word.PASS


def test_what_a_program_died_of_is_told_and_can_be_declared() -> None:
    astray = ("func-value-as-code", "a func value was called as code", "    it would return to f")
    shot = Snapshot("fault", "fault", 1, "amd64", 1, "f", "stub", fault=Fault("SIGSEGV", 1, "mapped", (), astray))
    dead = observed(outcome="signal", exit_code=None, signal="SIGSEGV", snapshots=(shot,))
    said = judged(dead)
    assert (said.verdict, said.diagnoses) == (
        Word.FAIL,
        (Explained("it died of SIGSEGV", astray[0], astray[1:]),),
    )
    declared = {"signal": "SIGSEGV", "death": "func-value-as-code"}
    assert judged(dead, expect=declared).verdict is Word.PASS
    other = judged(dead, expect={**declared, "death": "code-as-func-value"})
    assert (other.verdict, other.cause) == (
        Word.FAIL,
        "death: declared `code-as-func-value`, found `func-value-as-code`",
    )
    unknown = judged(replace(dead, snapshots=()), expect=declared)
    assert unknown.cause == "death: declared `func-value-as-code`, found (nothing that is known)"
