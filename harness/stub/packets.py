"""The framing of GDB's remote protocol, as pure functions over bytes and one incremental decoder.

Rules: GDB manual, "Remote Protocol / Overview" (frames, acknowledgements, escapes, run lengths) and "Notification
Packets". Run lengths are undone before escapes: gdbserver uses ``}`` as a run length.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from harness.stub.errors import nonsense

MAX_BYTES = 16 << 20  # of one packet, framed or expanded; QEMU's are 4 KiB, gdbserver's 18 KiB
_ESCAPED = frozenset(b"#$*}")
_RUN_BASE = 29  # "*" and chr(29 + n): the byte before it n more times
_RUN_LEAST, _RUN_MOST = 3, 97


def encode(payload: bytes) -> bytes:
    """Return `payload` framed. Binary data in it has to be escaped already; ``#`` and ``$`` raise ValueError."""
    if b"#" in payload or b"$" in payload:
        raise ValueError(f"not escaped: {payload!r}")
    return b"$%b#%02x" % (payload, checksum(payload))


def checksum(raw: bytes) -> int:
    """Return the sum of what stands between ``$`` and ``#``, modulo 256."""
    return sum(raw) & 0xFF


def escape(data: bytes) -> bytes:
    """Return binary `data` so that it may stand in a packet."""
    return b"".join(b"}%c" % (byte ^ 0x20) if byte in _ESCAPED else b"%c" % byte for byte in data)


def unescape(data: bytes) -> bytes:
    """Return the binary data that a packet's payload stands for. Raises StubBroken when it ends within an escape."""
    first, *parts = data.split(b"}")
    found = bytearray(first)
    whole = iter(parts)
    for part in whole:
        if part:
            found.append(part[0] ^ 0x20)
            found += part[1:]
            continue
        following = next(whole, None)  # "}}": an escaped "]"
        if following is None:
            raise nonsense("a packet that ends within an escape", data[-60:])
        found += b"]" + following
    return bytes(found)


def expand(raw: bytes) -> bytes:
    """Return `raw` with its run lengths undone. Raises StubBroken for a run without a byte, or of no legal length."""
    found = bytearray()
    place = 0
    while (star := raw.find(b"*", place)) >= 0:
        found += raw[place:star]
        count = raw[star + 1] - _RUN_BASE if star + 1 < len(raw) else 0  # may be a "*" itself: 13 more
        if not found or not _RUN_LEAST <= count <= _RUN_MOST:
            raise nonsense("a run length that is none", raw)
        if len(found) + count > MAX_BYTES:
            raise nonsense(f"a packet of more than {MAX_BYTES} bytes", raw)
        found += found[-1:] * count
        place = star + 2
    return bytes(found + raw[place:])


class Kind(Enum):
    """What a peer can send."""

    ACK = "+"
    NAK = "-"
    PACKET = "$"
    NOTIFICATION = "%"
    GARBLED = "a packet whose checksum is wrong"


@dataclass(frozen=True)
class Event:
    """One thing that a peer sent; `payload` of a packet has its run lengths undone, its escapes not."""

    kind: Kind
    payload: bytes = b""


_STARTS = {ord(kind.value): kind for kind in (Kind.ACK, Kind.NAK, Kind.PACKET, Kind.NOTIFICATION)}
_HEX = frozenset(b"0123456789abcdefABCDEF")


class Decoder:
    """Turns bytes, as they come, into events. Bytes between packets that mean nothing are dropped, as GDB does."""

    def __init__(self) -> None:
        self._buffer = bytearray()  # empty, or a packet that has begun
        self._looked = 0  # that far there is no "#"

    def feed(self, data: bytes) -> list[Event]:
        """Take `data` and return what it completes. Raises StubBroken for a packet that is too large or no packet."""
        self._buffer += data
        found = []
        while event := self._next():
            found.append(event)
        if len(self._buffer) > MAX_BYTES:
            raise nonsense(f"a packet of more than {MAX_BYTES} bytes", bytes(self._buffer[:60]))
        return found

    def _next(self) -> Event | None:
        buffer = self._buffer
        if buffer and buffer[0] not in _STARTS:
            start = next((place for place, byte in enumerate(buffer) if byte in _STARTS), len(buffer))
            del buffer[:start]
            self._looked = 0
        if not buffer:
            return None
        kind = _STARTS[buffer[0]]
        if kind in (Kind.ACK, Kind.NAK):
            del buffer[:1]
            return Event(kind)
        end = buffer.find(b"#", self._looked)
        if end < 0 or len(buffer) < end + 3:
            self._looked = len(buffer) if end < 0 else end
            return None
        restart = buffer.rfind(b"$", 1, end)  # its end got lost, and another one began
        body = bytes(buffer[max(restart, 0) + 1 : end])
        digits = bytes(buffer[end + 1 : end + 3])
        del buffer[: end + 3]
        self._looked = 0
        if not _HEX.issuperset(digits) or int(digits, 16) != checksum(body):
            return Event(Kind.GARBLED, body)
        return Event(Kind.PACKET if restart >= 0 else kind, expand(body))
