from pathlib import Path

import pytest

from harness.elf.calls import MACHINES, calls
from harness.elf.places import Function, Program

# A direct call and one through a register, assembled by GNU as for each architecture at 0x1000: bytes, then what
# objdump says of them: (address, where it returns to, target).
CODE = {
    "amd64": ("e8fb000000 ffd0", [(0x1000, 0x1005, 0x1100), (0x1005, 0x1007, None)]),
    "386": ("e8fb000000 ffd0", [(0x1000, 0x1005, 0x1100), (0x1005, 0x1007, None)]),
    "arm64": ("40000094 20003fd6 1f2003d5", [(0x1000, 0x1004, 0x1100), (0x1004, 0x1008, None)]),
    "riscv64": ("ef000010 e7800500 13000000", [(0x1000, 0x1004, 0x1100), (0x1004, 0x1008, None)]),
    "s390x": ("c0e500000080 0de1", [(0x1000, 0x1006, 0x1100), (0x1006, 0x1008, None)]),
    "ppc64le": ("01010048 2104804e", [(0x1000, 0x1004, 0x1100), (0x1004, 0x1008, None)]),
    "arm": ("3e0000eb 31ff2fe1", [(0x1000, 0x1004, 0x1100), (0x1004, 0x1008, None)]),
    "mips64le": ("4004000c 00000000 09f82003 00000000", [(0x1000, 0x1008, 0x1100), (0x1008, 0x1010, None)]),
}


def program(folder: Path, code: bytes) -> Program:
    path = folder / "code"
    path.write_bytes(code)
    return Program(path, True, 0x1000, (), ((0x1000, len(code), 0),))


@pytest.mark.parametrize("arch", MACHINES)
def test_calls_are_found_with_what_they_call_and_where_they_return(arch: str, tmp_path: Path) -> None:
    text, expected = CODE[arch]
    code = bytes.fromhex(text.replace(" ", ""))
    function = Function("f", 0x1000, len(code), (0x1000,))
    found = [(call.address, call.back, call.target) for call in calls(program(tmp_path, code), function, arch)]
    assert found == expected


@pytest.mark.parametrize("arch", MACHINES)
def test_what_is_no_code_has_no_calls_and_does_not_stop_the_rest(arch: str, tmp_path: Path) -> None:
    text, expected = CODE[arch]
    code = bytes(16) + bytes.fromhex(text.replace(" ", ""))
    made = Program(program(tmp_path, code).path, True, 0, (), ((0xFF0, len(code), 0),))
    found = [call.address for call in calls(made, Function("f", 0xFF0, len(code), (0xFF0,)), arch)]
    assert found == [address for address, _, _ in expected]


# A register is loaded and called, the same with something in between, as GNU as assembles it: bytes, and the targets.
LOADED = {
    "amd64": ("488d1501010000 ffd2 488d1501010000 90 ffd2 488d1501010000 ffd0", [0x1108, None, None]),
    "arm64": ("0b000090 6b113091 60013fd6 0b000090 6b113091 1f2003d5 60013fd6", [0x1C04, None]),
    "ppc64le": ("0a10803d f0b78c39 a603897d 2104804e 0a10803d a603897d 2104804e", [0x1009B7F0, None]),
}


@pytest.mark.parametrize("arch", LOADED)
def test_what_a_register_was_given_right_before_a_call_is_what_is_called(arch: str, tmp_path: Path) -> None:
    text, targets = LOADED[arch]
    code = bytes.fromhex(text.replace(" ", ""))
    found = calls(program(tmp_path, code), Function("f", 0x1000, len(code), (0x1000,)), arch)
    assert [call.target for call in found] == targets


def test_a_branch_that_saves_elsewhere_than_in_the_link_register_is_no_call(tmp_path: Path) -> None:
    code = bytes.fromhex("0d10 0de1".replace(" ", ""))  # basr %r1,%r0, by which a PLT finds itself; basr %r14,%r1
    found = calls(program(tmp_path, code), Function("f", 0x1000, len(code), (0x1000,)), "s390x")
    assert [call.address for call in found] == [0x1002]
