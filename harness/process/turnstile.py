"""One thread of a program under QEMU's stub stops at a time.

QEMU stops the thread that comes to a breakpoint, or that gets a signal, and lets the others run. A second one that
stops writes into the same conversation, reads from it as well, and shares the buffers that answers are made in:
questions reach either, and answers are about either. But around all that can stop it, each thread blocks its signals,
and unblocks them afterwards (linux-user/signal.c, process_pending_signals, in 7.2 as in 10). Those calls wait here (see
`harness.process.seccomp`): who blocks has to wait until who did before has unblocked.

QEMU blocks signals for other purposes too, as does the C library when it makes threads; and a thread that does so at
its end waits for a lock then that who makes threads holds. Those pass: they have the set of signals elsewhere than in
the frame of process_pending_signals, which is at one place of each thread's stack, the only one from which it both
blocks and unblocks.

Only the standard library: the keeper imports it.
"""

from __future__ import annotations

import os
import struct
from typing import NamedTuple

from harness.process.seccomp import Asked, Listener, Rule, Test, argument

_SIG_SETMASK = 2
_SIGSEGV_BIT = 1 << 10  # which QEMU never leaves blocked
_SET = struct.Struct("<Q")


class _Calls(NamedTuple):
    mask: int  # rt_sigprocmask
    exit: int
    execve: int
    execveat: int
    futex: int  # not asked about


_CALLS = {0xC000003E: _Calls(14, 60, 59, 322, 202), 0xC00000B7: _Calls(135, 93, 221, 281, 98)}
_SETS_MASK = (  # rt_sigprocmask(SIG_SETMASK, set, NULL, 8)
    Test(argument(0), _SIG_SETMASK, wanted=True),
    Test(argument(0), 0xFFFFFFFF ^ _SIG_SETMASK, wanted=False),
    Test(argument(2), 0xFFFFFFFF, wanted=False),
)


_FUTEXES = frozenset(calls.futex for calls in _CALLS.values())
_EXECVES = frozenset(number for calls in _CALLS.values() for number in (calls.execve, calls.execveat))
_RUNS, _GONE = -2, -3  # instead of a system call's number: it may be in any, and there is no such thread
_MAY_REPLACE = _EXECVES | {_RUNS, _GONE}  # the thread that becomes the program gets the process's number
_LOCKED_OUT = _FUTEXES | {_GONE}
_LOOKS = 10  # in a row that tell nothing, after which execve has failed


def _rules(calls: _Calls) -> tuple[Rule, ...]:
    return (Rule(calls.mask, _SETS_MASK), *map(Rule, calls[1:4]))


TABLES = {
    "x86_64": {0xC000003E: _rules(_CALLS[0xC000003E])},
    "aarch64": {0xC00000B7: _rules(_CALLS[0xC00000B7])},
}


