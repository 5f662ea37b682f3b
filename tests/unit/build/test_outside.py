import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.build import outside
from harness.build.outside import Named
from harness.errors import EnvironmentBroken


@pytest.fixture(autouse=True)
def _forget() -> None:
    outside.state.cache_clear()


@pytest.mark.parametrize(
    ("words", "env", "named"),
    [
        (["-I/a"], {}, ["/a"]),
        (["-I", "/a", "-L/b/c"], {}, ["/a", "/b/c"]),
        (["-isystem", "/a", "-include", "/b.h"], {}, ["/a", "/b.h"]),
        (["/a/lib.a"], {}, ["/a/lib.a"]),
        (["-I/"], {}, ["/"]),
        (["-Wl,-L/a", "-Wl,--whole-archive,/b/libf.a,--no-whole-archive"], {}, ["/a", "/b/libf.a"]),
        (["--include-directory=/a", "-specs=/b", "-B/c"], {}, ["/a", "/b", "/c"]),
        (["-extldflags", "-L/a -lf", '-ldflags=-s -extldflags "-L/b -lg"'], {}, ["/a", "/b"]),
        (["-ldflags=-extldflags=-L/c"], {}, ["/c"]),
        (["-I=/a", "-isystem/b", "-iquote", "/c d"], {}, ["/a", "/b", "/c d"]),
        (["-O2", "-DX=a/b", "-Irelative", "-lm"], {}, []),
        ([], {"CPATH": "/a:/b:", "LIBRARY_PATH": "/c"}, ["/a", "/b", "/c"]),
        ([], {"CGO_CFLAGS": "-O2 -I/a", "CGO_LDFLAGS": '-L"/b c"'}, ["/a", "/b c"]),
        ([], {"PKG_CONFIG_PATH": "/a"}, ["/a"]),
        ([], {"HOME": "/a", "PATH": "/b"}, []),
    ],
)
def test_flags_and_variables_name_files_elsewhere(words: list[str], env: dict[str, str], named: list[str]) -> None:
    assert {row.path for row in outside.named_by(words, env)} == set(map(Path, named))


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("main.go", "// #cgo CFLAGS: -I/a -O2\n// #cgo linux LDFLAGS: -L/b /c/d.a\n", ["/a", "/b", "/c/d.a"]),
        ("main.go", '/*\n#cgo CFLAGS: "-I/a b/inc" -O2\n*/\n', ["/a b/inc"]),
        ("main.go", "// an -I/a in a comment\n", []),
        ("main.c", "// #cgo CFLAGS: -I/a\n", []),
        ("main.go", '// #include "/a/v.h"\n', ["/a/v.h"]),
        ("deep/x.h", '# include </a/v.h>\n#include "own.h"\n', ["/a/v.h"]),
        ("go.mod", "replace a.b/c => /elsewhere/c\n", ["/elsewhere/c"]),
        ("go.mod", 'replace (\n\ta.b/c v1.0.0 => ../c\n\ta.b/d => "../.."\n)\n', ["/w/cases/c", "/w"]),
        ("go.mod", 'replace a.b/c => "../c d"\n', ["/w/cases/c d"]),
        ("go.mod", "replace a.b/c => ./inside\nreplace a.b/d => d.e/f v1.2.3\n", []),
        ("lib/go.mod", "replace a.b/c => ../../c\n", []),
    ],
)
def test_sources_name_files_elsewhere(name: str, content: str, named: list[str]) -> None:
    found = outside.named_in(Path("/w/cases/case"), name, content.encode())
    assert {row.path for row in found} == set(map(Path, named))


def test_a_relative_replacement_that_leads_out_of_the_case_becomes_absolute() -> None:
    rows = ["a.b/c v1.0.0 => ../../c // why", "a.b/d => ./in", "a.b/e => ..", "a.b/f => g.h/i v1.2.3"]
    text = "\n\t".join(["module x\n\nreplace (", *rows]) + "\n)\n"
    said = outside.pinned(Path("/w/cases/case"), text)
    assert said == text.replace("../../c", '"/w/c"').replace("=> ..\n", '=> "/w/cases"\n')
    assert outside.pinned(Path("/elsewhere"), said) == said


