"""On a stack of C the stack pointer tells which entry is left; what is above something newer is in doubt."""

from __future__ import annotations

from collections.abc import Hashable

import pytest

from harness.registers import AMD64, ARM64, RegisterTable
from harness.watch.on_c import FAR, LEFTOVERS, LOST
from harness.watch.sites import CALLBACK, INTO_C, INTO_GO, SIGNALS, SWITCH, Exit
from tests.unit.watch.pairing import C_FRAME, EXIT, FRAME, SP, A, Run


@pytest.mark.parametrize(("table", "thread"), [(ARM64, None), (AMD64, 1)], ids=["arm64", "amd64"])
def test_what_c_s_stack_had_below_is_doubted_and_taken_for_nothing(table: RegisterTable, thread: Hashable) -> None:
    run = Run(table)
    for sp in (SP - FRAME, SP):
        run.on_c.doubt_below(INTO_GO[:1], sp, thread)
        run.enter(sp, A, INTO_GO[0], thread)
    assert run.leave(SP - FRAME, A, INTO_GO[0], thread) == []
    assert run.leave(SP, A, INTO_GO[0], thread) == [2]


def test_the_stacks_of_two_threads_may_lie_side_by_side() -> None:
    run = Run(AMD64)
    for thread, sp in ((1, SP - FRAME), (2, SP)):
        run.on_c.doubt_below(INTO_GO[:1], sp, thread)
        run.enter(sp, A, INTO_GO[0], thread)
    assert run.leave(SP - FRAME, A, INTO_GO[0], 1) == [1]


def test_a_signal_ends_nothing_but_other_handlers() -> None:
    run = Run()
    run.enter(SP - 2 * FRAME, A, INTO_GO[0])
    run.enter(SP - FRAME, A, SIGNALS[0])
    run.on_c.doubt_below(SIGNALS, SP, None)
    assert [row.hit for row in run.on_c.of(INTO_GO[0]) + run.on_c.of(SIGNALS[0])] == [1]
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
    run.on_c.hand_on(SP - FRAME, thread)
    assert run.leave(SP - off, 0, inner, thread) == []
    assert run.pairs.unheld == (not off)
    assert run.leave(SP + 2 * FAR, 0, inner, 2 if thread else None) == [3]
    first = run.enter(SP, 0, inner, thread)
    assert run.leave(SP, 0, inner, thread) == [first]


@pytest.mark.parametrize("is_deep", [True, False])
def test_what_a_handler_on_a_stack_above_seemed_to_end_is_held_when_it_has_returned(*, is_deep: bool) -> None:
    run, (crossing, _), above = Run(AMD64), INTO_GO, SP + 4096
    run.enter(SP, A, crossing, 1)
    run.on_c.crossed(crossing, SP if is_deep else SP + 8, 1)
    run.on_c.doubt_below((*INTO_GO, *SIGNALS), above, 1)
    run.on_c.undoubt(above + FRAME, 1)
    assert run.leave(SP, A, crossing, 1) == ([1] if is_deep else [])
    assert run.pairs.unheld == (not is_deep)


def test_a_signal_within_a_handler_ends_nothing_that_the_handler_seemed_to_end() -> None:
    run, (crossing, _), above = Run(AMD64), INTO_GO, SP + 4096
    run.enter(SP, A, crossing, 1)
    run.on_c.crossed(crossing, SP, 1)
    run.on_c.doubt_below(INTO_GO, above, 1)
    run.on_c.undoubt(above - FRAME, 1)
    run.on_c.undoubt(above + FRAME, 1)
    assert run.leave(SP, A, crossing, 1) == [1]


def test_what_is_left_while_in_doubt_was_not_below_a_handler_that_returns_later() -> None:
    run, (crossing, _), above = Run(AMD64), INTO_GO, SP + 4096
    run.enter(SP - FRAME, A, crossing, 1)
    run.enter(SP - 2 * FRAME, A, crossing, 1)
    run.on_c.crossed(crossing, SP - 2 * FRAME, 1)
    run.on_c.doubt_below(INTO_GO, above, 1)  # by a handler that jumps back
    assert run.leave(SP - 2 * FRAME, A, crossing, 1) == []
    run.on_c.undoubt(above + FRAME, 1)
    assert run.leave(SP - FRAME, A, crossing, 1) == []


