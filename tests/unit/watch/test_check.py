from collections.abc import Mapping
from dataclasses import replace

import pytest

from harness.registers import AMD64, ARM64, PPC64LE, RISCV64, S390X, TABLES, RegisterTable
from harness.watch.alarms import Drifted, NoGoroutine, WrongStack
from harness.watch.check import EACH, MOST, Checker
from harness.watch.promises import CONTROL, of_c
from harness.watch.sites import CALLBACK, HANDLER, INTO_C, INTO_GO, SIGNALS, SWITCH, Exit, Site, Sites

ENTRY, EXIT, OTHER_EXIT, C_ENTRY, C_EXIT = 0x1000, 0x2000, 0x2100, 0x3000, 0x4000
SITES = Sites(
    {ENTRY: Site(INTO_GO[0], "crosscall2"), C_ENTRY: Site(INTO_C, "call_many")},
    {
        EXIT: Exit((INTO_GO[0],), "goCallback+0x10", sure=True),
        OTHER_EXIT: Exit((INTO_GO[0],), "other+0x4"),
        C_EXIT: Exit((INTO_C,), "asmcgocall"),
    },
)
SP = 0x7000  # where C's caller has it; at the entry the return address is below it, where the stack holds that


def registers(table: RegisterTable, **changed: int) -> Mapping[str, int]:
    values = {row.name: 0x1515151515151515 & (1 << row.bits) - 1 for row in table.rows}
    link = {table.link: EXIT} if table.link else {}
    return {**values, **link, table.sp: SP - (0 if table.link else table.word), **changed}


def checker(table: RegisterTable = ARM64) -> Checker:
    return Checker(table, SITES)


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.arch)
def test_each_preserved_register_alone_is_missed_by_its_own_name(table: RegisterTable) -> None:
    back = SP
    for row in table.preserved:
        if row.name == table.sp:
            continue
        watch = checker(table)
        watch.take(ENTRY, registers(table))
        watch.take(EXIT, registers(table, **{table.sp: back, row.name: 0}))
        (alarm,) = watch.alarms
        assert (alarm.what, alarm.crossing, alarm.caller, alarm.hit) == (row.name, "crosscall2", "goCallback+0x10", 1)
        assert alarm.rule == table.rule


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.arch)
def test_what_a_call_may_change_is_nobodys_business(table: RegisterTable) -> None:
    promised = {table.sp} | {row.register for row in (*of_c(table), *CONTROL.get(table.arch, ()))}
    scratch = {row.name: 0 for row in table.rows if row.name not in promised}
    watch = checker(table)
    watch.take(ENTRY, registers(table))
    watch.take(EXIT, registers(table, **scratch, **{table.sp: SP}))
    assert not watch.alarms
    assert watch.checked == {"crosscall2": 1}


def test_the_upper_half_of_a_vector_register_may_change() -> None:
    watch = checker()
    watch.take(ENTRY, registers(ARM64, v8=0xAAAA << 64 | 7))
    watch.take(EXIT, registers(ARM64, v8=7))
    assert not watch.alarms


def test_an_alarm_says_all_in_a_line() -> None:
    watch = checker()
    for _ in range(2):
        watch.take(ENTRY, registers(ARM64))
        watch.take(EXIT, registers(ARM64))
    watch.take(ENTRY, registers(ARM64, x21=0x15))
    watch.take(EXIT, registers(ARM64, x21=0))
    assert list(map(str, watch.alarms)) == [
        "x21 changed across crosscall2 called from goCallback+0x10 at hit 3: 0x15 → 0x0; AAPCS64 6.1.1, 6.1.2"
    ]


def test_nested_crossings_are_paired_by_the_stack_pointer() -> None:
    watch = checker()
    for depth in range(3):
        watch.take(ENTRY, registers(ARM64, sp=SP - 0x100 * depth, x19=depth))
    for depth in (2, 1, 0):
        watch.take(EXIT, registers(ARM64, sp=SP - 0x100 * depth, x19=depth))
    assert not watch.alarms
    assert watch.checked["crosscall2"] == 3