def touch(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def state(path: Path) -> str:
    outside.state.cache_clear()
    return outside.state(Named(path))


def test_the_state_changes_with_every_file_below(tmp_path: Path) -> None:
    header = touch(tmp_path / "include" / "deep" / "a.h", "1")
    states = [state(tmp_path / "include"), state(header), state(tmp_path / "missing")]
    assert state(tmp_path / "include") == states[0]
    os.utime(header, ns=(1, 1))
    assert state(tmp_path / "include") != states[0]
    assert state(header) != states[1]
    touch(tmp_path / "missing")
    assert state(tmp_path / "missing") != states[2]


def below(path: Path) -> list[str]:
    return [found.removeprefix(f"{path}/") for found in outside._files(Named(path))]


def test_of_a_module_only_its_own_folders_and_what_a_build_reads_count(tmp_path: Path) -> None:
    for name in ("go.mod", "a.go", "deep/b.c", ".git/HEAD", ".venv/x.py", "nested/go.mod", "nested/c.go", "r.jsonl"):
        touch(tmp_path / name)
    touch(tmp_path / "deep" / "x.txt")
    assert below(tmp_path) == ["a.go", "go.mod", "deep/b.c", "deep/x.txt"]


def test_links_to_folders_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    header = touch(tmp_path / "real" / "v.h", "1")
    (tmp_path / "inc").mkdir()
    (tmp_path / "inc" / "foo").symlink_to(tmp_path / "real")
    (tmp_path / "inc" / "loop").symlink_to(tmp_path)
    before = state(tmp_path / "inc")
    os.utime(header, ns=(1, 1))
    assert state(tmp_path / "inc") != before


def test_of_a_folder_of_libraries_only_its_own_files_count(tmp_path: Path) -> None:
    touch(tmp_path / "liba.a")
    touch(tmp_path / "deep" / "x")
    assert [Path(path).name for path in outside._files(Named(tmp_path, deep=False))] == ["deep", "liba.a"]
    assert outside.named_by(["-L", "/a", "-L/b"], {}) == {Named(Path("/a"), deep=False), Named(Path("/b"), deep=False)}


def test_the_modules_of_a_go_mod_are_its_own_and_those_that_are_folders() -> None:
    text = "module my.org/x\n\nreplace (\n\ta.b/c v1.0.0 => ../c\n\ta.b/d => ./in\n\ta.b/e => f.g/h v1.2.3\n)\n"
    assert outside.modules(text) == ["my.org/x", "a.b/c", "a.b/d"]
    assert outside.modules("") == []


def test_vendored_modules_are_those_of_the_listing() -> None:
    listing = "# a.b/c v1.0.0\n## explicit\na.b/c\na.b/c/d\n# e.f/g v0.0.0 => ../g\ne.f/g\n"
    assert outside.vendored(listing) == ["a.b/c", "e.f/g"]


def test_packages_for_pkg_config_are_those_of_the_cgo_lines() -> None:
    assert outside.packages_in("a.go", b"// #cgo pkg-config: --static vv ww\n// #cgo linux pkg-config: xx\n") == {
        *("vv", "ww", "xx")
    }
    assert outside.packages_in("a.c", b"// #cgo pkg-config: vv\n") == set()


def test_a_folder_with_too_many_files_is_refused_and_not_walked_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "MOST", 2)
    for name in "ab":
        touch(tmp_path / name)
    state(tmp_path)
    touch(tmp_path / "c")
    with pytest.raises(EnvironmentBroken, match="may read any of more than 2 files below it") as caught:
        state(tmp_path)
    assert "name the folder that the headers or the module are in" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("-a=1  -b", ["-a=1", "-b"]),
        ("'-overlay=/a b.json' \"-gcflags=all=-N -l\"", ["-overlay=/a b.json", "-gcflags=all=-N -l"]),
        (r"-ldflags=-X=a=c:\d", [r"-ldflags=-X=a=c:\d"]),
        ("", []),
    ],
)
def test_goflags_are_split_as_go_does(text: str, words: list[str]) -> None:
    assert outside.fields(text) == words


@pytest.mark.parametrize(
    ("word", "quoted"),
    [
        ("-O2", "-O2"),
        ("/my folder/gcc", '"/my folder/gcc"'),
        ("", '""'),
        ('a"b c', "'a\"b c'"),
        ("-DX='y'", "\"-DX='y'\""),
    ],
)
def test_a_word_is_quoted_where_it_has_to_be(word: str, quoted: str) -> None:
    assert outside.quoted(word) == quoted


@given(st.text(alphabet="ab -='\"/,.", max_size=8))
def test_a_quoted_word_is_one_word_again(word: str) -> None:
    assert outside.split(outside.quoted(word)) == [word]
    if not {"'", '"'} <= set(word):
        assert outside.fields(outside.quoted(word)) == [word]


def test_a_module_that_is_built_where_it_stands_names_what_its_cgo_lines_say(tmp_path: Path) -> None:
    root = tmp_path / "clib"
    touch(root / "go.mod", "module example.com/clib\n")
    touch(root / "sub" / "a.go", 'package sub\n\n// #cgo LDFLAGS: ${SRCDIR}/../../pre/libpre.a -L/abs\nimport "C"\n')
    found = outside.of_module(root)
    assert {row.path for row in found} == {tmp_path / "pre/libpre.a", Path("/abs")}


def test_what_test_runs_leave_in_a_module_counts_where_the_module_embeds_files(tmp_path: Path) -> None:
    touch(tmp_path / "go.mod", "module example.com/m\n")
    source = touch(tmp_path / "m.go", "package m\n")
    before = state(tmp_path)
    data = touch(tmp_path / "data.xml", "1")
    assert state(tmp_path) == before
    touch(source, "package m\n\n//go:embed data.xml\nvar data string\n")
    before = state(tmp_path)
    touch(data, "23")
    assert state(tmp_path) != before


def test_a_release_of_go_that_is_edited_in_place_is_another(tmp_path: Path) -> None:
    part = touch(tmp_path / "src" / "runtime" / "cgo" / "asm_arm64.s", "STP")
    touch(tmp_path / "src" / "runtime" / "proc_test.go", "1")
    before = outside.goroot(tmp_path)
    outside.goroot.cache_clear()
    touch(tmp_path / "src" / "runtime" / "proc_test.go", "12")
    assert outside.goroot(tmp_path) == before
    touch(part, "NOP NOP")
    outside.goroot.cache_clear()
    assert outside.goroot(tmp_path) != before


def test_a_link_to_nowhere_in_a_module_is_passed_over(tmp_path: Path) -> None:
    touch(tmp_path / "go.mod", "module example.com/m\n")
    (tmp_path / "gone.go").symlink_to("nowhere.go")
    assert "gone.go', 'missing'" in state(tmp_path)
    assert outside.of_module(tmp_path) == frozenset()