def test_the_handler_of_another_thread_has_not_come_back() -> None:
    run, (crossing, _), near = Run(), SIGNALS, 0x8000
    for sp in (SP, SP + near):
        run.enter(sp, 0, crossing)
        run.on_c.hand_on(sp - FRAME, None)
    run.on_c.come_back(SP - FRAME - 8, None)
    assert run.leave(SP + near, 0, crossing) == []
    assert run.leave(SP, 0, crossing) == [1]


def test_what_was_called_before_a_goroutine_calls_c_is_not_held_for_what_a_handler_did() -> None:
    run, (crossing, _) = Run(AMD64), INTO_GO
    run.enter(SP, A, crossing, 1)
    run.on_c.crossed(crossing, SP, 1)
    run.on_c.crossed(SWITCH, SP, 1)
    run.on_c.doubt_below(INTO_GO, SP + 4096, 1)
    run.on_c.undoubt(SP + 4096 + FRAME, 1)
    assert run.leave(SP, A, crossing, 1) == []


def test_one_of_too_many_that_are_in_doubt_is_not_taken_for_an_outer_one() -> None:
    run, (crossing, _) = Run(), INTO_GO
    run.enter(SP + FRAME, A, crossing)
    for number in range(LEFTOVERS + 1):
        run.enter(SP - number * 16, A, crossing)
    run.on_c.doubt_below(INTO_GO, SP + 8, None)
    assert run.leave(SP, A, crossing) == []
    assert run.pairs.unheld == 1
    assert run.leave(SP + FRAME, A, crossing) == [1]


def test_a_handler_that_c_s_has_come_back_to_is_held_but_for_control_bits() -> None:
    run, (crossing, _) = Run(), SIGNALS
    outer = run.enter(SP + 4096, 0, crossing)
    inner = run.enter(SP, 0, crossing)
    for _ in range(2):
        run.on_c.hand_on(SP - FRAME, None)
        run.on_c.come_back(SP - FRAME - 8, None)
    assert [row.mixed for row in run.on_c.of(crossing)] == [False, True]
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
    run.on_c.doubt_below(INTO_GO[:1], C_FRAME - FRAME, thread)
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
    for changed in range(2):
        run.enter(C_FRAME - FRAME, 0, INTO_GO[0], x19=changed)
    assert run.leave(C_FRAME - FRAME, 0, INTO_GO[0]) == [3]
    assert run.leave(C_FRAME, 0, INTO_C) == []


@pytest.mark.parametrize(("table", "thread"), [(ARM64, None), (AMD64, 1)], ids=["arm64", "amd64"])
def test_an_entry_that_is_logged_twice_is_one(table: RegisterTable, thread: Hashable) -> None:
    run = Run(table)
    caller = run.enter(C_FRAME, 0, INTO_C, thread)
    for _ in range(2):  # a signal kept it from running
        run.enter(C_FRAME - FRAME, 0, INTO_GO[0], thread)
    assert run.leave(C_FRAME - FRAME, 0, INTO_GO[0], thread) == [2]
    assert run.leave(C_FRAME, 0, INTO_C, thread) == [caller]


def test_what_is_replaced_after_its_caller_was_puts_no_other_in_doubt() -> None:
    run = Run(AMD64)
    outer = run.enter(C_FRAME + FRAME, 0, INTO_C, 1)
    for changed in range(3):  # each calls Go, which panics
        run.enter(C_FRAME, 0, INTO_C, 1, rbx=changed)
        run.enter(C_FRAME - FRAME, 0, INTO_GO[0], 1, rbx=changed)
    run.leave(C_FRAME - FRAME, 0, INTO_GO[0], 1)
    assert run.leave(C_FRAME + FRAME, 0, INTO_C, 1) == [outer]
    assert run.on_c.unheld == 0


