import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.traceback import stacks
from harness.traceback.stacks import Frame, Stack

from . import recorded


def read(text: str) -> tuple[Stack, ...]:
    return stacks.read(text.splitlines())


def test_a_stack_of_the_oldest_release() -> None:
    (stack,) = read(
        "goroutine 18 [chan receive]:\nmain.main.func1(0xc000080060)\n\t/x/main.go:61 +0x34\n"
        "created by main.main\n\t/x/main.go:61 +0x7f\n"
    )
    assert stack == Stack(
        18,
        "chan receive",
        frames=(Frame("main.main.func1", "0xc000080060", "/x/main.go", 61, 0x34),),
        created_by=Frame("main.main", "", "/x/main.go", 61, 0x7F),
    )


def test_a_stack_of_the_newest_release() -> None:
    (stack,) = read(
        "goroutine 18 gp=0x40 m=3 mp=0x50 [syscall, 12 minutes, locked to thread, synctest bubble 1] {a: b}:\n"
        "main.(*pair[...]).sum({0x1?, 0x2}, ...)\n\t./a b:c.go:9 +0x4 fp=0x30 sp=0x20 pc=0x10\nmain.f(...)\n\t/x.go:1\n"
        "created by main.main in goroutine 7\n\t/x/main.go:61 +0x7f\n"
    )
    assert stack == Stack(
        18, "syscall", 12, locked=True, notes=("synctest bubble 1",), labels="a: b", m=3, gp=0x40, mp=0x50, creator=7,
        frames=(
            Frame("main.(*pair[...]).sum", "{0x1?, 0x2}, ...", "./a b:c.go", 9, 4, 0x30, 0x20, 0x10),
            Frame("main.f", "...", "/x.go", 1),
        ),
        created_by=Frame("main.main", "", "/x/main.go", 61, 0x7F),
    )  # fmt: skip


def test_a_goroutine_without_a_thread_has_none() -> None:
    (stack,) = read("goroutine 2 gp=0x40 m=nil [select (no cases)]:\n")
    assert (stack.m, stack.gp, stack.mp, stack.state) == (None, 0x40, None, "select (no cases)")


def test_c_frames_have_a_pc_and_perhaps_a_name() -> None:
    (stack,) = read(
        "goroutine 1 [syscall]:\nnon-Go function at pc=0x10\ndie in C\n\tdie.c:7 pc=0x20\nnon-Go function\n\tpc=0x30\n"
        "main.f()\n\t/x.go:1 +0x5\n"
    )
    assert stack.frames == (
        Frame("", pc=0x10),
        Frame("die in C", "", "die.c", 7, pc=0x20),
        Frame("non-Go function", pc=0x30),
        Frame("main.f", "", "/x.go", 1, 5),
    )


@pytest.mark.parametrize("words", ["additional frames", "33554251 frames"])
def test_what_is_left_out_is_said_at_its_place(words: str) -> None:
    (stack,) = read(f"goroutine 1 [running]:\nf()\n\tx:1\n...{words} elided...\ng()\n\ty:2\n")
    assert (stack.elided, stack.elided_at, len(stack.frames)) == (words, 1, 2)


def test_a_goroutine_that_runs_elsewhere_has_no_frames() -> None:
    (stack,) = read(
        "goroutine 5 [running]:\n\tgoroutine running on other thread; stack unavailable\ncreated by a\n\tx:1 +0x1\n"
    )
    assert stack.unavailable
    assert stack.frames == ()
    assert stack.created_by == Frame("a", "", "x", 1, 1)


def test_ancestors_are_stacks_of_their_own() -> None:
    first, second, third = read(
        "goroutine 9 [running]:\nf()\n\tx:1\n[originating from goroutine 4]:\ng(...)\n\ty:2 +0x3\n"
        "[originating from goroutine 1]:\nh(...)\n\tz:2 +0x3\n"
    )
    assert (first.ancestor_of, second.ancestor_of, third.ancestor_of) == (None, 9, 9)
    assert (second.goroutine, second.frames[0].function, third.frames[0].function) == (4, "g", "h")


def test_the_programs_lines_between_frames_are_passed_over() -> None:
    clean = (
        "goroutine 1 [running]:\nmain.f(0x1)\n\t/x.go:1 +0x5\nmain.g()\n\t/x.go:9 +0x5\ncreated by m\n\t/x.go:3 +0x1\n"
    )
    noisy = clean.replace("\n", "\nthe program's (own) line\n\n")
    assert read(noisy) == read(clean)


def test_a_frame_without_its_file_is_none() -> None:
    (stack,) = read("goroutine 1 [running]:\nmain.f(0x1)\nmain.g(0x2)\n\t/x.go:9 +0x5\nmain.h()\n")
    assert [frame.function for frame in stack.frames] == ["main.g"]


@pytest.mark.parametrize("name", recorded.NAMES)
def test_every_header_and_every_place_of_real_texts_is_read(name: str) -> None:
    text = recorded.text(name)
    found = read(text)
    lines = text.splitlines()
    headers = [line for line in lines if line.startswith(("goroutine ", "runtime stack:"))]
    assert len(found) == len(headers) > 0
    places = [line for line in lines if line.startswith("\t")]
    assert sum(len(stack.frames) + (stack.created_by is not None) for stack in found) == len(places)
    for stack in found:
        assert all(frame.function and frame.file and frame.line for frame in stack.frames)


def test_under_gotraceback_system_every_frame_of_its_own_has_a_stack_pointer() -> None:
    for stack in read(recorded.text("go1.27.4-arm-nil-system")):
        for frame in stack.frames:
            assert (frame.sp is None) == (frame.arguments == "...")


@given(st.text(alphabet="gorutine 1[]:\n\tcadby(){}0xf.,?+=sp", max_size=120))
def test_any_text_has_an_answer(text: str) -> None:
    for stack in read(f"goroutine 1 [running]:\n{text}"):
        assert stack.goroutine is None or stack.goroutine >= 0


@pytest.mark.parametrize(
    "line",
    [
        "f" + "(" * 100_000,
        "f(" * 100_000,
        "f(" + "0x" * 100_000,
        "\t" + ":1" * 100_000,
        "\t:" + "1" * 100_000,
        "created by x" + " in goroutine 1" * 20_000 + "y",
        "goroutine 1 [" + "x, " * 100_000,
        "goroutine " + "1" * 100_000 + " [running]:",
        "goroutine 1 [a] {" * 10_000,
    ],
)
def test_a_hostile_line_costs_no_time(line: str) -> None:
    started = time.thread_time()
    stacks.read(["goroutine 1 [running]:", *[line] * 3])
    assert time.thread_time() - started < 10  # seconds of the processor; quadratic would be minutes
