import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core import Core, read_core
from harness.core.layout import LAYOUTS, NT_AUXV, NT_FILE, NT_PRSTATUS
from harness.core.process import AT_ENTRY, AT_PHDR, MappedFile, Program, Signal
from harness.core.threads import NO_FLOAT, NOT_SAVED, QEMU_FLOAT
from harness.registers import TABLES
from harness.snapshot import NO_ADDRESS_TOLD, WAS_SENT

from .writer import Writer, patterns


def bits(arch: str) -> dict[str, int]:
    return {row.name: row.bits for row in TABLES[arch].rows}


def full(arch: str) -> Writer:
    layout = LAYOUTS[arch]
    writer = Writer(arch)
    writer.thread(7, 11, patterns(layout.general, 1, bits(arch)))
    writer.psinfo(5, b"prog", b"./prog a b ").siginfo(11, 1, 0xDEAD000).auxv({AT_ENTRY: 0x2040, AT_PHDR: 0x1040})
    writer.files([(0x1000, 0x2000, 0, b"/x/prog"), (0x2000, 0x4000, 1, b"/x/\xff")])
    writer.floats(patterns(layout.floats, 101, bits(arch)))
    writer.thread(5, 11).floats({})
    return writer.load(0x1000, b"A" * 16, 0x1000, 5).load(0x3000, b"B" * 8).load(0x3008, b"C" * 8)


def put(folder: Path, data: bytes) -> Path:
    path = folder / "a.core"
    path.write_bytes(data)
    return path


def refused(folder: Path, data: bytes) -> str:
    path = put(folder, data)
    with pytest.raises(ValueError, match=r"a\.core: not a usable core file: ") as error:
        read_core(path)
    return str(error.value).removeprefix(f"{path}: not a usable core file: ")


@pytest.mark.parametrize("arch", LAYOUTS)
def test_every_register_of_every_architecture_is_found_at_its_place(arch: str, tmp_path: Path) -> None:
    core = read_core(put(tmp_path, full(arch).build()))
    layout = LAYOUTS[arch]
    assert core.arch == arch
    assert core.dead is core.threads[0]
    wanted = patterns(layout.general, 1, bits(arch)) | patterns(layout.floats, 101, bits(arch))
    assert dict(core.threads[0].registers) == wanted
    assert set(core.threads[0].missing.values()) <= {NOT_SAVED}
    for thread in core.threads:
        assert thread.registers.keys() | thread.missing.keys() == TABLES[arch].by_name.keys()


@pytest.mark.parametrize("arch", LAYOUTS)
def test_the_process_is_told(arch: str, tmp_path: Path) -> None:
    core = read_core(put(tmp_path, full(arch).build()))
    assert core.program == Program(5, "prog", "./prog a b")
    assert core.signal == Signal(11, 1, 0xDEAD000)
    assert core.auxiliary == {AT_ENTRY: 0x2040, AT_PHDR: 0x1040}
    assert core.files == (MappedFile(0x1000, 0x2000, 0, "/x/prog"), MappedFile(0x2000, 0x4000, 4096, "/x/\ufffd"))
    assert core.notes == ()
    assert not core.emulator


def test_of_several_threads_the_first_with_a_signal_died_first(tmp_path: Path) -> None:
    core = read_core(put(tmp_path, Writer("arm64").thread(1).thread(2).thread(3, 11).build()))
    assert core.dead is core.threads[2]


def test_a_core_of_a_living_process_has_no_dead_thread(tmp_path: Path) -> None:
    core = read_core(put(tmp_path, Writer("arm64").thread(1).build()))
    assert core.dead is None


def test_a_core_of_qemu_lacks_floating_point_and_says_why(tmp_path: Path) -> None:
    core = read_core(put(tmp_path, Writer("amd64").thread(1, 11, {"fs_base": 0x33}).build()))
    assert core.emulator
    missing = core.threads[0].missing
    assert missing["xmm0"] == missing["mxcsr"] == QEMU_FLOAT
    assert missing["fs_base"] == "QEMU writes the selector of FS in its place"


def test_a_thread_without_its_note_says_so(tmp_path: Path) -> None:
    core = read_core(put(tmp_path, Writer("amd64").thread(1, 11).floats({"xmm3": 7}).thread(2).build()))
    assert core.threads[0].registers["xmm3"] == 7
    assert core.threads[1].missing["xmm3"] == NO_FLOAT
    assert core.threads[1].registers["fs_base"] == 0


