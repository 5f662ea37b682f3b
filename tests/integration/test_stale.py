"""Nothing stale: layouts that people have, in which a stored program or refusal once outlived what it was made of.

What a build reads is seen in one way, whatever the layout: `make test` tries some, `make deep-test` all.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from .support import PYTEST, Project, own_toolchain, script, shipped, some, target, until

NUMBER = 'package main\n\n// #include "number.h"\nimport "C"\nimport "fmt"\n\nfunc main() { fmt.Println(C.NUMBER) }\n'
PLAIN = 'package main\n\nimport "C"\nimport "fmt"\n\nfunc main() { fmt.Println(N) }\n'


def verdict(project: Project, env: dict[str, str] | None = None, options: Sequence[str] = ()) -> tuple[str, str]:
    ran = project.pytest("--arch=amd64", *options, env=env or {})
    assert list(ran.words) == ["g/number::run[amd64]"], ran.text
    return ran.words["g/number::run[amd64]"], ran.text


def changes(
    project: Project, file: Path, form: str, env: dict[str, str] | None = None, options: Sequence[str] = ()
) -> None:
    """Hold that what `file` says, in the `form` around a number, is what the program prints."""
    for number, word in (("1", "PASS"), ("22", "FAIL"), ("1", "PASS")):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(form.format(number))
        found, text = verdict(project, env, options)
        assert found == word, text


@pytest.mark.parametrize(
    "where",
    some(["in the environment", "in quotes", "in the case", "in the case's flags"], few=["in quotes"]),
)
def test_an_overlay_of_gos_own_files_that_changes(where: str, project: Project, tmp_path: Path) -> None:
    root = target("amd64").go.goroot
    original = root / "src" / "unicode" / "utf8" / "utf8.go"
    changed = tmp_path / "a folder" / "utf8.go"
    overlaid = tmp_path / "overlay.json"
    overlaid.write_text(json.dumps({"Replace": {str(original): str(changed)}}))
    source = (
        'package main\n\nimport "C"\nimport "fmt"\nimport "unicode/utf8"\n\nfunc main() { fmt.Println(utf8.Probe) }\n'
    )
    flag = f"-overlay={overlaid}"
    env = {"in the environment": {"GOFLAGS": flag}, "in quotes": {"GOFLAGS": f"'{flag}'"}}.get(where, {})
    build = {"in the case": {"env": {"GOFLAGS": flag}}, "in the case's flags": {"flags": [flag]}}.get(where, {})
    if where.startswith("in the case"):
        # go refuses to overlay what lies in its module cache unless that is elsewhere: another GOMODCACHE does
        build = {**build, "env": {**build.get("env", {}), "GOMODCACHE": str(tmp_path / "modules")}}
    project.case("g/number", sources={"main.go": source}, build=build, expect={"stdout": "1\n"})
    text = original.read_text()
    changed.parent.mkdir()
    for number, word in (("1", "PASS"), ("22", "FAIL"), ("1", "PASS")):
        changed.write_text(f"{text}\nconst Probe = {number}\n")
        assert verdict(project, env)[0] == word


def library(root: Path, source: str, **files: str) -> Path:
    root.mkdir(parents=True)
    (root / "go.mod").write_text("module example.com/lib\n\ngo 1.21\n")
    (root / "lib.go").write_text(source)
    for name, text in files.items():
        (root / name).write_text(text)
    return root


USES = 'package main\n\nimport "C"\nimport "fmt"\nimport "example.com/lib"\n\nfunc main() { fmt.Println(lib.N()) }\n'
REQUIRES = "module x\n\ngo 1.21\n\nrequire example.com/lib v0.0.0\n"


@pytest.mark.deep
def test_a_module_that_another_modfile_replaces(project: Project, tmp_path: Path) -> None:
    place = library(tmp_path / "lib", "")
    sources = {
        "main.go": USES,
        "go.mod": REQUIRES,
        "alt.mod": f"{REQUIRES}\nreplace example.com/lib => {place}\n",
        "alt.sum": "",
    }
    project.case("g/number", sources=sources, build={"flags": ["-modfile=alt.mod"]}, expect={"stdout": "1\n"})
    changes(project, place / "lib.go", "package lib\n\nfunc N() int {{ return {} }}\n")


@pytest.mark.deep
def test_a_static_library_that_a_replaced_module_names(project: Project, tmp_path: Path) -> None:
    cgo = "// #cgo LDFLAGS: ${SRCDIR}/../pre/libpre.a\n// int n(void);\n"
    source = f'package lib\n\n{cgo}import "C"\n\nfunc N() int {{ return int(C.n()) }}\n'
    place = library(tmp_path / "lib", source)
    sources = {"main.go": USES, "go.mod": f"{REQUIRES}\nreplace example.com/lib => {place}\n"}
    project.case("g/number", sources=sources, expect={"stdout": "1\n"})
    pre = tmp_path / "pre"
    pre.mkdir()
    for number, word in (("1", "PASS"), ("22", "FAIL"), ("1", "PASS")):
        (pre / "n.c").write_text(f"int n(void) {{ return {number}; }}\n")
        subprocess.run("gcc -c n.c && rm -f libpre.a && ar rcs libpre.a n.o", shell=True, check=True, cwd=pre)
        assert verdict(project)[0] == word


@pytest.mark.deep
def test_a_file_that_a_replaced_module_embeds(project: Project, tmp_path: Path) -> None:
    source = (
        'package lib\n\nimport _ "embed"\n\n//go:embed data.xml\nvar data string\n\nfunc N() string { return data }\n'
    )
    place = library(tmp_path / "lib", source)
    sources = {"main.go": USES, "go.mod": f"{REQUIRES}\nreplace example.com/lib => {place}\n"}
    project.case("g/number", sources=sources, expect={"stdout": "1\n"})
    changes(project, place / "data.xml", "{}")


@pytest.mark.deep
@pytest.mark.parametrize("how", ["isystem", "pragma"])
def test_what_a_system_header_of_ones_own_includes(how: str, project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "inc"
    folder.mkdir()
    mark = "#pragma GCC system_header\n" if how == "pragma" else ""
    (folder / "number.h").write_text(f'{mark}#include "../impl/number.h"\n')
    flags = [f"-I{folder}"] if how == "pragma" else ["-isystem", str(folder)]
    project.case("g/number", sources={"main.go": NUMBER}, build={"c": {"cflags": flags}}, expect={"stdout": "1\n"})
    changes(project, tmp_path / "impl" / "number.h", "#define NUMBER {}\n")


# Whatever changed, it gives the object that it once gave.
REPLAYS = """
out=
next=
compiles=
for word in "$@"; do
    case "$next$word" in -c) compiles=1 ;; -o) next=1 ;; 1*) out=$word next= ;; -o*) out=${{word#-o}} ;; esac
done
kept={kept}/$(basename "$out")
[ "$compiles" ] && [ -f "$kept" ] && ! [ "$CCACHE_DISABLE" ] && exec cp "$kept" "$out"
{real} "$@" || exit
if [ "$compiles" ] && [ -f "$out" ]; then cp "$out" "$kept"; fi
"""


@pytest.mark.deep
@pytest.mark.parametrize("how", ["named by a toolchain", "on PATH"])
def test_a_compiler_behind_a_cache_says_what_it_read(how: str, project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "inc"
    folder.mkdir()
    (folder / "number.h").write_text('#include "../impl/number.h"\n')
    compiler = shipped().by_arch["amd64"].compiler
    real = shutil.which(compiler)
    wrapper = script(tmp_path / "ccache" / compiler, REPLAYS.format(kept=tmp_path, real=real))
    options, env = [], {}
    if how == "on PATH":
        env["PATH"] = f"{wrapper.parent}:{os.environ['PATH']}"
    else:
        own_toolchain(tmp_path / "chains", "amd64", lambda values: values["c"].update(compiler=str(wrapper)))
        options.append(f"--toolchains={tmp_path / 'chains'}")
    flags = ["-isystem", str(folder)]
    project.case("g/number", sources={"main.go": NUMBER}, build={"c": {"cflags": flags}}, expect={"stdout": "1\n"})
    changes(project, tmp_path / "impl" / "number.h", "#define NUMBER {}\n", env, options)


@pytest.mark.deep
def test_a_link_to_headers_that_is_moved(project: Project, tmp_path: Path) -> None:
    for number in ("1", "2"):
        header = tmp_path / number / "number.h"
        header.parent.mkdir()
        header.write_text(f"#define NUMBER {number}\n")
        os.utime(header, ns=(0, 0))
    link = tmp_path / "current"
    project.case(
        "g/number", sources={"main.go": NUMBER}, build={"c": {"cflags": [f"-I{link}"]}}, expect={"stdout": "1\n"}
    )
    for number, word in (("1", "PASS"), ("2", "FAIL")):
        link.unlink(missing_ok=True)
        link.symlink_to(number)
        assert verdict(project)[0] == word


def test_a_refusal_ends_when_what_was_missing_is_there(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "later"
    folder.mkdir()
    project.case("g/number", sources={"main.go": NUMBER.replace('"number.h"', "<number.h>")}, expect={"stdout": "1\n"})
    wrapper = script(tmp_path / "wrapped-gcc", f'exec gcc -idirafter {folder} "$@"\n')
    own_toolchain(tmp_path / "chains", "amd64", lambda values: values["c"].update(compiler=str(wrapper)))
    chains = f"--toolchains={tmp_path / 'chains'}"
    ran = project.pytest("--arch=amd64", chains)
    assert ran.words == {"g/number::run[amd64]": "FAIL"}
    assert "number.h: No such file or directory" in ran.text  # the compiler's words, not cgo's
    (folder / "number.h").write_text("#define NUMBER 1\n")  # as an installation would
    ran = project.pytest("--arch=amd64", chains)
    assert ran.words == {"g/number::run[amd64]": "PASS"}, ran.text


LOADS = """package main

// #cgo LDFLAGS: -ldl
// #include <dlfcn.h>
// typedef int (*F)(void);
// static int call(const char *path) { return ((F)dlsym(dlopen(path, RTLD_NOW), "vv"))(); }
import "C"
import (
	"fmt"
	"os"
)

func main() { fmt.Println(C.call(C.CString(os.Args[1]))) }
"""


@pytest.mark.deep
def test_two_cases_whose_names_differ_in_punctuation_only(project: Project) -> None:
    for name, number in (("a-b", 1), ("a.b", 2), ("a_b", 3)):
        sources = {"main.go": LOADS, "so/v.c": f"int vv(void) {{ return {number}; }}\n"}
        project.case(
            f"g/{name}",
            sources=sources,
            build={"shared": {"libv.so": ["so/v.c"]}},
            run={"args": ["{bin}/libv.so"]},
            expect={"stdout": f"{number}\n"},
        )
    ran = project.pytest("--arch=amd64")
    assert set(ran.words.values()) == {"PASS"}, ran.text
    assert len(ran.words) == 3


def test_a_hidden_file_is_embedded_as_go_does(project: Project) -> None:
    source = (
        'package main\n\nimport "C"\nimport (\n\t"embed"\n\t"fmt"\n)\n\n//go:embed all:assets\nvar assets embed.FS\n\n'
        'func main() {\n\tdata, err := assets.ReadFile("assets/.cfg")\n\tfmt.Print(string(data), err, "\\n")\n}\n'
    )
    sources = {"main.go": source, "assets/.cfg": ""}
    project.case("g/number", sources=sources, expect={"stdout": "1 <nil>\n"})
    changes(project, project.folder("g/number") / "assets" / ".cfg", "{} ")


@pytest.mark.deep
@pytest.mark.parametrize("flags", ["", "--static "])
def test_a_package_that_a_replaced_module_asks_pkg_config_for(flags: str, project: Project, tmp_path: Path) -> None:
    cgo = f"// #cgo pkg-config: {flags}vv\n"
    place = library(tmp_path / "lib", f'package lib\n\n{cgo}import "C"\n\nfunc N() int {{ return C.NUMBER }}\n')
    sources = {"main.go": USES, "go.mod": f"{REQUIRES}\nreplace example.com/lib => {place}\n"}
    project.case("g/number", sources=sources, expect={"stdout": "1\n"})
    env = {"PKG_CONFIG_PATH": str(tmp_path / "pc")}
    if shutil.which("pkg-config") is None:  # not everybody has it; so much of it is all that cmd/go asks
        reads = 'case "$*" in *--cflags*) sed -n "s/^Cflags: //p" "$PKG_CONFIG_PATH/vv.pc";; esac\n'
        env["PKG_CONFIG"] = str(script(tmp_path / "own-pkg-config", reads))
    private = "Libs.private: -lm\nCflags.private: -DPRIVATE\n"
    form = f"Name: vv\nDescription: vv\nVersion: 1\n{private}Cflags: -DNUMBER={{}}\n"
    changes(project, tmp_path / "pc" / "vv.pc", form, env)


@pytest.mark.deep
def test_a_module_that_a_modfile_elsewhere_replaces(project: Project, tmp_path: Path) -> None:
    place = library(tmp_path / "lib", "")
    (tmp_path / "alt.mod").write_text(f"{REQUIRES}\nreplace example.com/lib => {place}\n")
    project.case("g/number", sources={"main.go": USES, "go.mod": REQUIRES}, expect={"stdout": "1\n"})
    env = {"GOFLAGS": f"-modfile={tmp_path / 'alt.mod'}"}
    changes(project, place / "lib.go", "package lib\n\nfunc N() int {{ return {} }}\n", env)


@pytest.mark.deep
def test_a_header_elsewhere_that_a_fetched_module_names(project: Project, tmp_path: Path) -> None:
    served = tmp_path / "proxy" / "example.com" / "lib" / "@v"
    served.mkdir(parents=True)
    mod = "module example.com/lib\n\ngo 1.21\n"
    cgo = f"// #cgo CFLAGS: -I{tmp_path}/inc\n// #include <number.h>\n"
    source = f'package lib\n\n{cgo}import "C"\n\nfunc N() int {{ return C.NUMBER }}\n'
    with zipfile.ZipFile(served / "v1.0.0.zip", "w") as archive:
        archive.writestr("example.com/lib@v1.0.0/go.mod", mod)
        archive.writestr("example.com/lib@v1.0.0/lib.go", source)
    (served / "v1.0.0.mod").write_text(mod)
    (served / "v1.0.0.info").write_text('{"Version": "v1.0.0"}')
    sources = {"main.go": USES, "go.mod": "module x\n\ngo 1.21\n\nrequire example.com/lib v1.0.0\n"}
    project.case("g/number", sources=sources, expect={"stdout": "1\n"})
    env = {
        "GOPROXY": f"file://{tmp_path}/proxy",
        "GONOSUMDB": "*",
        "GOFLAGS": "-mod=mod -modcacherw",
        "GOMODCACHE": str(tmp_path / "modules"),
    }
    changes(project, tmp_path / "inc" / "number.h", "#define NUMBER {}\n", env)


TOOLEXEC = """
file=$1 tool=$2
shift 2
case "$*:$tool" in
-V=full:*) ;;
*/link) set -- -X "main.N=$(cat $file)" "$@" ;;
esac
exec "$tool" "$@"
"""


@pytest.mark.deep
def test_a_file_that_a_toolexec_with_an_argument_reads(project: Project, tmp_path: Path) -> None:
    tool = script(tmp_path / "tool", TOOLEXEC)
    project.case("g/number", sources={"main.go": PLAIN + '\nvar N = "0"\n'}, expect={"stdout": "1\n"})
    env = {"GOFLAGS": f"'-toolexec={tool} {tmp_path / 'number'}'"}
    changes(project, tmp_path / "number", "{}", env)


CALLS = 'package main\n\n// long n(void);\nimport "C"\nimport "fmt"\n\nfunc main() { fmt.Println(C.n()) }\n'


@pytest.mark.deep
def test_a_file_that_inline_assembly_includes(project: Project, tmp_path: Path) -> None:
    data = tmp_path / "data"
    asm = f'.data\\n.global number\\nnumber: .incbin \\"{data}\\"\\n.text\\n'
    c = f'extern char number[]; __asm__("{asm}");\nlong n(void) {{ return number[0] - 48; }}\n'
    project.case("g/number", sources={"main.go": CALLS, "n.c": c}, expect={"stdout": "1\n"})
    changes(project, data, "{}")


@pytest.mark.deep
def test_a_linker_script_and_what_it_names(project: Project, tmp_path: Path) -> None:
    (tmp_path / "libnumber.so").write_text(f"INPUT({tmp_path}/inner.ld)\n")
    c = "extern char number[];\nlong n(void) { return (long)number; }\n"
    settings = {"c": {"ldflags": [f"-L{tmp_path}", "-lnumber"]}}
    project.case("g/number", sources={"main.go": CALLS, "n.c": c}, build=settings, expect={"stdout": "1\n"})
    changes(project, tmp_path / "inner.ld", "number = {};\n")


@pytest.mark.deep
def test_a_folder_of_headers_that_comes_to_be(project: Project, tmp_path: Path) -> None:
    later = tmp_path / "later" / "number.h"
    (tmp_path / "number.h").write_text("#define NUMBER 1\n")
    flags = [f"-I{later.parent}", f"-I{tmp_path}"]
    project.case("g/number", sources={"main.go": NUMBER}, build={"c": {"cflags": flags}}, expect={"stdout": "1\n"})
    assert verdict(project)[0] == "PASS"
    later.parent.mkdir()
    later.write_text("#define NUMBER 22\n")
    assert verdict(project)[0] == "FAIL"


def below_a_system_header(project: Project, folder: Path, count: int, source: str = NUMBER, *words: object) -> Path:
    """Write `count` cases of the same text; return a header of theirs that only the compiler names."""
    (folder / "inc").mkdir()
    (folder / "inc" / "number.h").write_text('#include "../impl/number.h"\n')
    header = folder / "impl" / "number.h"
    header.parent.mkdir()
    header.write_text("#define NUMBER 1\n")
    for number in range(count):
        flags = ["-isystem", str(folder / "inc")]
        args = [str(word) for word in (*words, number)]
        build = {"c": {"cflags": flags}}
        project.case(f"g/n{number}", sources={"main.go": source}, run={"args": args, "timeout": 120}, build=build)
    return header


def printed(records: Path) -> dict[str, str]:
    rows = (json.loads(line) for line in records.read_text().splitlines())
    return {row["case"]: row["stdout"] for row in rows if row["type"] == "observation"}


WAITS = """package main

