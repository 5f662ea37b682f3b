"""The store: what goes into a key, who builds when, and what a build leaves behind that was killed or could not end."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.build import build
from harness.build.ambient import ambient
from harness.build.recipe import Recipe, recipe
from harness.build.store import Binary, Store, Trouble
from harness.errors import InputError

from .support import PYTEST, Project, command, deep, load_case, own_toolchain, processes, script, some, target, until

HELLO = 'package main\n\nimport "C"\n\nfunc main() { println("hello") }\n'


@pytest.fixture
def hello(project: Project) -> Project:
    project.case("g/hello", sources={"main.go": HELLO, "part.h": "#define NUMBER 1\n"})
    return project


def made_from(project: Project, **fields: Any) -> Recipe:
    """Return the recipe of the project's case, changed in `fields` of its case.yaml."""
    folder = project.case("g/hello", sources={}, **fields)
    case = load_case(folder)
    return recipe(case, case.variants[0], target("arm64"), ambient())


@pytest.mark.parametrize(
    "build_settings",
    [
        {"env": {"GOARM64": "v8.1"}},
        {"tags": ["x"]},
        {"flags": ["-race"]},
        {"go": {"gcflags": "-N"}},
        {"go": {"ldflags": "-s"}},
        {"c": {"cflags": ["-O0"]}},
        {"c": {"ldflags": ["-lm"]}},
        {"shared": {"libx.so": ["x.c"]}},
    ],
    ids=lambda value: "-".join([*value, *next(iter(value.values()))]),
)
def test_every_setting_of_the_build_is_in_the_key(hello: Project, build_settings: dict[str, Any]) -> None:
    assert made_from(hello).key != made_from(hello, build=build_settings).key


def test_how_it_is_run_and_judged_is_not_in_the_key(hello: Project) -> None:
    key = made_from(hello).key
    assert made_from(hello, run={"args": ["x"], "timeout": 3}, expect={"exit": 3}).key == key
    (hello.folder("g/hello") / "baseline.yaml").write_text("accepted: []\n")
    assert made_from(hello).key == key


def test_every_source_and_its_name_is_in_the_key(hello: Project) -> None:
    folder = hello.folder("g/hello")
    keys = [made_from(hello).key]
    (folder / "part.h").write_text("#define NUMBER 2\n")
    keys.append(made_from(hello).key)
    (folder / "part.h").rename(folder / "other.h")
    keys.append(made_from(hello).key)
    assert len(set(keys)) == 3


