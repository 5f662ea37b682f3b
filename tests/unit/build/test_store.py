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
    assert store.get(KEY) == made == Binary(KEY, store.root / "ab" / KEY, SAID, LOADS)
    assert made.program.read_text() == "program"
    assert (made.folder / "liba.so").exists()


def test_a_refusal_is_remembered(store: Store) -> None:
    refusal = Refusal(KEY, SAID, "the whole output")
    store.put_refusal(refusal)
    assert store.get(KEY) == refusal


def test_the_first_of_two_builders_wins(store: Store) -> None:
    put(store, "first")
    assert put(store, "second").program.read_text() == "first"


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
    assert put(store, "again").program.read_text() == "again"
    assert store.get(KEY) is not None


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
        "read": (store.root / "reads").glob("*.json").__next__().stem,
    }


def test_an_entry_whose_build_read_what_has_changed_is_gone_for_the_next_session(store: Store, tmp_path: Path) -> None:
    header = tmp_path / "a.h"
    header.write_text("1")
    for made in (True, False):
        read = {str(header): reads.stamp(str(header))}
        if made:
            with store.scratch() as folder:
                (folder / "out").mkdir()
                (folder / "out" / PROGRAM).touch()
                store.put_binary(folder / "out", Binary(KEY, folder, read=read))
        else:
            store.put_refusal(Refusal(KEY, SAID, "", read=read))
        header.write_text(header.read_text() + "2")
        assert store.get(KEY) is not None
        assert Store(store.root.parent).get(KEY) is None
