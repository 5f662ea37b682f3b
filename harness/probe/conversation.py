"""A program that runs under its keeper, while visitors look at it wherever the stub that serves it stops it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from harness.build.store import Store
from harness.elf.places import Program
from harness.errors import CrossabiError, OwnMistake, RunnerBroken, mistaken
from harness.probe.guest import Guest
from harness.probe.servers import Served, serve
from harness.process import client
from harness.process.spec import Finished
from harness.snapshot import DEADLY
from harness.stub.client import Stub
from harness.stub.errors import StubBroken, StubClosed, StubEnded
from harness.stub.stops import How, Stop, parse
from harness.unwind.modules import Module

SOURCE = "stub"
AT_ENTRY = 9  # of the auxiliary vector (getauxval(3))
SLACK = 5.0  # seconds beyond the program's own time in which it is ended by its keeper
GRACE = 2.0  # seconds in which what a program that has ended left to be read is read
_QEMU_S = ("SIGSEGV", "SIGABRT")
_EXEC = "the program became another one (execve): what came then was not looked at"
_GONE = (
    "QEMU's stub was gone before the program ended: it was killed, closed descriptors that are not its own, or became"
    " another program (execve); what came then was not seen"
)
_HUNG = (
    "QEMU's stub can hang a program of which two threads stop at once, and no thread gets past a stop where a timer is"
    " too fast (docs/limits.md); the log does not stop it"
)
_ENDED = "another thread ended the program while it was looked at, which QEMU's stub allows: that stop is missing"


class Breakpoints:
    """Those of one visitor. Another may have some at the same addresses: the last one takes one away."""

    def __init__(self, stub: Stub, counts: Counter[int]) -> None:
        self._stub, self._counts = stub, counts
        self._own: set[int] = set()

    def __contains__(self, address: int) -> bool:
        return address in self._own

    def __iter__(self) -> Iterator[int]:
        return iter(tuple(self._own))

    def insert(self, address: int) -> None:
        """Put a breakpoint at `address`; again is fine. Raises StubRefused; gdbserver does where nothing is mapped."""
        if address not in self._own:
            self._stub.insert(address)
            self._own.add(address)
            self._counts[address] += 1

    def remove(self, address: int) -> None:
        """Take a breakpoint away; one that is not there is fine."""
        self._take_away(address, self._stub.remove)

    def drop(self, address: int) -> None:
        """Take a breakpoint away where nothing is mapped any more."""
        self._take_away(address, self._stub.drop)

    def _take_away(self, address: int, by: Callable[[int], None]) -> None:
        if address in self._own:
            self._own.remove(address)
            self._counts[address] -= 1
            if not self._counts[address]:
                by(address)


class Visitor(Protocol):
    """Looks at a program each time it stops. All of it happens in one thread, while the program is stopped."""

    def begin(self, stub: Stub, breakpoints: Breakpoints, main: Module) -> None:
        """Look at the program before its first instruction; `main` is its file, where it was loaded."""

    def take(self, stub: Stub) -> bool:
        """Look at a stop by SIGTRAP; return whether it is one of this visitor's breakpoints."""

    def die(self, stub: Stub) -> None:
        """Look at a stop by a signal of which the program may die."""

    def forget(self) -> None:
        """The program became another one, which has no breakpoints."""


@dataclass(frozen=True)
class Held:
    """How the program ended, what a reader has to know, and what serving changed about the run.

    With an `error` the run was not the program's own from some point on; it has been ended then.
    """

    finished: Finished
    notes: tuple[str, ...] = ()
    changed: Mapping[str, str] = field(default_factory=dict)
    error: CrossabiError | None = None


def hold(guest: Guest, program: Program, visitors: Sequence[Visitor]) -> Held:
    """Run `guest`, whose file is `program`, and let `visitors` look at each stop.

    Raises EnvironmentBroken where gdbserver is missing, RunnerBroken where it could not be run at all.
    """
    with Store().scratch() as folder, serve(guest, folder) as served:
        talk = _Talk(guest, served, program, client.interrupter(), visitors)
        talk.start()
        try:
            finished = client.run(served.command)
        except RunnerBroken as broken:
            talk.finish()
            if talk.error is None:
                raise
            finished = Finished("signaled", signal="SIGKILL", notes=(broken.what,))
        finally:
            talk.finish()
    is_cut = bool(finished.error) or finished.ended in ("timeout", "limit")
    error = talk.error if not is_cut or isinstance(talk.error, OwnMistake) else None
    gone = isinstance(error, StubClosed) and not served.tells_end
    if gone:
        error = _taken_along(finished)
    ended = _ended(finished, talk.last)
    return Held(ended, tuple(_notes(talk, ended, served, gone=gone and error is None)), served.changed, error)