def test_a_stack_pointer_that_does_not_come_back_is_told() -> None:
    watch = checker()
    watch.take(ENTRY, registers(ARM64))
    watch.take(OTHER_EXIT, registers(ARM64, sp=SP - 0x100))  # another call's, deeper down
    assert not watch.alarms
    watch.take(EXIT, registers(ARM64, sp=SP + 16))
    assert [(alarm.what, alarm.before, alarm.after) for alarm in watch.alarms] == [("sp", SP, SP + 16)]


def test_an_exit_without_an_entry_and_an_entry_without_an_exit_say_nothing() -> None:
    watch = checker()
    watch.take(EXIT, registers(ARM64))
    watch.take(ENTRY, registers(ARM64))
    watch.take(C_EXIT, registers(ARM64, x19=1))
    assert (watch.alarms, watch.total, dict(watch.checked)) == ([], 0, {})


@pytest.mark.parametrize(
    ("table", "sp", "off"), [(ARM64, 0x7008, 8), (ARM64, 0x7000, 0), (AMD64, 0x7008, 0), (AMD64, 0x7000, 8)]
)
def test_the_stack_is_aligned_at_the_entry_of_c(table: RegisterTable, sp: int, off: int) -> None:
    watch = checker(table)
    watch.take(C_ENTRY, registers(table, **{table.sp: sp}))
    assert [(alarm.what, alarm.after) for alarm in watch.alarms] == ([(table.sp, off)] if off else [])
    if off:
        assert f"is {sp:#x} at the entry of call_many at hit 1, off by 8 bytes" in str(watch.alarms[0])


def test_an_entry_that_never_returned_is_not_taken_for_a_later_one() -> None:
    watch = checker()
    watch.take(ENTRY, registers(ARM64, x30=0x9999, x19=1))  # a tail call: it returns elsewhere
    watch.take(EXIT, registers(ARM64))
    watch.take(ENTRY, registers(ARM64, x30=OTHER_EXIT, x19=1))  # a thread that ended in it
    watch.take(EXIT, registers(ARM64))
    assert (watch.alarms, dict(watch.checked)) == ([], {})


def test_where_the_stack_holds_the_return_address_frames_below_are_gone() -> None:
    watch = checker(AMD64)
    watch.take(ENTRY, registers(AMD64, rsp=SP - 0x108, rbx=1))  # never left
    watch.take(ENTRY, registers(AMD64))
    watch.take(EXIT, registers(AMD64, rsp=SP))
    watch.take(EXIT, registers(AMD64, rsp=SP - 0x100))
    assert (watch.alarms, dict(watch.checked)) == ([], {"crosscall2": 1})


def test_an_alarm_that_comes_always_is_counted_and_does_not_drown_the_others() -> None:
    watch = checker()
    for _ in range(MOST + 5):
        watch.take(C_ENTRY, registers(ARM64, sp=8))
    watch.take(ENTRY, registers(ARM64, x21=1))
    watch.take(EXIT, registers(ARM64))
    assert [alarm.what for alarm in watch.alarms] == [*["sp"] * EACH, "x21"]
    assert watch.total == MOST + 6


def test_what_is_known_is_counted_apart_and_does_not_hide_what_is_not() -> None:
    watch = Checker(ARM64, SITES, lambda alarm: "row" if alarm.by == 8 else "")
    for off in [8] * (EACH + 3) + [4]:
        watch.take(C_ENTRY, registers(ARM64, sp=off))
    assert [(alarm.by, alarm.known) for alarm in watch.alarms] == [*[(8, "row")] * EACH, (4, "")]
    assert (watch.total, watch.known) == (EACH + 4, {"row": EACH + 3})


def test_an_alarm_says_whether_the_register_holds_a_goroutine() -> None:
    watch = Checker(ARM64, OF_GO)
    watch.take(SWITCH_ENTRY, registers(ARM64, sp=GO_SP, x30=SWITCH_EXIT, x28=0xC000))
    for value in (0xC000, 0xC001):
        watch.take(ENTRY, registers(ARM64))
        watch.take(EXIT, registers(ARM64, x19=value))
    assert [alarm.is_g for alarm in watch.alarms] == [True, False]


