"""Threads that block their signals as QEMU's do, under a real kernel."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from harness.process import seccomp, turnstile
from harness.process.client import Keeper
from harness.process.spec import Command, Limits
from unit.process import PATH, bpf

ALLOW, ASK = 0x7FFF0000, 0x7FC00000
AMD64, ARM64 = 0xC000003E, 0xC00000B7

# `enter` and `leave` are process_pending_signals, with one set of signals a thread; `elsewhere` blocks by another one.
PRELUDE = """
import ctypes, os, sys, threading, time
libc = ctypes.CDLL(None)
frames = threading.local()
def mask(where, signals):
    where.value = signals
    libc.syscall(SETMASK, 2, ctypes.byref(where), None, 8)
def enter():
    if not hasattr(frames, "own"):
        frames.own = ctypes.c_uint64()
    mask(frames.own, 2**64 - 1)
def leave():
    mask(frames.own, 0)
def elsewhere():
    mask(ctypes.c_uint64(), 2**64 - 1)
def say(word):
    os.write(1, word.encode() + b"\\n")
def start(function):
    thread = threading.Thread(target=function)
    thread.start()
    return thread
""".replace("SETMASK", {"x86_64": "14", "aarch64": "135"}[platform.machine()])


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    made = Keeper()
    yield made
    made.close()


def said(keeper: Keeper, code: str, limits: Limits = Limits(), *, in_turns: bool = True) -> list[str]:  # noqa: B008
    argv = (sys.executable, "-c", PRELUDE + code)
    finished = keeper.run(replace(Command(argv, PATH, 20), limits=limits, in_turns=in_turns))
    assert finished.ok, finished.text
    return finished.stdout.decode().split()


TWO = """
entered, tried = threading.Event(), threading.Event()
def second():
    entered.wait()
    tried.set()
    enter()
    say("second")
    leave()
thread = start(second)
enter(); leave()
enter()
entered.set(); tried.wait(); time.sleep(0.3)
say("first")
leave()
thread.join()
"""


@pytest.mark.parametrize("limits", [Limits(), Limits(processes=8)])
def test_a_second_thread_waits_until_the_first_has_left(keeper: Keeper, limits: Limits) -> None:
    assert said(keeper, TWO, limits) == ["first", "second"]


def test_without_a_turnstile_nobody_waits(keeper: Keeper) -> None:
    assert said(keeper, TWO, in_turns=False) == ["second", "first"]


def test_who_blocks_elsewhere_passes(keeper: Keeper) -> None:
    code = TWO.replace("tried.set()\n    enter()", "tried.set()\n    elsewhere()")
    code = code.replace("    entered.wait()", "    enter(); leave()\n    entered.wait()")  # so that its frame is known
    code = code.replace("enter(); leave()\nenter()\n", "time.sleep(0.1)\nenter()\n")
    assert said(keeper, code) == ["second", "first"]


def test_who_ends_within_lets_the_next_one_in(keeper: Keeper) -> None:
    code = "def first():\n    enter()\nstart(first).join()\nenter()\nsay('next')\nleave()\n"
    assert said(keeper, code) == ["next"]


def test_who_waits_for_a_lock_within_lets_the_next_one_in(keeper: Keeper) -> None:
    code = """
lock = threading.Lock()
lock.acquire()
inside = threading.Event()
def first():
    enter()
    inside.set()
    lock.acquire()
    leave()
thread = start(first)
inside.wait()
enter()
say("next")
leave()
lock.release()
thread.join()
"""
    assert said(keeper, code) == ["next"]


def test_after_an_execve_that_fails_threads_still_take_turns(keeper: Keeper) -> None:
    code = """
enter(); leave()
try:
    os.execv("/nowhere", ["nowhere"])
except FileNotFoundError:
    say("failed")
"""
    assert said(keeper, code + TWO) == ["failed", "first", "second"]


def test_a_program_becomes_another_one_while_a_thread_waits(keeper: Keeper) -> None:
    code = """
inside, tried = threading.Event(), threading.Event()
def first():
    enter()
    inside.set()
    time.sleep(60)
def second():
    inside.wait()
    tried.set()
    enter()
    say("second")
