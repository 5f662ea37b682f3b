"""Stacks of goroutines move, and what was the memory of one is another's then."""

from __future__ import annotations

from collections.abc import Hashable

import pytest

from harness.registers import AMD64, ARM64, RISCV64, TABLES, RegisterTable
from harness.watch.entries import Entered
from harness.watch.pairs import FAR, LEFTOVERS, MOST, SMALLEST, Pairs
from harness.watch.sites import CALLBACK, INTO_C, INTO_GO, SIGNALS, SWITCH, Exit

EXIT, SP, MOVED, FRAME, C_FRAME = 0x2000, 0x400000, 0x10000, 0x130, 0x7000
A, B = 0xC000, 0xC100  # goroutines
THREADED = [table for table in TABLES.values() if table.arch in ("amd64", "riscv64", "ppc64le")]


class Run:
    """Enters and leaves, and says which entry each exit was told to belong to."""

    def __init__(self, table: RegisterTable = ARM64) -> None:
        self.table, self.pairs, self.entered = table, Pairs(table), 0

    def registers(self, sp: int, **changed: int) -> dict[str, int]:
        return {**dict.fromkeys(self.table.by_name, 0), self.table.sp: sp, **changed}

    def enter(self, sp: int, who: int, crossing: str = CALLBACK, thread: Hashable = None, **changed: int) -> int:
        self.entered += 1
        registers = self.registers(sp, **{self.table.g or "eax": who}, **changed)
        g = who if self.table.g and who else None
        self.pairs.enter(Entered(crossing, "f", self.entered, registers, None, thread, sp, g))
        return self.entered

    def leave(self, sp: int, who: int, crossing: str = CALLBACK, thread: Hashable = None, **changed: int) -> list[int]:
        registers = self.registers(sp, **{self.table.g or "eax": who}, **changed)
        found = self.pairs.left(Exit((crossing,), "g", sure=True), EXIT, sp, registers, thread)
        for entered in found:
            self.pairs.leave(entered, EXIT, sp, registers)
        return [entered.hit for entered in found]


def test_two_goroutines_enter_at_one_place_when_a_stack_has_moved_and_its_memory_is_anothers() -> None:
    run = Run()
    first, second = run.enter(SP, A), run.enter(SP, B)
    assert run.leave(SP + MOVED, A) == [first]
    assert run.leave(SP, B) == [second]


@pytest.mark.parametrize("table", THREADED, ids=lambda table: table.arch)
def test_a_thread_tells_them_apart_where_the_entry_does_not_hold_g(table: RegisterTable) -> None:
    run = Run(table)
    first, second = run.enter(SP, 0, thread=1), run.enter(SP, 0, thread=2)
    assert run.leave(SP + MOVED, A, thread=1) == [first]
    assert run.leave(SP, B, thread=2) == [second]


def test_the_register_of_the_thread_tells_it() -> None:
    assert Pairs(AMD64).thread({"fs_base": 7}) == 7
    assert Pairs(ARM64).thread({"x28": 7}) is None


def test_without_g_and_thread_the_stack_pointer_does() -> None:
    run = Run(TABLES["386"])
    outer, inner = run.enter(SP, 0), run.enter(SP - FRAME, 0)
    assert run.leave(SP - FRAME, 0) == [inner]
    assert run.leave(SP, 0) == [outer]


def test_what_moved_with_an_inner_one_is_found_where_it_is_now() -> None:
    run = Run()
    outer, middle, inner = (run.enter(SP - depth * FRAME, A, x29=C_FRAME - depth) for depth in range(3))
    assert run.leave(SP - 2 * FRAME + MOVED, A, x29=C_FRAME - 2) == [inner]
    assert [row.at for row in run.pairs.of(CALLBACK)] == [SP + MOVED, SP - FRAME + MOVED]
    assert run.leave(SP - FRAME + MOVED, A, x29=C_FRAME - 1) == [middle]
    assert run.leave(SP + MOVED, A, x29=C_FRAME) == [outer]