@pytest.mark.parametrize("name", ["CGO_CFLAGS", "GOEXPERIMENT", "GOFLAGS", "CPATH", "GOARM64"])
def test_an_environment_that_matters_is_in_the_key(hello: Project, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    key = made_from(hello).key
    monkeypatch.setenv(name, "-x")
    assert made_from(hello).key != key


@pytest.mark.parametrize("name", ["GOPROXY", "TMPDIR", "GOCACHE", "LANG", "SOMETHING"])
def test_an_environment_that_does_not_matter_is_not(hello: Project, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    key = made_from(hello).key
    monkeypatch.setenv(name, "/elsewhere")
    assert made_from(hello).key == key


def test_an_overlay_and_every_file_that_it_names_are_in_the_key(
    hello: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, replacement = tmp_path / "overlay.json", tmp_path / "main.go"
    keys = [made_from(hello).key]
    monkeypatch.setenv("GOFLAGS", f"-overlay={file}")
    with pytest.raises(InputError, match=r"overlay\.json:1:1: the overlay cannot be read: No such file"):
        made_from(hello)
    for text in ("one", "two"):
        replacement.write_text(text)
        file.write_text(json.dumps({"Replace": {"/some/where.go": str(replacement)}}))
        keys.append(made_from(hello).key)
    file.write_text(json.dumps({"Replace": {"/some/where_else.go": str(replacement)}}))
    keys.append(made_from(hello).key)
    assert len(set(keys)) == 4


def test_what_one_set_of_flags_built_is_not_given_to_another(project: Project) -> None:
    project.case(
        "g/one", "flag", build={"c": {"cflags": ["-DFLAG_OF_THE_CASE=1"]}}, expect={"stdout": "flag of the case: 1\n"}
    )
    project.case(
        "g/two", "flag", build={"c": {"cflags": ["-DFLAG_OF_THE_CASE=2"]}}, expect={"stdout": "flag of the case: 2\n"}
    )
    for expected in (True, False):
        ran = project.pytest("--arch=amd64")
        assert ran.words == {"g/one::run[amd64]": "PASS", "g/two::run[amd64]": "PASS"}
        assert ("building 2 programs" in ran.text) is expected


def build_and_tell(wanted: Recipe, root: Path, gate: Any, told: Any) -> None:
    gate.wait()
    said: list[str] = []
    (built,) = build(Store(root), [wanted], said.append).values()
    told.put((len(said), isinstance(built, Binary)))


def test_two_builders_of_one_key_build_once(hello: Project, tmp_path: Path) -> None:
    wanted = made_from(hello)
    context = multiprocessing.get_context("fork")
    gate, told = context.Barrier(3), context.Queue()
    arguments = (wanted, tmp_path, gate, told)
    builders = [context.Process(target=build_and_tell, args=arguments) for _ in range(3)]
    for builder in builders:
        builder.start()
    said = sorted(told.get(timeout=120) for _ in builders)
    for builder in builders:
        builder.join()
    assert said == [(0, True), (0, True), (1, True)]


def test_a_builder_that_is_killed_leaves_nothing_half_done_and_its_lock_to_nobody(
    hello: Project, tmp_path: Path
) -> None:
    """A compiler that takes for ever holds the build while its harness is killed."""
    bin_folder, root = tmp_path / "bin", tmp_path / "root"
    body = (
        f'real={shutil.which("aarch64-linux-gnu-gcc")}\n[ "$1" = --version ] && exec $real --version\n'
        f'touch {tmp_path}/began\n[ -e {tmp_path}/slow ] && sleep 600\nexec $real "$@"\n'
    )
    script(bin_folder / "aarch64-linux-gnu-gcc", body)
    (tmp_path / "slow").touch()
    env = {**os.environ, "CROSSABI_CACHE": str(root), "PATH": f"{bin_folder}:{os.environ['PATH']}"}
    builder = subprocess.Popen(
        [*PYTEST, "--arch=arm64"], cwd=hello.path, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until((tmp_path / "began").exists, 60, "no compiler was started")
    finally:
        builder.send_signal(signal.SIGKILL)
        builder.wait()
    until(lambda: not processes(str(tmp_path)), 2.0, "the compiler did not end")
    assert not list((root / "store").glob("??/*"))
    (tmp_path / "slow").unlink()
    ran = hello.pytest("--arch=arm64", env={"CROSSABI_CACHE": str(root), "PATH": env["PATH"]})
    assert (ran.code, ran.words) == (0, {"g/hello::run[arm64]": "PASS"})
    assert not list((root / "store" / "tmp").iterdir())


def test_nothing_is_rebuilt_when_nothing_changed_and_no_tool_is_asked(hello: Project, tmp_path: Path) -> None:
    """Compilers and the `go` on PATH leave a trace when they are started; the corpus's `go` needs a build cache."""
    trace = tmp_path / "trace"
    for name in ("aarch64-linux-gnu-gcc", "go"):
        script(tmp_path / "bin" / name, f'echo "$0" >> {trace}\nexec {shutil.which(name)} "$@"\n')
    env = {"CROSSABI_CACHE": str(tmp_path / "root"), "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    first = hello.pytest("--arch=arm64", env=env)
    assert "building 1 program" in first.text
    assert {Path(line).name for line in trace.read_text().splitlines()} == {"aarch64-linux-gnu-gcc", "go"}
    trace.unlink()
    again = hello.pytest("--arch=arm64", env={**env, "GOCACHE": "off"})
    assert (again.code, again.words) == (0, {"g/hello::run[arm64]": "PASS"})
    assert not trace.exists()
    (hello.folder("g/hello") / "part.h").write_text("#define NUMBER 2\n")
    changed = hello.pytest("--arch=arm64", env={**env, "GOCACHE": "off"})
    assert changed.words == {"g/hello::run[arm64]": "BROKEN"}  # so this is how a `go` that is asked would be seen
    assert "GOCACHE=off" in changed.cause("g/hello::run[arm64]")


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "tiny"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tiny", folder], check=False, capture_output=True)
    if done.returncode != 0:
        pytest.skip(f"mount: {done.stderr.decode()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_broken_and_never_stored(hello: Project, tiny_disk: Path) -> None:
    wanted = made_from(hello)
    store = Store(tiny_disk)
    (built,) = build(store, [wanted]).values()
    assert isinstance(built, Trouble)
    assert "no space left on device" in built.cause.lower() + built.output.lower()
    assert store.get(wanted.key) is None
    assert not list((store.root / "tmp").iterdir())
    subprocess.run(["mount", "-o", "remount,size=200m", tiny_disk], check=True)
    (again,) = build(store, [wanted]).values()
    assert isinstance(again, Binary)


def test_an_entry_that_was_damaged_is_built_anew(hello: Project, tmp_path: Path) -> None:
    wanted, store = made_from(hello), Store(tmp_path)
    (first,) = build(store, [wanted]).values()
    assert isinstance(first, Binary)
    with first.program.open("r+b") as file:
        file.truncate(100)
    said: list[str] = []
    (again,) = build(store, [wanted], said.append).values()
    assert isinstance(again, Binary)
    assert len(said) == 1
    assert again.program.stat().st_size > 100


HOST = {"host/main.c": "int main(void) { return 0; }\n"}
LIBRARY = {"lib.go": 'package main\n\nimport "C"\n\n//export F\nfunc F() {}\n\nfunc main() {}\n'}
MAIN = {"main.go": 'package main\n\nimport "C"\n\nfunc main() {}\n'}


@pytest.mark.parametrize(
    ("kind", "sources", "settings", "says"),
    [
        ("program", {"notes.txt": "x"}, {}, "no Go files in the case's folder"),
        ("program", {"x.c": "int x;\n"}, {}, "no Go files in the case's folder"),
        ("program", {"x.go": "//go:build windows\n\npackage main\n"}, {}, "build constraints exclude all Go files"),
        ("program", {**MAIN, "go.mod": "module x\n\ngo 1.99\n"}, {}, "go.mod requires go >= 1.99"),
        ("program", {**MAIN, "go.mod": "module x\n\nfoo\n"}, {}, "go.mod:3: unknown directive: foo"),
        ("program", {**MAIN, "b.go": "package other\n"}, {}, "found packages other (b.go) and main (main.go)"),
        ("program", {"a.go": 'package a\n\nimport "C"\n'}, {}, "no main packages to build"),
        ("program", MAIN, {"flags": ["-nosuch"]}, "flag provided but not defined: -nosuch"),
        ("program", MAIN, {"c": {"cflags": ["-fnosuch"]}}, "unrecognized command-line option"),
        ("program", MAIN, {"shared": {"libx.so": ["nowhere.c"]}}, "nowhere.c: No such file or directory"),
        ("c-host", LIBRARY, {}, "host: no .c file in this folder; a c-host has its C main there"),
        ("c-host", HOST, {}, "no Go files in the case's folder"),
        (
            "c-host",
            {**LIBRARY, "host/main.c": "int main(void) { return 0 }\n"},
            {},
            "host/main.c:1:26: error: expected",
        ),
    ],
)
def test_an_authors_mistake_is_a_failure_in_the_compilers_words_and_never_broken(
    project: Project, kind: str, sources: dict[str, str], settings: dict[str, object], says: str
) -> None:
    project.case("g/wrong", sources=sources, kind=kind, build=settings)
    project.case("g/right", sources=MAIN)
    ran = project.pytest("--arch=arm64")
    assert ran.words == {"g/wrong::run[arm64]": "FAIL", "g/right::run[arm64]": "PASS"}
    assert says in ran.cause("g/wrong::run[arm64]")
    assert "store/tmp" not in ran.cause("g/wrong::run[arm64]")


@pytest.mark.parametrize(
    ("sources", "flags", "pattern"),
    [
        (
            {"main.go": 'package main\n\n// void nowhere(void);\nimport "C"\n\nfunc main() { C.nowhere() }\n'},
            [],
            "nowhere",
        ),
        (
            {
                "main.go": 'package main\n\n// #include "old.h"\nimport "C"\n\nfunc main() { C.old() }\n',
                "old.h": '__attribute__((deprecated("no"))) static void old(void) {}\n',
            },
            ["-Werror=deprecated-declarations"],
            "deprecated",
        ),
    ],
    ids=["by the linker", "of cgo's own code"],
)
def test_a_refusal_can_be_expected_on_every_architecture(
    project: Project, sources: dict[str, str], flags: list[str], pattern: str
) -> None:
    project.case("g/refused", sources=sources, build={"c": {"cflags": flags}}, expect={"fail@build": pattern})
    ran = project.pytest("--arch=amd64,arm64,s390x")
    assert set(ran.words.values()) == {"PASS"}, ran.text
    assert len(ran.words) == 5


@pytest.mark.deep  # builds the Go runtime anew
def test_a_machine_without_a_usable_home_builds_below_the_cache(project: Project, tmp_path: Path) -> None:
    project.case("g/right", sources=MAIN)
    unset = [f"-u{name}" for name in ("GOPATH", "GOCACHE", "GOMODCACHE", "XDG_CACHE_HOME")]
    argv = ["env", *unset, "HOME=/dev/null/home", f"CROSSABI_CACHE={tmp_path / 'cache'}", *PYTEST, "--arch=amd64"]
    ran = command(argv, project.path)
    assert ran.code == 0, ran.text
    assert (tmp_path / "cache" / "gocache").is_dir()


INCLUDES = 'package main\n\n// #include "number.h"\nimport "C"\nimport "fmt"\n\nfunc main() { fmt.Println(C.NUMBER) }\n'


@pytest.mark.parametrize("how", some(["flag", "cgo line", "variable", "include", "pkg-config", "link"], few=["flag"]))
def test_a_header_elsewhere_that_changes_is_built_in(project: Project, tmp_path: Path, how: str) -> None:
    folder = tmp_path / "folder of headers"
    folder.mkdir()
    source, build, env = INCLUDES, {}, {}
    if how == "flag":
        build = {"c": {"cflags": [f"-I{folder}"]}}
    elif how == "cgo line":
        source = source.replace("// #include", f'// #cgo CFLAGS: "-I{folder}"\n// #include')
    elif how == "variable":
        env = {"CPATH": str(folder)}
    elif how == "include":
        source = source.replace("number.h", f"{folder}/number.h")
    elif how == "link":
        (tmp_path / "include").mkdir()
        (tmp_path / "include" / "to").symlink_to(folder)
        build = {"c": {"cflags": [f"-I{tmp_path / 'include'}"]}}
        source = source.replace("number.h", "to/number.h")
    else:
        script = tmp_path / "pkg-config"  # not everybody has it; so much of it is all that cmd/go asks
        quoted = str(folder).replace(" ", "\\ ")
        script.write_text(f"#!/bin/sh\ncase $1 in --cflags) echo '-I{quoted}';; esac\n")
        script.chmod(0o755)
        env = {"PKG_CONFIG": str(script)}
        source = source.replace("// #include", "// #cgo pkg-config: number\n// #include")
    project.case("g/number", sources={"main.go": source}, build=build, expect={"stdout": "1\n"})
    for number, word in (("1", "PASS"), ("22", "FAIL"), ("1", "PASS")):
        (folder / "number.h").write_text(f"#define NUMBER {number}\n")
        ran = project.pytest("--arch=amd64", env=env)
        assert ran.words == {"g/number::run[amd64]": word}, ran.text


@pytest.mark.parametrize("by", some(["another header", "a wrapped compiler"], few=["a wrapped compiler"]))
def test_what_only_the_compiler_knows_that_it_read_is_built_in(project: Project, tmp_path: Path, by: str) -> None:
    (tmp_path / "include").mkdir()
    (tmp_path / "elsewhere").mkdir()
    number, arguments = tmp_path / "elsewhere" / "number.h", ["--arch=amd64"]
    build: dict[str, Any] = {}
    if by == "another header":
        (tmp_path / "include" / "number.h").write_text('#include "../elsewhere/number.h"\n')
        build = {"c": {"cflags": [f"-I{tmp_path / 'include'}"]}}
    else:
        wrapper = script(tmp_path / "wrapped-gcc", f'exec gcc -I{number.parent} "$@"\n')
        own_toolchain(tmp_path / "chains", "amd64", lambda values: values["c"].update(compiler=str(wrapper)))
        arguments.append(f"--toolchains={tmp_path / 'chains'}")
    project.case("g/number", sources={"main.go": INCLUDES}, build=build, expect={"stdout": "1\n"})
    for text, word in (("1", "PASS"), ("22", "FAIL"), ("1", "PASS")):
        number.write_text(f"#define NUMBER {text}\n")
        ran = project.pytest(*arguments)
        assert ran.words == {"g/number::run[amd64]": word}, ran.text


PACKAGE = 'package lib\n\n// #include "deep/number.h"\nimport "C"\n\nfunc N() int { return C.NUMBER }\n'


@pytest.mark.parametrize(
    "how",
    some(
        ["of the program", "of a package", "under another name", "through a link"],
        few=["of a package"],
    ),
)
def test_a_file_of_the_case_that_changes_is_built_in_wherever_it_is(project: Project, how: str) -> None:
    folder = project.folder("g/number")
    sources = {"main.go": INCLUDES.replace("number.h", "deep/number.h")}
    header = folder / "deep" / "number.h"
    if how == "of a package":
        main = 'package main\n\nimport "C"\nimport "fmt"\nimport "crossabi.test/case/lib"\n\n'
        sources = {"main.go": f"{main}func main() {{ fmt.Println(lib.N()) }}\n", "lib/lib.go": PACKAGE}
        header = folder / "lib" / "deep" / "number.h"
    elif how == "under another name":
        sources = {"main.go": INCLUDES.replace("number.h", "number.inc")}
        header = folder / "number.inc"
    elif how == "through a link":
        (project.path / "shared").mkdir()
        folder.mkdir(parents=True)
        (folder / "deep").symlink_to("../../../shared")
    project.case("g/number", sources=sources, expect={"stdout": "1\n"})
    header.parent.mkdir(exist_ok=True)
    for number, word in (("1", "PASS"), ("22", "FAIL"), ("1", "PASS")):
        header.write_text(f"#define NUMBER {number}\n")
        ran = project.pytest("--arch=amd64")
        assert ran.words == {"g/number::run[amd64]": word}, ran.text


@pytest.mark.parametrize(
    ("how", "kind"),
    [("absolute", "program"), deep("relative", "c-host"), deep("absolute", "c-host"), deep("relative", "program")],
)
def test_a_replaced_module_elsewhere_that_changes_is_built_in(project: Project, how: str, kind: str) -> None:
    root = project.path = project.path.rename(project.path.with_name("a project"))
    library = root / "lib"
    (library / "deep").mkdir(parents=True)
    (library / "go.mod").write_text("module example.com/lib\n\ngo 1.21\n")
    place = f'"{library}"' if how == "absolute" else "../../../lib"
    replaced = f"require example.com/lib v0.0.0\n\nreplace example.com/lib => {place}\n"
    source = (
        'package main\n\nimport "C"\nimport "example.com/lib"\n\n//export Show\nfunc Show() { println(lib.N()) }\n\n'
    )
    sources = {"go.mod": f"module x\n\ngo 1.21\n\n{replaced}"}
    if kind == "program":
        sources["main.go"] = f"{source}func main() {{ Show() }}\n"
    else:
        sources["lib.go"] = f"{source}func main() {{}}\n"
        sources["host/main.c"] = '#include "libcase.h"\nint main(void) { Show(); return 0; }\n'
    project.case("g/number", sources=sources, kind=kind, expect={"stderr": {"pattern": "^1$"}})
    (library / "lib.go").write_text(PACKAGE)
    for number, word in (("1", "PASS"), ("22", "FAIL")):
        (library / "deep" / "number.h").write_text(f"#define NUMBER {number}\n")
        ran = project.pytest("--arch=amd64")
        assert ran.words == {"g/number::run[amd64]": word}, ran.text


def test_a_vendored_header_that_changes_is_built_in(project: Project) -> None:
    folder = project.folder("g/vendored")
    main = (
        'package main\n\nimport "C"\nimport "fmt"\nimport "example.com/lib"\n\nfunc main() { fmt.Println(lib.N()) }\n'
    )
    sources = {
        "main.go": main,
        "go.mod": "module x\n\ngo 1.21\n\nrequire example.com/lib v1.0.0\n",
        "vendor/modules.txt": "# example.com/lib v1.0.0\n## explicit; go 1.21\nexample.com/lib\n",
        "vendor/example.com/lib/lib.go": PACKAGE,
    }
    project.case("g/vendored", sources=sources, expect={"stdout": "1\n"})
    header = folder / "vendor" / "example.com" / "lib" / "deep" / "number.h"
    header.parent.mkdir()
    for number, word in (("1", "PASS"), ("22", "FAIL")):
        header.write_text(f"#define NUMBER {number}\n")
        ran = project.pytest("--arch=amd64")
        assert ran.words == {"g/vendored::run[amd64]": word}, ran.text