def test_a_value_wider_than_its_register_is_not_cut(tmp_path: Path) -> None:
    core = read_core(put(tmp_path, Writer("ppc64le").thread(1, 11, {"cr": 1 << 40, "xer": 3}).build()))
    assert core.threads[0].registers["xer"] == 3
    assert core.threads[0].missing["cr"] == f"the core says {1 << 40:#x}, which is wider than the register"


@pytest.mark.parametrize(("number", "code"), [(6, -6), (11, 0), (11, 0x80), (11, -1)])
def test_a_signal_that_a_process_sent_has_no_address(number: int, code: int, tmp_path: Path) -> None:
    core = read_core(put(tmp_path, Writer("mips64le").thread(1, number).siginfo(number, code, 0x123).build()))
    assert core.signal == Signal(number, code, None, NO_ADDRESS_TOLD if code == 0x80 else WAS_SENT)


def test_a_torn_note_without_registers_costs_only_itself(tmp_path: Path) -> None:
    writer = full("arm64")
    writer.notes = [(owner, kind, data[:9] if kind == NT_FILE else data) for owner, kind, data in writer.notes]
    core = read_core(put(tmp_path, writer.build()))
    assert core.notes == ("NT_FILE has 9 bytes",)
    assert core.files == ()
    assert core.signal is not None


@pytest.mark.parametrize("count", [3, 1 << 17, 1 << 19, (1 << 64) - 1])
def test_more_files_than_there_are_is_a_trouble(count: int, tmp_path: Path) -> None:
    core = read_core(put(tmp_path, Writer("arm64").thread(1).files([(1, 2, 3, b"x")], count).build()))
    assert core.files == ()
    assert len(core.notes) == 1


def test_notes_of_others_are_passed_over(tmp_path: Path) -> None:
    writer = Writer("arm64")
    writer.notes.append(("GNU", NT_PRSTATUS, b"x"))
    writer.thread(1, 11)
    writer.notes.append(("LINUX", 0x405, b"sve"))
    assert len(read_core(put(tmp_path, writer.build())).threads) == 1


def test_what_is_no_core_is_refused_in_words(tmp_path: Path) -> None:
    whole = full("arm64").build()
    assert refused(tmp_path, b"") == "it is empty"
    assert refused(tmp_path, b"#!/bin/sh\n" * 10) == "it does not start with the ELF magic number"
    assert refused(tmp_path, whole[:40]) == "its ELF header is torn"
    assert refused(tmp_path, whole[:100]) == "its 4 program headers end beyond the file: it is cut off"
    assert "notes end at" in refused(tmp_path, whole[:600])
    other = full("arm64")
    other.kind = 2
    assert refused(tmp_path, other.build()) == "it is an ELF file of type 2, and a core has type 4"
    other.kind, other.machine = 4, 258
    assert refused(tmp_path, other.build()) == ("it is of machine 258, 64-bit, little-endian, which has no table here")
    assert refused(tmp_path, Writer("arm64").auxv({}).build()) == "it has no thread (NT_PRSTATUS)"
    short = Writer("arm64")
    short.notes.append(("CORE", NT_PRSTATUS, bytes(200)))
    assert refused(tmp_path, short.build()) == "an NT_PRSTATUS has 200 bytes; arm64 has 384 or more"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="none: cannot be read: No such file"):
        read_core(tmp_path / "none")
    with pytest.raises(ValueError, match="cannot be read: Is a directory"):
        read_core(tmp_path)
    with pytest.raises(ValueError, match="/dev/null: not a usable core file: not a file"):
        read_core(Path("/dev/null"))


def test_a_note_that_says_it_is_huge_is_refused(tmp_path: Path) -> None:
    whole = bytearray(full("arm64").build())
    start = whole.index(b"CORE\0") - 12
    whole[start + 4 : start + 8] = b"\xff\xff\xff\x7f"
    assert "its segment ends before them" in refused(tmp_path, bytes(whole))


