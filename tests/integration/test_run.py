"""Programs that misbehave in every way, built and run for real: natively, and under an emulator."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.compare.judge import Rules, judge_run
from harness.compare.normalise import Normaliser
from harness.observation import Observation, Verdict, Word
from harness.toolchain import Toolchains, load_all

from .support import CORPUS, Project, load_case, observe, own_toolchain, processes, script, target

BOTH = pytest.mark.parametrize("arch", ["amd64", "arm64"])
Act = Callable[..., tuple[Observation, ...]]


@pytest.fixture
def act(project: Project, tmp_path: Path) -> Act:
    """Run an act of the actor on an architecture and return the observations."""

    def run(
        arch: str, *words: str | Path, toolchains: Toolchains | None = None, **fields: Any
    ) -> tuple[Observation, ...]:
        case = load_case(project.case("g/act", *words, **fields))
        return observe(case, target(arch, toolchains=toolchains), tmp_path / "session", toolchains)

    return run


def verdict(project: Project, *observations: Observation) -> Verdict:
    """Judge the observations of the project's one case."""
    case = load_case(project.folder("g/act"))
    blank = Verdict("item", "run", case.name, observations[0].target, "", Word.PASS)
    return judge_run(blank, observations, case.variants[0].expect.default, None, Rules(("stdout",), Normaliser()))


@BOTH
def test_an_infinite_loop_is_a_timeout_and_yields_its_goroutines(project: Project, act: Act, arch: str) -> None:
    (seen,) = act(arch, "loop", run={"timeout": 0.5})
    assert (seen.outcome, seen.exit_code) == ("timeout", 2)
    assert "SIGQUIT: quit" in seen.stderr
    assert "goroutine 1 " in seen.stderr
    assert "main.spinWithoutEnd" in seen.stderr
    judged = verdict(project, seen)
    assert judged.verdict is Word.TIMEOUT
    assert judged.cause.startswith("no end after ")


@BOTH
def test_a_fork_bomb_is_stopped_and_nothing_of_it_stays(act: Act, tmp_path: Path, arch: str) -> None:
    (seen,) = act(arch, "fork", tmp_path, run={"timeout": 30})
    assert seen.outcome == "limit"
    assert seen.message == "it wanted more than the 128 processes allowed"
    assert not processes(str(tmp_path))


def test_output_without_measure_is_counted_and_dropped(act: Act) -> None:
    mib = 1500
    (seen,) = act("amd64", "flood", str(mib))
    assert (seen.outcome, seen.exit_code) == ("exit", 0)
    assert len(seen.stdout) == 1 << 20
    assert seen.stdout.startswith("0123456789abcde\n")
    assert seen.dropped == {"stdout": (mib - 1) << 20}


def test_a_program_that_ignores_sigterm_and_sigquit_is_killed(act: Act, tmp_path: Path) -> None:
    (seen,) = act("amd64", "ignore", tmp_path, run={"timeout": 0.5})
    assert (seen.outcome, seen.signal, seen.exit_code) == ("timeout", "SIGKILL", None)
    assert not processes(str(tmp_path))


@BOTH
def test_a_program_that_stops_itself_is_noticed_woken_and_dumped(act: Act, arch: str) -> None:
    (seen,) = act(arch, "stop", run={"timeout": 0.5})
    assert seen.outcome == "timeout"
    assert "it was stopped (SIGSTOP or SIGTSTP) when its time ran out" in seen.notes
    assert "SIGQUIT: quit" in seen.stderr


@BOTH
def test_who_stops_its_keeper_is_a_timeout_like_others(act: Act, arch: str) -> None:
    (seen,) = act(arch, "stop-parent", "1", run={"timeout": 0.5})
    assert seen.outcome == "timeout"
    assert "it stopped the process that watches over it, which was woken" in seen.notes
    assert "SIGQUIT: quit" in seen.stderr
    assert seen.seconds < 10.0


@BOTH
def test_who_stops_its_keeper_without_end_is_killed(act: Act, arch: str) -> None:
    (seen,) = act(arch, "stop-parent", "-1", run={"timeout": 5})
    assert seen.outcome == "limit"
    assert "it stopped the process that watches over it more than 100 times" in seen.message
    assert seen.seconds < 10.0


def test_a_program_that_closes_its_outputs_is_waited_for(act: Act) -> None:
    (seen,) = act("amd64", "close")
    assert (seen.outcome, seen.exit_code, seen.stdout, seen.stderr) == ("exit", 0, "", "")


def test_a_program_that_closes_its_outputs_and_hangs_says_so(act: Act) -> None:
    (seen,) = act("amd64", "close", "loop", run={"timeout": 0.5})
    assert seen.outcome == "timeout"
    assert "it had closed stdout and stderr" in seen.notes


