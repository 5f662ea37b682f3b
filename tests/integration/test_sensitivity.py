"""The smallest changes to shipped cases turn exactly the right items red, with words that a stranger understands."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from .support import CORPUS, Project, Ran, own_toolchain

CAST, RIGHT = "conversions/direct_cast", "conversions/via_trampoline"
GREEN = {
    f"{CAST}::run[amd64]": "PASS",
    f"{CAST}::run[arm64]": "PASS",
    f"{CAST}::diff[amd64~arm64]": "XFAIL",
    f"{RIGHT}::run[amd64]": "PASS",
    f"{RIGHT}::run[arm64]": "PASS",
    f"{RIGHT}::diff[amd64~arm64]": "PASS",
}


@pytest.fixture
def corpus(project: Project) -> Project:
    for name in (CAST, RIGHT):
        shutil.copytree(CORPUS / name, project.folder(name))
    return project


def run(corpus: Project, *more: str) -> Ran:
    return corpus.pytest("--arch=amd64,arm64", *more)


def changed(ran: Ran) -> dict[str, str]:
    """Return the items whose verdict is not the one of the untouched corpus, and those that are not in it."""
    return {name: word for name, word in ran.words.items() if GREEN.get(name) != word}


def test_nothing_is_red_before_anything_is_changed(corpus: Project) -> None:
    ran = run(corpus)
    assert (ran.code, ran.words) == (0, GREEN)
    assert "amd64 ≠ arm64: stdout line 1" in ran.text
    assert "why amd64: Go passes a, b, c in RAX, RBX, RCX" in ran.text


def test_a_reason_that_is_deleted(corpus: Project) -> None:
    path = corpus.folder(CAST) / "case.yaml"
    lines = path.read_text().splitlines(keepends=True)
    start = next(number for number, line in enumerate(lines) if line.strip() == "reason: >")
    end = next(number for number in range(start, len(lines)) if lines[number].strip().startswith("rule:"))
    path.write_text("".join(lines[:start] + lines[end:]))
    ran = run(corpus)
    assert ran.code == 1
    assert changed(ran) == {f"{CAST}::load": "FAIL"}
    cause = ran.cause(f"{CAST}::load")
    assert cause.startswith(f"{path}:{start}:")  # the row that has no reason any more begins on the line before
    assert "reason" in cause
    assert cause in ran.text
    assert "Traceback" not in ran.text


def test_a_digit_that_is_changed_in_the_code_of_one_case(corpus: Project) -> None:
    corpus.edit(f"{RIGHT}/functions.c", "return a + 2 * b + 3 * c;", "return a + 2 * b + 4 * c;")
    ran = run(corpus)
    assert ran.code == 1
    assert changed(ran) == {f"{RIGHT}::run[amd64]": "FAIL", f"{RIGHT}::run[arm64]": "FAIL"}
    for arch in ("amd64", "arm64"):
        said = "stdout line 1: expected `add3(1, 2, 3) = 14`, got `add3(1, 2, 3) = 17`"
        assert ran.cause(f"{RIGHT}::run[{arch}]") == said
        assert f"rerun: pytest --arch={arch} 'cases/{RIGHT}/case.yaml::run[{arch}]'" in ran.text


def test_a_digit_that_only_one_architecture_reads(corpus: Project) -> None:
    corpus.edit(f"{CAST}/add3.c", "return a + b + c;", "return a + b + c + 1;")
    ran = run(corpus)
    # amd64's sum is wrong with and without it, so what was declared of that line is no longer seen.
    assert changed(ran) == {f"{CAST}::run[arm64]": "FAIL", f"{CAST}::diff[amd64~arm64]": "XPASS"}
    assert ran.cause(f"{CAST}::diff[amd64~arm64]").endswith("in stdout line 4 no longer happens")
    assert "got `add3(0x11111111, 0x22222222, 0x33333333) = wrong`" in ran.cause(f"{CAST}::run[arm64]")


def test_the_command_that_a_failure_names_runs_just_that_item(corpus: Project) -> None:
    corpus.edit(f"{RIGHT}/functions.c", "return a + 2 * b + 3 * c;", "return a + 2 * b + 4 * c;")
    ran = run(corpus, "-k", "run and arm64")
    line = next(line for line in ran.text.splitlines() if line.startswith("rerun: pytest "))
    options, _, item = line.removeprefix("rerun: pytest ").partition(" ")
    again = corpus.pytest(options, item.strip("'"))
    assert (again.code, again.words) == (1, {f"{RIGHT}::run[arm64]": "FAIL"})


def test_the_cross_compiler_swapped_for_the_hosts(corpus: Project) -> None:
    def swap(values: dict[str, Any]) -> None:
        values["c"]["compiler"] = "x86_64-linux-gnu-gcc"

    own = own_toolchain(corpus.path / "own", "arm64", swap)
    ran = run(corpus, f"--toolchains={own}")
    assert ran.code == 1
    items = [f"{case}::{item}" for case in (CAST, RIGHT) for item in ("run[arm64]", "diff[amd64~arm64]")]
    assert changed(ran) == dict.fromkeys(items, "BROKEN")
    for item in items:
        assert "asked for AArch64, got x86-64" in ran.cause(item)
    assert "x86_64-linux-gnu-gcc makes code for another machine" in ran.cause(f"{CAST}::run[arm64]")


def test_a_declared_difference_that_is_deleted(corpus: Project) -> None:
    path = corpus.folder(CAST) / "case.yaml"
    text = path.read_text()
    start, end = text.index("    - arches: [amd64]\n"), text.index("    - arches: ['386']\n")
    path.write_text(text[:start] + text[end:])
    ran = run(corpus)
    assert changed(ran) == {f"{CAST}::run[amd64]": "FAIL", f"{CAST}::diff[amd64~arm64]": "FAIL"}
    said = "amd64 `parameter a of add3 = wrong`, arm64 `parameter a of add3 = 0x11111111` (and 4 more)"
    assert ran.cause(f"{CAST}::diff[amd64~arm64]") == f"amd64 and arm64 diverge: stdout line 1: {said}"


def test_a_declared_difference_that_no_longer_happens(corpus: Project) -> None:
    with (corpus.folder(RIGHT) / "case.yaml").open("a") as file:
        file.write("  per_arch:\n    - {arches: [arm64], reason: it was so once, stdout: {pattern: '.*'}}\n")
    ran = run(corpus)
    assert ran.code == 1
    assert changed(ran) == {f"{RIGHT}::diff[amd64~arm64]": "XPASS"}
    assert ran.cause(f"{RIGHT}::diff[amd64~arm64]") == (
        "the declared divergence of amd64 and arm64 in stdout no longer happens"
    )
    assert "declared for arm64: it was so once" in ran.text


def test_a_further_line_that_diverges_is_not_covered_by_those_that_are_declared(corpus: Project) -> None:
    path = corpus.folder(CAST) / "main.go"
    path.write_text(f"{path.read_text()}\nfunc init() {{ fmt.Println(runtime.GOARCH) }}\n")
    ran = run(corpus)
    items = [f"{CAST}::{item}" for item in ("run[amd64]", "run[arm64]", "diff[amd64~arm64]")]
    assert changed(ran) == dict.fromkeys(items, "FAIL")
