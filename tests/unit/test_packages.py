from pathlib import Path

import pytest

from harness import packages, yamlsource
from harness.case import CASE_FILE
from harness.errors import Problem

TEXT = """\
kind: program
about: a test
build: {plugins: {a.so: work, b.so: a/b}}
variants:
  - name: x
  - name: y
    build:
      plugins:
        c.so: more
"""
PLACES = {"work": (3, 25), "a/b": (3, 37), "more": (9, 15)}


@pytest.fixture
def case(tmp_path: Path) -> Path:
    (tmp_path / CASE_FILE).write_text(TEXT)
    for name in PLACES:
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "a.go").write_text("// Words.\npackage  main\n")
    return tmp_path


def troubles(case: Path) -> list[Problem]:
    return packages.troubles(yamlsource.read(case / CASE_FILE), case)


def test_packages_that_are_there_are_fine(case: Path) -> None:
    assert troubles(case) == []


@pytest.mark.parametrize("name", PLACES)
def test_a_folder_that_is_not_there_is_told_where_it_is_named(case: Path, name: str) -> None:
    (case / name / "a.go").unlink()
    (case / name).rmdir()
    assert troubles(case) == [Problem(*PLACES[name], f"there is no folder {name!r} beside this file")]


@pytest.mark.parametrize(
    ("file", "text"),
    [("a.go", "package work // main\n"), ("a_test.go", "package main\n"), ("a.c", "package main\n"), ("a.go", "")],
)
def test_a_folder_without_a_main_package_is_told(case: Path, file: str, text: str) -> None:
    (case / "work" / "a.go").unlink()
    (case / "work" / file).write_text(text)
    assert troubles(case) == [Problem(*PLACES["work"], "no Go file in 'work' is of package main")]


def test_a_file_for_a_folder_is_told(case: Path) -> None:
    (case / "more" / "a.go").unlink()
    (case / "more").rmdir()
    (case / "more").touch()
    assert [problem.line for problem in troubles(case)] == [9]


def test_what_cannot_be_read_is_not_judged(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert troubles(case) == []


@pytest.mark.parametrize("text", ["build: {tags: [x]}\n", "build: {}\n", "", "variants: [{name: a}]\n"])
def test_a_case_without_plugins_needs_no_folder(text: str, tmp_path: Path) -> None:
    (tmp_path / CASE_FILE).write_text(f"kind: program\nabout: x\n{text}")
    assert troubles(tmp_path) == []