SWITCH_ENTRY, SWITCH_EXIT, CALLBACK_ENTRY, HANDLER_ENTRY = range(0x5000, 0x5400, 0x100)
SIGNAL_ENTRY, CHAINED_ENTRY, KERNEL = range(0x5400, 0x5700, 0x100)
OF_GO = Sites(
    {
        SWITCH_ENTRY: Site(SWITCH, "runtime.asmcgocall.abi0"),
        C_ENTRY: Site(INTO_C, "f"),
        ENTRY: Site(INTO_GO[0], "crosscall2"),
        CALLBACK_ENTRY: Site(CALLBACK, "runtime.cgocallbackg"),
        HANDLER_ENTRY: Site(HANDLER, "sigtrampgo"),
        SIGNAL_ENTRY: Site("sigtramp", "sigtramp"),
        CHAINED_ENTRY: Site("cgoSigtramp", "cgoSigtramp"),
    },
    {
        SWITCH_EXIT: Exit((SWITCH,), "runtime.cgocall+0x40", sure=True),
        EXIT: Exit((INTO_GO[0],), "f+0x10", sure=True),
        C_EXIT: Exit((INTO_C,), "runtime.asmcgocall.abi0+0x80"),
        KERNEL: Exit(SIGNALS, "the kernel"),
    },
)
GO_SP = 0x400000


def test_g_comes_back_from_asmcgocall() -> None:
    watch = Checker(ARM64, OF_GO)
    watch.take(SWITCH_ENTRY, registers(ARM64, sp=GO_SP, x30=SWITCH_EXIT, x28=1))
    watch.take(SWITCH_EXIT, registers(ARM64, sp=GO_SP, x28=2))
    assert [(alarm.what, alarm.before, alarm.after) for alarm in watch.alarms] == [("x28", 1, 2)]


@pytest.mark.parametrize(("moved", "named"), [(0x1000, []), (-0x80800, []), (8, ["sp"]), (0x1010, ["sp"])])
def test_a_stack_of_go_moves_by_multiples_of_its_smallest_size(moved: int, named: list[str]) -> None:
    watch = Checker(ARM64, OF_GO)
    watch.take(SWITCH_ENTRY, registers(ARM64, sp=GO_SP, x30=SWITCH_EXIT, x29=GO_SP + 8))
    watch.take(SWITCH_EXIT, registers(ARM64, sp=GO_SP + moved, x29=GO_SP + 8 + moved))
    assert [alarm.what for alarm in watch.alarms] == named
    assert watch.checked == {SWITCH: 1}


def test_which_of_two_calls_of_one_goroutine_came_back_is_not_guessed() -> None:
    watch = Checker(AMD64, OF_GO)
    for depth in range(2):
        watch.take(SWITCH_ENTRY, registers(AMD64, rsp=GO_SP - 0x130 * depth, rbp=0))
    watch.take(SWITCH_EXIT, registers(AMD64, rsp=GO_SP + 0x770, rbp=0))  # of neither, by any move
    assert (watch.alarms, watch.checked) == ([], {})
    watch.take(SWITCH_EXIT, registers(AMD64, rsp=GO_SP + 0x1008, rbp=0))  # of the first, whose stack moved
    assert (watch.alarms, watch.checked) == ([], {SWITCH: 1})


def test_the_frame_pointer_comes_back_from_asmcgocall() -> None:
    watch = Checker(ARM64, OF_GO)
    watch.take(SWITCH_ENTRY, registers(ARM64, sp=GO_SP, x30=SWITCH_EXIT, x29=GO_SP + 8))
    watch.take(SWITCH_EXIT, registers(ARM64, sp=GO_SP, x29=GO_SP))
    assert [alarm.what for alarm in watch.alarms] == ["x29"]


@pytest.mark.parametrize(("inner", "alarms"), [(GO_SP - 0x40, 1), (SP, 0)])
def test_c_does_not_run_on_the_stack_of_the_goroutine(inner: int, alarms: int) -> None:
    watch = Checker(ARM64, OF_GO)
    watch.take(SWITCH_ENTRY, registers(ARM64, sp=GO_SP, x30=SWITCH_EXIT))
    watch.take(C_ENTRY, registers(ARM64, sp=inner, x30=C_EXIT))
    assert [type(alarm) for alarm in watch.alarms] == [WrongStack] * alarms