def test_a_child_in_a_session_of_its_own_does_not_outlive_the_run(act: Act, tmp_path: Path) -> None:
    (seen,) = act("amd64", "orphan", tmp_path)
    assert (seen.outcome, seen.exit_code) == ("exit", 0)
    assert "1 process(es) that it left behind were killed" in seen.notes
    assert not processes(str(tmp_path))


@BOTH
def test_stdin_reaches_the_program(act: Act, arch: str) -> None:
    text = "".join(f"line {number}\n" for number in range(10_000))
    (seen,) = act(arch, "cat", run={"stdin": text})
    assert seen.stdout == text


@BOTH
def test_the_environment_is_the_cases_and_nothing_of_the_callers(
    act: Act, arch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAK", "of the caller")
    (seen,) = act(arch, "environ", run={"env": {"OWN": "of the case"}})
    found = dict(line.split("=", 1) for line in seen.stdout.splitlines())
    assert found == {
        "HOME": seen.workdir,
        "LANG": "C.UTF-8",
        "OWN": "of the case",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TMPDIR": seen.workdir,
        "TZ": "UTC",
    }
    assert not Path(seen.workdir).exists()


@BOTH
@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("exit", "3"), {"outcome": "exit", "exit_code": 3, "signal": None}),
        (("exit", "2"), {"outcome": "exit", "exit_code": 2, "signal": None}),
        (("signal", "9"), {"outcome": "signal", "exit_code": None, "signal": "SIGKILL"}),
        (("signal", "10"), {"outcome": "signal", "exit_code": None, "signal": "SIGUSR1"}),
        (("panic",), {"outcome": "go-panic", "exit_code": 2, "message": "thrown on purpose"}),
        (("nil",), {"outcome": "go-panic", "exit_code": 2, "signal": "SIGSEGV"}),
        (("maps",), {"outcome": "go-fatal", "exit_code": 2, "message": "concurrent map writes"}),
        (("fault",), {"outcome": "cgo-fault", "exit_code": 2, "signal": "SIGSEGV"}),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_each_way_to_end_is_an_outcome_of_its_own(
    act: Act, arch: str, words: tuple[str, ...], wanted: Mapping[str, Any]
) -> None:
    (seen,) = act(arch, *words)
    assert {name: getattr(seen, name) for name in wanted} == wanted


@BOTH
def test_a_deadlock_is_a_fatal_error_where_go_can_tell(act: Act, arch: str) -> None:
    sources = {"main.go": "package main\n\nfunc main() { select {} }\n"}  # no cgo: with it, Go cannot tell
    (seen,) = act(arch, sources=sources)
    assert (seen.outcome, seen.message) == ("go-fatal", "all goroutines are asleep - deadlock!")


def test_too_much_memory_ends_the_program_and_not_the_machine(act: Act) -> None:
    (seen,) = act("amd64", "alloc", "6000")
    assert seen.outcome == "go-fatal"
    assert "out of memory" in seen.message
    assert "got" not in seen.stdout


def test_repeats_are_observed_one_by_one_and_judged_together(project: Project, act: Act, tmp_path: Path) -> None:
    seen = act("amd64", "count", tmp_path / "count", "0", "0", "7", "0", "7", run={"repeat": 5}, expect={"exit": 0})
    assert [(one.repeat, one.exit_code) for one in seen] == [(1, 0), (2, 0), (3, 7), (4, 0), (5, 7)]
    judged = verdict(project, *seen)
    assert judged.verdict is Word.FAIL
    assert judged.cause == "2 of 5 runs: exit code: expected 0, got 7"
    assert judged.outcomes == {"exit 0": 3, "exit 7": 2}


FAULT_ROWS = """\
faults:
  - {{id: made-up, pattern: 'qemu-made-up: fault', what: it is made up, retry: {retry}, mend: unplug it}}
"""


def faulty_emulator(folder: Path, *, faults: int, retry: bool) -> Toolchains:
    """Return toolchains in which arm64's emulator fails `faults` times with a symptom that a row of ours names."""
    body = (
        f'[ "$1" = --version ] && exec qemu-aarch64 --version\necho x >> {folder}/starts\n'
        f"if [ $(wc -l < {folder}/starts) -le {faults} ]; then echo qemu-made-up: fault >&2; exit 1; fi\n"
        'exec qemu-aarch64 "$@"\n'
    )
    emulator = script(folder / "bin" / "qemu-faulty", body)

    def wrap(values: dict[str, Any]) -> None:
        values["emulator"]["program"] = str(emulator)

    own = own_toolchain(folder / "own", "arm64", wrap)
    (own / "emulator-faults.yaml").write_text(FAULT_ROWS.format(retry="'true'" if retry else "'false'"))
    return load_all([own])