def source(guest: Guest) -> str:
    """Return what snapshots of `guest` say of where they came from."""
    return f"{SOURCE}: {'gdbserver' if guest.platform.emulator is None else 'QEMU'}"


class _Talk(threading.Thread):
    """Talks to the stub while the program runs under its keeper."""

    def __init__(
        self, guest: Guest, served: Served, program: Program, give_up: Callable[[], None], visitors: Sequence[Visitor]
    ) -> None:
        super().__init__(name="crossabi-stub")
        self.error: CrossabiError | None = None
        self.last: Stop | None = None
        self.replaced = self.interrupted = False
        self._give_up, self._visitors = give_up, visitors
        self._guest, self._served, self._program = guest, served, program
        self._runs = True

    def run(self) -> None:
        """Connect, let the visitors begin, and show them each stop."""
        try:
            with self._served.connect(lambda: self._runs) as stub:
                self._converse(stub)
        except StubEnded as ended:
            self.last, self.interrupted = parse(ended.payload), True
        except CrossabiError as error:
            self.error = error
            if not isinstance(error, StubClosed):
                self._give_up()
        except Exception as mistake:
            self.error = mistaken("a stop was looked at", mistake)
            self._give_up()

    def finish(self) -> None:
        """Wait for the conversation's end; the program has ended."""
        self._runs = False
        self.join(GRACE)
        if self.is_alive():
            self._served.hang_up()
            self.join()

    def _converse(self, stub: Stub) -> None:
        program, counts = self._program, Counter[int]()
        bias = 0 if program.is_fixed else stub.auxv().get(AT_ENTRY, 0) - program.entry
        for visitor in self._visitors:
            visitor.begin(stub, Breakpoints(stub, counts), Module(program, bias))
        passed = ""
        while True:
            self.last = stop = stub.run(self._guest.command.timeout + SLACK, signal=passed)
            if not stop.is_alive:
                return
            if stop.is_exec:
                self.replaced = True
                for visitor in self._visitors:
                    visitor.forget()
                continue
            taken = [visitor.take(stub) for visitor in self._visitors] if stop.signal == "SIGTRAP" else []
            passed = "" if True in taken else stop.signal
            if passed in DEADLY:
                for visitor in self._visitors:
                    visitor.die(stub)


def _taken_along(finished: Finished) -> StubBroken | None:
    """Return the error of a program that went on without a stub and died of that, or took QEMU along."""
    if finished.signal in _QEMU_S:
        return StubBroken(
            f"QEMU, or the program, ended by {finished.signal} while QEMU's stub was used",
            why="7.2's stub spoils QEMU's memory where threads come and go by the thousand (docs/limits.md)",
            mend="use the log (--source=log, --watch-by=log), or run it natively",
        )
    if finished.signal != "SIGTRAP":
        return None
    return StubBroken(
        "the program closed the descriptor by which QEMU's stub speaks, and the next stop was its death",
        why="it closes descriptors that are not its own, as daemons do, and the emulator's are among them",
        mend="ask for hits before it does (--hits), or run it natively: gdbserver has descriptors of its own",
    )


def _notes(talk: _Talk, ended: Finished, served: Served, *, gone: bool) -> Iterator[str]:
    if talk.replaced:
        yield _EXEC
    if talk.interrupted:
        yield _ENDED
    if ended.ended == "timeout" and not served.tells_end:
        yield _HUNG
    elif gone:
        yield _GONE


def _ended(finished: Finished, last: Stop | None) -> Finished:
    """Return how the program itself ended: gdbserver, which `finished` is of, ends with 0 whatever it does."""
    if last is None or last.is_alive or finished.ended in ("timeout", "limit"):
        return finished
    if last.how is How.EXITED:
        return replace(finished, ended="exited", code=last.status, signal=None)
    return replace(finished, ended="signaled", code=None, signal=last.signal)