class Turnstile:
    """Lets the threads of the process `pid` stop in turns, until it becomes another program."""

    def __init__(self, listener: Listener, pid: int) -> None:
        self._listener = listener
        self._pid = pid
        self._turn: int | None = None  # the thread that has blocked its signals
        self._has_begun = False
        self._frames: dict[int, int] = {}  # of threads: where process_pending_signals has its set of signals
        self._blocked: dict[int, int] = {}  # of threads: the set by which they have blocked last
        self._waiting: dict[int, Asked] = {}
        self._is_open = False
        self._replacing: int | None = None  # the thread that has called execve, of which it is not known what came
        self._looks = 0  # at that
        self._threads: set[int] = set()  # those of the process that were seen to be
        self._memory = -1  # of the process, as a file; a run asks some five hundred times

    @staticmethod
    def wants(asked: Asked) -> bool:
        """Whether `asked` is a call for it."""
        return asked.audit in _CALLS and asked.number in _CALLS[asked.audit][:4]

    def look(self) -> None:
        """Let the next one in where the one before does not stop, but waits for a lock; to be called now and then.

        So it is where the program has not become another one, though it was to.
        """
        if self._replacing is not None:
            call = _call(self._replacing)
            self._looks = 0 if call in _EXECVES else self._looks + 1
            self._settle(has_failed=call not in _MAY_REPLACE or self._looks > _LOOKS)
        if self._waiting and self._turn is not None and _call(self._turn) in _LOCKED_OUT:
            self._leave(self._turn)

    def take(self, asked: Asked) -> None:
        """Let a call go on, or keep it waiting."""
        thread, calls = asked.pid, _CALLS[asked.audit]
        if self._replacing is not None:
            self._settle(has_failed=thread == self._replacing)
        if self._is_open or not self._is_ours(thread):
            self._listener.answer(asked)
        elif asked.number == calls.mask and self._blocks(asked):
            self._blocked[thread] = asked.arguments[1]
            if self._frames.get(thread, asked.arguments[1]) != asked.arguments[1]:
                self._listener.answer(asked)
            elif self._turn in (None, thread) and self._replacing is None:
                self._turn, self._has_begun = thread, True
                self._listener.answer(asked)
            else:
                self._waiting[thread] = asked  # again, where a signal came in between
        else:
            self._listener.answer(asked)
            if asked.number == calls.mask and self._blocked.get(thread) == asked.arguments[1]:
                self._frames[thread] = asked.arguments[1]
            if asked.number == calls.exit:
                self._frames.pop(thread, None)
                self._threads.discard(thread)
            if asked.number in (calls.mask, calls.exit):
                self._leave(thread)
            elif self._has_begun:  # QEMU has; the kernel ends the other threads, if it is no failure
                self._replacing, self._looks = thread, 0
            else:
                self._forget_memory()  # the next program has another

    def open(self) -> None:
        """Let everybody through from now on; also to be called when the process has ended, of which this has a file."""
        self._is_open, self._replacing = True, None
        self._forget_memory()
        while self._waiting:
            self._listener.answer(self._waiting.popitem()[1])

    def _leave(self, thread: int) -> None:
        """Let the next one in, if `thread` was."""
        if self._turn == thread:
            self._turn = None
            self._let_in()

    def _let_in(self) -> None:
        """Let the next one in, if nobody is and all are not about to end."""
        while self._waiting and self._turn is None and self._replacing is None:
            after = next(iter(self._waiting))
            if self._listener.answer(self._waiting.pop(after)):
                self._turn = after

    def _settle(self, *, has_failed: bool) -> None:
        """Let everybody through where the process has become another program, which may never unblock; else go on."""
        if self._is_replaced():
            self.open()
        elif has_failed:
            self._replacing = None
            self._let_in()

    def _is_replaced(self) -> bool:
        """Whether the memory of the process is another: there is nothing to read in the old one, not even a hole."""
        try:
            return self._memory >= 0 and not os.pread(self._memory, 1, 0)
        except OSError:
            return False

    def _is_ours(self, thread: int) -> bool:
        """Whether `thread` is one of the process, and not of another that it started."""
        if thread not in self._threads and os.path.exists(f"/proc/{self._pid}/task/{thread}"):  # noqa: PTH110
            self._threads.add(thread)
        return thread in self._threads

    def _blocks(self, asked: Asked) -> bool:
        """Whether the call blocks every signal, or else unblocks some."""
        try:
            if self._memory < 0:
                self._memory = os.open(f"/proc/{self._pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
            (signals,) = _SET.unpack(os.pread(self._memory, _SET.size, asked.arguments[1]))
        except (OSError, OverflowError, ValueError, struct.error):
            return False
        return bool(signals & _SIGSEGV_BIT)

    def _forget_memory(self) -> None:
        if self._memory >= 0:
            os.close(self._memory)
            self._memory = -1


def _call(thread: int) -> int:
    """Return the number of the system call that `thread` waits in, -1 for none (proc(5)), `_RUNS` or `_GONE`."""
    try:
        with open(f"/proc/{thread}/syscall", "rb") as file:  # noqa: PTH123
            number = file.read().split()[0]
    except (OSError, IndexError):
        return _GONE
    return int(number) if number.lstrip(b"-").isdigit() else _RUNS