def test_what_a_panic_has_left_is_gone_with_what_it_was_in() -> None:
    run = Run()
    outer = run.enter(SP, A)
    for crossing, depth in ((SWITCH, 1), (CALLBACK, 2), (SWITCH, 3)):
        run.enter(SP - depth * FRAME, A, crossing)
    other = run.enter(SP - 2 * FRAME, B)
    assert run.leave(SP, A) == [outer]
    assert [row.hit for row in run.pairs.of(SWITCH, CALLBACK)] == [other]


def test_of_two_that_fit_the_frame_pointer_tells() -> None:
    run = Run()
    outer, _left = run.enter(SP, A, x29=C_FRAME), run.enter(SP - SMALLEST, A, x29=C_FRAME - 0x40)
    assert run.leave(SP + MOVED, A, x29=C_FRAME) == [outer]


def test_of_two_that_fit_the_innermost_is_taken_where_the_frame_pointer_is_that_of_none() -> None:
    run = Run()
    _, inner = (run.enter(SP - depth * SMALLEST, A, x29=C_FRAME) for depth in range(2))
    assert run.leave(SP + MOVED, A, x29=1) == [inner]


def test_one_that_fits_is_taken_whatever_its_frame_pointer_is() -> None:
    run = Run()
    only = run.enter(SP, A, x29=C_FRAME)
    assert run.leave(SP + MOVED, A, x29=1) == [only]


def test_one_that_lost_its_goroutine_is_told_by_the_stack_pointer_unless_another_has_moved_there() -> None:
    run = Run()
    lost = run.enter(SP, A)
    assert run.leave(SP, B) == [lost]
    run.enter(SP, A)
    moved = run.enter(SP + MOVED, B)
    assert run.leave(SP, B) == [moved]


def test_a_stack_pointer_that_fits_nothing_is_that_of_the_innermost_if_there_is_no_other() -> None:
    run = Run()
    only = run.enter(SP, A)
    assert run.leave(SP + 8, A) == [only]
    run.enter(SP, A, SWITCH)
    run.enter(SP - FRAME, A)
    assert run.leave(SP + 8, A, SWITCH) == []


def test_an_exit_that_is_logged_twice_is_not_that_of_an_outer_one() -> None:
    run = Run()
    outer, inner = run.enter(SP, A), run.enter(SP - FRAME, A)
    assert run.leave(SP - FRAME + MOVED, A) == [inner]
    assert run.leave(SP - FRAME + MOVED, A) == []
    again = run.enter(SP - FRAME, A)  # the same stack, before it moves there once more
    assert run.leave(SP - FRAME + MOVED, A) == [again]
    assert run.leave(SP + 2 * MOVED, A) == [outer]


@pytest.mark.parametrize("crossing", [CALLBACK, INTO_GO[0]])
def test_an_entry_at_the_same_place_takes_the_place_of_one_that_was_not_left(crossing: str) -> None:
    run = Run(RISCV64)
    run.enter(SP, A, crossing)
    second = run.enter(SP, A, crossing)
    assert [row.hit for row in run.pairs.of(crossing)] == [second]


@pytest.mark.parametrize(("table", "thread"), [(ARM64, None), (AMD64, 1)], ids=["arm64", "amd64"])
def test_what_c_s_stack_had_below_is_doubted_and_taken_for_nothing(table: RegisterTable, thread: Hashable) -> None:
    run = Run(table)
    for sp in (SP - FRAME, SP):
        run.pairs.doubt_below(INTO_GO[:1], sp, thread)
        run.enter(sp, A, INTO_GO[0], thread)
    assert run.leave(SP - FRAME, A, INTO_GO[0], thread) == []
    assert run.leave(SP, A, INTO_GO[0], thread) == [2]


def test_the_stacks_of_two_threads_may_lie_side_by_side() -> None:
    run = Run(AMD64)
    for thread, sp in ((1, SP - FRAME), (2, SP)):
        run.pairs.doubt_below(INTO_GO[:1], sp, thread)
        run.enter(sp, A, INTO_GO[0], thread)
    assert run.leave(SP - FRAME, A, INTO_GO[0], 1) == [1]


