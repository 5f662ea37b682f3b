from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.case import BASELINE_FILE, Rewrite
from harness.compare import baseline
from harness.compare.baseline import Baseline, BaselineTooLong
from harness.compare.normalise import Normaliser
from harness.errors import InputError
from harness.observation import Diagnostic, Environment, Observation
from unit.samples import observed


def accepted(**changes: Any) -> Observation:
    return observed(**{"case": "c", "environment": Environment(), **changes})


def of(*observations: Observation, measured: dict[str, str] | None = None) -> Baseline:
    return Baseline({(row.target, row.variant): row for row in observations}, measured or {})


def test_no_file_is_an_empty_baseline(tmp_path: Path) -> None:
    assert baseline.load(tmp_path, "c") == Baseline({}, {})


def test_targets_that_behave_alike_share_an_entry_in_the_order_of_the_table(tmp_path: Path) -> None:
    rows = [
        accepted(target="s390x", stdout="big\n", exit_code=3),
        accepted(target="zzz", stdout="same\n"),
        accepted(target="arm64", stdout="same\n"),
        accepted(target="amd64", stdout="same\n"),
        accepted(target="amd64", variant="v", outcome="go-panic", exit_code=2, message="boom"),
    ]
    baseline.save(tmp_path, of(*rows, measured={"s390x": "B", "amd64": "A"}), ["amd64", "arm64", "s390x"])
    assert (
        (tmp_path / BASELINE_FILE).read_text().removeprefix(baseline.HEADER)
        == """\
accepted:
- targets: [amd64, arm64, zzz]
  outcome: exit
  exit_code: 0
  stdout: |
    same
- targets: [s390x]
  outcome: exit
  exit_code: 3
  stdout: |
    big
- targets: [amd64]
  variant: v
  outcome: go-panic
  exit_code: 2
  message: boom
measured:
  amd64: A
  s390x: B
"""
    )


def test_what_was_measured_with_what_is_a_note_of_the_accepted_observation(tmp_path: Path) -> None:
    baseline.save(tmp_path, of(accepted(), measured={"arm64": "go1.27.4, gcc 12"}), [])
    found = baseline.load(tmp_path, "c").of("arm64", "")
    assert found is not None
    assert found.notes == ("baseline, measured with go1.27.4, gcc 12",)
    assert baseline.load(tmp_path, "c").of("arm64", "other") is None
    assert baseline.load(tmp_path, "c").of("amd64", "") is None


OBSERVATIONS = st.builds(
    accepted,
    target=st.sampled_from(["arm64", "386", "arm64-go1.25.4-zig"]),
    variant=st.sampled_from(["", "on", "v1", "1e5"]),
    stdout=st.text(),
    stderr=st.text(alphabet="yn01e.:~x #'\"|\n\r\t \x85\u2028\x00"),
    exit_code=st.none() | st.integers(0, 255),
    message=st.text(max_size=8),
) | st.builds(
    accepted,
    phase=st.just("build"),
    outcome=st.just("build-error"),
    exit_code=st.none(),
    diagnostics=st.lists(
        st.builds(Diagnostic, st.just(""), st.just(0), st.just(0), st.text(min_size=1)), min_size=1, max_size=3
    ).map(tuple),
)


@given(st.lists(OBSERVATIONS, unique_by=lambda row: (row.target, row.variant), min_size=1, max_size=3))
@example([accepted(stdout="y")])
@example([accepted(stdout="08", stderr="1e5")])
@example([accepted(stdout="a\x85b\n", stderr="0b1")])
@example([accepted(stdout=" leading\n\n", stderr="trailing \n")])
def test_what_is_saved_is_what_is_loaded(tmp_path_factory: pytest.TempPathFactory, rows: list[Observation]) -> None:
    folder = tmp_path_factory.mktemp("case")
    baseline.save(folder, of(*rows), ["386"])
    assert baseline.load(folder, "c") == of(*rows)


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("accepted: {}\n", "1:11", "expected a list"),
        ("measured: {}\n", "1:1", "the key 'accepted' is missing"),
        ("accepted:\n- {targets: [], outcome: exit}\n", "2:13", "at least 1 member"),
        ("accepted:\n- {targets: [arm64], outcome: exits}\n", "2:31", "did you mean 'exit'"),
        ("accepted:\n- {targets: [arm64], outcome: exit, stdot: x}\n", "2:37", "did you mean 'stdout'"),
        (
            "accepted:\n- {targets: [arm], outcome: exit}\n- {targets: [arm64, arm], outcome: signal}\n",
            "3:3",
            "arm already stands in entry 1",
        ),
    ],
)
def test_a_damaged_baseline_is_refused_with_its_place(text: str, place: str, says: str, tmp_path: Path) -> None:
    (tmp_path / BASELINE_FILE).write_text(text)
    with pytest.raises(InputError, match=f"{BASELINE_FILE}:{place}: .*{says}"):
        baseline.load(tmp_path, "c")


def test_the_accepted_form_is_normal_and_has_only_what_is_compared() -> None:
    seen = observed(
        stdout="pid 7\n", stderr="pid 7\n", message="goroutine 5", pid=7, seconds=3.0, notes=("x",), command=("qemu",),
        workdir="/tmp/x", tries=2, repeat=3, dropped={"stdout": 1},
    )  # fmt: skip
    form = baseline.accepted_form(seen, ("stdout",), Normaliser())
    assert form == observed(stdout="pid <pid>\n", message="goroutine <n>")


def test_the_accepted_form_of_a_refusal_is_its_diagnostics() -> None:
    seen = observed(
        phase="build", outcome="build-error", exit_code=None, stdout="x", message="x",
        diagnostics=(Diagnostic("a.go", 1, 2, "bad word"),),
    )  # fmt: skip
    form = baseline.accepted_form(seen, ("stdout",), Normaliser((Rewrite("bad", "good"),)))
    assert (form.stdout, form.message, form.diagnostics) == ("", "", (Diagnostic("a.go", 1, 2, "good word"),))


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        (Environment(runner="qemu", go="go1.27.4", c_compiler="gcc 12", emulator="qemu 7"), "go1.27.4, gcc 12, qemu 7"),
        (Environment(runner="native", go="go1.27.4", c_compiler="gcc 12"), "go1.27.4, gcc 12, native"),
        (Environment(), ""),
    ],
)
def test_the_provenance_is_one_line(environment: Environment, text: str) -> None:
    assert baseline.provenance(environment) == text


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    baseline.save(tmp_path, of(accepted(target="arm64")), [])
    before = (tmp_path / BASELINE_FILE).read_text()
    rows = [accepted(target="arm64", variant=str(number), stdout="ü" * 32_000) for number in range(20)]
    assert {baseline.length(row) for row in rows} == {64_000}
    with pytest.raises(BaselineTooLong, match=r"baseline\.yaml: 12\d\d\d\d\d bytes of at most 1048576"):
        baseline.save(tmp_path, of(*rows), [])
    assert (tmp_path / BASELINE_FILE).read_text() == before
