"""`Stub`: a program under QEMU's gdbstub or under gdbserver, stopped, looked at, and let go on."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from signal import Signals
from types import TracebackType
from typing import Self

from harness.registers import RegisterTable
from harness.stub import layouts, signals, stops
from harness.stub.connect import Address, connect
from harness.stub.errors import StubBroken, StubRefused
from harness.stub.session import is_error, unhex
from harness.stub.stops import BREAKPOINT, VFORK, VFORK_DONE, Stop
from harness.stub.target import SECONDS, Target

PASSED = frozenset(signals.BY_NAME) - signals.FAULTS
"""The signals that a run passes on by itself: all but those of faults and breakpoints."""

_MOST_OUTPUT = 1 << 20
_NO_SUCH_CALL = b"F-1,58"  # ENOSYS of the File-I/O protocol, in hexadecimal
_STEPS = (
    4  # QEMU 7.2 says that a step is done when, after a signal, it has not begun; who still is there jumps to itself
)
_PASSES = "QPassSignals"
_REPORTED = frozenset({"SIGINT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGCONT"})  # by us, and by job control
_COALESCE = frozenset(row.name for row in Signals if not row.name.startswith("SIGRT")) & PASSED  # the others queue
_ENOUGH = 2  # interrupted steps off one breakpoint
_HANDLER = 256  # bytes that a signal's handler runs below what it interrupts, at least
_FINISH = 1.0  # seconds in which a killed server may end


@dataclass(frozen=True)
class _Visit:
    """A thread at a breakpoint. The stack pointer tells a call from one that is nested in it.

    `general` is what the stub said of its registers there.
    """

    thread: str
    pc: int
    sp: int
    general: bytes = field(compare=False, repr=False)


class Stub(Target):
    """A program that can be stopped and let go on; see `Target` for what can be seen of it while it is stopped.

    A breakpoint is lifted while its thread steps off it. Where `lifts` is false that is done only if the thread does
    not move otherwise: QEMU (from 6.2) steps over breakpoints, and other threads, which run meanwhile, would miss it.
    """

    def __init__(
        self,
        channel: socket.socket,
        table: RegisterTable,
        *,
        seconds: float = SECONDS,
        no_ack: bool = True,
        block: int = 0,
        lifts: bool = True,
        x87: str = "",
    ) -> None:
        self._lifts = lifts
        self._breakpoints: dict[int, bool] = {}  # whether it is one of the hardware's
        self._hit: _Visit | None = None  # set while the last stop is a breakpoint's
        self._removed: set[int] = set()  # where breakpoints were; a thread may have come to one before that
        # what threads have to step off when another stop, or a signal, kept them from it: in a handler anew, inner last
        self._stepping: dict[str, list[_Visit]] = {}
        self._lifted: dict[int, bool] = {}  # a breakpoint that is put back at the next stop
        super().__init__(channel, table, seconds=seconds, no_ack=no_ack, block=block, x87=x87)
        self._interrupted: Counter[_Visit] = Counter()  # how often signals kept a thread from stepping off
        self._owed: dict[str, list[tuple[str, bytes]]] = {}  # signals that were kept back, with siginfo, by thread
        self._unreported: frozenset[str] = frozenset()

    @classmethod
    def connect(
        cls,
        address: Address,
        table: RegisterTable,
        *,
        seconds: float = SECONDS,
        alive: Callable[[], bool] | None = None,
        no_ack: bool = True,
        block: int = 0,
        x87: str = "",
    ) -> Self:
        """Connect to the stub at `address`, a unix socket's path or (numeric host, port), and shake hands.

        It may not listen yet: see `harness.stub.connect`, also for `alive`. `seconds` bound connecting, shaking hands,
        and each later question. `no_ack` saves acknowledgements where the stub offers that; see
        `harness.stub.wire.Wire` for `block`, and `harness.stub.values.Layout` for `x87`.
        """
        return cls(connect(address, seconds, alive), table, seconds=seconds, no_ack=no_ack, block=block, x87=x87)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # breakpoints

    def insert(self, address: int, *, hardware: bool = False) -> None:
        """Put a breakpoint at `address`; again is fine. Raises StubRefused; gdbserver does where nothing is mapped."""
        if address not in self._breakpoints:
            self._place(b"Z", address, hardware)
            self._breakpoints[address] = hardware

    def remove(self, address: int) -> None:
        """Take a breakpoint away; one that is not there is fine."""
        if address in self._breakpoints:
            self._place(b"z", address, self._breakpoints[address])
            del self._breakpoints[address]
            self._removed.add(address)

    def drop(self, address: int) -> None:
        """Forget a breakpoint where nothing is mapped any more.

        gdbserver has to find out for itself, when one is put there again: asked to take it away, it fails, and believes
        for ever that it is there.
        """
        if self._lifts:
            self._breakpoints.pop(address, None)
        else:
            self.remove(address)

    # running

    def run(self, seconds: float, *, signal: str = "", passed: Collection[str] = PASSED) -> Stop:
        """Let the program run until it stops or ends, and return that.

        `signal` is delivered to the thread of the last stop; signals in `passed` are passed on without stopping. A
        breakpoint that the last stop reported is stepped over. Raises StubSilent after `seconds`: then the program
        runs, and `wait` or `interrupt` come next.
        """
        deadline = time.monotonic() + seconds
        self._pass(frozenset(passed) - _REPORTED)
        while True:
            stop = None if signal else self._step_over(deadline)
            if stop is None:
                stop = self._go_on(signal, deadline)
            signal = stop.signal if stop.is_alive and stop.signal in passed else ""
            if not signal and not self._is_known() and not self._is_stale():
                self._leave_alone()
                return self.stop

    def step(self, seconds: float, *, signal: str = "") -> Stop:
        """Let the thread of the last stop do one instruction, breakpoints or not, and return what stopped it."""
        deadline = time.monotonic() + seconds
        if not signal and self._hit is not None and self._hit.pc in self._breakpoints:
            return self._step_over(deadline) or self.stop
        self.resume(signal=signal, step=True)
        return self.wait(_left(deadline))

    def resume(self, *, signal: str = "", step: bool = False, only: bool = False, thread: str = "") -> None:
        """Let the program run and return at once; `signal` goes to a thread, which also is the one that is stepped.

        It is that of the last stop unless another `thread` is named. With `only` no other one runs.

        Raises StubRefused for a signal that has no number in the protocol.
        """
        if signal and signal not in signals.BY_NAME:
            raise StubRefused(f"GDB's protocol has no number for {signal}")
        session, thread = self._session, thread or self.stop.thread
        if session.running:
            raise StubBroken("the program is running already")
        deadline = self._deadline()
        letter, number = b"s" if step else b"c", b""
        if signal:
            letter, number = letter.upper(), b"%02x" % signals.number_of(signal)
        if letter in self._actions:
            packet = b"vCont;" + letter + number
            if thread and (signal or step or only):
                packet += b":" + thread.encode() + (b"" if step or only else b";c")
        else:
            if thread:
                session.ask(b"Hc" + (thread if step else "-1").encode(), deadline)
            packet = letter + number
        self._selected, self._hit = "", None
        self._forget()
        session.wire.send(deadline - time.monotonic(), packet)
        session.running = True

    def wait(self, seconds: float) -> Stop:
        """Return the next stop of a running program. Raises StubSilent after `seconds`, and then may be called again.

        A process that it forks is let go; one that becomes another program has no
        breakpoints any more. At the program's end the connection is closed: QEMU could stay otherwise.
        """
        deadline = time.monotonic() + seconds
        output = bytearray()
        while True:
            self.stop = self._receive(deadline, output)
            if self.stop.reason == VFORK_DONE:
                self._put_back()
                self.resume()
            elif self.stop.child:
                self._leave_child(self.stop)
            else:
                break
        self._arrive()
        return self.stop

    def _arrive(self) -> None:
        """Do what there is to do at each stop."""
        if not self.stop.is_alive:
            self.close()
            return
        if self.stop.is_exec:  # the breakpoints went with the old program
            self._breakpoints.clear()
            self._lifted.clear()
            self._removed.clear()
            self._stepping.clear()
            self._interrupted.clear()
            self._owed.clear()
        self._put_back()
        if self.stop.signal == "SIGTRAP" and (self._breakpoints or self._removed):
            visit = self._visit()
            self._hit = visit if visit.pc in self._breakpoints else None

    def interrupt(self) -> None:
        """Ask a running program to stop; `wait` returns with SIGINT, or with what came before it.

        QEMU's user mode (7.2, 10.0) does not listen while the program runs. There a signal to its process does it.
        """
        self._session.wire.interrupt(self.seconds)

    # leaving

    def detach(self, linger: float = 0.0) -> None:
        """Let the program go on without us, and close the connection. Raises StubRefused; then it is closed as well.

        For up to `linger` seconds, or until the server has closed it or has ended, only our half is closed: QEMU still
        tells of the program's next signal, finds then that nobody answers, and stops no more. Were it closed, the
        program would die of SIGPIPE there.
        """
        try:
            for address in tuple(self._breakpoints):
                self.remove(address)  # gdbserver would leave them in the code
            self._let_go(self.stop.thread)
            if linger:
                self._session.wire.finish(linger)
        finally:
            self.close()

    def kill(self) -> None:
        """Kill a stopped program, and with it its server; whatever state it is in, nothing is raised.

        Under QEMU one that runs goes on (see `interrupt`), and has to be killed by who started it.
        """
        wire = self._session.wire
        with contextlib.suppress(StubBroken):
            wire.send(self.seconds, b"k")
            wire.finish(_FINISH)
        self.close()

    # inside

    def _receive(self, deadline: float, output: bytearray) -> Stop:
        """Return the next stop reply; what else a running program may send is served."""
        wire = self._session.wire
        while True:
            reply = wire.receive(_left(deadline), "the program was running")
            if reply[:1] == b"O":
                output += unhex(reply[1:])[: _MOST_OUTPUT - len(output)]
            elif reply[:1] == b"F":
                wire.send(self.seconds, _NO_SUCH_CALL)
            else:
                break
        self._session.running = False
        return stops.parse(reply, bytes(output))

    def _leave_child(self, stop: Stop) -> None:
        """Let a process go that the program has forked, without breakpoints, and the program go on.

        What the child has a copy of may be in place no more in the program, and the other way: of another thread there
        can have been stops since. A child of vfork(2) runs in the program's own memory: until it has done, nothing is
        in place there, and only the thread that waits for it goes on.
        """
        if stop.reason == VFORK:
            for address, hardware in tuple(self._breakpoints.items()):
                self.remove(address)
                self._lifted[address] = hardware
        else:
            self._put_back()
            self._select(stop.child, self._deadline())
            for address in {*self._breakpoints, *self._removed}:
                hardware = self._breakpoints.get(address, False)
                self._session.ask(self._placing(b"z", address, hardware), self._deadline())
        self._let_go(stop.child)
        self.resume(only=stop.reason == VFORK)

    def _put_back(self) -> None:
        """Put what was lifted where it was."""
        while self._lifted:
            address, hardware = self._lifted.popitem()
            self.insert(address, hardware=hardware)

    def _let_go(self, thread: str) -> None:
        """Detach from the process of `thread`: it runs on, without breakpoints."""
        process = re.match(r"p([0-9a-f]+)", thread)
        self._session.need(b"D;" + process[1].encode() if process else b"D", self._deadline())

    def _place(self, letter: bytes, address: int, hardware: bool) -> None:
        self._session.need(self._placing(letter, address, hardware), self._deadline())

    def _placing(self, letter: bytes, address: int, hardware: bool) -> bytes:
        return b"%c%d,%x,%x" % (letter, hardware, address, layouts.BREAKPOINT_BYTES[self.table.arch])

    def _step_over(self, deadline: float) -> Stop | None:
        """Step off the breakpoint that was hit, if any, with it taken away. Return what else stopped the program."""
        hit = self._hit
        if hit is None or hit.pc not in self._breakpoints:
            return None
        if self._interrupted[hit] >= _ENOUGH and self._session.offers(_PASSES):
            return self._step_undisturbed(hit, deadline)
        for again in range(_STEPS):
            if self._lifts or again == _STEPS - 1:
                self._lifted[hit.pc] = self._breakpoints[hit.pc]
                self.remove(hit.pc)
            self.resume(step=True)
            stop = self.wait(_left(deadline))
            if not stop.is_alive or stop.is_exec:
                return stop
            if stop.thread != hit.thread:
                self._not_yet(hit)
                return stop
            if stop.signal != "SIGTRAP":
                if self._visit() == hit:  # after the signal's handler it gets here again, and that is no other hit
                    self._not_yet(hit)
                return stop
            if self._hit != hit:
                return None
        return None

    def _step_undisturbed(self, hit: _Visit, deadline: float) -> Stop | None:
        """Step off with signals kept back, which come faster than a handler returns. Return what else stopped it."""
        owed: list[tuple[str, bytes]] = self._owed.pop(hit.thread, [])
        self._lifted[hit.pc] = self._breakpoints[hit.pc]
        self.remove(hit.pc)
        while True:  # as fast as can be: the next signal is on its way
            self.resume(step=True)
            self.stop = stop = self._receive(deadline, bytearray())
            if not stop.is_alive or stop.signal not in _COALESCE or stop.thread != hit.thread:
                break
            if stop.signal not in (name for name, _ in owed):
                owed.append((stop.signal, self.siginfo()))
        if owed:
            self._owed[hit.thread] = owed
        self._arrive()
        if not stop.is_alive or stop.is_exec:
            return stop
        if stop.signal != "SIGTRAP" or stop.thread != hit.thread:
            if stop.thread != hit.thread or self._visit() == hit:
                self._not_yet(hit)
            return stop
        del self._interrupted[hit]
        return None if self._hit != hit else stop

    def _pass(self, names: frozenset[str]) -> None:
        """Have gdbserver pass signals on without a stop, which takes longer than a busy timer leaves.

        Where a thread steps it stops for them all the same.
        """
        if names != self._unreported and self._session.offers(_PASSES):
            numbers = sorted(map(signals.number_of, names))
            self._session.ask(b"QPassSignals:" + b";".join(b"%x" % number for number in numbers), self._deadline())
            self._unreported = names

    def _go_on(self, signal: str, deadline: float) -> Stop:
        """Let the program run until it stops or ends, with `signal`, or with those that were kept back."""
        while self._owed and not signal:
            thread, owed = next(iter(self._owed.items()))
            name, info = owed.pop(0)
            if not owed:
                del self._owed[thread]
            self.set_siginfo(info, thread)
            self.resume(signal=name, step=bool(self._owed), thread=thread)
            stop = self.wait(_left(deadline))
            if not self._owed or not stop.is_alive or stop.signal != "SIGTRAP" or stop.thread != thread:
                return stop
        self.resume(signal=signal)
        return self.wait(_left(deadline))

    def _is_known(self) -> bool:
        """Whether the last stop is a hit that was reported before.

        A thread that a signal kept from stepping off comes back there after the handler, unless there is none: then the
        stub may have stepped off by itself, and it is the next hit there that counts. A handler that has not returned
        but jumped (siglongjmp) lets it come there for another call, with other arguments.
        """
        hit, left = self._hit, self._stepping.get(self.stop.thread, [])
        if hit is None:
            return False
        known = hit in left
        if known and self._passed(left[left.index(hit)]) != self._passed(hit):
            left.remove(hit)
            return False
        left[:] = left[: left.index(hit)] if known else [row for row in left if abs(hit.sp - row.sp) >= _HANDLER]
        return known

    def _passed(self, visit: _Visit) -> Mapping[str, int]:
        """Return what was in the registers that can hold arguments, and in that of the return address."""
        names = layouts.ARGUMENTS[self.table.arch] | {self.table.link} - {""}
        return self._layout.read(visit.general, lambda _: {}, names).values

    def _not_yet(self, hit: _Visit) -> None:
        """Keep in mind that a thread has not stepped off a breakpoint."""
        self._interrupted[hit] += 1
        left = self._stepping.setdefault(hit.thread, [])
        if hit not in left:
            left.append(hit)

    def _is_stale(self) -> bool:
        """Whether a thread stopped for what is over: a breakpoint that was taken away since, or its step off one."""
        if self.stop.signal != "SIGTRAP" or not self.stop.is_alive or self._hit is not None or self.stop.is_exec:
            return False
        if self.stop.reason != BREAKPOINT and self._stepping.get(self.stop.thread):
            self._stepping[self.stop.thread].pop()
            return True
        return bool(self._removed) and self._visit().pc in self._removed

    def _leave_alone(self) -> None:
        """Put the program counter back where it was at a breakpoint of the program's own, which gdbserver moves.

        A handler of the program's would see another one, and return to its breakpoint for ever.
        """
        moved = layouts.MOVED_BACK.get(self.table.arch, 0)
        if self.stop.reason == BREAKPOINT and self._hit is None and moved:
            self.set_pc(self.pc() + moved)

    def _visit(self) -> _Visit:
        found = self.registers(names=(self.table.pc, self.table.sp)).values
        if len(found) < 2:
            raise StubRefused("the stub does not tell the program counter and the stack pointer")
        general = self._kept.get(self.stop.thread, {}).get(b"g", b"")
        return _Visit(
            self.stop.thread, found[self.table.pc], found[self.table.sp], b"" if is_error(general) else general
        )


def _left(deadline: float) -> float:
    return max(deadline - time.monotonic(), 0.0)
