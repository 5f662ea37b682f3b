import subprocess
from pathlib import Path

import pytest

from harness.core import elffile, postmortem, read_core
from harness.core.memory import CUT_OFF
from harness.core.postmortem import NO_PROGRAM, NO_SIGINFO, Remains
from harness.core.process import AT_ENTRY
from harness.core.reader import CUT
from harness.elf import calls, places
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


def chain(folder: Path, *, code_at: int = 0, lost: int = 0, rsi: int = 0x9000) -> Remains:
    """A program that called what is at 0x9000 and lies in no file; the last `lost` bytes, of its stack, are cut off."""
    program = folder / "prog"
    source = b"int main(int a, char **b) { return ((int (*)(void))b)() + 1; }"
    subprocess.run(["gcc", "-O1", "-no-pie", "-x", "c", "-", "-o", program], input=source, check=True)
    entry = elffile.load(program, "ELF file").entry
    loaded = places.load(program)
    (call,) = calls.calls(loaded, loaded.by_name["main"][0], "amd64")
    writer = Writer("amd64").thread(1, 11, {"rip": 0x9000, "rsp": 0x5000, "rsi": rsi}).auxv({AT_ENTRY: entry})
    writer.load(code_at or 0x8000, bytes(16), 0x2000, 5 if code_at else 4)
    path = folder / "a.core"
    data = writer.load(0x5000, call.back.to_bytes(8, "little") + bytes(16)).build()
    path.write_bytes(data[: len(data) - lost])
    return Remains(read_core(path), program, lambda _: None)


def test_where_the_core_is_cut_off_the_backtrace_and_a_note_say_so(tmp_path: Path) -> None:
    (whole,) = chain(tmp_path).snapshots
    assert whole.backtrace == ("0x9000", "main")
    assert not [note for note in whole.notes if "cut off" in note]
    (shot,) = chain(tmp_path, lost=24).snapshots
    assert (shot.registers["rsp"], shot.backtrace) == (0x5000, ("0x9000",))
    assert shot.ended == f"not available: the memory at 0x5000 cannot be read (0x5000: {CUT_OFF})"
    size = (tmp_path / "a.core").stat().st_size
    assert CUT.format(said=size + 24, size=size, lost=24) in shot.notes


def test_nothing_is_taken_from_the_program_in_place_of_data_that_is_cut_off(tmp_path: Path) -> None:
    program, path = tmp_path / "prog", tmp_path / "a.core"
    subprocess.run(["gcc", "-no-pie", "-x", "c", "-", "-o", program], input=b"int main(){}", check=True)
    elf = elffile.load(program, "ELF file")
    dynamic = next(row for row in elf.segments if row.kind == 2)  # PT_DYNAMIC, where DT_DEBUG leads to the libraries

    def notes(flags: int) -> tuple[str, ...]:
        writer = Writer("amd64").thread(1, 11, {"rip": elf.entry, "rsp": 0x100}).auxv({AT_ENTRY: elf.entry})
        path.write_bytes(writer.load(dynamic.address, bytes(dynamic.size), flags=flags).build()[: -dynamic.size])
        return Remains(read_core(path), program, lambda _: None).snapshots[0].notes

    lost = postmortem.NO_LIST.format(error=f"{dynamic.address:#x}: {CUT_OFF}")
    assert lost in notes(flags=6)
    assert lost not in notes(flags=5)  # code does not change


def test_code_of_a_file_that_is_not_here_ends_the_backtrace(tmp_path: Path) -> None:
    (came_by_call,) = chain(tmp_path, code_at=0x8000).snapshots
    assert came_by_call.backtrace == ("0x9000", "main")
    (shot,) = chain(tmp_path, code_at=0x8000, rsi=0x8FF0).snapshots  # a few instructions later
    assert (shot.backtrace, shot.ended) == (("0x9000",), "not available: 0x9000 lies in no file that is at hand")
