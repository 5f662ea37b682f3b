"""Where the instruction is that raised a signal: bytes written by hand, by the lengths that the manuals give."""

from __future__ import annotations

import pytest

from harness.elf.places import Function, Program
from harness.registers import TABLES
from harness.unwind.modules import Module
from harness.unwind.trapped import is_trap, raised, raised_at

BIAS, START = 0x10000, 0x400
CODE = bytes.fromhex("b9080023 eb6ff0300024 1a23 0000")  # agr, stmg, ar, and what is no instruction
END = BIAS + START + len(CODE)


def module(tmp_path_factory: pytest.TempPathFactory, code: bytes = CODE) -> Module:
    path = tmp_path_factory.mktemp("program") / "program"
    path.write_bytes(bytes(START) + code)
    functions = (Function("f", START, len(code), (START,)),)
    return Module(Program(path, False, START, functions, ((0, START + len(code), 0),)), BIAS)


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Module:
    return module(tmp_path_factory)


def memory(code: bytes, start: int = BIAS + START):  # type: ignore[no-untyped-def]
    def read(address: int, size: int) -> bytes | None:
        here = address - start
        return code[here : here + size] if 0 <= here <= len(code) - size else None

    return read


@pytest.mark.parametrize("size", [2, 4, 6])
def test_si_addr_is_the_instruction(size: int, program: Module) -> None:
    assert raised_at("s390x", "SIGFPE", END, memory(CODE), (program,), END - size) == END - size


@pytest.mark.parametrize("address", [0, END, END - 3, END - 8, 0x1234_0000_0000])
def test_what_is_no_address_of_an_instruction_before_it_is_a_signal_that_was_sent(
    address: int, program: Module
) -> None:
    assert raised_at("s390x", "SIGFPE", END, memory(CODE), (program,), address) == END


@pytest.mark.parametrize(("pc", "size"), [(END, 2), (END - 2, 2), (END - 4, 6), (END - 10, 4)])
def test_without_siginfo_it_is_the_instruction_before_in_its_function(pc: int, size: int, program: Module) -> None:
    assert raised_at("s390x", "SIGILL", pc, memory(CODE), (program,)) == pc - size


def test_the_function_is_that_of_the_instruction_and_not_of_what_follows(program: Module) -> None:
    found = raised(TABLES["s390x"], "SIGILL", END, memory(CODE), (program,))
    assert (found.pc, found.place, found.function) == (END - 2, "f+0xc", "f")
    assert found.code[-1].startswith(f"=> {END - 2:#x} ")
    assert found.notes == ("pswa is 2 bytes past the instruction that raised SIGILL, as the processor leaves it",)


def test_gccs_trap_is_in_the_middle_of_a_jump(tmp_path_factory: pytest.TempPathFactory) -> None:
    code = bytes.fromhex("1a23 a7f40001")
    found = raised(TABLES["s390x"], "SIGILL", BIAS + START + 6, memory(code), (module(tmp_path_factory, code),))
    assert found.pc == BIAS + START + 4
    assert [line.split()[1] for line in found.code if line.startswith("=>")] == [hex(found.pc)]


def test_after_a_system_call_the_signal_was_sent(tmp_path_factory: pytest.TempPathFactory) -> None:
    code = bytes.fromhex("1a23 0aee")  # svc
    at = BIAS + START + 4
    assert raised_at("s390x", "SIGILL", at, memory(code), (module(tmp_path_factory, code),)) == at


@pytest.mark.parametrize(
    ("code", "size"),
    [
        ("0000 0000 0000", 2),
        ("1aff ffff b908", 0),  # no length fits: the middle of something
        ("eb6f f030 0024", 0),  # a stmg, or a halfword 0024
        ("0000 b908 0023", 0),
    ],
)
def test_where_no_function_is_known_only_what_fits_alone_is_believed(code: str, size: int) -> None:
    data = bytes.fromhex(code)
    assert raised_at("s390x", "SIGILL", 0x1006, memory(data, 0x1000), ()) == 0x1006 - size
    assert raised_at("s390x", "SIGILL", 0x9006, memory(data, 0x1000), ()) == 0x9006


@pytest.mark.parametrize("arch", ["amd64", "386"])
def test_a_breakpoint_of_x86_is_before_the_program_counter(arch: str) -> None:
    read = memory(bytes.fromhex("90cc cd03 9090"), 0x1000)
    where = {pc: raised_at(arch, "SIGTRAP", pc, read, ()) for pc in range(0x1001, 0x1007)}
    assert {pc - at for pc, at in where.items()} == {0, 1, 2}
    assert (where[0x1002], where[0x1004]) == (0x1001, 0x1002)
    assert raised_at(arch, "SIGTRAP", 0x1002, read, (), 0x1234) == 0x1002  # kill(2), or the hardware's
    assert raised_at(arch, "SIGTRAP", 0x1002, read, (), 0) == 0x1001
    assert raised_at(arch, "SIGILL", 0x1002, read, ()) == 0x1002


