import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.traceback import crashtext
from harness.traceback.crashtext import CrashText

PANIC = """\
panic: boom [recovered]
	panic: again

goroutine 1 [running]:
main.main()
	/x/main.go:5 +0x18
exit status 2
"""
NIL = """\
panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4a1b2c]

goroutine 1 [running]:
"""
FATAL = "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\n"
UNEXPECTED = """\
fatal error: unexpected signal during runtime execution
[signal SIGBUS: bus error code=0x2 addr=0x3 pc=0x4]

runtime stack:
"""
CGO = """\
SIGSEGV: segmentation violation
PC=0x40f2a8 m=0 sigcode=1 addr=0x0
signal arrived during cgo execution

goroutine 1 gp=0xc000002380 m=0 mp=0x5d1f20 [syscall]:
"""
EXTERNAL = CGO.replace("cgo execution", "external code execution")
OUTSIDE = CGO.replace("signal arrived during cgo execution\n", "")
ABORT = (
    "SIGABRT: abort\nPC=0x7f1 m=3 sigcode=18446744073709551610\nsignal arrived during cgo execution\n\ngoroutine 0\n"
)
QUIT = "SIGQUIT: quit\nPC=0x47a1 m=0 sigcode=0\n\ngoroutine 0 gp=0x5 m=0 mp=0x6 [idle]:\n"
BETWEEN = "SIGILL: illegal instruction\nsomething between\nPC=0x47a1 m=0 sigcode=0\n"
EARLY = "fatal: morestack on g0\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (PANIC, CrashText("go-panic", "boom [recovered]\n\tpanic: again", None)),
        (NIL, CrashText("go-panic", NIL.splitlines()[0].removeprefix("panic: "), "SIGSEGV")),
        (FATAL, CrashText("go-fatal", "all goroutines are asleep - deadlock!", None)),
        (UNEXPECTED, CrashText("go-fatal", "unexpected signal during runtime execution", "SIGBUS")),
        (CGO, CrashText("cgo-fault", "segmentation violation", "SIGSEGV")),
        (EXTERNAL, CrashText("cgo-fault", "segmentation violation", "SIGSEGV")),
        (OUTSIDE, CrashText("go-fatal", "segmentation violation", "SIGSEGV")),
        (ABORT, CrashText("cgo-fault", "abort", "SIGABRT")),
        (ABORT.replace("SIGABRT: abort", "SIGEMT"), CrashText("cgo-fault", "", "SIGEMT")),  # as mips has it
        (QUIT, CrashText("go-fatal", "quit", "SIGQUIT")),
        (BETWEEN, CrashText("go-fatal", "illegal instruction", "SIGILL")),
        (EARLY, CrashText("go-fatal", "morestack on g0", None)),
        ("panic: a\n\tb\n\nnot\ngoroutine 1 [running]:\n", CrashText("go-panic", "a\n\tb", None)),
        ("panic: \n\ngoroutine 1 [running]:\n", CrashText("go-panic", "", None)),
        ("", None),
        ("panic: says the program itself\n", None),
        ("fatal error: says the program itself, of goroutine 1\n", None),
        ("  panic: indented\ngoroutine 1 [running]:\n", None),
        ("SIGSEGV: says the program itself\n", None),
    ],
)
def test_the_runtimes_words_are_told_from_the_programs_own(text: str, found: CrashText | None) -> None:
    assert crashtext.read(text) == found


@pytest.mark.parametrize("text", [PANIC, NIL, FATAL, CGO, EXTERNAL, QUIT])
def test_what_the_program_wrote_before_it_died_changes_nothing(text: str) -> None:
    assert crashtext.read(f"noise\nSIGSEGV: not yet\nmore\n{text}") == crashtext.read(text)


@pytest.mark.parametrize(
    "line", ["goroutine 1 " + "[" * 300_000, "goroutine 1 " + "[x] {" * 60_000, "SIG" + "V" * 300_000]
)
def test_a_hostile_line_costs_no_time(line: str) -> None:
    started = time.thread_time()
    crashtext.read(f"panic: x\n{line}\n")
    assert time.thread_time() - started < 10  # seconds of the processor; quadratic would be minutes


@given(st.text(alphabet="panicftlero: SIGV0x=m\n[]123", max_size=60))
def test_any_text_has_an_answer(text: str) -> None:
    found = crashtext.read(text)
    assert found is None or found.kind in ("go-panic", "go-fatal", "cgo-fault")