start(first)
start(second)
tried.wait()
time.sleep(0.3)
words = (ctypes.c_char_p * 4)(sys.executable.encode(), b"-c", b"print('program')", None)
libc.execve(words[0], words, (ctypes.c_char_p * 1)(None))  # others go on meanwhile, as with os.execv they do not
"""
    assert said(keeper, code) == ["program"]


class Answers:
    """Stands for a listener; keeps whom it let go on."""

    def __init__(self) -> None:
        self.let: list[int] = []

    def answer(self, asked: seccomp.Asked) -> bool:
        self.let.append(asked.pid)
        return True


MASK, EXECVE = turnstile._CALLS[AMD64].mask, turnstile._CALLS[AMD64].execve
INSIDE, WAITS, REPLACES = 11, 12, 13


class Case:
    """A turnstile of three threads: one stops, one waits for it, and the third one has called execve."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers, self.calls, self.is_replaced = Answers(), dict.fromkeys((INSIDE, WAITS), 0), False
        self.turnstile = turnstile.Turnstile(self.answers, 10)  # type: ignore[arg-type]
        monkeypatch.setattr(turnstile, "_call", lambda thread: self.calls.get(thread, turnstile._GONE))
        monkeypatch.setattr(self.turnstile, "_is_ours", lambda thread: True)
        monkeypatch.setattr(self.turnstile, "_is_replaced", lambda: self.is_replaced)
        monkeypatch.setattr(self.turnstile, "_blocks", lambda asked: True)
        for thread, number in ((INSIDE, MASK), (WAITS, MASK), (REPLACES, EXECVE)):
            self.turnstile.take(seccomp.Asked(0, thread, number, AMD64, [2, thread, 0, 8, 0, 0]))
        assert self.answers.let == [INSIDE, REPLACES]

    def looks(self, *calls: int) -> bool:
        """Look as often, with the third thread in these calls; return whether the second one was let in."""
        for call in calls:
            self.calls[REPLACES] = call
            self.turnstile.look()
        return WAITS in self.answers.let


def test_who_waits_is_not_let_in_as_long_as_the_program_may_become_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    many = 3 * turnstile._LOOKS
    case = Case(monkeypatch)
    del case.calls[INSIDE]  # the kernel has ended it, and will end who waits
    assert not case.looks(*(EXECVE,) * many)
    assert not case.looks(*(turnstile._RUNS, EXECVE) * many)
    case.is_replaced = True
    assert case.looks(turnstile._GONE)  # nobody is there any more, and what asks is another program


@pytest.mark.parametrize("failed", [(0,), (-1,), (turnstile._RUNS,) * 11, (turnstile._GONE,) * 11])
def test_who_waits_is_let_in_when_the_program_has_not_become_another_one(
    failed: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case(monkeypatch)
    del case.calls[INSIDE]
    assert not case.looks(EXECVE, *failed[:-1])
    assert case.looks(failed[-1])


NEVER_LEAVES = "start(enter).join(); enter(); say('program')"


def test_another_process_and_another_program_do_not_wait(keeper: Keeper) -> None:
    code = f"""
enter()
if os.fork() == 0:
    enter()
    say("child")
    os._exit(0)
os.wait()
say("parent")
os.execv(sys.executable, [sys.executable, "-c", {PRELUDE + NEVER_LEAVES!r}])
"""
    assert said(keeper, code) == ["child", "parent", "program"]


@pytest.mark.parametrize(
    ("machine", "audit", "number", "arguments", "answer"),
    [
        ("x86_64", AMD64, 14, (2, 0x7000, 0, 8), ASK),
        ("x86_64", AMD64, 14, (2, 0x7000, 0x8000, 8), ALLOW),  # what was blocked is asked for: the C library
        ("x86_64", AMD64, 14, (0, 0x7000, 0, 8), ALLOW),  # SIG_BLOCK
        ("x86_64", AMD64, 14, (3, 0x7000, 0, 8), ALLOW),
        ("x86_64", AMD64, 60, (0,), ASK),
        ("x86_64", AMD64, 59, (), ASK),
        ("x86_64", AMD64, 322, (), ASK),
        ("x86_64", AMD64, 202, (), ALLOW),
        ("aarch64", ARM64, 135, (2, 0x7000, 0, 8), ASK),
        ("aarch64", ARM64, 93, (), ASK),
        ("aarch64", ARM64, 98, (), ALLOW),
    ],
)
def test_what_is_asked_about(machine: str, audit: int, number: int, arguments: tuple[int, ...], answer: int) -> None:
    assert bpf.run(seccomp.instructions(turnstile.TABLES[machine]), audit, number, arguments) == answer