@pytest.mark.parametrize(("arch", "signal"), [("s390x", "SIGSEGV"), ("arm64", "SIGTRAP"), ("s390x", "")])
def test_others_leave_the_program_counter_at_the_instruction(arch: str, signal: str) -> None:
    assert raised_at(arch, signal, 0x1002, memory(bytes(8), 0x1000), ()) == 0x1002


def test_a_place_in_no_file_is_its_address() -> None:
    found = raised(TABLES["amd64"], "SIGSEGV", 0x1002, memory(b"\x90" * 80, 0x1000), ())
    assert (found.place, found.function, found.notes) == ("0x1002", "0x1002", ())
    assert found.code[0] == "=> 0x1002  nop"
    assert raised(TABLES["amd64"], "SIGSEGV", 0x9000, memory(b"", 0x1000), ()).code == ()


@pytest.mark.parametrize(
    "before",
    ["07fe", "0707", "a7f40010", "c0f400000010", "c0e500000010", "ec2300108064", "a7060010", "0de1"],
    ids=["br", "nopr", "j", "jg", "brasl", "cgrj", "brct", "basr"],
)
def test_a_branch_before_it_raised_nothing(before: str) -> None:
    """So it is at a function's first instruction, where another thread has sent the signal."""
    data = bytes(6 - len(before) // 2) + bytes.fromhex(before)
    read = memory(data[-(len(before) // 2) :], 0x1006 - len(before) // 2)
    assert raised_at("s390x", "SIGFPE", 0x1006, read, ()) == 0x1006


def test_gccs_trap_is_known_where_there_are_no_functions() -> None:
    assert raised_at("s390x", "SIGILL", 0x1004, memory(bytes.fromhex("a7f40001"), 0x1000), ()) == 0x1002


def test_what_fills_the_room_before_a_function_is_no_breakpoint(tmp_path_factory: pytest.TempPathFactory) -> None:
    filled = bytes(START - 8) + b"\xcc" * 8 + b"\x90" * 4
    path = tmp_path_factory.mktemp("filled") / "program"
    path.write_bytes(filled)
    for functions, size in ((((START, 4),), 0), (((START - 8, 8), (START, 4)), 1)):
        rows = tuple(Function(f"f{start}", start, length, (start,)) for start, length in functions)
        made = Module(Program(path, False, START, rows, ((0, START + 4, 0),)), BIAS)
        at = BIAS + START
        assert raised_at("amd64", "SIGTRAP", at, memory(filled, BIAS), (made,)) == at - size


@pytest.mark.parametrize(("cpsr", "text"), [(0x20, "bkpt #0"), (0, "ldrbmi")])
def test_where_no_symbol_says_so_a_register_tells_thumb(cpsr: int, text: str) -> None:
    read = memory(bytes.fromhex("00be7047") * 30, 0x1000)
    found = raised(TABLES["arm"], "SIGTRAP", 0x1000, read, (), registers={"cpsr": cpsr})
    assert found.code[0].startswith("=> 0x1000  ")
    assert text in found.code[0]


@pytest.mark.parametrize(
    ("arch", "code", "trap"),
    [
        *(("amd64", text, True) for text in ("cc909090", "cd039090", "f1909090")),
        *(("386", text, text != "cd809090") for text in ("cc909090", "cd039090", "cd809090")),
        ("amd64", "90cccccc", False),
        *(("arm64", text, True) for text in ("000020d4", "20003ed4")),
        *(("arm64", text, False) for text in ("010000d4", "e00340f9")),
        *(("riscv64", text, text != "73000000") for text in ("73001000", "02900000", "73000000")),
        *(("s390x", text, text == "00010000") for text in ("00010000", "07fe0000")),
        *(("ppc64le", text, text != "08008a7c") for text in ("0800e07f", "0000e00f", "08008a7c")),  # tweq
        *(("arm", text, text != "1eff2fe1") for text in ("700020e1", "f001f0e7", "1eff2fe1")),
        *(("mips64le", text, text != "f401a000") for text in ("0d000000", "34000000", "f401a000")),  # teq a1, zero, 7
    ],
)
def test_instructions_that_are_traps_themselves(arch: str, code: str, *, trap: bool) -> None:
    assert is_trap(TABLES[arch], bytes.fromhex(code)) is trap


def test_thumb_has_traps_of_its_own() -> None:
    assert is_trap(TABLES["arm"], bytes.fromhex("00be7047"), is_thumb=True)
    assert not is_trap(TABLES["arm"], bytes.fromhex("704700be"), is_thumb=True)
