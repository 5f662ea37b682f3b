import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.registers import TABLES
from harness.snapshot import Fault
from harness.traceback import dump, registers

from . import recorded

FAULTS = {  # what stands in the text, looked up by eye
    "amd64": (0x4874E0, 6, 0x10, {"rsp": 0x7F0FB909AE38, "r12": 0x7F0FB909ACE8, "r14": 0x12AB87E41E0}),
    "arm64": (0x4805F8, 0, 0x10, {"x1": 7, "x14": 0x424A48A2, "x28": 0x548B60, "x30": 0x47937C, "sp": 0x5500800600}),
    "riscv64": (0x76C70, 3, 0x10, {"s1": 0x2B508B223000, "a0": 0x2B508B222E78}),
    "s390x": (0x109A060, 0, 0, {"r13": 0x114C8E0, "r14": 0x1091ADE, "r15": 0x4000800440}),
    "ppc64le": (0x1008E8D8, 0, 0, {"r30": 0x10158B00, "ctr": 0x1008E980, "lr": 0x10086500, "r13": 0x40008764C0}),
    "arm": (0xA63D8, 4, 0, {"r11": 8, "r1": 0xA63F4, "sp": 0x3E7FED68, "lr": 0x9E448}),
    "386": (0x80D26D0, 4, 0x10, {"esi": 0x9809188, "esp": 0xF65FF34C}),
    "mips64le": (0x1200B6A34, 0, 0x10, {"t9": 0x1200B6A30, "gp": 0x100000000, "sp": 0x4000800620, "s8": 0x120177F80,
                                      "ra": 0x1200AC814, "t0": 0, "t1": 1, "lo": 0xECAC1F15000}),
}  # fmt: skip


def load(name: str) -> dump.Dump:
    found = dump.read(recorded.text(name), recorded.arch(name))
    assert found is not None
    return found


@pytest.mark.parametrize("arch", FAULTS)
def test_a_fault_in_c_has_the_registers_of_the_faulting_instruction(arch: str) -> None:
    death = load(f"go1.27.4-{arch}-fault-single").death
    pc, m, address, some = FAULTS[arch]
    assert death is not None
    assert (death.signal, death.what, death.pc, death.m, death.code) == (
        "SIGSEGV", "segmentation violation", pc, m, 1,
    )  # fmt: skip
    assert death.address == address  # QEMU 7.2 says 0 for 0x10 on arm, ppc64le and s390x
    assert death.in_cgo
    assert death.registers[TABLES[arch].pc] == pc
    assert {name: death.registers[name] for name in some} == some
    assert not {registers.TORN, registers.NO_BLOCK} & set(death.missing.values())


@pytest.mark.parametrize("arch", TABLES)
def test_the_oldest_release_is_read_like_the_newest(arch: str) -> None:
    death = load(f"go1.16.15-{arch}-quit-all").death
    assert death is not None
    assert (death.signal, death.code) == ("SIGQUIT", -6)  # SI_TKILL, which the runtime prints unsigned
    assert not {registers.TORN, registers.NO_BLOCK} & set(death.missing.values())
    new = load(f"go1.27.4-{arch}-fault-single").death
    assert new is not None
    assert (death.registers.keys(), death.others.keys()) == (new.registers.keys(), new.others.keys())


@pytest.mark.parametrize("name", [name for name in recorded.NAMES if "-fault-single" in name and "1.27" not in name])
def test_before_1_21_a_fault_in_c_has_a_pc_and_no_registers(name: str) -> None:
    death = load(name).death
    assert death is not None
    old = name.startswith(("go1.16", "go1.20"))
    assert (len(death.registers) == 1) == old
    assert death.registers[TABLES[recorded.arch(name)].pc] == death.pc
    assert (set(death.missing.values()) == {dump.PANIC, registers.NO_FLOAT}) == old


