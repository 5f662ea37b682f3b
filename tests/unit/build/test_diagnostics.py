import pytest

from harness.build import diagnostics
from harness.observation import Diagnostic

STAGED = "/cache/store/tmp/12-ab/src"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("./main.go:5:7: undefined: x", Diagnostic("main.go", 5, 7, "undefined: x")),
        (f"{STAGED}/group.case/add.c:3:1: error: bad", Diagnostic("group.case/add.c", 3, 1, "error: bad")),
        ("add.c:3: warning: old style", Diagnostic("add.c", 3, 0, "warning: old style")),
        ("  entry.S:12: Error: unknown mnemonic", Diagnostic("entry.S", 12, 0, "Error: unknown mnemonic")),
        ("$WORK/b001/_cgo_export.c:9:2: error: x", Diagnostic("_cgo_export.c", 9, 2, "error: x")),
        ("/tmp/go-build123/b001/x.c:9:2: error: x", Diagnostic("x.c", 9, 2, "error: x")),
        (
            "/usr/bin/ld: x.o: undefined reference to `f'",
            Diagnostic("", 0, 0, "ld: x.o: undefined reference to `f'"),
        ),
        ("/usr/bin/ld: cannot find -lmissing", Diagnostic("", 0, 0, "ld: cannot find -lmissing")),
        (
            "/usr/lib/gcc-cross/aarch64-linux-gnu/12/../../../../aarch64-linux-gnu/bin/ld: cannot find -lmissing",
            Diagnostic("", 0, 0, "ld: cannot find -lmissing"),
        ),
        ("/x/bin/s390x-linux-gnu-ld.bfd: cannot find -lx", Diagnostic("", 0, 0, "ld: cannot find -lx")),
        ("(.text+0x17): undefined reference to `main'", Diagnostic("", 0, 0, "(.text): undefined reference to `main'")),
        *(
            (said, said)
            for said in (
                "-buildmode=c-archive not supported on linux/mips64le",
                "-race is not supported on linux/386",
                "-buildmode=plugin requires exactly one main package",
                "main module (crossabi.test/case) does not contain package crossabi.test/case/work",
                "crossabi.test/case: package using cgo has Go assembly file f.s",
                "-race is only supported on linux/amd64, linux/ppc64le",
            )
        ),
        (
            "-buildmode=c-archive requires exactly one main package",
            "-buildmode=c-archive requires exactly one main package",
        ),
        ("cc1: fatal error: x.c: No such file or directory", "cc1: fatal error: x.c: No such file or directory"),
        ("no-gcc: error: unrecognized option '-x'", "no-gcc: error: unrecognized option '-x'"),
        (f"no Go files in {STAGED}", "no Go files in the case's folder"),
        (
            "package a/b: build constraints exclude all Go files in /x",
            "package a/b: build constraints exclude all Go files in /x",
        ),
        (
            "found packages other (b.go) and main (main.go) in /x",
            "found packages other (b.go) and main (main.go) in /x",
        ),
        ("go: go.mod requires go >= 1.99 (running go 1.27.4)", "go: go.mod requires go >= 1.99 (running go 1.27.4)"),
        ("go: no main packages to build", "go: no main packages to build"),
        ("flag provided but not defined: -x", "flag provided but not defined: -x"),
        (
            "/gr/pkg/tool/linux_amd64/link: running gcc failed: exit status 1",
            "link: running the C compiler failed: exit status 1",
        ),
        ("main.go: In function 'main':", None),
        ("add.h:1:5: note: declared here", None),
        ("collect2: error: ld returned 1 exit status", None),
        ("go: downloading something", None),
        ("", None),
    ],
)
def test_a_line_of_compiler_output_is_a_diagnostic_or_chatter(line: str, found: Diagnostic | str | None) -> None:
    if isinstance(found, str):
        found = Diagnostic("", 0, 0, found)
    assert diagnostics.parse(f"{line}\n", [STAGED]) == ((found,) if found else ())


def test_diagnostics_keep_their_order_and_stand_once() -> None:
    output = "b.go:1:1: x\na.go:1:1: y\nb.go:1:1: x\n"
    assert [row.file for row in diagnostics.parse(output)] == ["b.go", "a.go"]


def test_the_output_of_many_packages_is_split_by_its_headers() -> None:
    output = """\
go: some chatter
# crossabi.test/one
one/a.go:1:1: x
# crossabi.test/two [crossabi.test/two.test]
two/b.go:1:1: y
two/b.go:2:1: z
# crossabi.test/one
one/c.go:1:1: w
# not a header: it has words
"""
    assert diagnostics.split_packages(output) == {
        "": "go: some chatter",
        "crossabi.test/one": "one/a.go:1:1: x\none/c.go:1:1: w\n# not a header: it has words",
        "crossabi.test/two": "two/b.go:1:1: y\ntwo/b.go:2:1: z",
    }


def test_a_line_that_names_its_package_is_that_one_s() -> None:
    output = (
        "# crossabi.test/one\none/a.go:1:1: x\ncrossabi.test/two: package using cgo has Go assembly\none/a.go:2:1: y\n"
    )
    assert diagnostics.split_packages(output, ["crossabi.test/one", "crossabi.test/two"]) == {
        "crossabi.test/one": "one/a.go:1:1: x\none/a.go:2:1: y",
        "crossabi.test/two": "crossabi.test/two: package using cgo has Go assembly",
    }


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("a.go:1:1: x\n  write /x: no space left on device\n", "write /x: no space left on device"),
        ("compile: signal: killed", "compile: signal: killed"),
        ("a.c:1:1: internal compiler error: in x", "a.c:1:1: internal compiler error: in x"),
        ("gcc: fatal error: Killed signal terminated program cc1",) * 2,
        ("go: a.b/c@v1: dial tcp 1.2.3.4:443: i/o timeout",) * 2,
        ("cc1: fatal error: error writing to /tmp/a.s: No space left on device",) * 2,
        ("collect2: fatal error: ld terminated with signal 9 [Killed]",) * 2,
        ("as: Too many open files",) * 2,
        ("go: a.b/c@v1: reading http://proxy/a.b/c/@v/v1.zip: 502 Bad Gateway",) * 2,
        ("go: a.b/c@v1: reading http://proxy/a.b/c/@v/v1.mod: 404 Not Found",) * 2,
        ("go: a.b/c@v1: zip: not a valid zip file",) * 2,
        ("a.go:1:1: undefined: space", ""),
        ("a.c:1: undefined reference to `killed'", ""),
        ("", ""),
    ],
)
def test_the_machines_trouble_is_told_from_the_programs(output: str, words: str) -> None:
    assert diagnostics.machine_trouble(output) == words


def test_errors_come_before_warnings_and_the_linkers_end_last() -> None:
    output = "link: running gcc failed: exit status 1\na.c:1:1: warning: w\na.c:2:1: error: e\n"
    texts = [row.text for row in diagnostics.parse(output)]
    assert texts == ["error: e", "warning: w", "link: running the C compiler failed: exit status 1"]


def test_paths_that_lead_out_of_the_folder_are_found_once_each() -> None:
    output = 'a.go:1:11: fatal error: ../../b/x.h: No such file\n#include "../y.h"\n../y.h: ./w.h\n'
    assert diagnostics.paths_above(output) == ["../../b/x.h", "../y.h"]
