from pathlib import Path

import pytest

from harness import case
from harness.case import BuildSettings, Case, Rewrite, RunSettings
from harness.errors import InputError
from harness.expectation import Expect, Expectation, TextMatch
from unit.samples import CASES, HEAD, names


def load(folder: Path, text: str | bytes) -> Case:
    path = folder / case.CASE_FILE
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return case.load(path, "group/name", names())


@pytest.mark.parametrize("name", CASES)
def test_a_malformed_case_is_refused_with_its_place_and_what_is_wrong(name: str, tmp_path: Path) -> None:
    row = CASES[name]
    with pytest.raises(InputError) as caught:
        load(tmp_path, row.text)
    found = caught.value.problems
    assert [(problem.line, problem.column) for problem in found] == [(row.line, row.column)]
    assert row.says in found[0].message
    assert str(caught.value) == f"{tmp_path / 'case.yaml'}:{row.line}:{row.column}: {found[0].message}"


def test_the_smallest_case_gets_the_defaults(tmp_path: Path) -> None:
    loaded = load(tmp_path, HEAD)
    assert (loaded.name, loaded.kind, loaded.about) == ("group/name", "program", "a test")
    assert (loaded.folder, loaded.path) == (tmp_path, tmp_path / "case.yaml")
    assert (loaded.compare, loaded.normalise) == (("stdout",), ())
    (variant,) = loaded.variants
    assert (variant.name, variant.arches) == ("", None)
    assert (variant.build, variant.run) == (BuildSettings(), RunSettings())
    assert variant.expect == Expectation(Expect(exit_code=0))


EVERYTHING = """\
kind: c-host
about: everything
arches: [ARM64, x86_64]
build:
  env: {A: a, B: b}
  tags: [one, two]
  flags: [-race]
  go: {gcflags: -N, ldflags: -s, asmflags: -S}
  c: {cflags: [-O0], ldflags: [-lm]}
  shared: {liba.so: [a.c]}
  mode: c-shared
run: {args: ['{bin}'], env: {C: c}, stdin: in, timeout: 3, repeat: 2}
expect: {exit: 3, stderr: {pattern: x+}}
compare: [stderr]
normalise: [{match: '(a)b', as: '\\1'}]
"""


def test_everything_that_is_written_is_read(tmp_path: Path) -> None:
    loaded = load(tmp_path, EVERYTHING)
    (variant,) = loaded.variants
    assert variant.arches == ("arm64", "amd64")
    assert variant.build == BuildSettings(
        env={"A": "a", "B": "b"},
        tags=("one", "two"),
        flags=("-race",),
        gcflags="-N",
        go_ldflags="-s",
        asmflags="-S",
        cflags=("-O0",),
        c_ldflags=("-lm",),
        shared={"liba.so": ("a.c",)},
        mode="c-shared",
    )
    assert variant.run == RunSettings(("{bin}",), {"C": "c"}, "in", 3.0, 2)
    assert variant.expect.default == Expect(("exit",), 3, stderr=TextMatch("x+", is_pattern=True))
    assert (loaded.compare, loaded.normalise) == (("stderr",), (Rewrite("(a)b", "\\1"),))


def test_plugins_are_merged_by_name(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.go").write_text("package main\n")
    text = f"{HEAD}build: {{plugins: {{a.so: one, b.so: two}}}}\nvariants:\n  - name: same\n  - name: other\n"
    same, other = load(tmp_path, f"{text}    build: {{plugins: {{b.so: three, c.so: one}}}}\n").variants
    assert same.build == BuildSettings(plugins={"a.so": "one", "b.so": "two"})
    assert other.build == BuildSettings(plugins={"a.so": "one", "b.so": "three", "c.so": "one"})


def test_a_plugin_that_is_not_there_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, f"{HEAD}build: {{plugins: {{work.so: work}}}}\n")
    assert str(caught.value) == f"{tmp_path / 'case.yaml'}:3:28: there is no folder 'work' beside this file"


def test_a_variant_says_only_how_it_differs(tmp_path: Path) -> None:
    variants = """\
variants:
  - name: same
  - name: other
    arches: [386]
    build: {env: {B: new}, go: {gcflags: -l}, c: {cflags: []}, shared: {libb.so: [b.c]}}
    run: {env: {D: d}, repeat: 5}
    expect: fail@build
"""
    alone = load(tmp_path, EVERYTHING).variants[0]
    same, other = load(tmp_path, EVERYTHING + variants).variants
    assert (same.name, same.arches, same.build, same.run, same.expect) == (
        "same",
        alone.arches,
        alone.build,
        alone.run,
        alone.expect,
    )
    assert other.arches == ("386",)
    assert other.build.env == {"A": "a", "B": "new"}
    assert (other.build.gcflags, other.build.go_ldflags, other.build.tags) == ("-l", "-s", ("one", "two"))
    assert (other.build.cflags, other.build.c_ldflags) == ((), ("-lm",))
    assert other.build.shared == {"liba.so": ("a.c",), "libb.so": ("b.c",)}
    assert other.run == RunSettings(("{bin}",), {"C": "c", "D": "d"}, "in", 3.0, 5)
    assert other.expect.default.build_failure == ""


@pytest.mark.parametrize(
    ("kind", "mode"), [("kind: program", ""), ("kind: c-host", "c-archive"), ("kind: c-host", "c-shared")]
)
def test_a_c_host_has_a_mode_and_a_program_has_none(kind: str, mode: str, tmp_path: Path) -> None:
    build = f"build: {{mode: {mode}}}\n" if mode == "c-shared" else ""
    loaded = load(tmp_path, f"{kind}\nabout: x\n{build}variants: [{{name: a}}]\n")
    assert loaded.variants[0].build.mode == mode


@pytest.mark.parametrize(
    ("arches", "runs"), [("", {"arm64", "386"}), ("arches: [386]", {"386"}), ("arches: ['x86', arm]", {"386"})]
)
def test_a_case_runs_where_it_has_something_to_say(arches: str, runs: set[str], tmp_path: Path) -> None:
    variant = load(tmp_path, f"{HEAD}{arches}\n").variants[0]
    assert {arch for arch in ("arm64", "386") if variant.runs_on(arch)} == runs


def test_the_records_of_a_case_cannot_be_changed(tmp_path: Path) -> None:
    build = load(tmp_path, EVERYTHING).variants[0].build
    with pytest.raises(TypeError):
        build.env["A"] = "changed"  # type: ignore[index]


def test_what_a_probe_s_arguments_should_be_is_written_as_it_is_compared(tmp_path: Path) -> None:
    text = "probes: [{at: f}]\nexpect: {probes: {f: {arguments: {a: 0x10, b: 2.5, c: true, d: hello}}}}\n"
    made = load(tmp_path, HEAD + text).variants[0]
    assert made.expect.default.probes["f"].arguments == {"a": "16", "b": "2.5", "c": "true", "d": "hello"}
    assert [(probe.at, probe.meant, probe.doubted) for probe in made.probes] == [("f", True, True)]


def test_a_probe_can_ask_for_the_functions_that_run(tmp_path: Path) -> None:
    text = "probes: [{at: f, backtrace: true}, {at: g, backtrace: false}, {at: h}]\n"
    probes = load(tmp_path, HEAD + text).variants[0].probes
    assert [probe.backtrace for probe in probes] == [True, False, False]
    for value, found in (("'yes'", "'yes'"), ("1", "'1'"), ("", "nothing")):
        with pytest.raises(InputError, match=f"expected true or false, found {found}"):
            load(tmp_path, f"{HEAD}probes:\n  - at: f\n    backtrace: {value}\n")
