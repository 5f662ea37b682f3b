import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.build import reads
from harness.build.store import PROGRAM, RECORD, Binary, Refusal, Store
from harness.errors import StoreBroken
from harness.observation import Diagnostic

KEY = "ab" + "0" * 38
SAID = (Diagnostic("a.go", 1, 2, "bad"),)


LOADS = ((4096, 8192),)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def put(store: Store, content: str = "program", key: str = KEY) -> Binary:
    with store.scratch() as folder:
        made = folder / "out"
        made.mkdir()
        (made / PROGRAM).write_text(content)
        (made / "liba.so").touch()
        return store.put_binary(made, Binary(key, folder, SAID, LOADS))


def test_a_binary_is_had_again_with_what_stands_beside_it(store: Store) -> None:
    assert store.get(KEY) is None
    made = put(store)
    assert store.get(KEY) == made == Binary(KEY, store.root / "ab" / KEY / "1", SAID, LOADS)
    assert made.program.read_text() == "program"
    assert (made.folder / "liba.so").exists()


def test_a_refusal_is_remembered(store: Store) -> None:
    refusal = Refusal(KEY, SAID, "the whole output")
    store.put_refusal(refusal)
    assert store.get(KEY) == refusal


def test_the_newest_counts_and_an_older_one_stays_as_it_is(store: Store) -> None:
    first, second = put(store, "first"), put(store, "second")
    assert store.get(KEY) == second != first
    assert (first.program.read_text(), second.program.read_text()) == ("first", "second")


def truncate(folder: Path) -> None:
    (folder / PROGRAM).write_text("prog")


def overwrite(folder: Path) -> None:
    (folder / PROGRAM).write_text("pr0gram")


def remove(folder: Path) -> None:
    (folder / PROGRAM).unlink()


def spoil_library(folder: Path) -> None:
    (folder / "liba.so").write_text("x")


def tear_record(folder: Path) -> None:
    (folder / RECORD).write_text('{"diagnostics": [')


@pytest.mark.parametrize("damage", [truncate, overwrite, remove, spoil_library, tear_record])
def test_a_damaged_entry_is_not_used_and_can_be_made_again(damage: Callable[[Path], None], store: Store) -> None:
    damage(put(store).folder)
    assert store.get(KEY) is None
    made = put(store, "again")
    assert made.program.read_text() == "again"
    assert store.get(KEY) == made


def test_an_entry_that_was_only_moved_here_is_used(store: Store) -> None:
    made = put(store)
    os.utime(made.program, ns=(1, 1))
    assert store.get(KEY) == made


def test_entries_are_apart(store: Store) -> None:
    put(store)
    assert store.get("cd" + KEY[2:]) is None


def test_scratch_is_private_and_gone_afterwards(store: Store) -> None:
    with store.scratch() as one, store.scratch() as two:
        assert one != two
        (one / "file").touch()
    assert not one.exists()
    assert not two.exists()


def test_scratch_is_gone_after_an_error_too(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.scratch() as folder:
        raise ZeroDivisionError
    assert not folder.exists()


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "store").touch()
    store = Store(tmp_path)
    with pytest.raises(StoreBroken, match="cannot be written"), store.scratch():
        pytest.fail("there was a folder")


def test_a_sweep_removes_what_dead_processes_left_and_nothing_else(store: Store) -> None:
    ended = subprocess.Popen(["/bin/true"])
    ended.wait()
    area = store.root / "tmp"
    for name in (f"{ended.pid}-dead", f"{os.getpid()}-alive", "not-ours"):
        (area / name).mkdir(parents=True)
    assert store.sweep() == 1
    assert sorted(path.name for path in area.iterdir()) == sorted([f"{os.getpid()}-alive", "not-ours"])
    assert store.sweep() == 0


def test_a_lock_of_the_store_has_a_name(store: Store) -> None:
    with store.lock("one") as waited, store.lock("two"):
        assert not waited


def test_the_store_stands_in_the_cache(own_cache: Path) -> None:
    assert Store().root == own_cache / "store"


def test_the_record_is_json_that_people_can_read(store: Store) -> None:
    made = put(store, "12345")
    record = json.loads((made.folder / RECORD).read_text())
    size, modified, digest = record["files"].pop(PROGRAM)
    assert (size, modified, digest) == (
        5,
        made.program.stat().st_mtime_ns,
        "5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5",  # sha256sum of 12345
    )
    assert list(record.pop("files")) == ["liba.so"]
    assert record == {
        "diagnostics": [{"file": "a.go", "line": 1, "column": 2, "text": "bad"}],
        "output": "",
        "loads": [[4096, 8192]],
        "read": next((store.root / "reads").iterdir()).stem,
    }


@pytest.fixture
def header(tmp_path: Path) -> Path:
    path = tmp_path / "a.h"
    path.write_text("1")
    return path


