from pathlib import Path

import pytest

from harness.build import stage
from harness.build.commands import FLAGS_FILE
from harness.case import BuildSettings
from harness.errors import EnvironmentBroken, StoreBroken
from unit.build import make


@pytest.fixture
def case(tmp_path: Path) -> Path:
    folder = tmp_path / "case"
    (folder / "lib").mkdir(parents=True)
    (folder / "main.go").write_text("package main")
    (folder / "lib" / "a.c").write_bytes(b"\x00\xff")
    (folder / "case.yaml").touch()
    return folder


def test_what_is_built_is_what_was_hashed(case: Path, tmp_path: Path) -> None:
    stage.copy(make(case), tmp_path / "copy")
    copied = {str(path.relative_to(tmp_path / "copy")) for path in (tmp_path / "copy").rglob("*") if path.is_file()}
    assert copied == {"main.go", "lib/a.c"}
    assert (tmp_path / "copy" / "lib" / "a.c").read_bytes() == b"\x00\xff"


def test_a_replacement_next_to_the_case_is_found_from_the_copy_too(case: Path, tmp_path: Path) -> None:
    (case / "go.mod").write_text("module x\n\nreplace a.b/c => ../c\n")
    made = make(case)
    stage.copy(made, tmp_path / "copy" / "deeper")
    assert (tmp_path / "copy" / "deeper" / "go.mod").read_text() == f'module x\n\nreplace a.b/c => "{tmp_path}/c"\n'
    assert made.modules == ((tmp_path / "copy" / "deeper" / "go.mod").read_text(),)


def test_a_source_that_changed_meanwhile_is_refused(case: Path, tmp_path: Path) -> None:
    made = make(case)
    (case / "main.go").write_text("package other")
    with pytest.raises(EnvironmentBroken, match=r"main\.go: changed while it was being built"):
        stage.copy(made, tmp_path / "copy")


def test_a_source_that_vanished_meanwhile_is_refused(case: Path, tmp_path: Path) -> None:
    made = make(case)
    (case / "main.go").unlink()
    with pytest.raises(StoreBroken, match=r"main\.go"):
        stage.copy(made, tmp_path / "copy")


def test_the_cases_own_c_flags_stand_in_a_file_of_their_own(case: Path, tmp_path: Path) -> None:
    stage.copy(make(case, settings=BuildSettings(cflags=("-O0",))), tmp_path / "copy")
    assert "// #cgo CFLAGS: -O0\n" in (tmp_path / "copy" / FLAGS_FILE).read_text()


def test_the_flags_are_for_the_c_of_plugins_too(case: Path, tmp_path: Path) -> None:
    stage.copy(make(case, settings=BuildSettings(cflags=("-O0",), plugins={"a.so": "lib"})), tmp_path / "copy")
    copied = {str(path.relative_to(tmp_path / "copy")) for path in (tmp_path / "copy").rglob(FLAGS_FILE)}
    assert copied == {FLAGS_FILE, f"lib/{FLAGS_FILE}"}
    stage.copy(make(case, settings=BuildSettings(plugins={"a.so": "lib"})), tmp_path / "plain")
    assert not list((tmp_path / "plain").rglob(FLAGS_FILE))


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("group/case", "group.case"),
        ("a b/c-d", "a.b.c.d"),
        ("/x/", "x"),
        ("", "case"),
        ("ü", "case"),
        ("n/ünï", "n..n"),
        ("n/c++", "n.c"),
        ("con/x", "case.con.x"),
        ("a/con", "a.con"),
    ],
)
def test_the_package_is_named_after_the_case(label: str, name: str, case: Path) -> None:
    assert stage.package_name(make(case, label=label)) == name


def test_a_module_is_made_but_not_over_the_cases_own(tmp_path: Path) -> None:
    stage.module(tmp_path, "some/name")
    text = (tmp_path / "go.mod").read_text()
    assert text == f"module some/name\n\ngo {stage.GO_DIRECTIVE}\n"
    stage.module(tmp_path, "other")
    assert (tmp_path / "go.mod").read_text() == text
