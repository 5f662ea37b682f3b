"""Stacks of goroutines move, and what was the memory of one is another's then."""

from __future__ import annotations

from collections.abc import Hashable

import pytest

from harness.registers import AMD64, ARM64, RISCV64, TABLES, RegisterTable
from harness.watch.entries import Entered
from harness.watch.on_go import MANY, MOST, SMALLEST
from harness.watch.sites import CALLBACK, SWITCH
from tests.unit.watch.pairing import C_FRAME, FRAME, MOVED, SP, A, B, Run

THREADED = [table for table in TABLES.values() if table.arch in ("amd64", "riscv64", "ppc64le")]


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


def test_without_g_and_thread_the_stack_pointer_does() -> None:
    run = Run(TABLES["386"])
    outer, inner = run.enter(SP, 0), run.enter(SP - FRAME, 0)
    assert run.leave(SP - FRAME, 0) == [inner]
    assert run.leave(SP, 0) == [outer]


def test_what_moved_with_an_inner_one_is_found_where_it_is_now() -> None:
    run = Run()
    outer, middle, inner = (run.enter(SP - depth * FRAME, A, x29=C_FRAME - depth) for depth in range(3))
    assert run.leave(SP - 2 * FRAME + MOVED, A, x29=C_FRAME - 2) == [inner]
    assert [row.at for row in run.on_go.of(CALLBACK)] == [SP + MOVED, SP - FRAME + MOVED]
    assert run.leave(SP - FRAME + MOVED, A, x29=C_FRAME - 1) == [middle]
    assert run.leave(SP + MOVED, A, x29=C_FRAME) == [outer]


def test_what_a_panic_has_left_is_gone_with_what_it_was_in() -> None:
    run = Run()
    outer = run.enter(SP, A)
    for crossing, depth in ((SWITCH, 1), (CALLBACK, 2), (SWITCH, 3)):
        run.enter(SP - depth * FRAME, A, crossing)
    other = run.enter(SP - 2 * FRAME, B)
    assert run.leave(SP, A) == [outer]
    assert [row.hit for row in run.on_go.of(SWITCH) + run.on_go.of(CALLBACK)] == [other]


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


def test_of_too_many_on_stacks_of_go_the_outermost_are_kept() -> None:
    run = Run()
    for number in range(MOST + 5):
        run.enter(SP + number * FRAME, A + number)
    assert (run.leave(SP, A), run.pairs.unheld) == ([1], 5)


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_callback_is_called_by_the_innermost_call_of_c_on_its_stack(*, wrapped: bool) -> None:
    run = Run(AMD64)
    caller = run.enter(SP, A, SWITCH, thread=1)
    run.enter(SP + FRAME, A, SWITCH, thread=2)
    callback = Entered(CALLBACK, "f", 9, run.registers(SP - 0x60), None, 1, SP - 0x60)
    if wrapped:
        run.enter(SP - 0x40, 0, thread=1)
    assert [row.hit for row in run.on_go.callers(callback, wrapped=wrapped)] == [caller]


def test_a_call_of_c_that_has_called_go_already_is_not_the_caller_of_what_its_memory_is_now() -> None:
    run = Run()
    run.enter(SP, A, SWITCH)
    run.enter(SP - 0x40, A)  # whose stack moves then
    callback = Entered(CALLBACK, "f", 9, run.registers(SP - 0x40, x28=B), None, None, SP - 0x40)
    assert not list(run.on_go.callers(callback, wrapped=False))


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
    run.on_go.tell(Entered(CALLBACK, "f", 9, run.registers(SP - 0x20), None, 1, SP - 0x20, A))
    run.on_go.tell(Entered(CALLBACK, "f", 9, run.registers(SP - MOVED), None, 1, SP - MOVED, B))  # is none of its own
    run.on_go.tell(Entered(CALLBACK, "f", 9, run.registers(SP - 0x20), None, 2, SP - 0x20, B))
    assert [row.g for row in run.on_go.of(CALLBACK)] == [A]
    assert run.leave(SP + MOVED, A, thread=1) == [first]


def test_what_is_never_left_does_not_pile_up() -> None:
    run = Run()
    for number in range(MOST + 5):
        run.enter(SP + number * FRAME, A + number)
    assert len(run.on_go.of(CALLBACK)) == MOST


@pytest.mark.parametrize("table", [ARM64, RISCV64], ids=lambda table: table.arch)
def test_nothing_has_moved_for_sure_where_an_older_one_is_at_the_place(table: RegisterTable) -> None:
    run = Run(table)
    outer = run.enter(SP + FRAME, A, thread=1)
    run.enter(SP, A, thread=1)
    newest = run.enter(SP - SMALLEST, A, thread=1)  # a panic has left it, or it moves to where the other one ended
    run.enter(SP - SMALLEST - FRAME, A, SWITCH, thread=1)
    assert run.leave(SP, A, thread=1) == [newest]
    assert run.on_go.of(SWITCH) == []
    assert run.leave(SP + FRAME, A, thread=1) == [outer]
    assert run.on_go.of(CALLBACK) == []


def test_of_many_only_what_is_looked_at_is_kept() -> None:
    run = Run(AMD64)
    for number in range(MANY + 2):
        run.enter(SP - number * FRAME, A, thread=1)
    *_, first, last = run.on_go.of(CALLBACK)
    assert set(first.registers) > set(last.registers) >= {"rsp", "rbp", "r14"}
    assert run.leave(SP - (MANY + 1) * FRAME, A, thread=1) == [MANY + 2]


def test_as_soon_as_there_were_too_many_nothing_that_does_not_fit_is_told() -> None:
    run = Run()
    only = run.enter(SP, A)
    assert run.leave(SP + 8, A) == [only]
    run.enter(SP, A)
    run.on_go.unheld = 1
    assert run.leave(SP + 8, A) == []