def test_a_handler_is_left_near_its_place_only_where_nothing_else_may_be() -> None:
    run, (crossing, _) = Run(AMD64), SIGNALS
    run.enter(SP, 0, crossing, 1)
    by_pointer = Exit((*INTO_GO, *SIGNALS), "f+0x10")
    assert run.pairs.left(by_pointer, EXIT, SP - 24, run.registers(SP - 24), 1) == []
    assert run.leave(SP - 24, 0, crossing, 1) == [1]


def test_of_entries_near_a_stack_pointer_that_is_none_of_theirs_the_newest_is_taken() -> None:
    run = Run()
    run.enter(SP - 16, A, INTO_GO[0])
    newest = run.enter(SP + 0x100, A, INTO_GO[0])
    assert run.leave(SP, A, INTO_GO[0]) == [newest]


def test_what_is_never_left_does_not_pile_up() -> None:
    run = Run()
    for number in range(LOST + LEFTOVERS + 5):
        run.enter(SP + number * FRAME, A, INTO_GO[0])
        run.on_c.doubt_below(INTO_GO[:1], SP + (number + 1) * FRAME, None)
    assert run.leave(SP, A, INTO_GO[0]) == []
    assert run.on_c.unheld == 0
    assert not run.on_c.of(INTO_GO[0])


@pytest.mark.parametrize("is_ended", [True, False])
def test_c_may_change_control_bits_of_what_is_above_it_on_its_stack(*, is_ended: bool) -> None:
    run, (crossing, _) = Run(AMD64), INTO_GO
    for sp, thread in ((SP, 1), (SP - FRAME, 1), (SP + FRAME, 2)):
        run.enter(sp, 0, crossing, thread)
    if is_ended:
        run.leave(SP - FRAME, 0, crossing, 1)
    run.on_c.run_c(SP - 2 * FRAME, 1)
    run.enter(SP - FRAME * 3, 0, crossing, 1)
    mixed = {row.at: row.mixed for row in run.on_c.of(crossing)}
    below = {} if is_ended else {SP - FRAME: True}
    assert mixed == {SP: True, SP + FRAME: False, SP - 3 * FRAME: False, **below}


def test_the_entries_of_a_crossing_can_be_forgotten() -> None:
    run = Run(AMD64)
    run.enter(SP, 0, INTO_C, 1)
    kept = run.enter(SP, 0, INTO_GO[0], 1)
    run.pairs.drop(INTO_C)
    assert run.leave(SP, 0, INTO_C, 1) == []
    assert run.leave(SP, 0, INTO_GO[0], 1) == [kept]


@pytest.mark.parametrize(("table", "thread"), [(ARM64, None), (AMD64, 1)], ids=["arm64", "amd64"])
def test_an_entry_with_the_same_registers_is_another_if_go_has_called_c_in_between(
    table: RegisterTable, thread: Hashable
) -> None:
    run = Run(table)
    run.enter(C_FRAME, 0, INTO_C, thread)
    run.enter(C_FRAME - FRAME, 0, INTO_GO[0], thread)  # which panics
    run.enter(SP, A, SWITCH, thread)  # calls what is not watched
    run.enter(C_FRAME - FRAME, 0, INTO_GO[0], thread)
    run.leave(C_FRAME - FRAME, 0, INTO_GO[0], thread)
    assert run.leave(C_FRAME, 0, INTO_C, thread) == []


def test_each_of_too_many_that_are_in_doubt_is_counted_every_time() -> None:
    run, (crossing, _), count = Run(), INTO_GO, LEFTOVERS + 10
    for rounds in (1, 2, 3):
        for number in range(count):
            run.enter(SP - number * 16, A, crossing)
        run.on_c.doubt_below(INTO_GO, SP + 8, None)
        for number in reversed(range(count)):
            assert run.leave(SP - number * 16, A, crossing) == []
        assert run.on_c.unheld == rounds * count


def test_what_the_next_stack_has_left_ends_nothing_in_a_call_of_c() -> None:
    run, above = Run(), C_FRAME + 0x20000
    run.enter(C_FRAME, 0, INTO_C)
    run.enter(above, 0, INTO_GO[0])
    run.enter(C_FRAME - FRAME, 0, INTO_GO[0])  # which panics
    assert run.leave(above, 0, INTO_GO[0]) == [2]
    assert run.leave(C_FRAME, 0, INTO_C) == []