def build(store: Store, header: Path, *, sure: bool = True) -> Binary:
    """Put a program that says what `header` says."""
    read = {str(header): reads.stamp(str(header)) if sure else reads.UNSURE}
    with store.scratch() as folder:
        (folder / "out").mkdir()
        (folder / "out" / PROGRAM).write_text(header.read_text())
        return store.put_binary(folder / "out", Binary(KEY, folder, read=read))


def test_an_entry_whose_build_read_what_has_changed_does_not_count_in_the_next_session(
    store: Store, header: Path, tmp_path: Path
) -> None:
    for made in (True, False):
        if made:
            build(store, header)
        else:
            store.put_refusal(Refusal(KEY, SAID, "", read={str(header): reads.stamp(str(header))}))
        assert Store(tmp_path).get(KEY) is not None
        header.write_text(header.read_text() + "2")
        assert store.get(KEY) is not None
        assert Store(tmp_path).get(KEY) is None


def test_a_session_runs_what_its_first_worker_was_given_and_the_next_session_what_is_right(
    store: Store, header: Path, tmp_path: Path
) -> None:
    build(store, header)
    first, other = (Store(tmp_path, tmp_path / name) for name in ("first", "other"))
    given = first.get(KEY)
    assert isinstance(given, Binary)
    header.write_text("22")
    assert other.get(KEY) is None
    made = build(other, header)
    for _ in range(2):
        assert (Store(tmp_path, tmp_path / "first").get(KEY), given.program.read_text()) == (given, "1")
        assert (Store(tmp_path, tmp_path / "other").get(KEY), made.program.read_text()) == (made, "22")
        assert store.get(KEY) == made  # of a third session


def test_what_a_compiler_read_is_not_sure_of_is_used_in_the_session_that_built_it_only(
    header: Path, tmp_path: Path
) -> None:
    made = build(Store(tmp_path, tmp_path / "first"), header, sure=False)
    for _ in range(2):
        assert Store(tmp_path, tmp_path / "first").get(KEY) == made
        assert Store(tmp_path, tmp_path / "other").get(KEY) is None
    assert Store(tmp_path).get(KEY) is None


@pytest.mark.parametrize("damage", [truncate, overwrite, remove, tear_record])
def test_what_a_session_keeps_is_built_anew_where_it_was_damaged(
    damage: Callable[[Path], None], header: Path, tmp_path: Path
) -> None:
    store = Store(tmp_path, tmp_path / "first")
    damage(build(store, header, sure=False).folder)
    assert store.get(KEY) is None
    made = build(store, header, sure=False)
    assert store.get(KEY) == made


def test_of_two_workers_that_were_given_different_builds_the_first_decides(header: Path, tmp_path: Path) -> None:
    store = Store(tmp_path, tmp_path / "session")
    first = build(store, header)
    build(Store(tmp_path, tmp_path / "other"), header)
    assert store.get(KEY) == first


def test_a_refusal_that_is_not_sure_is_kept_for_the_session(header: Path, tmp_path: Path) -> None:
    store = Store(tmp_path, tmp_path / "session")
    refusal = Refusal(KEY, SAID, "output", read={str(header): reads.UNSURE})
    store.put_refusal(refusal)
    assert (store.get(KEY), Store(tmp_path).get(KEY)) == (refusal, None)


def test_a_session_that_cannot_write_says_so(header: Path, tmp_path: Path) -> None:
    build(Store(tmp_path), header)
    (tmp_path / "session").touch()
    with pytest.raises(StoreBroken, match="cannot be written"):
        Store(tmp_path, tmp_path / "session").get(KEY)


def test_a_replaced_build_is_swept_when_none_is_left_of_those_that_could_run_it(store: Store, header: Path) -> None:
    with (
        subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as session,
        subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as later,
    ):
        sessions = store.root.parent / "sessions"
        (sessions / f"{session.pid}-x").mkdir(parents=True)
        old, new = build(store, header), build(store, header)
        assert (store.sweep(), store.sweep()) == (0, 0)
        assert old.program.exists()
        newest = build(store, header)
        (sessions / f"{later.pid}-x").mkdir()
        assert (store.sweep(), old.program.exists(), new.program.exists()) == (0, True, True)
        session.communicate()
        assert (store.sweep(), store.sweep()) == (2, 0)  # the session that came later has only ever seen the newest
    assert (old.folder.exists(), new.folder.exists(), store.get(KEY)) == (False, False, newest)


def test_a_number_is_never_given_twice(store: Store, header: Path) -> None:
    numbers = []
    for _ in range(3):
        numbers.append(build(store, header).folder.name)
        store.sweep()
    assert numbers == ["1", "2", "3"]


def test_a_build_whose_replacement_was_not_written_down_is_swept_after_the_next(store: Store, header: Path) -> None:
    """Its replacer was killed in between."""
    old = build(store, header)
    build(store, header)
    next((store.root / "replaced").iterdir()).unlink()
    assert (store.sweep(), old.folder.exists()) == (0, True)
    build(store, header)
    assert (store.sweep(), old.folder.exists()) == (2, False)