def test_a_fault_that_becomes_a_panic_has_its_address_and_no_registers() -> None:
    death = load("go1.27.4-arm-nil-system").death
    assert death is not None
    assert (death.pc, death.address, death.code, death.m) == (0xA5BE0, 0, 1, None)
    assert dict(death.registers) == {"pc": 0xA5BE0}
    assert death.missing["r0"] == dump.PANIC


def test_under_gotraceback_crash_the_death_comes_first_and_each_thread_has_its_own_registers() -> None:
    found = load("go1.27.4-arm64-fault-crash")
    assert [fault.signal for fault in found.faults] == ["SIGSEGV", *["SIGQUIT"] * 4]
    assert len({fault.registers["sp"] for fault in found.faults}) == 5
    assert len({fault.m for fault in found.faults}) == 5
    assert all(fault.pc == fault.registers["pc"] for fault in found.faults)


@pytest.mark.parametrize("name", recorded.NAMES)
def test_every_real_text_is_told(name: str) -> None:
    found = load(name)
    assert found.stacks
    assert (found.death is None) == ("overflow" in name)
    for fault in found.faults:
        assert set(fault.registers) | set(fault.missing) == set(TABLES[found.arch].by_name)


def test_a_death_is_a_snapshot() -> None:
    found = load("go1.27.4-arm64-fault-single")
    (snapshot,) = found.snapshots
    assert snapshot.fault == Fault("SIGSEGV", found.faults[0].address, dump.NOT_TOLD)
    assert (snapshot.when, snapshot.pc, snapshot.source, snapshot.thread) == (
        "fault", 0x4805F8, "Go's crash text", "m=0",
    )  # fmt: skip
    assert snapshot.backtrace == (
        "runtime.cgocall", "main._Cfunc_fault", "main.main", "runtime.main", "runtime.goexit",
    )  # fmt: skip
    assert snapshot.missing["v0"] == registers.NO_FLOAT
    assert load("go1.27.4-arm64-overflow-crash").snapshots == ()


def test_under_gotraceback_crash_the_other_threads_follow() -> None:
    found = load("go1.27.4-arm64-fault-crash")
    first, *others = found.snapshots
    assert (first.when, found.source) == ("fault", first.source)
    assert others
    assert {(shot.at, shot.when, shot.fault, shot.backtrace) for shot in others} == {("thread", "thread", None, ())}
    assert [shot.hit for shot in found.snapshots] == [*range(1, len(found.faults) + 1)]


def test_stacks_that_the_program_printed_before_do_not_count() -> None:
    text = recorded.text("go1.27.4-arm64-fault-single")
    own = "goroutine 77 [running]:\nmain.f()\n\t/x.go:1 +0x5\nr0      0x1\n"
    assert dump.read(own + text, "arm64") == dump.read(text, "arm64")


def test_a_text_of_a_terminal_is_the_same() -> None:
    text = recorded.text("go1.27.4-arm64-fault-single")
    assert dump.read(text.replace("\n", "\r\n"), "arm64") == dump.read(text, "arm64")


def test_a_value_that_is_cut_off_is_no_value() -> None:
    text = recorded.text("go1.27.4-arm64-fault-single")
    cut = dump.read(text[: text.index("sp      0x55") + 14], "arm64")
    assert cut is not None
    assert cut.death is not None
    assert cut.death.missing["sp"] == registers.TORN
    assert cut.death.registers["pc"] == 0x4805F8  # its header says so


def test_a_text_whose_start_is_missing_still_has_its_stacks() -> None:
    text = recorded.text("go1.27.4-arm64-fault-single")
    cut = dump.read(text[text.index("goroutine 2 ") :], "arm64")
    assert cut is not None
    assert cut.death is None
    assert cut.stacks == load("go1.27.4-arm64-fault-single").stacks[1:]