def test_which_of_two_threads_entered_c_is_not_guessed() -> None:
    watch = Checker(ARM64, OF_GO)
    for g in (1, 2):
        watch.take(SWITCH_ENTRY, registers(ARM64, sp=GO_SP + g * 0x10000, x30=SWITCH_EXIT, x28=g))
    watch.take(C_ENTRY, registers(ARM64, sp=GO_SP + 0x10000 - 0x40, x30=C_EXIT))
    assert not watch.alarms


@pytest.mark.parametrize(("inner", "alarms"), [(SP - 0x40, 1), (GO_SP, 0)])
def test_go_does_not_run_on_the_stack_of_c(inner: int, alarms: int) -> None:
    watch = Checker(ARM64, OF_GO)
    watch.take(ENTRY, registers(ARM64))
    watch.take(CALLBACK_ENTRY, registers(ARM64, sp=inner))
    assert [type(alarm) for alarm in watch.alarms] == [WrongStack] * alarms


@pytest.mark.parametrize("entry", [CALLBACK_ENTRY, HANDLER_ENTRY])
@pytest.mark.parametrize(("table", "zero"), [(AMD64, "xmm15"), (PPC64LE, "r0")])
def test_the_zero_register_is_zero_when_go_is_entered(table: RegisterTable, zero: str, entry: int) -> None:
    for value in (0, 7):
        watch = Checker(table, OF_GO)
        watch.take(entry, registers(table, **{zero: value}))
        assert [(alarm.what, alarm.after) for alarm in watch.alarms] == ([(zero, 7)] if value else [])


def test_nothing_holds_zero_on_s390x() -> None:
    """abi-internal.md says R0; the compiler allots it as any other register."""
    watch = Checker(S390X, OF_GO)
    watch.take(CALLBACK_ENTRY, registers(S390X, r0=7))
    assert not watch.alarms


@pytest.mark.parametrize(
    ("table", "register", "mask"),
    [
        (AMD64, "eflags", 1 << 10),
        (PPC64LE, "cr", 0x00FFF000),
        (S390X, "pswm", 0xF << 40),
        (PPC64LE, "fpscr", 0x7_0000_00FB),
        (ARM64, "fpcr", 0x01C09F07),
    ],
)
def test_of_a_status_register_the_bits_that_a_clause_names_are_held(
    table: RegisterTable, register: str, mask: int
) -> None:
    back = {table.sp: SP}
    for bit in range(table.by_name[register].bits):
        watch = checker(table)
        watch.take(ENTRY, registers(table, **{register: 0}))
        watch.take(EXIT, registers(table, **back, **{register: 1 << bit}))
        assert [alarm.what for alarm in watch.alarms] == ([register] if mask >> bit & 1 else []), bit


