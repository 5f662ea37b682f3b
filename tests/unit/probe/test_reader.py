import os
import threading
import time
from pathlib import Path

import pytest

from harness.probe.pipe import Nobody
from harness.probe.reader import FEW, GAP, WIDTH, LogReader, ranges_of
from harness.qemulog.layouts import LAYOUTS


@pytest.mark.parametrize(
    ("addresses", "ranges"),
    [
        ([], []),
        ([0x1000], [(0x1000, 0x1004)]),
        ([0x2000, 0x1000], [(0x1000, 0x1004), (0x2000, 0x2004)]),
        ([0x1000, 0x1004, 0x100A], [(0x1000, 0x1008), (0x100A, 0x100E)]),
        (range(0x1000, 0x1040, 2), [(0x1000, 0x1042)]),
    ],
)
def test_neighbours_share_a_range(addresses: list[int], ranges: list[tuple[int, int]]) -> None:
    found = ranges_of(addresses)
    assert found == ranges
    assert all(any(start <= address and address + WIDTH <= end for start, end in found) for address in addresses)


def test_many_ranges_are_joined_with_the_nearest() -> None:
    far = [0x1000 * each for each in range(1, FEW)]
    near = [0x100000, 0x100000 + WIDTH + 8, 0x100000 + 2 * (WIDTH + 8)]
    assert ranges_of(far + near) == [*((start, start + WIDTH) for start in far), (near[0], near[-1] + WIDTH)]
    assert ranges_of(far + near[:1]) == [(start, start + WIDTH) for start in [*far, near[0]]]


def test_ranges_that_are_far_apart_are_not_joined_however_many() -> None:
    addresses = [0x1000 + each * (WIDTH + GAP + 1) for each in range(2 * FEW)]
    assert ranges_of(addresses) == [(start, start + WIDTH) for start in addresses]


@pytest.mark.parametrize("runs_on", [True, False])
def test_a_log_that_is_closed_is_cut_where_its_writer_runs_on(runs_on: bool, tmp_path: Path) -> None:
    asked = threading.Event()

    class Program(Nobody):
        def runs_on(self) -> bool:
            asked.set()
            return runs_on

    reader = LogReader(tmp_path / "log", LAYOUTS["arm64"], lambda _: None, writer=Program())
    reader.start()
    with (tmp_path / "log").open("wb") as log:
        log.write(b"nothing of ours\n")
        log.flush()
        assert not asked.is_set()
    assert asked.wait(10)
    reader.finish()
    assert reader.pipe.cut == runs_on


def test_a_log_that_nobody_opened_is_not_cut(tmp_path: Path) -> None:
    class Program(Nobody):
        def runs_on(self) -> bool:
            return True

    reader = LogReader(tmp_path / "log", LAYOUTS["arm64"], lambda _: None, writer=Program())
    reader.start()
    reader.finish()
    assert not reader.pipe.cut


def test_who_may_not_be_moved_back_reads_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: int) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "setpriority", refuses)
    reader = LogReader(tmp_path / "log", LAYOUTS["arm64"], lambda _: None)
    reader.start()
    reader.finish()
    assert reader.error is None


def test_a_reader_that_fails_gives_up_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise IndexError("not there")

    given_up: list[bool] = []
    reader = LogReader(tmp_path / "log", LAYOUTS["arm64"], lambda _: None, give_up=lambda: given_up.append(True))
    monkeypatch.setattr(reader.splitter, "feed", fails)
    reader.start()
    with (tmp_path / "log").open("wb") as log:
        log.write(b"something\n")
    reader.finish()
    assert "IndexError: not there" in str(reader.error)
    assert given_up == [True]


@pytest.mark.parametrize(
    ("says", "is_cut"),
    [
        ([True, False], True),
        ([None, True, False], True),
        ([False, True], False),
        ([True, None], False),
        ([True], False),
    ],
)
def test_a_log_that_a_child_holds_is_cut_when_its_writer_has_closed_it(
    says: list[bool | None], is_cut: bool, tmp_path: Path
) -> None:
    asked = threading.Event()
    answers = iter(says)

    class Program(Nobody):
        def holds(self, path: Path) -> bool | None:
            found = next(answers, says[-1])
            if not answers.__length_hint__():
                asked.set()
            return found

    reader = LogReader(tmp_path / "log", LAYOUTS["arm64"], lambda _: None, writer=Program())
    reader.start()
    with (tmp_path / "log").open("wb"):  # as a child does that never says anything
        assert asked.wait(10)
        time.sleep(0.1)
    reader.finish()
    assert reader.pipe.cut == (says[-2:] == [True, False])