@pytest.mark.parametrize("text", ["", "hello\n", "SIGSEGV: not yet\n", "PC=0x1 m=0 sigcode=1\n", "rax    0x0\n"])
def test_a_text_without_the_runtimes_words_tells_nothing(text: str) -> None:
    assert dump.read(text, "amd64") is None


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_torn_and_mixed_texts_have_an_answer(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(recorded.NAMES))
    text = recorded.text(name)
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    noise = data.draw(st.text(max_size=20))
    found = dump.read(text[:start] + noise + text[end:], recorded.arch(name))
    for fault in found.faults if found else ():
        assert set(fault.registers) | set(fault.missing) == set(TABLES[recorded.arch(name)].by_name)


NOISE = "a line of the program\n" * 1000 + "\n" * 1000


def test_only_lines_that_can_be_the_runtimes_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    monkeypatch.setattr(registers, "read", lambda lines, arch: taken.extend(lines) or registers.Block())
    fault = "SIGSEGV: x\nPC=0x1 m=0 sigcode=1\n"
    dump.read(f"{NOISE}{fault}{NOISE}rax    0x1\n{NOISE}rbx    0x2\n-----\nrcx    0x3\n", "amd64")
    assert taken == ["rax    0x1", "rbx    0x2"]
    assert dump._stack_lines(f"\n{NOISE}goroutine 1 [running]:\nmain.f()\n", []) == [
        *("goroutine 1 [running]:", "main.f()"),
    ]
    assert dump._stack_lines(f"\n{NOISE}", []) == []


def test_how_much_is_taken_of_a_text_has_limits_that_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, limit in (("MOST_FAULTS", 3), ("MOST_REGISTERS", 4), ("MOST_LINES", 5)):
        monkeypatch.setattr(dump, name, limit)
    fault = "SIGSEGV: x\nPC=0x1 m=0 sigcode=1\nrax    0x1\nrbx    0x2\n"
    whole = dump.read(fault * 2 + "runtime stack:\n" * 5, "amd64")
    assert whole is not None
    assert (len(whole.faults), len(whole.stacks), whole.notes) == (2, 5, ())
    cut = dump.read(fault * 4 + "runtime stack:\n" * 6, "amd64")
    assert cut is not None
    assert ([len(row.registers) for row in cut.faults], len(cut.stacks)) == ([3, 3, 1], 5)
    assert cut.notes == cut.snapshots[0].notes == (
        "the text tells of more than 3 faults, and the others were left out",
        "the text has more than 4 lines of registers, and the others were left out",
        "stacks were read for 5 lines, and the others were left out",
    )  # fmt: skip
    monkeypatch.setattr(dump, "MOST_STACKS", 40)
    cut = dump.read("runtime stack:\n" * 2 + "\t" + ":1" * 30 + "\n", "amd64")
    assert cut is not None
    assert (len(cut.stacks), len(cut.notes)) == (2, 1)


@pytest.mark.parametrize(
    "line",
    [
        "panic: x",
        "SIGSEGV: x",
        "SIGSEGV: x\nPC=0x1 m=0 sigcode=1",
        "goroutine 1 [running]:",
        "rax    0x0",
        "[signal SIGSEGV: ",
    ],
)
def test_a_hostile_text_costs_no_time(line: str) -> None:
    started = time.thread_time()
    dump.read(f"{line}\n" * 20_000, "amd64")
    assert time.thread_time() - started < 20  # seconds of the processor; quadratic would be minutes


@pytest.mark.parametrize(("arch", "signal", "is_past"), [("s390x", 4, True), ("arm64", 4, False), ("amd64", 5, True)])
def test_where_the_program_counter_is_past_the_instruction_a_note_says_so(
    arch: str, signal: int, is_past: bool
) -> None:
    name = {4: "SIGILL: illegal instruction", 5: "SIGTRAP: trace trap"}[signal]
    found = dump.read(f"{name}\nPC=0x10ec8 m=0 sigcode=1\n\ngoroutine 1 [syscall]:\nmain.main()\n", arch)
    assert found is not None
    assert any("pc is past that one" in note for note in found.snapshots[0].notes) == is_past
