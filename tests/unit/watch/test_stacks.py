from harness.watch.stacks import FRAMES, Begun, Stacks

TOP = 0x10000


def begin(stacks: Stacks, sp: int, thread: int | None = None) -> Begun:
    return stacks.begin(sp, thread, is_only=True)


def test_below_each_entry_into_go_c_begins_at_the_same_distance() -> None:
    stacks = Stacks()
    for sp in (TOP, TOP - 0x400):
        stacks.enter_go("crosscall2", sp, None)
        assert begin(stacks, sp - 280) == Begun("280 below crosscall2")
    stacks.leave_go(TOP - 0x400)
    assert begin(stacks, TOP - 280) == Begun("280 below crosscall2")
    assert begin(stacks, TOP - 0x400 - 280) == Begun("1304 below crosscall2", TOP - 280)


def test_a_stack_may_be_rounded_down() -> None:
    stacks = Stacks()
    stacks.enter_go("crosscall2", TOP, None)
    begin(stacks, TOP - 280)
    stacks.enter_go("crosscall2", TOP - 0x408, None)
    assert begin(stacks, TOP - 0x408 - 288).expected is None


def test_what_did_not_return_is_neither_taken_for_the_innermost_nor_in_the_way() -> None:
    stacks = Stacks()
    stacks.enter_go("crosscall2", TOP, None)
    begin(stacks, TOP - 280)
    stacks.enter_go("crosscall2", TOP - 0x400, None)  # left by a panic
    stacks.enter_go("crosscall2", TOP - 0x380, None)
    assert begin(stacks, TOP - 0x380 - 280) == Begun("280 below crosscall2")
    stacks.enter_go("crosscall2", TOP - 0x400, None)  # deeper than the next, which has begun before
    assert begin(stacks, TOP - 0x380 - 280) == Begun("280 below crosscall2")


def test_the_first_of_a_thread_says_where_the_others_have_to_begin() -> None:
    stacks = Stacks()
    assert begin(stacks, TOP, 1) == begin(stacks, TOP + 8, 1) == Begun("")
    assert begin(stacks, TOP - 0x200, 2) == Begun("")  # another thread
    assert begin(stacks, TOP - 0x100, 1) == Begun("", TOP)
    assert stacks.begin(TOP - 0x100, 1, is_only=False) == Begun("")


def test_another_stack_is_far() -> None:
    stacks = Stacks()
    stacks.enter_go("crosscall1", TOP + FRAMES, None)
    assert begin(stacks, TOP) == Begun("")


def test_asmcgocall_may_stay_on_the_stack_on_which_it_was_called() -> None:
    stacks = Stacks()
    assert stacks.on_its_own("asmcgocall itself", TOP, TOP - 24) == Begun("24 below asmcgocall itself")
    assert stacks.on_its_own("asmcgocall itself", TOP, TOP - FRAMES) is None
    assert stacks.on_its_own("asmcgocall itself", TOP - 64, TOP) is None
