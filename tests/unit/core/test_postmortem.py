from pathlib import Path

from harness.core import read_core
from harness.core.postmortem import NO_ADDRESS, NO_PROGRAM, NO_SIGINFO, Remains
from harness.snapshot import Fault

from .writer import Writer


def remains(folder: Path, writer: Writer, program: Path | None = None) -> Remains:
    path = folder / "a.core"
    path.write_bytes(writer.build())
    return Remains(read_core(path), program, lambda _: None)


def test_the_thread_that_died_comes_first_and_is_the_fault(tmp_path: Path) -> None:
    shots = remains(tmp_path, Writer("arm64").thread(1).thread(2).thread(3, 11, {"pc": 0x1234})).snapshots
    assert [(shot.when, shot.thread, shot.hit) for shot in shots] == [
        ("fault", "3", 1),
        ("thread", "1", 2),
        ("thread", "2", 3),
    ]
    assert shots[0].fault == Fault("SIGSEGV", None, NO_SIGINFO)
    assert (shots[0].pc, shots[0].place, shots[0].source) == (0x1234, "0x1234", "core file")
    assert {shot.fault for shot in shots[1:]} == {None}
    assert {(shot.backtrace, shot.ended) for shot in shots} == {((), NO_PROGRAM)}


def test_a_living_process_has_threads_and_no_fault(tmp_path: Path) -> None:
    (shot,) = remains(tmp_path, Writer("arm64").thread(1)).snapshots
    assert (shot.when, shot.fault) == ("thread", None)


def test_the_address_is_siginfo_s_and_whether_it_is_mapped_the_core_s(tmp_path: Path) -> None:
    def fault(address: int) -> Fault | None:
        writer = Writer("amd64").thread(1, 11).siginfo(11, 1, address).load(0x1000, b"A" * 16, 0x2000)
        return remains(tmp_path, writer).snapshots[0].fault

    assert fault(0x2004) == Fault("SIGSEGV", 0x2004, "mapped")  # left out of the core, and yet mapped
    assert fault(0x9000) == Fault("SIGSEGV", 0x9000, "not mapped")
    sent = Writer("amd64").thread(1, 6).siginfo(6, -6, 0)
    assert remains(tmp_path, sent).snapshots[0].fault == Fault("SIGABRT", None, NO_ADDRESS)


def test_mips_numbers_signals_in_its_own_way(tmp_path: Path) -> None:
    names = [remains(tmp_path, Writer(arch).thread(1, 10)).snapshots[0].fault for arch in ("mips64le", "arm64")]
    assert [fault.signal if fault else "" for fault in names] == ["SIGBUS", "signal 10"]