@pytest.mark.parametrize(
    ("faults", "retry", "word", "starts"),
    [(0, True, Word.PASS, 1), (1, True, Word.FLAKY, 2), (99, True, Word.BROKEN, 3), (1, False, Word.BROKEN, 1)],
)
def test_only_a_known_emulator_fault_is_tried_again(
    project: Project, act: Act, tmp_path: Path, faults: int, retry: bool, word: Word, starts: int
) -> None:
    own = faulty_emulator(tmp_path, faults=faults, retry=retry)
    (seen,) = act("arm64", "say", "hello", toolchains=own, expect={"stdout": "hello\n"})
    judged = verdict(project, seen)
    assert judged.verdict is word
    assert (tmp_path / "starts").read_text().count("x") == seen.tries == starts
    if word is Word.FLAKY:
        assert judged.cause == "passed at try 2, after a known emulator fault"
    if word is Word.BROKEN:
        assert judged.cause == "emulator fault made-up: it is made up; unplug it"


def test_a_real_crash_is_never_tried_again_but_looked_at_once(act: Act, tmp_path: Path) -> None:
    own = faulty_emulator(tmp_path, faults=0, retry=True)
    (seen,) = act("arm64", "fault", toolchains=own)
    assert (seen.outcome, seen.tries) == ("cgo-fault", 1)
    assert (tmp_path / "starts").read_text() == "x\nx\n"
    assert [shot.source for shot in seen.snapshots] == ["Go's crash text", "stub: QEMU"]


def test_who_dies_as_it_should_is_not_run_again(act: Act) -> None:
    (seen,) = act("arm64", "fault", expect={"outcome": "cgo-fault", "exit": 2})
    assert [shot.source for shot in seen.snapshots] == ["Go's crash text"]


@BOTH
def test_who_dies_and_should_not_is_run_once_more_to_see_of_what(project: Project, act: Act, arch: str) -> None:
    seen = act(arch, "fault", run={"repeat": 2})
    assert [len(each.snapshots) for each in seen] == [2, 1]
    ran = project.pytest(f"--arch={arch}")
    assert "what it died of at" in ran.text
    assert "main.main+" in ran.text


def test_an_emulator_that_cannot_be_started_is_our_fault(project: Project, act: Act, tmp_path: Path) -> None:
    body = '[ "$1" = --version ] && exec qemu-aarch64 --version\nexec /no/such/emulator\n'
    emulator = script(tmp_path / "bin" / "qemu-gone", body)

    def wrap(values: dict[str, Any]) -> None:
        values["emulator"]["program"] = str(emulator)

    own = load_all([own_toolchain(tmp_path / "own", "arm64", wrap)])
    on = target("arm64", toolchains=own)
    emulator.unlink()
    case = load_case(project.case("g/act", "say", "hello"))
    (seen,) = observe(case, on, tmp_path / "session", own)
    assert seen.outcome == "broken"
    assert seen.message == f"the program could not be started: {emulator}: No such file or directory (ENOENT)"
    assert verdict(project, seen).verdict is Word.BROKEN


@BOTH
def test_a_c_host_is_linked_both_ways_and_carries_its_library_with_it(
    project: Project, tmp_path: Path, arch: str
) -> None:
    folder = project.folder("conversions/c_host_archive")
    shutil.copytree(CORPUS / "conversions" / "c_host_archive", folder)
    case = load_case(folder)
    for number, beside in enumerate([set(), {"libcase.so"}]):
        (seen,) = observe(case, target(arch), tmp_path / f"session-{number}", variant=number)
        assert (seen.outcome, seen.exit_code) == ("exit", 0), seen.stderr
        assert seen.stdout == case.variants[number].expect.default.stdout.text  # type: ignore[union-attr]
        program = Path(next(word for word in seen.command if word.endswith("/program")))
        assert {path.name for path in program.parent.iterdir()} == {"program", "build.json"} | beside


SHARED = {
    "main.go": "package main\n\n// #include <dlfcn.h>\n// #cgo LDFLAGS: -ldl\n// typedef int (*fn)(void);\n"
    '// static int call(const char *path) { return ((fn)dlsym(dlopen(path, RTLD_NOW), "number"))(); }\nimport "C"\n\n'
    'import (\n\t"fmt"\n\t"os"\n)\n\nfunc main() { fmt.Println(C.call(C.CString(os.Args[1]))) }\n',
    "plug/number.c": "int number(void) { return 4711; }\n",
}


