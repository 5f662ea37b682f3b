"""What serves the remote protocol for a guest: QEMU itself, or gdbserver for a program that runs natively.

Neither takes a TCP port, so that runs side by side cannot clash and nothing listens to the network: QEMU gets a unix
socket in a private folder; gdbserver, which knows TCP and serial lines only, talks over its standard streams, and a
wrapper gives the program its own ones back.
"""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import EnvironmentBroken
from harness.host import faults
from harness.probe.guest import Guest
from harness.process.spec import Command
from harness.stub.client import Stub
from harness.stub.connect import connect
from harness.stub.values import TURNED, UNKNOWN
from harness.stub.wire import QEMU_BLOCK

_NEXT, _RIGHT = (7, 3), (10,)
CONNECT_SECONDS = 30.0
CHUNK = 1 << 16
SOCKET_BYTES = 107  # of sun_path, with its NUL as QEMU uses it (unix(7))
NO_GDBSERVER = "gdbserver is missing, which native programs are stopped with"
INSTALL = "crossabi setup --debuggers, or --runner=qemu"
_GDBSERVER = "gdbserver"
_QUIET = "asyncpreemptoff=1"
_OWN_STREAMS = '#!/bin/sh\nexec "$@" 0<&3 1>&4 2>&5 3<&- 4>&- 5>&-\n'
_SERVER = 'exec {program} --once --wrapper {wrapper} -- - "$@" 3<&0 4>&1 5>&2 <{to} >{back} 2>{log}'


@dataclass(frozen=True)
class Served:
    """`command` runs the guest, stopped before its first instruction; `connect` reaches it.

    `tells_end` says that only the protocol tells how the program ends; `changed` is what serving changes about the run.
    `hang_up` ends the conversation when the program was ended from outside, where nothing else does.
    """

    command: Command
    connect: Callable[[Callable[[], bool]], Stub]
    tells_end: bool
    changed: Mapping[str, str]
    hang_up: Callable[[], None] = lambda: None


def cannot(guest: Guest) -> str:
    """Return an empty text where `guest` can be served, else why it cannot."""
    return NO_GDBSERVER if guest.platform.emulator is None and shutil.which(_GDBSERVER) is None else ""


def x87_of(version: str) -> str:
    """Return how QEMU ``7.2.22`` sends the x87's registers (see `harness.stub.values.Layout`).

    Measured with 7.2.22, which has them turned, and 10.0.2 (target/i386/gdbstub.c: x86_cpu_gdb_read_register).
    """
    number = tuple(map(int, version.split(".")[:2])) if version else ()
    return TURNED if (0,) < number < _NEXT else UNKNOWN if number < _RIGHT else ""


@contextlib.contextmanager
def serve(guest: Guest, folder: Path) -> Iterator[Served]:
    """Yield how `guest` is served; `folder` is private. Raises EnvironmentBroken where gdbserver is missing."""
    # Each preemption is a stop; and where threads cannot be made to stop in turns, one between two others tears a stop.
    debug = [word for word in guest.command.env.get("GODEBUG", "").split(",") if word and word != _QUIET]
    changed = {"GODEBUG": ",".join([*debug, _QUIET])}
    if guest.platform.emulator is not None:
        version = faults.emulator_number(guest.platform.emulator.version)
        with _place(folder) as path:
            command = replace(guest.under("-g", str(path), env=changed), in_turns=True)

            def reach(alive: Callable[[], bool]) -> Stub:
                channel = connect(path, CONNECT_SECONDS, alive)
                return Stub(channel, guest.table, block=QEMU_BLOCK, lifts=False, x87=x87_of(version))

            yield Served(command, reach, False, changed)
        return
    program = shutil.which(_GDBSERVER)
    if program is None:
        raise EnvironmentBroken(NO_GDBSERVER, mend=INSTALL)
    with _Streams(folder) as streams:
        wrapper = folder / "own-streams"
        wrapper.write_text(_OWN_STREAMS)
        wrapper.chmod(0o700)
        words = {"program": program, "wrapper": wrapper, "to": streams.to, "back": streams.back, "log": folder / "log"}
        script = _SERVER.format(**{name: shlex.quote(str(word)) for name, word in words.items()})
        command = guest.under("/bin/sh", "-c", script, "sh", env=changed)
        changed = {**changed, "address space": "not randomised (gdbserver)"}
        yield Served(command, lambda alive: Stub(streams.channel, guest.table), True, changed, streams.hang_up)


@contextlib.contextmanager
def _place(folder: Path) -> Iterator[Path]:
    """Yield where QEMU's socket is: in `folder`, or elsewhere where its name is too long; QEMU would cut it off."""
    path = folder / "stub"
    if len(os.fsencode(path)) < SOCKET_BYTES:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="crossabi-stub-", dir="/tmp") as name:
        yield Path(name) / "stub"


class _Streams:
    """Two FIFOs that look like a socket: a thread carries the bytes."""

    def __init__(self, folder: Path) -> None:
        self.to, self.back = folder / "to", folder / "back"
        for path in (self.to, self.back):
            os.mkfifo(path, 0o600)
        self._in = os.open(self.to, os.O_RDWR | os.O_CLOEXEC)
        self._out = os.open(self.back, os.O_RDWR | os.O_CLOEXEC)
        self.channel, self._far = socket.socketpair()
        self._thread = threading.Thread(target=self._carry, name="crossabi-streams")

    def __enter__(self) -> _Streams:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(OSError):
            self.channel.shutdown(socket.SHUT_RDWR)
        self.channel.close()
        self._thread.join()

    def hang_up(self) -> None:
        """Be closed to both sides from now on."""
        with contextlib.suppress(OSError):
            self._far.shutdown(socket.SHUT_RDWR)

    def _carry(self) -> None:
        with self._far, contextlib.suppress(OSError):
            while True:
                ready = select.select([self._out, self._far.fileno()], [], [])[0]
                if self._out in ready:
                    self._far.sendall(os.read(self._out, CHUNK))
                if self._far.fileno() in ready:
                    data = self._far.recv(CHUNK)
                    if not data:
                        break
                    os.write(self._in, data)
        os.close(self._in)
        os.close(self._out)