def test_a_misaligned_stack_names_the_clause_on_the_stack() -> None:
    watch = Checker(RISCV64, OF_GO)
    watch.take(C_ENTRY, registers(RISCV64, sp=SP - 8, ra=C_EXIT))
    (alarm,) = watch.alarms
    assert str(alarm).endswith('off by 8 bytes; RISC-V psABI "Integer Calling Convention": a multiple of 16 at a call')


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.arch)
def test_c_that_enters_go_with_a_misaligned_stack_is_told(table: RegisterTable) -> None:
    watch, sp = checker(table), SP - (0 if table.link else table.word)
    watch.take(ENTRY, registers(table, **{table.sp: sp}))
    watch.take(ENTRY, registers(table, **{table.sp: sp - table.stack_alignment // 2}))
    (alarm,) = watch.alarms
    assert f"{table.sp} is {alarm.before:#x} at the entry of crosscall2 at hit 2, off by " in str(alarm)
    assert str(alarm).endswith(f"{table.stack_rule}: a multiple of {table.stack_alignment} at a call")


def test_c_that_go_called_with_a_misaligned_stack_is_not_told_of_for_calling_go() -> None:
    watch = Checker(RISCV64, Sites({**OF_GO.entries, ENTRY: Site(INTO_GO[0], "crosscall2")}, OF_GO.exits))
    watch.take(C_ENTRY, registers(RISCV64, sp=SP - 8, ra=C_EXIT))
    watch.take(ENTRY, registers(RISCV64, sp=SP - 0x108))
    assert [alarm.crossing for alarm in watch.alarms] == [INTO_C]
    watch.take(ENTRY, registers(RISCV64, sp=SP + 0x108))
    assert [alarm.crossing for alarm in watch.alarms] == [INTO_C, INTO_GO[0]]


def test_what_a_wrapper_calls_is_no_crossing_of_its_own() -> None:
    """Go up to 1.21 calls cgocallbackg by its wrapper, whose frame is left where the wrapper's caller goes on."""
    wrapper, left, room = 0x5800, 0x5900, 0x28
    entries = {
        wrapper: Site(CALLBACK, "runtime.cgocallbackg.abi0"),
        CALLBACK_ENTRY: Site(CALLBACK, "runtime.cgocallbackg", wrapped=True),
    }
    watch = Checker(AMD64, Sites(entries, {left: Exit((CALLBACK,), "runtime.cgocallback.abi0+0xca")}))
    watch.take(wrapper, registers(AMD64, rsp=GO_SP))
    watch.take(CALLBACK_ENTRY, registers(AMD64, rsp=GO_SP - room, xmm15=7))
    watch.take(left, registers(AMD64, rsp=GO_SP + 0x1008))  # the goroutine's stack has moved meanwhile
    assert [alarm.what for alarm in watch.alarms] == ["xmm15"]
    assert watch.checked == {CALLBACK: 1}


def test_a_handler_that_jumps_to_the_other_is_held_from_its_own_entry() -> None:
    watch = Checker(ARM64, OF_GO)
    watch.take(CHAINED_ENTRY, registers(ARM64, x30=KERNEL, x21=1))
    watch.take(SIGNAL_ENTRY, registers(ARM64, x30=KERNEL, x21=2))
    watch.take(KERNEL, registers(ARM64, x21=2))
    assert [(alarm.what, alarm.crossing) for alarm in watch.alarms] == [("x21", "cgoSigtramp")]
    assert watch.checked == {"sigtramp": 1, "cgoSigtramp": 1}


@pytest.mark.parametrize("mixed", [True, False])
def test_c_within_a_callback_may_change_the_rounding_mode_and_go_may_not(*, mixed: bool) -> None:
    watch = Checker(ARM64, OF_GO)
    watch.take(ENTRY, registers(ARM64, fpcr=0))
    if mixed:
        watch.take(C_ENTRY, registers(ARM64, sp=SP - 0x100, x30=C_EXIT, fpcr=0))
    watch.take(EXIT, registers(ARM64, fpcr=0x400000))
    assert [alarm.what for alarm in watch.alarms] == ([] if mixed else ["fpcr"])


def test_a_block_that_a_signal_kept_from_running_and_is_logged_twice_counts_once() -> None:
    watch = Checker(ARM64, OF_GO)
    for depth in range(2):
        watch.take(ENTRY, registers(ARM64, sp=SP - 0x250 * depth))
    for _ in range(2):
        watch.take(EXIT, registers(ARM64, sp=SP - 0x250))
    watch.take(EXIT, registers(ARM64))
    assert (watch.alarms, watch.checked) == ([], {"crosscall2": 2})


@pytest.mark.parametrize("by", [-16, -8, 8, 16])
def test_a_stack_pointer_that_comes_back_too_high_or_too_low_is_told_where_the_stack_holds_the_return(by: int) -> None:
    watch = checker(AMD64)
    watch.take(ENTRY, registers(AMD64))
    watch.take(EXIT, registers(AMD64, rsp=SP + by))
    assert [(alarm.what, alarm.by) for alarm in watch.alarms] == [("rsp", by)]


def test_what_was_left_by_a_jump_is_not_taken_for_a_stack_pointer_that_is_wrong() -> None:
    watch = checker(AMD64)
    watch.take(ENTRY, registers(AMD64, rsp=SP - 0x108))  # a panic leaves it
    watch.take(ENTRY, registers(AMD64))
    watch.take(EXIT, registers(AMD64, rsp=SP))
    assert (watch.alarms, watch.checked) == ([], {"crosscall2": 1})


IN_GO, IN_HANDLER, G0, CRASH, HEAP = 0x5000, 0x5100, 0x9000, 0x91C0, 0xC000000000
WITH_G = Sites(
    {
        **SITES.entries,
        IN_GO: Site(CALLBACK, "runtime.cgocallbackg"),
        IN_HANDLER: Site(HANDLER, HANDLER),
        0x5200: Site(SWITCH, "runtime.asmcgocall"),
    },
    {0x5300: Exit((SWITCH,), "runtime.cgocall+0x40", sure=True)},
    static_g=((G0, CRASH),),
)


def calls_c(watch: Checker, g: int, sp: int = 0xC000100000) -> None:
    watch.take(0x5200, registers(ARM64, sp=sp, x28=g, x30=0x5300))


def test_go_is_entered_with_the_goroutine_that_called_c() -> None:
    watch = Checker(ARM64, WITH_G)
    calls_c(watch, HEAP + 0x100)
    calls_c(watch, HEAP + 0x200, 0xC000102000)
    watch.take(IN_GO, registers(ARM64, sp=0xC000100000 - 64, x28=HEAP + 0x100))
    watch.take(IN_GO, registers(ARM64, sp=0xC000108000, x28=HEAP + 0x300))  # of a thread of C's
    assert not watch.alarms
    watch.take(IN_GO, registers(ARM64, sp=0xC000100000 - 64, x28=HEAP + 0x200))
    (alarm,) = watch.alarms
    assert (alarm.what, alarm.before, alarm.after, alarm.says) == ("x28", HEAP + 0x100, HEAP + 0x200, "unfit")
    assert "the goroutine on whose stack it runs" in str(alarm)


@pytest.mark.parametrize(
    ("g", "is_one"),
    [
        (0, True),
        (G0, True),
        (CRASH, True),
        (HEAP + 0x700, True),
        (G0 + 8, False),
        (0xF, False),
        (0x6273405126370415, False),
    ],
)
def test_a_signal_handler_is_entered_with_a_goroutine_or_none(g: int, is_one: bool) -> None:
    watch = Checker(ARM64, WITH_G)
    watch.take(IN_HANDLER, registers(ARM64, x28=g))
    calls_c(watch, HEAP + 0x100)
    assert not watch.alarms
    watch.end()
    assert [(type(alarm), alarm.what, alarm.after) for alarm in watch.alarms] == (
        [] if is_one else [(NoGoroutine, "x28", g)]
    )
    watch.end()
    assert watch.total == len(watch.alarms) == (not is_one)


def test_what_is_no_address_is_no_goroutine_whoever_has_crossed() -> None:
    for g, is_one in ((0xFFFFFFFFFFFFFFB0, False), (HEAP + 4, False), (HEAP + 8, True)):
        watch = Checker(ARM64, WITH_G)
        watch.take(IN_HANDLER, registers(ARM64, x28=g))
        watch.end()
        assert [alarm.after for alarm in watch.alarms] == ([] if is_one else [g])


@pytest.mark.parametrize(("table", "static"), [(ARM64, ()), (TABLES["arm"], ((G0,),))], ids=["nameless", "32 bits"])
def test_where_the_heap_cannot_be_told_from_the_program_no_handler_is_judged(
    table: RegisterTable, static: tuple[tuple[int, ...], ...]
) -> None:
    watch = Checker(table, replace(WITH_G, static_g=static))
    watch.take(IN_HANDLER, registers(table, **{table.g: 0x18}))
    watch.end()
    assert not watch.alarms


def test_c_begins_where_it_began_before() -> None:
    watch = Checker(ARM64, SITES)
    watch.take(C_ENTRY, registers(ARM64, sp=SP))
    watch.take(ENTRY, registers(ARM64, sp=SP - 0x40))
    watch.take(C_ENTRY, registers(ARM64, sp=SP - 0x140))  # below the callback
    watch.take(EXIT, registers(ARM64, sp=SP - 0x40))
    watch.take(C_ENTRY, registers(ARM64, sp=SP))
    assert not watch.alarms
    watch.take(C_ENTRY, registers(ARM64, sp=SP - 0x140))  # g0.sched.sp was not put back
    (alarm,) = watch.alarms
    assert (type(alarm), alarm.before, alarm.after, alarm.caller) == (Drifted, SP, SP - 0x140, "call_many")
    assert "at the entry of call_many at hit 4 and was 0x7000 when a goroutine called C there before" in str(alarm)


def test_where_c_begins_is_told_with_its_misalignment_unless_its_crossings_are_dropped() -> None:
    watch = Checker(ARM64, SITES)
    watch.take(ENTRY, registers(ARM64, sp=SP))
    watch.take(C_ENTRY, registers(ARM64, sp=SP - 0x118))
    watch.drop(INTO_GO[0])
    watch.take(C_ENTRY, registers(ARM64, sp=SP - 0x218))
    assert [alarm.within for alarm in watch.alarms] == ["280 below crosscall2", "untold"]
    assert "at hit 1 (280 below crosscall2), off by 8 bytes" in str(watch.alarms[0])


def test_with_two_runtimes_c_begins_on_two_stacks() -> None:
    watch = Checker(ARM64, replace(SITES, static_g=((G0,), (G0 + 0x1000,))))
    watch.take(C_ENTRY, registers(ARM64, sp=SP))
    watch.take(C_ENTRY, registers(ARM64, sp=SP + 0x10000))
    assert not watch.alarms


BY_POINTER = replace(SITES, exits={EXIT: Exit((*INTO_GO, *SIGNALS), "call_any+0x10")})


@pytest.mark.parametrize("arch", ["amd64", "386"])
@pytest.mark.parametrize(("off", "back", "is_told"), [(8, None, True), (16, None, False), (16, EXIT, True)])
def test_a_stack_pointer_that_is_wrong_after_a_call_by_pointer(
    arch: str, off: int, back: int | None, is_told: bool
) -> None:
    table = TABLES[arch]
    watch = Checker(table, BY_POINTER)
    sp = SP - table.word
    watch.take(ENTRY, registers(table, **{table.sp: sp}), back)
    watch.take(EXIT, registers(table, **{table.sp: SP + off}))
    assert [(alarm.what, alarm.by) for alarm in watch.alarms] == ([(table.sp, off)] if is_told else [])


def test_another_calls_return_by_the_same_place_is_not_taken_for_it() -> None:
    watch = Checker(AMD64, BY_POINTER)
    watch.take(ENTRY, registers(AMD64, rsp=SP - 8))
    watch.take(EXIT, registers(AMD64, rsp=SP - 0x100, rbx=1))
    assert not watch.alarms
    watch.take(EXIT, registers(AMD64, rsp=SP))
    assert (watch.alarms, watch.checked["crosscall2"]) == ([], 1)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_signal_of_go_s_does_not_hide_what_a_handler_of_c_seemed_to_end(*, is_first: bool) -> None:
    sites = Sites(OF_GO.entries, {**OF_GO.exits, OTHER_EXIT: Exit((*INTO_GO, *SIGNALS), "call_any+0x10")})
    watch, above = Checker(AMD64, sites), SP + 4096
    by_c, by_go = (OTHER_EXIT, registers(AMD64, rsp=above)), (HANDLER_ENTRY, registers(AMD64, rsp=above - 64, xmm15=0))
    watch.take(*by_go)
    watch.take(ENTRY, registers(AMD64))
    for pc, seen in (by_go, by_c) if is_first else (by_c, by_go):
        watch.take(pc, seen)
    watch.take(KERNEL, registers(AMD64, rsp=above + 64))
    watch.take(EXIT, registers(AMD64, rsp=SP))
    assert (watch.checked["crosscall2"], watch.unheld) == (1, 0)


@pytest.mark.parametrize("function", [0, 0x401000])
def test_what_ends_a_thread_is_called_from_where_its_exit_is_not_known(function: int) -> None:
    watch = checker(AMD64)
    watch.take(ENTRY, registers(AMD64, rdi=function, rbx=1))
    watch.take(OTHER_EXIT, registers(AMD64, rsp=SP, rbx=2))  # of another thread on the same stack, by a pointer
    assert [alarm.what for alarm in watch.alarms] == (["rbx"] if function else [])
