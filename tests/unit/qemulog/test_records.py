from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.qemulog import records
from harness.qemulog.layouts import LAYOUTS
from harness.qemulog.records import Splitter
from unit.qemulog import EVERY, LOGS, arch_of

ARM64 = (LOGS / "arm64-7.2.txt").read_bytes()


def split(arch: str, *pieces: bytes) -> tuple[list[str], int]:
    splitter = Splitter(LAYOUTS[arch])
    found = [record for piece in pieces for record in splitter.feed(piece)]
    found += splitter.end()
    return [record.text for record in found], splitter.torn


@EVERY
def test_a_log_may_come_in_pieces_of_any_size(path: Path) -> None:
    data = path.read_bytes()
    whole = split(arch_of(path), data)
    assert len(whole[0]) == 2
    for size in (1, 7, 4096):
        assert split(arch_of(path), *(data[at : at + size] for at in range(0, len(data), size))) == whole


@EVERY
def test_a_last_record_that_is_cut_off_anywhere_is_told_and_left_out(path: Path) -> None:
    data = path.read_bytes()
    second = split(arch_of(path), data)[0][1]
    start = len(data) - len(second)
    for cut in range(start + 12, len(data) - 2, 97):
        texts, torn = split(arch_of(path), data[:cut])
        assert len(texts) == 1, cut
        assert torn == 1, cut


def test_lines_of_others_before_the_first_record_are_no_record() -> None:
    texts, torn = split("arm64", b"host mmap_min_addr=0x1000\n" + ARM64)
    assert (len(texts), torn) == (2, 0)


def test_a_record_that_another_one_breaks_into_is_left_out() -> None:
    texts, torn = split("arm64", ARM64[:300] + b"\n" + ARM64)
    assert (len(texts), torn) == (2, 1)


def test_what_never_ends_takes_no_memory() -> None:
    splitter = Splitter(LAYOUTS["arm64"])
    for _ in range(100):
        assert not list(splitter.feed(b"x" * 1000))
    assert not list(splitter.feed(b"\n" + ARM64[:200]))
    for _ in range(100):
        assert not list(splitter.feed(b"0" * 1000))
        assert len(splitter._pending) <= records.MOST + 1000
    assert splitter.torn > 0


@given(st.lists(st.one_of(st.binary(max_size=200), st.just(ARM64), st.just(ARM64[:500])), max_size=6))
def test_nothing_that_is_fed_raises(pieces: list[bytes]) -> None:
    splitter = Splitter(LAYOUTS["arm64"])
    for record in [record for piece in pieces for record in splitter.feed(piece)] + list(splitter.end()):
        assert record.registers


@EVERY
def test_registers_are_the_same_at_a_glance_where_their_digits_are(path: Path) -> None:
    splitter = Splitter(LAYOUTS[arch_of(path)])
    first, second = [*splitter.feed(path.read_bytes()), *splitter.end()]
    before, after = first.registers, second.registers
    changed = tuple(name for name in before if before[name] != after[name])
    kept = tuple(name for name in before if before[name] == after[name])
    assert changed
    assert before.same(after, kept)
    assert not any(before.same(after, (*kept, name)) for name in changed)
    assert before.same(after, ("no such register",))


def test_a_line_that_is_lost_in_the_middle_makes_another_form() -> None:
    lines = ARM64.decode().split("\n")
    at = next(number for number, line in enumerate(lines) if line.startswith("X08="))
    splitter = Splitter(LAYOUTS["arm64"])
    shorter = "\n".join(lines[:at] + lines[at + 1 :]).encode()
    records = [*splitter.feed(ARM64), *splitter.feed(shorter), *splitter.end()]
    assert ["x8" in record.registers for record in records[:3]] == [True, True, False]
    assert records[2].registers["x11"] == records[0].registers["x11"]


def stopped(pc: int) -> bytes:
    return b"Stopped execution of TB chain before 0x7f1200000040 [%016x] add3\n" % pc


TRACE = b"Trace 0: 0x7f1200000040 [0000000000000000/0000000000400560/000000a1/ff000200] add3\n"


def both() -> list[records.Record]:
    splitter = Splitter(LAYOUTS["arm64"])
    return [*splitter.feed(ARM64), *splitter.end()]


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_a_block_that_did_not_run_after_all_is_no_record(size: int) -> None:
    first, second = both()
    log = TRACE + first.raw + stopped(first.pc) + TRACE + first.raw + TRACE + second.raw + TRACE
    splitter = Splitter(LAYOUTS["arm64"])
    found = [row for at in range(0, len(log), size) for row in splitter.feed(log[at : at + size])] + [*splitter.end()]
    assert [row.raw for row in found] == [first.raw, second.raw]
    assert splitter.torn == 0


def changed(raw: bytes, before: str, after: str) -> bytes:
    assert before.encode() in raw
    return raw.replace(before.encode(), after.encode())


def test_what_another_thread_says_between_does_not_matter() -> None:
    first, second = both()
    elsewhere = changed(second.raw, f"PC={second.pc:016x}", f"PC={second.pc + 64:016x}")
    splitter = Splitter(LAYOUTS["arm64"])
    log = TRACE + first.raw + TRACE + elsewhere + stopped(first.pc) + TRACE + second.raw
    assert [row.pc for row in [*splitter.feed(log), *splitter.end()]] == [second.pc + 64, second.pc]


def test_of_two_threads_at_one_place_the_one_that_runs_again_did_not_run() -> None:
    first, second = both()  # two calls: they differ in their first argument
    assert first.pc == second.pc
    splitter = Splitter(LAYOUTS["arm64"])
    log = TRACE + first.raw + TRACE + second.raw + stopped(first.pc) + (TRACE + second.raw) * 2 + TRACE + first.raw
    found = [row.raw for row in [*splitter.feed(log), *splitter.end()]]
    assert found == [first.raw, second.raw, second.raw, first.raw]


def test_a_block_that_never_runs_again_is_the_last_one_there() -> None:
    first, second = both()
    splitter = Splitter(LAYOUTS["arm64"])
    log = TRACE + first.raw + TRACE + second.raw + stopped(first.pc)
    assert [row.raw for row in [*splitter.feed(log), *splitter.end()]] == [first.raw]


def test_records_wait_for_what_is_said_of_them_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "HELD", 4)
    first, second = both()
    splitter = Splitter(LAYOUTS["arm64"])
    assert list(splitter.feed(TRACE + first.raw + stopped(first.pc) + (TRACE + second.raw) * 2)) == []
    later = list(splitter.feed((TRACE + second.raw) * 6))
    assert {row.raw for row in [*later, *splitter.end()]} == {second.raw}
