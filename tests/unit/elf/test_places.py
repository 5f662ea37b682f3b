import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from harness.elf import places
from harness.elf.places import Function, NoSuchPlace, Program
from harness.errors import UsageError

NAMES = ("add3", "add3.constprop.0", "main.goCallback", "main", "vendor_add3")
PROGRAM = Program(
    Path("prog"),
    True,
    0x1000,
    tuple(
        Function(name, 0x1000 + 0x100 * number, 0x80, (0x1000 + 0x100 * number,)) for number, name in enumerate(NAMES)
    ),
)


def test_a_function_is_found_by_its_own_name() -> None:
    place = PROGRAM.find("main.goCallback")
    assert (place.addresses, place.function) == ((0x1200,), "main.goCallback")


def test_static_functions_that_share_a_name_are_all_meant() -> None:
    rows = (Function("f", 1, 1, (1,)), Function("f", 9, 1, (9, 17)))
    assert Program(Path("p"), True, 0, rows).find("f").addresses == (1, 9, 17)


def test_a_go_function_in_assembly_is_found_by_its_plain_name() -> None:
    rows = (
        Function("runtime.cgocallback.abi0", 16, 1, (16,)),
        Function("f", 1, 1, (1,)),
        Function("f.abi0", 9, 1, (9,)),
    )
    program = Program(Path("p"), True, 0, rows)
    assert program.find("runtime.cgocallback").addresses == (16,)
    assert (program.find("f").addresses, program.find("f.abi0").addresses) == ((1,), (9,))


def test_an_address_knows_its_function() -> None:
    assert PROGRAM.find("0x1210").function == "main.goCallback"
    assert PROGRAM.find("0x9").function == ""


@pytest.mark.parametrize(("bits", "last"), [(64, (1 << 63) - 1), (32, (1 << 32) - 4097)])
def test_an_address_that_no_program_can_have_is_no_place(bits: int, last: int) -> None:
    program = replace(PROGRAM, bits=bits)
    assert program.find(hex(last)).addresses == (last,)
    for address in (last + 1, (1 << bits) - 1, 1 << bits, (1 << 88) - 1):
        with pytest.raises(NoSuchPlace, match=f"^prog: {address:#x} is beyond .* of {bits} bits can have"):
            program.find(hex(address))


@pytest.mark.parametrize(
    ("address", "name"),
    [(0x1000, "add3"), (0x1010, "add3+0x10"), (0x107F, "add3+0x7f"), (0x1080, "0x1080"), (0xFFF, "0xfff")],
)
def test_an_address_is_named_after_the_function_that_it_is_in(address: int, name: str) -> None:
    assert PROGRAM.name_at(address) == name


@pytest.mark.parametrize(
    ("text", "near"),
    [("goCallback", "main.goCallback"), ("ad3", "add3"), ("mian", "main"), ("0xyz", "is no address")],
)
def test_what_is_not_there_is_answered_with_what_is_near(text: str, near: str) -> None:
    with pytest.raises(NoSuchPlace) as caught:
        PROGRAM.find(text)
    assert near in str(caught.value)


def test_near_a_name_are_its_clones_and_namesakes() -> None:
    assert PROGRAM.near("add3")[:2] == ("vendor_add3", "add3.constprop.0")


def test_instead_of_a_name_there_are_names_and_instead_of_an_address_where_the_program_is() -> None:
    assert PROGRAM.instead(PROGRAM.find("add3")).startswith("the program also has vendor_add3, add3.constprop.0")
    assert PROGRAM.instead(PROGRAM.find("0x1210")) == "it is main.goCallback+0x10"
    nowhere = PROGRAM.find("0x3")
    assert PROGRAM.instead(nowhere) == "it is in no function"
    loaded = replace(PROGRAM, segments=((0x1000, 0x500, 0), (0x2000, 0x10, 0x500)))
    assert loaded.instead(nowhere) == "it is in no function, and the program is loaded from 0x1000 to 0x2010"
    known = replace(loaded, sections=((0x1000, 0x1400), (0x1400, 0x1480)))
    assert known.instead(nowhere) == "it is in no function, and the program has code from 0x1000 to 0x1480"


def test_a_stripped_program_says_so() -> None:
    with pytest.raises(NoSuchPlace, match="no function is called 'main'") as caught:
        Program(Path("p"), True, 0, ()).find("main")
    assert "stripped" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"text", b"\x7fELF", b"\x7fELF" + b"\xff" * 60])
def test_what_is_no_program_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="file: not a usable ELF file") as caught:
        print(places.load(path))
    assert caught.value.exit_code == 4


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        places.load(tmp_path / "nothing")


def test_a_real_library_has_functions() -> None:
    maps = Path("/proc/self/maps").read_text().split()
    libc = next(word for word in maps if word.endswith("/libc.so.6"))
    found = places.load(Path(libc))
    assert not found.is_fixed
    assert found.bits == struct.calcsize("P") * 8
    said = subprocess.run(["nm", "-D", libc], capture_output=True, text=True, check=True).stdout
    for line in said.splitlines():
        if line.split()[1:] == ["T", "qsort@@GLIBC_2.2.5"]:
            assert found.find("qsort").addresses == (int(line.split()[0], 16),)
            break
    else:
        pytest.fail("nm does not know qsort")


def test_a_symbol_without_a_size_does_not_reach_beyond_its_segment() -> None:
    rows = (Function("_start", 0x1000, 0, (0x1000,)), Function("_end", 0x1FF0, 0, (0x1FF0,)))
    program = Program(Path("p"), True, 0, rows, ((0x1000, 0x1000, 0),))
    assert program.name_at(0x1FEF) == "_start+0xfef"
    assert program.name_at(0x1FFF) == "_end+0xf"
    assert program.name_at(0x550000000000) == "0x550000000000"


def test_the_code_of_a_symbol_without_a_size_ends_with_its_section(tmp_path: Path) -> None:
    rows = [
        Function(name, start, 0, (start,)) for name, start in (("first", 0x1000), ("_fini", 0x1008), ("data", 0x1020))
    ]
    path = tmp_path / "program"
    path.write_bytes(bytes(0x40))
    program = Program(path, True, 0, tuple(rows), ((0x1000, 0x40, 0),), ((0x1000, 0x1010),))
    assert [len(program.code(row)) for row in rows] == [8, 8, 0]
