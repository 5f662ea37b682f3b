import json
from pathlib import Path
from typing import Any

import pytest

from harness.build.ambient import Ambient, ambient, digest, refuse_foreign_overlay
from harness.errors import InputError, UsageError

HOME = {"HOME": "/nowhere", "PATH": "/bin"}


def read(folder: Path, **environ: str) -> Ambient:
    return ambient({**HOME, **environ}, folder)


@pytest.mark.parametrize(
    ("name", "value", "passed", "matters"),
    [
        ("PATH", "/other", True, False),
        ("GOPROXY", "off", True, False),
        ("http_proxy", "x", True, False),
        ("CGO_CFLAGS", "-O0", True, True),
        ("GOEXPERIMENT", "x", True, True),
        ("CPATH", "/x", True, True),
        ("PKG_CONFIG_PATH", "/x", True, True),
        ("LD_PRELOAD", "/x.so", False, False),
        ("SECRET_TOKEN", "x", False, False),
        ("GOARCH", "mips", False, False),
        ("CC", "tcc", False, False),
        ("GOWORK", "/x", False, False),
    ],
)
def test_what_of_the_environment_reaches_a_build_and_its_key(
    name: str, value: str, passed: bool, matters: bool, tmp_path: Path
) -> None:
    plain, changed = read(tmp_path), read(tmp_path, **{name: value})
    assert (changed.env.get(name) == value) is passed
    assert (plain.fingerprint != changed.fingerprint) is matters


def test_flags_of_the_environment_are_kept_and_matter(tmp_path: Path) -> None:
    found = read(tmp_path, GOFLAGS="-race  -v")
    assert found.flags == ("-race", "-v")
    assert "GOFLAGS" not in found.env
    assert found.fingerprint != read(tmp_path, GOFLAGS="-v").fingerprint


def overlay(folder: Path, replace: Any) -> str:
    (folder / "overlay.json").write_text(json.dumps(replace))
    return "-overlay=overlay.json"


def test_an_overlay_is_made_absolute_and_matters_by_content(tmp_path: Path) -> None:
    flag = overlay(tmp_path, {"Replace": {"/goroot/src/a.go": "new.go", "gone.go": ""}})
    (tmp_path / "new.go").write_text("one")
    first = read(tmp_path, GOFLAGS=flag)
    assert first.flags == (f"-overlay={tmp_path}/overlay.json",)
    assert first.overlaid == ("/goroot/src/a.go", str(tmp_path / "gone.go"))
    (tmp_path / "new.go").write_text("two")
    assert read(tmp_path, GOFLAGS=flag).fingerprint != first.fingerprint


@pytest.mark.parametrize(
    ("content", "place", "says"),
    [
        (None, "1:1", "the overlay cannot be read: No such file"),
        ('{"Replace":\n  {,}}', "2:4", "not JSON: Expecting property name"),
        ("[]", "1:1", "not an overlay"),
        ('{"replace": {}}', "1:1", "not an overlay"),
        ('{"Replace": 3}', "1:1", "not an overlay"),
    ],
)
def test_an_overlay_that_go_would_not_read_is_refused(
    content: str | None, place: str, says: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "o.json").write_text(content)
    with pytest.raises(InputError, match=f"o.json:{place}: {says}"):
        read(tmp_path, GOFLAGS="-overlay=o.json")


@pytest.mark.parametrize(
    ("flag", "made", "pinned"),
    [
        ("-pgo=cpu.prof", True, "-pgo={folder}/cpu.prof"),
        ("-pgo=auto", False, "-pgo=auto"),
        ("--modfile=alt.mod", True, "-modfile={folder}/alt.mod"),
        ("-toolexec=wrap -x", False, "-toolexec=wrap"),
    ],
)
def test_files_that_flags_name_are_pinned(flag: str, made: bool, pinned: str, tmp_path: Path) -> None:
    if made:
        (tmp_path / flag.partition("=")[2]).write_text("x")
    assert read(tmp_path, GOFLAGS=flag).flags[0] == pinned.format(folder=tmp_path)


def test_the_file_of_go_env_counts_and_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / "go").mkdir()
    (tmp_path / "go" / "env").write_text("# comment\nGOAMD64=v3\nCGO_CFLAGS=-O1\nnonsense\nGOFLAGS=-v\n")
    found = read(tmp_path, XDG_CONFIG_HOME=str(tmp_path), CGO_CFLAGS="-O3")
    assert (found.env["GOAMD64"], found.env["CGO_CFLAGS"], found.flags) == ("v3", "-O3", ("-v",))
    assert "GOAMD64" not in read(tmp_path, XDG_CONFIG_HOME=str(tmp_path), GOENV="off").env
    chosen = read(tmp_path, GOENV=str(tmp_path / "go" / "env"))
    assert chosen.env["GOAMD64"] == "v3"


def goroot(folder: Path) -> Path:
    (folder / "src" / "runtime").mkdir(parents=True)
    (folder / "VERSION").touch()
    return folder


def test_an_overlay_of_another_goroot_is_refused(tmp_path: Path) -> None:
    mine, other = goroot(tmp_path / "mine"), goroot(tmp_path / "other")
    with pytest.raises(UsageError, match=f"replaces files of {other}, but the build uses {mine}"):
        refuse_foreign_overlay((str(other / "src" / "runtime" / "cgo" / "x.c"),), mine)


@pytest.mark.parametrize("overlaid", [(), ("mine/src/runtime/x.go",), ("elsewhere/main.go",)])
def test_an_overlay_of_our_own_goroot_or_of_none_is_fine(overlaid: tuple[str, ...], tmp_path: Path) -> None:
    mine = goroot(tmp_path / "mine")
    refuse_foreign_overlay(tuple(str(tmp_path / path) for path in overlaid), mine, [tmp_path / "cases" / "g" / "one"])


def test_an_overlay_of_our_own_goroot_by_another_path_is_refused(tmp_path: Path) -> None:
    mine = goroot(tmp_path / "mine")
    (tmp_path / "link").symlink_to(mine)
    with pytest.raises(UsageError, match=f"which the build knows as {mine}/src/os/x.go"):
        refuse_foreign_overlay((str(tmp_path / "link" / "src" / "os" / "x.go"),), mine)


def test_an_overlay_of_a_cases_own_file_is_refused(tmp_path: Path) -> None:
    case = tmp_path / "cases" / "g" / "one"
    with pytest.raises(UsageError, match=f"{case}/main.go, a file of the case"):
        refuse_foreign_overlay((str(case / "main.go"),), goroot(tmp_path / "mine"), [tmp_path / "other", case])


def test_a_digest_is_of_the_content(tmp_path: Path) -> None:
    for name, text in {"a": "x", "b": "x", "c": "y"}.items():
        (tmp_path / name).write_text(text)
    assert digest(tmp_path / "a") == digest(tmp_path / "b") != digest(tmp_path / "c")
    assert digest(tmp_path / "absent") == digest(tmp_path) == "missing"


def test_the_real_environment_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GOFLAGS", overlay(tmp_path, {"Replace": {}}))
    assert ambient().flags == (f"-overlay={tmp_path}/overlay.json",)
