import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.build.sources import sources
from harness.errors import EnvironmentBroken


def touch(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_sources_are_a_cases_own_files(tmp_path: Path) -> None:
    names = ["main.go", "lib/a.c", "case.yaml", "baseline.yaml", "lib/case.yaml", ".git/x", "__pycache__/x", ".hidden"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert list(sources(tmp_path)) == ["lib/a.c", "lib/case.yaml", "main.go"]


def test_a_source_that_cannot_be_read_is_our_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path / "main.go")
    monkeypatch.setattr(Path, "read_bytes", _refuse(Path.read_bytes, "main.go"))
    with pytest.raises(EnvironmentBroken, match=r"main\.go: cannot be read"):
        sources(tmp_path)


def test_a_link_that_leads_nowhere_is_our_trouble(tmp_path: Path) -> None:
    touch(tmp_path / "main.go")
    (tmp_path / ".#main.go").symlink_to("editor@host.1234")  # as Emacs marks a file that is being edited
    assert list(sources(tmp_path)) == ["main.go"]
    (tmp_path / "add.c").symlink_to("gone.c")
    with pytest.raises(EnvironmentBroken, match=r"add\.c: a link to gone\.c, which does not exist"):
        sources(tmp_path)


def _refuse(read: Callable[[Path], bytes], name: str) -> Callable[[Path], bytes]:
    def refused(path: Path) -> bytes:
        if path.name == name:
            raise PermissionError
        return read(path)

    return refused


def test_hidden_files_are_sources_where_files_are_embedded(tmp_path: Path) -> None:
    touch(tmp_path / "main.go", "package main\n\n//go:embed all:assets\n")
    for name in ("assets/.cfg", ".git/x"):
        touch(tmp_path / name)
    assert list(sources(tmp_path)) == ["assets/.cfg", "main.go"]


def test_links_to_folders_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    touch(tmp_path / "real" / "v.h")
    (tmp_path / "case" / "inc").mkdir(parents=True)
    (tmp_path / "case" / "inc" / "foo").symlink_to(tmp_path / "real")
    (tmp_path / "case" / "inc" / "loop").symlink_to(tmp_path / "case")
    assert list(sources(tmp_path / "case")) == [os.path.join("inc", "foo", "v.h")]  # noqa: PTH118