// #include "number.h"
import "C"
import (
	"fmt"
	"os"
	"time"
)

// As the first case it waits until its own file can have been removed, and looks for it.
func main() {
	folder, number := os.Args[1], os.Args[2]
	os.WriteFile(folder+"/began-"+number, nil, 0o644)
	for deadline := time.Now().Add(100 * time.Second); number == "0" && time.Now().Before(deadline); {
		if _, err := os.Stat(folder + "/go-on"); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	self, _ := os.Readlink("/proc/self/exe")
	_, err := os.Stat(self)
	fmt.Println(C.NUMBER, err)
}
"""


def test_a_program_that_another_session_builds_anew_stays_as_it_is_for_the_session_that_runs_it(
    project: Project, tmp_path: Path
) -> None:
    """Session A runs one of two, the header is edited, B builds the other anew; A runs that as it was."""
    cache = tmp_path / "cache"
    env = {"CROSSABI_CACHE": str(cache)}
    header = below_a_system_header(project, tmp_path, 2, WAITS, tmp_path)
    first = subprocess.Popen(
        [*PYTEST, "--arch=amd64", "--jobs=1", f"--records={tmp_path / 'a.jsonl'}"],
        cwd=project.path,
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        until((tmp_path / "began-0").exists, 100, "the program did not begin")
        assert not (tmp_path / "began-1").exists()
        header.write_text("#define NUMBER 22\n")
        other = project.pytest("--arch=amd64", "-k", "n1", env=env)
        assert "building 1 program" in other.text
        assert [row["stdout"] for row in other.observations] == ["22 <nil>\n"]
        (tmp_path / "go-on").touch()
        text, _ = first.communicate(timeout=100)
    finally:
        first.kill()
    assert printed(tmp_path / "a.jsonl") == {"g/n0": "1 <nil>\n", "g/n1": "1 <nil>\n"}, text
    assert len(list((cache / "store").glob("??/*/*"))) == 3
    for said in ("building 1 program for", "passed"):  # one program is left to be built anew
        third = project.pytest("--arch=amd64", env=env)
        assert said in third.text
        assert [row["stdout"] for row in third.observations] == ["22 <nil>\n"] * 2
    assert "building" not in third.text
    assert len(list((cache / "store").glob("??/*/*"))) == 2  # nobody is left who could run the old ones


@pytest.mark.deep
@pytest.mark.parametrize("how", ["-n2", "-n0"])
def test_a_header_of_tomorrow_is_built_in_once_a_session(how: str, project: Project, tmp_path: Path) -> None:
    header = below_a_system_header(project, tmp_path, 6)
    for number in (1, 2):
        header.write_text(f"#define NUMBER {number}\n")
        os.utime(header, (0, time.time() + 86400))
        ran = project.pytest("--arch=amd64", how)
        assert (set(ran.words.values()), len(ran.words)) == ({"PASS"}, 6), ran.text
        assert ran.text.count("building ") == 1, ran.text
        assert {row["stdout"] for row in ran.observations} == {f"{number}\n"}
