import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from harness import files
from harness.errors import StoreBroken


@pytest.mark.parametrize(
    ("env", "folder"),
    [
        ({"CROSSABI_CACHE": "/mine", "XDG_CACHE_HOME": "/xdg"}, "/mine"),
        ({"XDG_CACHE_HOME": "/xdg", "HOME": "/home/me"}, "/xdg/crossabi"),
        ({"XDG_CACHE_HOME": "xdg", "HOME": "/home/me"}, "/home/me/.cache/crossabi"),  # the XDG specification: ignore it
        ({"XDG_CACHE_HOME": "", "HOME": "/home/me"}, "/home/me/.cache/crossabi"),
        ({"CROSSABI_CACHE": "", "HOME": "/home/me"}, "/home/me/.cache/crossabi"),
    ],
)
def test_where_the_cache_is(env: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CROSSABI_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert files.cache_root() == Path(folder)


def test_a_relative_cache_folder_counts_from_where_we_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CROSSABI_CACHE", "here")
    assert files.cache_root() == tmp_path / "here"


@pytest.mark.parametrize("data", ["tëxt\n", b"\x00\xff", ""])
def test_a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it(data: str | bytes, tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    for content in ("old", data):
        files.write_atomic(path, content)
    assert path.read_bytes() == (data.encode() if isinstance(data, str) else data)
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("name", ["file/below", "folder"], ids=["below a file", "over a folder"])
def test_a_file_that_cannot_be_written_says_so_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder" / "full").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(StoreBroken) as caught:
        files.write_atomic(tmp_path / name, "x")
    assert str(caught.value).startswith(f"{tmp_path / name}: cannot be written: ")
    assert "CROSSABI_CACHE" in caught.value.mend
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("content", "value"), [(b'{"a": [1]}', {"a": [1]}), (b'{"a": [1', None), (b"", None), (b"\xff", None), (None, None)]
)
def test_json_that_is_missing_or_torn_is_nothing(content: bytes | None, value: object, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    if content is not None:
        path.write_bytes(content)
    assert files.read_json(path) == value


def test_a_lock_nobody_holds_is_had_at_once_and_again(tmp_path: Path) -> None:
    for _ in range(2):
        with files.locked(tmp_path / "deep" / "lock") as waited:
            assert not waited


def test_a_lock_cannot_be_made_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreBroken, match="cannot be written"), files.locked(tmp_path / "file" / "lock"):
        pytest.fail("the lock was had")


def test_a_second_holder_waits_for_the_first_and_knows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, blocked, order = tmp_path / "lock", threading.Event(), []
    flock = files.fcntl.flock

    def watched(descriptor: int, operation: int) -> None:
        if operation == files.fcntl.LOCK_EX:
            blocked.set()
        flock(descriptor, operation)

    def second() -> None:
        with files.locked(path) as waited:
            order.append(("second", waited))

    monkeypatch.setattr(files.fcntl, "flock", watched)
    other = threading.Thread(target=second)
    with files.locked(path):
        other.start()
        assert blocked.wait(10)
        order.append(("first", False))
    other.join(10)
    assert order == [("first", False), ("second", True)]


def test_the_lock_of_a_killed_holder_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    program = (
        "import sys, pathlib; from harness import files\n"
        "with files.locked(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    root = str(Path(files.__file__).parents[1])
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root},
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        holder.kill()
        with files.locked(path):
            pass


def test_private_folders_tell_who_still_runs(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as ended:
        pass
    for name in (f"{os.getpid()}-a", f"{ended.pid}-b", "x-c", "-d"):
        (tmp_path / name).mkdir()
    assert files.owners(tmp_path) == {os.getpid()}
    assert files.owners(tmp_path / "none") == set()
