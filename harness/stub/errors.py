"""What can go wrong with a stub; everything that a peer can do, however hostile, ends as a `StubBroken`."""

from __future__ import annotations

from harness.errors import RunnerBroken


class StubBroken(RunnerBroken):
    """The stub closed, fell silent or spoke nonsense: nothing more can be had over this connection."""


class StubClosed(StubBroken):
    """The connection ended, and with it, most often, the program or who serves it."""


class StubEnded(StubBroken):
    """The program has ended while it was stopped, as `payload` tells: QEMU's stub lets other threads run meanwhile."""

    def __init__(self, payload: bytes) -> None:
        super().__init__("the program ended while it was looked at", why="QEMU's stub lets its other threads run then")
        self.payload = payload


class StubSilent(StubBroken):
    """The stub did not answer in time. After a `wait` this is no fault: the program is still running."""


class StubConfused(StubBroken):
    """The stub said what the protocol does not allow. QEMU's does where two threads stop at once."""


class StubRefused(StubBroken):
    """The stub answered, and the answer is no: an error, or a packet that it does not know. It goes on working."""


class MemoryUnreadable(StubRefused):
    """Some of the memory asked for is not there: `address` is its first missing byte, `data` what precedes it."""

    def __init__(self, address: int, data: bytes, reply: str) -> None:
        super().__init__(
            f"the program's memory at {address:#x} cannot be read ({len(data)} bytes before it could)",
            why=f"nothing is mapped there, or not readably; the stub said {reply or 'that it cannot read memory'}",
        )
        self.address = address
        self.data = data


def nonsense(what: str, data: bytes = b"") -> StubConfused:
    """Return the error for a peer that breaks the protocol; `data` is the beginning of what it sent."""
    shown = f": {data[:60]!r}" if data else ""
    return StubConfused(
        f"the stub does not speak GDB's remote protocol: {what}{shown}",
        why="two threads of a program under QEMU stopped at once, and its stub speaks for both (Go's preemption"
        " by SIGURG does that); or something else listens at this address",
        mend="run Go guests with GODEBUG=asyncpreemptoff=1; else let gdb speak to it, after `set debug remote 1`",
    )


def closed(what: str) -> StubClosed:
    """Return the error for a connection that ended while `what`."""
    return StubClosed(
        f"the stub closed the connection while {what}",
        why="the emulator ended: it was killed, it crashed, or the program took it along",
        mend="look at what the emulator printed; run the program without a stub",
    )


def unreachable(where: str, seconds: float) -> StubSilent:
    """Return the error for a stub that was not there within its time."""
    return StubSilent(
        f"no stub listened at {where} within {seconds:g} s",
        why="the machine is overloaded, the emulator hangs before it listens, or somebody removed its socket",
        mend="run again; if it persists, start the emulator by hand with -g",
    )


def silent(what: str, seconds: float) -> StubSilent:
    """Return the error for a deadline that passed while `what`."""
    return StubSilent(
        f"the stub did not answer within {seconds:g} s while {what}",
        why="the machine is overloaded, or the emulator hangs: a Go program that preempts itself by SIGURG can do that",
        mend="run guests with GODEBUG=asyncpreemptoff=1; give it more time",
    )