def test_a_signal_ends_nothing_but_other_handlers() -> None:
    run = Run()
    run.enter(SP - 2 * FRAME, A, INTO_GO[0])
    run.enter(SP - FRAME, A, SIGNALS[0])
    run.pairs.doubt_below(SIGNALS, SP, None)
    assert [row.hit for row in run.pairs.of(INTO_GO[0], *SIGNALS)] == [1]
    assert run.leave(SP - FRAME, A, SIGNALS[0]) == []


@pytest.mark.parametrize("off", [0, 16])
@pytest.mark.parametrize(("table", "thread"), [(AMD64, 1), (ARM64, None)], ids=("amd64", "arm64"))
def test_a_handler_that_c_s_has_not_come_back_to_is_not_taken_for_one_of_c(
    table: RegisterTable, thread: Hashable, off: int
) -> None:
    run, (inner, outer) = Run(table), SIGNALS
    for crossing in (outer, inner):
        run.enter(SP, 0, crossing, thread)
    run.enter(SP + 2 * FAR, 0, inner, 2 if thread else None)
    run.pairs.hand_on(SP - FRAME, thread)
    assert run.leave(SP - off, 0, inner, thread) == []
    assert run.pairs.unheld == (not off)
    assert run.leave(SP + 2 * FAR, 0, inner, 2 if thread else None) == [3]
    first = run.enter(SP, 0, inner, thread)
    assert run.leave(SP, 0, inner, thread) == [first]


@pytest.mark.parametrize("is_deep", [True, False])
def test_what_a_handler_on_a_stack_above_seemed_to_end_is_held_when_it_has_returned(*, is_deep: bool) -> None:
    run, (crossing, _), above = Run(AMD64), INTO_GO, SP + 4096
    run.enter(SP, A, crossing, 1)
    run.pairs.crossed(crossing, SP if is_deep else SP + 8, 1)
    run.pairs.doubt_below((*INTO_GO, *SIGNALS), above, 1)
    run.pairs.undoubt(above + FRAME, 1)
    assert run.leave(SP, A, crossing, 1) == ([1] if is_deep else [])
    assert run.pairs.unheld == (not is_deep)


def test_a_signal_within_a_handler_ends_nothing_that_the_handler_seemed_to_end() -> None:
    run, (crossing, _), above = Run(AMD64), INTO_GO, SP + 4096
    run.enter(SP, A, crossing, 1)
    run.pairs.crossed(crossing, SP, 1)
    run.pairs.doubt_below(INTO_GO, above, 1)
    run.pairs.undoubt(above - FRAME, 1)
    run.pairs.undoubt(above + FRAME, 1)
    assert run.leave(SP, A, crossing, 1) == [1]


def test_what_is_left_while_in_doubt_was_not_below_a_handler_that_returns_later() -> None:
    run, (crossing, _), above = Run(AMD64), INTO_GO, SP + 4096
    run.enter(SP - FRAME, A, crossing, 1)
    run.enter(SP - 2 * FRAME, A, crossing, 1)
    run.pairs.crossed(crossing, SP - 2 * FRAME, 1)
    run.pairs.doubt_below(INTO_GO, above, 1)  # by a handler that jumps back
    assert run.leave(SP - 2 * FRAME, A, crossing, 1) == []
    run.pairs.undoubt(above + FRAME, 1)
    assert run.leave(SP - FRAME, A, crossing, 1) == []


def test_the_handler_of_another_thread_has_not_come_back() -> None:
    run, (crossing, _), near = Run(), SIGNALS, 0x8000
    for sp in (SP, SP + near):
        run.enter(sp, 0, crossing)
        run.pairs.hand_on(sp - FRAME, None)
    run.pairs.come_back(SP - FRAME - 8, None)
    assert run.leave(SP + near, 0, crossing) == []
    assert run.leave(SP, 0, crossing) == [1]


