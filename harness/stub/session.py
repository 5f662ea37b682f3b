"""Requests and replies with a stub: the handshake, errors, and objects that come in pages."""

from __future__ import annotations

import re
import socket
import time
from binascii import unhexlify
from collections.abc import Mapping, Sequence

from harness.stub.errors import StubBroken, StubEnded, StubRefused, StubSilent, nonsense
from harness.stub.packets import MAX_BYTES, unescape
from harness.stub.wire import Wire

# What we can do with. QEMU takes care of a fork's child itself, unless somebody says that he can do it.
_OURS = b"qSupported:multiprocess+;swbreak+;hwbreak+;vContSupported+;xmlRegisters=i386"
_ERROR = re.compile(rb"E([0-9a-fA-F]{2}|\..*)", re.DOTALL)
_END = re.compile(rb"[WX][0-9a-fA-F]{2}(;.*)?", re.DOTALL)  # a stop reply that nobody asked for, and no other reply
_PACKET_BYTES = 0x400  # of a stub that does not say
_LEAST = 64
_HEAD = 16  # of a packet, around its data
_AT_ONCE = 64  # packets; their replies fit into a socket's buffer
_OBJECT_BYTES = 4 << 20


class Session:
    """A wire with a handshake done. Each `deadline` is a value of time.monotonic()."""

    def __init__(self, channel: socket.socket, deadline: float, *, no_ack: bool = True, block: int = 0) -> None:
        self.wire = Wire(channel, block)
        self.features: Mapping[str, str] = {}
        self.running = False
        try:
            self.features = _features(self.ask(_OURS, deadline))
            if self.offers("vfork-events"):  # gdbserver: it leaves its breakpoints in children that we cannot handle
                self.ask(
                    _OURS + b";fork-events+;vfork-events+;exec-events+", deadline
                )  # and an execve is a SIGTRAP to it otherwise
            if no_ack and self.offers("QStartNoAckMode") and self.ask(b"QStartNoAckMode", deadline) == b"OK":
                self.wire.acknowledge = False
            self.packet_bytes = _packet_bytes(self.features)
        except BaseException:
            self.wire.close()
            raise

    def offers(self, feature: str) -> bool:
        """Whether the stub said that it has `feature`."""
        return self.features.get(feature) == "+"

    def ask(self, packet: bytes, deadline: float) -> bytes:
        """Send `packet` and return the reply, whatever it says. Raises StubBroken; then the connection is closed."""
        (reply,) = self.ask_all([packet], deadline)
        return reply

    def ask_all(self, packets: Sequence[bytes], deadline: float) -> list[bytes]:
        """Return the reply to each of `packets`, as `ask` does.

        Where the wire lets them, several are on their way before the first reply is waited for.
        """
        if self.running:
            raise StubBroken("the program is running, and a stub answers only about one that is stopped")
        at_once = _AT_ONCE if self.wire.takes_several else 1
        replies: list[bytes] = []
        try:
            for start in range(0, len(packets), at_once):
                several = packets[start : start + at_once]
                self.wire.send(_left(deadline), *several)
                for packet in several:
                    shown = packet.decode("ascii", "replace")[:40]
                    reply = self.wire.receive(_left(deadline), f"{shown} was asked")
                    if _END.fullmatch(reply):
                        raise StubEnded(reply)
                    replies.append(reply)
        except StubSilent:
            self.wire.close()  # the answer to this would be taken for that to the next
            raise
        return replies

    def need(self, packet: bytes, deadline: float) -> bytes:
        """As `ask`, but an error, and no knowledge of the packet, raise StubRefused."""
        reply = self.ask(packet, deadline)
        if not reply or is_error(reply):
            raise refused(packet, reply)
        return reply

    def transfer(self, kind: str, annex: str, deadline: float, most: int = _OBJECT_BYTES) -> bytes:
        """Return an object that comes in pages: ``features``, ``auxv``, ``siginfo``; `most` is asked for at once.

        Raises StubRefused, StubBroken.
        """
        data = bytearray()
        page = min(self.packet_bytes - _HEAD, most)
        while True:
            packet = f"qXfer:{kind}:read:{annex}:{len(data):x},{page:x}".encode()
            reply = self.need(packet, deadline)
            part = unescape(reply[1:])
            data += part
            if reply[:1] == b"l":
                return bytes(data)
            if reply[:1] != b"m" or not part:
                raise nonsense("no page of an object", reply)
            if len(data) > _OBJECT_BYTES:
                raise nonsense(f"an object of more than {_OBJECT_BYTES} bytes")


def is_error(reply: bytes) -> bool:
    """Whether `reply` is an error of the stub."""
    return _ERROR.fullmatch(reply) is not None


def refused(packet: bytes, reply: bytes) -> StubRefused:
    """Return the error for a packet that the stub did not serve."""
    shown = packet.decode("ascii", "replace")[:60]
    said = reply.decode("ascii", "replace")[:60]
    return StubRefused(f"the stub refused {shown}: {said}" if said else f"the stub does not know {shown}")


def unhex(text: bytes) -> bytes:
    """Return the bytes that `text` spells. Raises StubBroken when it spells none."""
    try:
        return unhexlify(text)
    except ValueError as error:
        raise nonsense("no hexadecimal digits", text) from error


def _left(deadline: float) -> float:
    return max(deadline - time.monotonic(), 0.0)


def _features(reply: bytes) -> dict[str, str]:
    """Return what `reply` to qSupported offers: ``+``, ``-`` or ``?`` by name, or the text after ``=``."""
    found: dict[str, str] = {}
    if is_error(reply):
        return found
    for word in reply.decode("ascii", "replace").split(";"):
        name, sign, value = word.partition("=")
        if sign:
            found[name] = value
        elif word[-1:] in ("+", "-", "?"):
            found[word[:-1]] = word[-1]
    return found


def _packet_bytes(features: Mapping[str, str]) -> int:
    text = features.get("PacketSize", f"{_PACKET_BYTES:x}")
    if not re.fullmatch("[0-9a-fA-F]{1,8}", text) or int(text, 16) < _LEAST:
        raise nonsense("no size of a packet", text.encode(errors="replace"))
    return min(int(text, 16), MAX_BYTES // 2)
