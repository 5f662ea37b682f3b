import subprocess
from pathlib import Path

import pytest

from harness.core import elffile, postmortem, read_core
from harness.core.postmortem import NO_PROGRAM, NO_SIGINFO, Remains
from harness.core.process import AT_ENTRY
from harness.snapshot import WAS_SENT, Fault

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
    assert remains(tmp_path, sent).snapshots[0].fault == Fault("SIGABRT", None, WAS_SENT)


def test_mips_numbers_signals_in_its_own_way(tmp_path: Path) -> None:
    names = [remains(tmp_path, Writer(arch).thread(1, 10)).snapshots[0].fault for arch in ("mips64le", "arm64")]
    assert [fault.signal if fault else "" for fault in names] == ["SIGBUS", "signal 10"]


def test_the_build_id_in_the_core_tells_whether_a_file_is_the_one_that_ran(tmp_path: Path) -> None:
    program = tmp_path / "prog"
    subprocess.run(
        ["gcc", "-no-pie", "-Wl,--build-id", "-x", "c", "-", "-o", program], input=b"int main(){}", check=True
    )
    start, build_id = postmortem._build_id(program)
    elf = elffile.load(program, "ELF file")

    def shot(data: bytes) -> Remains:
        writer = Writer("amd64").thread(1, 11, {"rip": elf.entry, "rsp": 0x100}).auxv({AT_ENTRY: elf.entry})
        return remains(tmp_path, writer.load(start, data), program)

    assert shot(build_id).snapshots[0].notes == ()
    assert shot(build_id).snapshots[0].place == "_start"
    with pytest.raises(ValueError, match="their build-ids differ"):
        assert shot(build_id[:-1] + b"?").snapshots
    (note,) = shot(build_id[:-4]).snapshots[0].notes
    assert note == postmortem.UNCHECKED.format(name=program)


def test_a_program_that_the_core_names_is_used_only_if_it_is_this_core_s(tmp_path: Path) -> None:
    program, path = tmp_path / "prog", tmp_path / "a.core"
    subprocess.run(["gcc", "-no-pie", "-x", "c", "-", "-o", program], input=b"int main(){}", check=True)
    entry = elffile.load(program, "ELF file").entry
    for at, found in ((entry, program), (entry + 16, program)):  # PIE or not: only the bias differs
        named = Writer("amd64").thread(1, 11).auxv({AT_ENTRY: at}).files([(0, 1, 0, str(program).encode())])
        path.write_bytes(named.build())
        assert postmortem.executable(read_core(path)) == found
    other = Writer("arm64").thread(1, 11).auxv({AT_ENTRY: entry}).files([(0, 1, 0, str(program).encode())])
    path.write_bytes(other.build())
    assert postmortem.executable(read_core(path)) is None
    path.write_bytes(Writer("amd64").thread(1, 11).build())
    assert postmortem.executable(read_core(path)) is None