def test_what_was_called_before_a_goroutine_calls_c_is_not_held_for_what_a_handler_did() -> None:
    run, (crossing, _) = Run(AMD64), INTO_GO
    run.enter(SP, A, crossing, 1)
    run.pairs.crossed(crossing, SP, 1)
    run.pairs.crossed(SWITCH, SP, 1)
    run.pairs.doubt_below(INTO_GO, SP + 4096, 1)
    run.pairs.undoubt(SP + 4096 + FRAME, 1)
    assert run.leave(SP, A, crossing, 1) == []


def test_one_of_too_many_that_are_in_doubt_is_not_taken_for_an_outer_one() -> None:
    run, (crossing, _) = Run(), INTO_GO
    run.enter(SP + FRAME, A, crossing)
    for number in range(LEFTOVERS + 1):
        run.enter(SP - number * 16, A, crossing)
    run.pairs.doubt_below(INTO_GO, SP + 8, None)
    assert run.leave(SP, A, crossing) == []
    assert run.pairs.unheld == 1
    assert run.leave(SP + FRAME, A, crossing) == [1]


def test_of_too_many_on_stacks_of_go_the_outermost_are_kept() -> None:
    run = Run()
    for number in range(MOST + 5):
        run.enter(SP + number * FRAME, A + number)
    assert (run.leave(SP, A), run.pairs.unheld) == ([1], 5)


def test_a_handler_that_c_s_has_come_back_to_is_held_but_for_control_bits() -> None:
    run, (crossing, _) = Run(), SIGNALS
    outer = run.enter(SP + 4096, 0, crossing)
    inner = run.enter(SP, 0, crossing)
    for _ in range(2):
        run.pairs.hand_on(SP - FRAME, None)
        run.pairs.come_back(SP - FRAME - 8, None)
    assert [row.mixed for row in run.pairs.of(crossing)] == [False, True]
    assert run.leave(SP, 0, crossing) == [inner]
    assert run.leave(SP + 4096, 0, crossing) == [outer]


@pytest.mark.parametrize(("table", "thread"), [(ARM64, None), (AMD64, 1)], ids=["arm64", "amd64"])
def test_a_c_function_that_a_panic_left_is_not_taken_for_one_that_is_not_watched(
    table: RegisterTable, thread: Hashable
) -> None:
    run = Run(table)
    for sp in (SP, SP - FRAME):
        run.enter(sp, A, SWITCH, thread)
        run.enter(C_FRAME, 0, INTO_C, thread)
        run.enter(C_FRAME - FRAME, 0, INTO_GO[0], thread)  # which panics
    run.enter(SP - 2 * FRAME, A, SWITCH, thread)  # calls what is not watched
    assert run.leave(C_FRAME, 0, INTO_C, thread) == []


@pytest.mark.parametrize(("table", "thread"), [(ARM64, None), (AMD64, 1)], ids=["arm64", "amd64"])
def test_one_whose_callbacks_have_been_left_or_whose_inner_ones_ended_with_them_is_held(
    table: RegisterTable, thread: Hashable
) -> None:
    run = Run(table)
    run.enter(SP, A, SWITCH, thread)
    outer = run.enter(C_FRAME, 0, INTO_C, thread)
    callback = run.enter(C_FRAME - FRAME, 0, INTO_GO[0], thread)
    run.enter(C_FRAME - 2 * FRAME, 0, INTO_GO[0], thread)  # panics, and the one around it recovers
    assert run.leave(C_FRAME - FRAME, 0, INTO_GO[0], thread) == [callback]
    run.pairs.doubt_below(INTO_GO[:1], C_FRAME - FRAME, thread)
    assert run.leave(C_FRAME, 0, INTO_C, thread) == [outer]


def test_plain_c_that_returns_where_a_callback_has_not_ended_is_not_taken_for_it() -> None:
    run = Run(AMD64)
    run.enter(C_FRAME, 0, INTO_GO[0], 1)
    run.enter(SP, 0, CALLBACK, 1)
    assert run.leave(C_FRAME, 0, INTO_GO[0], 1) == []
    assert run.pairs.unheld == 1


