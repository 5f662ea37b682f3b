import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.build import reads

LATER = 1 << 62


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("f.o: f.c /a/b.h own.h\n", {"/a/b.h"}),
        ("f.o: f.c \\\n /a/b.h /a/../c.h\n\n", {"/a/b.h", "/a/../c.h"}),
        ("f.o: /a/with\\ space.h /a/d$$r /a/x\\#y.h\n", {"/a/with space.h", "/a/d$r", "/a/x#y.h"}),
        ("/out/f.o: f.c\n", set()),
        ("", set()),
    ],
)
def test_a_rule_names_what_was_read(text: str, paths: set[str]) -> None:
    assert reads.parse(text) == paths


@given(st.text(alphabet="ab/ \\\n:$#."))
def test_a_torn_list_is_read_as_far_as_it_goes(text: str) -> None:
    assert all(path.startswith("/") for path in reads.parse(text))


def test_files_of_the_build_itself_and_what_is_gone_do_not_count(tmp_path: Path) -> None:
    bench, header = tmp_path / "bench", tmp_path / "a.h"
    bench.mkdir()
    header.write_text("x")
    (bench / "own.h").touch()
    listing = bench / "reads"
    assert reads.stamps(listing, bench, LATER) == {}
    listing.write_text(f"f.o: {header} {bench}/own.h {tmp_path}/gone.c\n")
    read = reads.stamps(listing, bench, LATER)
    assert list(read) == [str(header)]
    assert not reads.moved(read)
    header.unlink()
    assert reads.moved(read)


def test_a_file_written_to_during_the_build_is_not_what_it_was(tmp_path: Path) -> None:
    header, listing = tmp_path / "a.h", tmp_path / "bench" / "reads"
    header.write_text("x")
    listing.parent.mkdir()
    listing.write_text(f"f.o: {header}\n")
    assert reads.moved(reads.stamps(listing, listing.parent, header.stat().st_ctime_ns))
    assert not reads.moved(reads.stamps(listing, listing.parent, LATER))


def test_a_link_that_leads_to_another_file_of_the_same_size_and_age_has_moved(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, ns=(0, 0))
    link, listing = tmp_path / "link.h", tmp_path / "bench" / "reads"
    link.symlink_to("one")
    listing.parent.mkdir()
    listing.write_text(f"f.o: {link}\n")
    read = reads.stamps(listing, listing.parent, LATER)
    assert not reads.moved(read)
    link.unlink()
    link.symlink_to("two")
    assert reads.moved(read)
