import struct
from pathlib import Path

import pytest

from harness.elf import places
from harness.elf.reading import opened
from harness.errors import UsageError
from harness.probe import image, layout

WHOLE = Path("/bin/true").read_bytes()  # any small program of this machine's
HEADER, ROW = 64, 56  # bytes of the header and of a program header (64 bits)
NONSENSE = (b"\xff" * 7 + b"\x7f", b"\xff" * 8, bytes(8), struct.pack("<Q", 1 << 40))


def write(folder: Path, content: bytes) -> Path:
    path = folder / "program"
    path.write_bytes(content)
    return path


def damaged(folder: Path, at: int, words: bytes) -> Path:
    return write(folder, WHOLE[:at] + words + WHOLE[at + len(words) :])


def test_a_whole_program_is_read(tmp_path: Path) -> None:
    with opened(write(tmp_path, WHOLE)) as elf:
        assert elf.num_segments() > 4


@pytest.mark.parametrize("words", NONSENSE)
@pytest.mark.parametrize("at", [*range(16, HEADER - 8, 4), *range(HEADER, HEADER + 6 * ROW, 8)])
def test_damage_anywhere_in_the_headers_is_an_answer_or_a_refusal(at: int, words: bytes, tmp_path: Path) -> None:
    path = damaged(tmp_path, at, words)
    for read in (layout.interpreter, image._first_code, places.load):
        said = ""
        try:
            read(path)
        except UsageError as error:
            said = error.what
        assert not said or said.startswith(f"{path}: not a usable ELF file: ")


@pytest.mark.parametrize("size", [0, 20, HEADER, HEADER + 20, 4096, len(WHOLE) - 1])
def test_a_program_that_was_cut_short_is_refused(size: int, tmp_path: Path) -> None:
    path = write(tmp_path, WHOLE[:size])
    with pytest.raises(UsageError, match="program: not a usable ELF file: "):
        places.load(path)


def test_it_is_told_what_is_wrong_and_where(tmp_path: Path) -> None:
    path = damaged(tmp_path, 32, NONSENSE[0])  # e_phoff
    says = "program: not a usable ELF file: its headers are damaged, or it was cut short"
    with pytest.raises(UsageError, match=says) as caught, opened(path):
        pytest.fail("it was opened")
    assert caught.value.exit_code == 4


def test_a_segment_beyond_the_end_is_named(tmp_path: Path) -> None:
    rows = [struct.unpack_from("<II6Q", WHOLE, HEADER + ROW * number) for number in range(WHOLE[56])]
    last = max(number for number, row in enumerate(rows) if row[0] == 1)
    path = damaged(tmp_path, HEADER + ROW * last + 32, struct.pack("<Q", len(WHOLE)))
    with pytest.raises(UsageError, match="its PT_LOAD reaches beyond the end of the file"), opened(path):
        pytest.fail("it was opened")


@pytest.mark.parametrize("error", [KeyError("e_type"), MemoryError(), OverflowError("too large"), struct.error("cut")])
def test_what_the_reader_stumbles_over_is_told_as_damage(error: Exception, tmp_path: Path) -> None:
    path = write(tmp_path, WHOLE)
    with pytest.raises(UsageError, match="headers are damaged"), opened(path):
        raise error


def test_what_is_wrong_with_the_caller_is_not_told_as_damage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^mine$"), opened(write(tmp_path, WHOLE)):
        raise UsageError("mine")