def test_with_what_is_replaced_the_c_that_called_it_is_in_doubt_too() -> None:
    run = Run()
    run.enter(C_FRAME, 0, INTO_C)
    for _ in range(2):
        run.enter(C_FRAME - FRAME, 0, INTO_GO[0])
    assert run.leave(C_FRAME, 0, INTO_C) == []


def test_of_entries_near_a_stack_pointer_that_is_none_of_theirs_the_newest_is_taken() -> None:
    run = Run()
    run.enter(SP - 16, A, INTO_GO[0])
    newest = run.enter(SP + 0x100, A, INTO_GO[0])
    assert run.leave(SP, A, INTO_GO[0]) == [newest]


def test_what_is_never_left_does_not_pile_up() -> None:
    run = Run()
    for number in range(MOST + 5):
        run.enter(SP + number * FRAME, A + number)
    assert len(list(run.pairs.of(CALLBACK))) == MOST
    for number in range(MOST + 5):
        run.enter(SP + number * FRAME, A, INTO_GO[0])
        run.pairs.doubt_below(INTO_GO[:1], SP + (number + 1) * FRAME, None)
    assert run.leave(SP, A, INTO_GO[0]) == []
    assert not list(run.pairs.of(INTO_GO[0]))


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_callback_is_called_by_the_innermost_call_of_c_on_its_stack(*, wrapped: bool) -> None:
    run = Run(AMD64)
    caller = run.enter(SP, A, SWITCH, thread=1)
    run.enter(SP + FRAME, A, SWITCH, thread=2)
    callback = Entered(CALLBACK, "f", 9, run.registers(SP - 0x60), None, 1, SP - 0x60)
    if wrapped:
        run.enter(SP - 0x40, 0, thread=1)
    assert [row.hit for row in run.pairs.callers(callback, wrapped=wrapped)] == [caller]


def test_a_call_of_c_that_has_called_go_already_is_not_the_caller_of_what_its_memory_is_now() -> None:
    run = Run()
    run.enter(SP, A, SWITCH)
    run.enter(SP - 0x40, A)  # whose stack moves then
    callback = Entered(CALLBACK, "f", 9, run.registers(SP - 0x40, x28=B), None, None, SP - 0x40)
    assert not list(run.pairs.callers(callback, wrapped=False))


def test_an_exit_that_is_logged_twice_is_not_that_of_a_goroutine_that_ended_there() -> None:
    run = Run()
    run.enter(SP, A)  # which ended in it
    second = run.enter(SP, B)
    assert run.leave(SP, B) == [second]
    assert run.leave(SP, B) == []


@pytest.mark.parametrize(
    ("table", "thread"), [(ARM64, None), (AMD64, 1), (RISCV64, 1)], ids=["arm64", "amd64", "riscv64"]
)
@pytest.mark.parametrize("other", [A, B])  # which can be the same one, used again
def test_a_stack_that_moves_to_where_a_goroutine_ended_is_that_of_the_newest(
    other: int, table: RegisterTable, thread: Hashable
) -> None:
    run = Run(table)
    run.enter(SP, other, thread=thread)  # which ended in it
    live = run.enter(SP + MOVED, A, thread=thread)
    inner = run.enter(SP + MOVED - 0x40, A, SWITCH, thread=thread)
    assert run.leave(SP + MOVED - 0x40, A, SWITCH, thread=thread) == [inner]
    assert run.leave(SP, A, thread=thread) == [live]


def test_a_wrapped_function_tells_which_goroutine_its_wrapper_is_of() -> None:
    run = Run(AMD64)
    first = run.enter(SP, 0, thread=1)
    run.pairs.tell(Entered(CALLBACK, "f", 9, run.registers(SP - 0x20), None, 1, SP - 0x20, A))
    run.pairs.tell(Entered(CALLBACK, "f", 9, run.registers(SP - MOVED), None, 1, SP - MOVED, B))  # is none of its own
    run.pairs.tell(Entered(CALLBACK, "f", 9, run.registers(SP - 0x20), None, 2, SP - 0x20, B))
    assert [row.g for row in run.pairs.of(CALLBACK)] == [A]
    assert run.leave(SP + MOVED, A, thread=1) == [first]
