"""Packets over a socket: acknowledged where the peer wants that, sent again where it asks, never waited for forever."""

from __future__ import annotations

import contextlib
import os
import socket
import time

from harness.stub.errors import StubBroken, closed, nonsense, silent
from harness.stub.packets import Decoder, Kind, encode

_READ = 1 << 16
_AWAKE = 200e-6  # seconds
_TRIES = 3  # of one packet, in either direction
_INTERRUPT = b"\x03"
_PENDING = 1 << 14  # packets that nobody asked for
_ACK = b"+"

QEMU_BLOCK = 256
"""`Wire.block` of QEMU's user mode (gdb_handlesig and gdb_got_immediate_ack of gdbstub/user.c; 7.2 and 10.0 alike)."""


class Wire:
    """One connection. `seconds` of each call is its whole deadline; a call that fails closes the connection.

    Except one: when `receive` runs out of time nothing is lost, and it may be called again.

    QEMU wants acknowledgements, but does not mind when they come: it reads blocks of bytes from a socket, and the one
    byte after a block as the acknowledgement of a reply. Where the size of a `block` is given, several packets are sent
    at once, each with a block of its own, that has nothing else in it, and the acknowledgement of its reply behind it.
    """

    def __init__(self, channel: socket.socket, block: int = 0) -> None:
        self._channel = channel
        self._decoder = Decoder()
        self._pending: list[bytes] = []
        self._sent = b""
        self._owed = b""  # acknowledgements: they go with the next packet, which saves both sides a wake-up each
        self._resent = self._garbled = 0
        self._block = block
        self._ahead = 0  # replies that are acknowledged already
        self.acknowledge = True

    @property
    def is_open(self) -> bool:
        """Whether the connection can still be used."""
        return self._channel.fileno() >= 0

    @property
    def takes_several(self) -> bool:
        """Whether several packets may be sent before the first reply has come."""
        return bool(self._block) or not self.acknowledge

    def send(self, seconds: float, *payloads: bytes) -> None:
        """Send packets; more than one only where the wire `takes_several`."""
        packets = [encode(payload) for payload in payloads]
        self._resent = self._garbled = self._ahead = 0
        if self.acknowledge and len(packets) > 1:
            packets = [packet.ljust(-(-len(packet) // self._block) * self._block, _ACK) + _ACK for packet in packets]
            self._ahead = len(packets)
        self._sent = b"".join(packets)
        self._write(self._sent, time.monotonic() + seconds)

    def interrupt(self, seconds: float) -> None:
        """Ask a running program to stop."""
        self._write(_INTERRUPT, time.monotonic() + seconds)

    def receive(self, seconds: float, doing: str) -> bytes:
        """Return the payload of the next packet. Raises StubSilent after `seconds`, StubBroken for anything else."""
        deadline = time.monotonic() + seconds
        while not self._pending:
            if self._owed:
                self._write(b"", deadline)
            left = deadline - time.monotonic()
            if left <= 0:
                raise silent(doing, seconds)
            self._take(self._read(left, doing), deadline)
        return self._pending.pop(0)

    def close(self) -> None:
        """Close the connection; again is fine."""
        if self._owed and self.is_open:
            with contextlib.suppress(OSError):
                self._channel.setblocking(False)
                self._channel.send(self._owed)
        self._channel.close()

    def finish(self, seconds: float) -> None:
        """Say that nothing more will come, let the peer end, and close; at most `seconds`."""
        deadline = time.monotonic() + seconds
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_WR)
            while (left := deadline - time.monotonic()) > 0:
                self._channel.settimeout(left)
                if not self._channel.recv(_READ):
                    break
        self.close()

    def _take(self, data: bytes, deadline: float) -> None:
        """Sort what came."""
        try:
            for event in self._decoder.feed(data):
                match event.kind:
                    case Kind.PACKET:
                        self._pending.append(event.payload)
                        if self._ahead:
                            self._ahead -= 1
                        elif self.acknowledge:
                            self._owed += _ACK
                    case Kind.GARBLED:
                        self._garbled += 1
                        if self._garbled >= _TRIES or self._ahead or not self.acknowledge:
                            raise nonsense("a packet whose checksum is wrong", event.payload)
                        self._write(b"-", deadline)
                    case Kind.NAK if self._sent and self.acknowledge:
                        self._resent += 1
                        if self._resent >= _TRIES or self._ahead:
                            raise nonsense("it refuses the checksum of each packet")
                        self._write(self._sent, deadline)
                    case _:
                        pass  # an acknowledgement, or a notification, which only non-stop mode needs
            if len(self._pending) > _PENDING:
                raise nonsense("packets that nobody asked for")
        except StubBroken:
            self.close()
            raise

    def _read(self, seconds: float, doing: str) -> bytes:
        try:
            data = self._soon() or self._later(seconds)
        except TimeoutError:
            return b""
        except OSError as error:
            self.close()
            raise closed(doing) from error
        if not data:
            self.close()
            raise closed(doing)
        return data

    def _soon(self) -> bytes:
        """Return what comes at once, as answers about a stopped program do; empty where nothing does.

        A conversation is thousands of them, and a processor that fell asleep in between takes longer to wake than the
        answer takes: a thousand hits with all registers took 3.5 s on an idle machine, with this 2.4 s.
        """
        self._channel.settimeout(0.0)
        until = time.monotonic() + _AWAKE
        while time.monotonic() < until:
            try:
                return self._channel.recv(_READ)
            except BlockingIOError:
                os.sched_yield()
        return b""

    def _later(self, seconds: float) -> bytes:
        self._channel.settimeout(seconds)
        return self._channel.recv(_READ)

    def _write(self, data: bytes, deadline: float) -> None:
        if not self.is_open:
            raise closed("it was used before")
        seconds = max(deadline - time.monotonic(), 1e-3)
        try:
            self._channel.settimeout(seconds)
            self._channel.sendall(self._owed + data)
            self._owed = b""
        except TimeoutError as error:
            self.close()
            raise silent("a packet was sent to it", seconds) from error
        except OSError as error:
            self.close()
            raise closed("a packet was sent to it") from error