def test_counts_beyond_all_measure_are_refused(tmp_path: Path) -> None:
    whole = bytearray(full("arm64").build())
    whole[56:58] = b"\xff\xff"  # PN_XNUM, and no section 0
    assert "more segments than fit" in refused(tmp_path, bytes(whole))
    whole[40:48] = (64).to_bytes(8, "little")  # section 0 is a program header
    whole[64 + 44 : 64 + 48] = b"\xff\xff\xff\xff"
    assert refused(tmp_path, bytes(whole)) == "it says that it has 4294967295 segments"


def test_a_count_of_segments_in_section_0_is_believed(tmp_path: Path) -> None:
    whole = bytearray(full("arm64").build())
    whole[56:58] = b"\xff\xff"
    whole[40:48] = len(whole).to_bytes(8, "little")
    whole += bytes(44) + (4).to_bytes(4, "little") + bytes(16)
    assert read_core(put(tmp_path, bytes(whole))).signal is not None


def test_notes_beyond_all_measure_are_refused_without_reading_them(tmp_path: Path) -> None:
    whole = bytearray(full("arm64").build())
    whole[64 + 32 : 64 + 40] = (1 << 40).to_bytes(8, "little")
    assert refused(tmp_path, bytes(whole)) == "its notes have more than 67108864 bytes"


def elf(arch: str, entry: int) -> bytes:
    writer = Writer(arch)
    writer.kind, writer.entry = 3, entry
    whole = bytearray(writer.load(0, b"x").build())
    at = 64 + 56  # the mapping holds the headers, as a program's first does
    whole[at + 8 : at + 16], whole[at + 32 : at + 40] = bytes(8), len(whole).to_bytes(8, "little")
    return bytes(whole)


def test_the_load_bias_is_that_of_entry_and_headers(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(elf("arm64", 0x500))
    core = read_core(put(tmp_path, Writer("arm64").thread(1).auxv({AT_ENTRY: 0x7500, AT_PHDR: 0x7040}).build()))
    assert core.load_bias(program) == 0x7000


def test_the_load_bias_of_another_program_is_refused(tmp_path: Path) -> None:
    program = tmp_path / "program"
    core = read_core(put(tmp_path, Writer("arm64").thread(1).auxv({AT_ENTRY: 0x7500, AT_PHDR: 0x7040}).build()))
    for other in (elf("arm64", 0x600), elf("riscv64", 0x500)):
        program.write_bytes(other)
        with pytest.raises(ValueError, match=r"this is not a core of .*program"):
            core.load_bias(program)
    program.write_bytes(b"no")
    with pytest.raises(ValueError, match="program: not a usable ELF file"):
        core.load_bias(program)
    bare = read_core(put(tmp_path, Writer("arm64").thread(1).build()))
    program.write_bytes(elf("arm64", 0x500))
    with pytest.raises(ValueError, match="does not say where the program was loaded"):
        bare.load_bias(program)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_mutated_and_cut_cores_give_a_core_or_a_value_error(data: st.DataObject) -> None:
    whole = bytearray(full(data.draw(st.sampled_from(sorted(LAYOUTS)))).build())
    for _ in range(data.draw(st.integers(0, 6))):
        place = data.draw(st.integers(0, len(whole) - 4))
        size = data.draw(st.sampled_from((1, 2, 4)))
        whole[place : place + size] = data.draw(st.binary(min_size=size, max_size=size))
    end = data.draw(st.integers(0, len(whole)) | st.just(len(whole)))
    with tempfile.TemporaryDirectory() as folder:
        path = put(Path(folder), bytes(whole[:end]))
        core = answer(path)
        for thread in core.threads if core else ():
            assert thread.registers.keys() | thread.missing.keys() == TABLES[core.arch].by_name.keys()
        for piece in core.memory.pieces[:4] if core else ():
            core.memory.why_not(piece.address)


def answer(path: Path) -> Core | None:
    """The core, or None where it was refused in the house's words; any other exception fails the test."""
    words = ""
    try:
        return read_core(path)
    except ValueError as error:
        words = str(error)
    assert words.startswith(f"{path}: ")
    return None


def test_auxiliary_values_end_at_null(tmp_path: Path) -> None:
    writer = Writer("arm").thread(1).auxv({3: 4})
    owner, kind, data = writer.notes[-1]
    writer.notes[-1] = (owner, NT_AUXV, data + writer.pack("WW", 9, 9))
    assert kind == NT_AUXV
    assert read_core(put(tmp_path, writer.build())).auxiliary == {3: 4}
