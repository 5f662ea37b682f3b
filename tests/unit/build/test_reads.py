import os
import time
from pathlib import Path

import pytest

from harness.build import reads
from harness.build.reads import Lists, Seen
from harness.process.spec import Finished


def touch(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def settle(path: Path) -> None:
    """Let the clock of files, which goes in ticks, pass what was just written."""
    probe = path / "clock"
    before = time.time_ns()
    while True:
        probe.write_text("")
        if probe.stat().st_mtime_ns > before:
            probe.unlink()
            return


def seen(folder: Path, *opened: Path | str, sought: tuple[Path, ...] = (), ignored: tuple[str, ...] = ()) -> Seen:
    settle(folder)
    found = Seen()
    found.start()
    found.take(Finished("exited", 0, opened=tuple(map(str, opened)), sought=tuple(map(str, sought))), ignored)
    return found


def holds(folder: Path, read: dict[str, str]) -> bool:
    """Ask as the next session does."""
    name = Lists(folder / "lists").keep(read)
    return Lists(folder / "lists").holds(name)


def test_a_file_that_was_read_counts_and_so_does_one_that_was_not_there(tmp_path: Path) -> None:
    header = touch(tmp_path / "inc" / "a.h")
    read = seen(tmp_path, header, tmp_path / "gone.h", sought=(tmp_path / "inc", tmp_path / "later")).stamps()
    assert list(read) == [str(tmp_path / "gone.h"), str(header), str(tmp_path / "later")]
    assert holds(tmp_path, read)
    (tmp_path / "later").mkdir()
    assert not holds(tmp_path, read)
    (tmp_path / "later").rmdir()
    assert holds(tmp_path, read)
    touch(tmp_path / "gone.h")
    assert not holds(tmp_path, read)
    (tmp_path / "gone.h").unlink()
    header.write_text("changed")
    assert not holds(tmp_path, read)


def test_a_folder_that_was_read_counts_by_its_names_but_for_what_test_runs_leave(tmp_path: Path) -> None:
    source = touch(tmp_path / "lib" / "a.go")
    read = seen(tmp_path, source, source.parent).stamps()
    touch(source.parent / "records.jsonl")
    touch(source.parent / ".pytest_cache" / "x")
    assert holds(tmp_path, read)
    touch(source.parent / "b.go")
    assert not holds(tmp_path, read)


def test_in_a_folder_of_which_such_a_file_was_read_they_count_too(tmp_path: Path) -> None:
    data = touch(tmp_path / "lib" / "data.xml")
    read = seen(tmp_path, data, data.parent).stamps()
    assert holds(tmp_path, read)
    touch(data.parent / "more.xml")
    assert not holds(tmp_path, read)


def test_what_is_ignored_does_not_count_however_it_is_written(tmp_path: Path) -> None:
    own, other = touch(tmp_path / "own" / "a"), touch(tmp_path / "own2" / "b")
    found = seen(tmp_path, own, f"{other.parent}/../own/a", own.parent, other, ignored=(f"{own.parent}/",))
    assert list(found.stamps()) == [str(other)]


def test_what_was_written_to_since_the_build_started_is_used_once(tmp_path: Path) -> None:
    found = Seen()
    found.start()
    settle(tmp_path)
    header = touch(tmp_path / "a.h")
    found.take(Finished("exited", 0, opened=(str(header),), sought=()), ())
    read = found.stamps()
    assert read == {str(header): reads.UNSURE}
    lists = Lists(tmp_path / "lists")
    assert lists.holds(lists.keep(read))
    assert not holds(tmp_path, read)


def test_a_command_of_which_nothing_is_known_makes_all_of_it_unsure(tmp_path: Path) -> None:
    found = seen(tmp_path, touch(tmp_path / "a.h"))
    assert holds(tmp_path, found.stamps())
    found.take(Finished("not-started"), ())
    assert holds(tmp_path, found.stamps())
    found.take(Finished("exited", 0), ())
    assert not holds(tmp_path, found.stamps())


def test_a_link_that_leads_to_another_file_of_the_same_size_and_age_has_moved(tmp_path: Path) -> None:
    for name in ("one", "two"):
        os.utime(touch(tmp_path / name), ns=(0, 0))
    link = tmp_path / "link.h"
    link.symlink_to("one")
    read = seen(tmp_path, link).stamps()
    assert holds(tmp_path, read)
    link.unlink()
    link.symlink_to("two")
    assert not holds(tmp_path, read)


@pytest.mark.parametrize("text", [None, "", "{", "[]"])
def test_a_list_that_is_gone_or_torn_holds_nothing(text: str | None, tmp_path: Path) -> None:
    name = Lists(tmp_path).keep({})
    assert Lists(tmp_path).holds(name)
    if text is None:
        (tmp_path / f"{name}.json").unlink()
    else:
        (tmp_path / f"{name}.json").write_text(text)
    assert not Lists(tmp_path).holds(name)


def test_the_caches_of_go_and_zig_and_the_release_itself_are_ignored(tmp_path: Path) -> None:
    found = reads.ignored({"HOME": "/h"}, Path("/go"), tmp_path)
    for place in ("/h/.cache/go-build", "/h/go/pkg/mod/cache", "/h/.config/go", "/h/.cache/zig", "/go", str(tmp_path)):
        assert f"{place}/" in found
    named = {"GOPATH": "/p:/q", "XDG_CACHE_HOME": "/c", "XDG_CONFIG_HOME": "/x"}
    found = reads.ignored(named, Path("/go"), tmp_path)
    assert {"/c/go-build/", "/p/pkg/mod/cache/", "/x/go/", "/c/zig/"} <= set(found)
    named = {"GOMODCACHE": "/m", "GOCACHE": "/b", "ZIG_GLOBAL_CACHE_DIR": "/z"}
    assert {"/m/cache/", "/b/", "/z/"} <= set(reads.ignored(named, Path("/go"), tmp_path))


def test_a_release_of_go_that_is_edited_in_place_is_another(tmp_path: Path) -> None:
    part = touch(tmp_path / "src" / "runtime" / "cgo" / "asm_arm64.s", "STP")
    touch(tmp_path / "src" / "runtime" / "proc_test.go", "1")
    before = reads.goroot(tmp_path)
    reads.goroot.cache_clear()
    touch(tmp_path / "src" / "runtime" / "proc_test.go", "12")
    assert reads.goroot(tmp_path) == before
    touch(part, "NOP NOP")
    reads.goroot.cache_clear()
    assert reads.goroot(tmp_path) != before
