"""An exit may be logged twice; an entry that was not left is gone when its place is taken."""

from __future__ import annotations

import pytest

from harness.registers import RISCV64
from harness.watch.sites import CALLBACK, INTO_GO
from tests.unit.watch.pairing import FRAME, MOVED, SP, A, B, Run


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
    second = run.enter(SP, A, crossing, s1=1)
    rows = run.on_go if crossing == CALLBACK else run.on_c
    assert [row.hit for row in rows.of(crossing)] == [second]


def test_an_exit_that_is_logged_twice_is_not_that_of_a_goroutine_that_ended_there() -> None:
    run = Run()
    run.enter(SP, A)  # which ended in it
    second = run.enter(SP, B)
    assert run.leave(SP, B) == [second]
    assert run.leave(SP, B) == []


@pytest.mark.parametrize("is_newer", [True, False])
@pytest.mark.parametrize("is_doubted", [True, False])
def test_an_exit_from_c_that_is_logged_twice_is_not_that_of_the_next_stack(*, is_doubted: bool, is_newer: bool) -> None:
    run, (crossing, _) = Run(), INTO_GO

    def enter_the_next() -> int:
        return run.enter(SP + 4096, A, crossing, x19=7)

    before = 0 if is_newer else enter_the_next()
    run.enter(SP, A, crossing)
    if is_doubted:
        run.on_c.doubt_below((crossing,), SP + FRAME, None)
    assert len(run.leave(SP, A, crossing)) == (not is_doubted)
    after = enter_the_next() if is_newer else before
    assert run.leave(SP, A, crossing) == []
    assert run.leave(SP + 4096, A, crossing) == [after]
    again = run.enter(SP, A, crossing)
    assert run.leave(SP, A, crossing) == [again]