@BOTH
def test_a_shared_library_of_the_case_stands_beside_the_program(project: Project, tmp_path: Path, arch: str) -> None:
    build = {"shared": {"libnumber.so": ["plug/number.c"]}}
    case = load_case(project.case("g/plug", "{bin}/libnumber.so", sources=SHARED, build=build))
    (seen,) = observe(case, target(arch), tmp_path / "session")
    assert seen.stdout == "4711\n", seen


def test_a_build_that_fails_on_one_architecture_is_told_by_its_diagnostic(project: Project) -> None:
    source = 'package main\n\nimport "C"\n\nfunc main() { println(int(C.char(-1))) }\n'
    row = {"arches": ["arm64"], "reason": "char is unsigned", "fail@build": r"main\.go:5:.*overflows C\.char"}
    project.case("g/right", sources={"main.go": source}, expect={"exit": 0, "per_arch": [row]})
    wrong = {**row, "fail@build": "another complaint"}
    project.case("g/wrong", sources={"main.go": source}, expect={"exit": 0, "per_arch": [wrong]})
    project.case("g/undeclared", sources={"main.go": source})
    ran = project.pytest("--arch=amd64,arm64")
    assert ran.words == {
        "g/right::run[amd64]": "PASS",
        "g/right::run[arm64]": "PASS",
        "g/right::diff[amd64~arm64]": "XFAIL",
        "g/wrong::run[amd64]": "PASS",
        "g/wrong::run[arm64]": "FAIL",
        "g/wrong::diff[amd64~arm64]": "XFAIL",
        "g/undeclared::run[amd64]": "PASS",
        "g/undeclared::run[arm64]": "FAIL",
        "g/undeclared::diff[amd64~arm64]": "FAIL",
    }
    (refused,) = (row for row in ran.observations if (row["case"], row["target"]) == ("g/right", "arm64"))
    assert (refused["phase"], refused["outcome"], refused["exit_code"]) == ("build", "build-error", None)
    (diagnostic,) = refused["diagnostics"]
    assert (diagnostic["file"], diagnostic["line"]) == ("main.go", 5)
    assert "overflows C.char" in diagnostic["text"]
    assert "one that says /another complaint/" in ran.cause("g/wrong::run[arm64]")


def test_flags_of_a_case_reach_its_own_c_only(project: Project) -> None:
    """A flag that the C of runtime/cgo could not be compiled with, so that it can have reached the case's only."""
    build = {"c": {"cflags": ["-DFLAG_OF_THE_CASE=42", "-Dpthread_create=1"]}}
    project.case("g/with", "flag", build=build, expect={"stdout": "flag of the case: 42\n"})
    project.case("g/without", "flag", expect={"stdout": "flag of the case: 0\n"})
    ran = project.pytest("--arch=amd64")
    assert ran.words == {"g/with::run[amd64]": "PASS", "g/without::run[amd64]": "PASS"}


def test_a_pass_after_a_retry_is_shown_as_flaky(project: Project, tmp_path: Path) -> None:
    faulty_emulator(tmp_path, faults=1, retry=True)
    project.case("g/hello", "say", "hello", expect={"stdout": "hello\n"})
    ran = project.pytest("--arch=arm64", f"--toolchains={tmp_path / 'own'}")
    assert (ran.code, ran.words) == (0, {"g/hello::run[arm64]": "FLAKY"})
    assert ran.observations[0]["tries"] == 2
    assert "g/hello  flaky\n" in ran.text
    assert "1 flaky in " in ran.text


def test_bytes_that_are_no_text_stay_apart(project: Project) -> None:
    source = 'package main\n\nimport "C"\nimport (\n\t"os"\n\t"runtime"\n)\n\nfunc main() {\n'
    source += '\tos.Stdout.Write([]byte{map[string]byte{"amd64": 0xff}[runtime.GOARCH] | 0xfe, 10})\n}\n'
    project.case("g/bytes", sources={"main.go": source})
    ran = project.pytest("--arch=amd64,arm64")
    assert ran.cause("g/bytes::diff[amd64~arm64]").endswith("stdout line 1: amd64 `\\xff`, arm64 `\\xfe`")


def test_a_file_beside_the_case_that_the_build_misses_is_said_to_be_out_of_its_copy(project: Project) -> None:
    folder = project.case("g/above", "say", "hello")
    (folder.parent / "above.h").write_text("")
    program = (folder / "main.go").read_text()
    (folder / "main.go").write_text(
        program.replace("package main\n", 'package main\n\n// #include "../above.h"\nimport "C"\n', 1)
    )
    ran = project.pytest("--arch=amd64")
    assert "../above.h: No such file or directory" in ran.cause("g/above::run[amd64]")
    assert "note: ../above.h is there, but a case is built from a copy of its folder" in ran.text
