"""Recorded conversations, and a peer that plays them back or says whatever a test wants."""

from __future__ import annotations

import ast
import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.stub.client import Stub
from harness.stub.errors import MemoryUnreadable
from harness.stub.packets import encode

TRANSCRIPTS = Path(__file__).with_name("transcripts")
UNMAPPED = 0x10


def look(stub: Stub, place: int) -> dict[str, Any]:
    """What every transcript is a recording of: stop at `place`, look at everything, kill."""
    stub.insert(place)
    stop = stub.run(stub.seconds)
    found = stub.registers()
    seen: dict[str, Any] = {
        "stop": [stop.how.value, stop.signal, stop.thread],
        "registers": {name: hex(value) for name, value in found.values.items()},
        "missing": dict(found.missing),
        "threads": list(stub.threads()),
        "auxv": {str(kind): hex(value) for kind, value in stub.auxv().items()},
        "memory": stub.memory(place, 16).hex(),
        "pc": hex(stub.pc()),
    }
    with contextlib.suppress(MemoryUnreadable):
        seen["unmapped"] = stub.memory(UNMAPPED, 4).hex()
    stub.remove(place)
    stub.kill()
    return seen


@dataclass(frozen=True)
class Transcript:
    """One conversation: what both sides said, as bytes, and what came of it."""

    arch: str
    server: str
    place: int
    seen: dict[str, Any]
    said: tuple[tuple[str, bytes], ...]

    @classmethod
    def load(cls, path: Path) -> Transcript:
        head, *lines = path.read_text().splitlines()
        said = tuple((line[0], ast.literal_eval(line[2:])) for line in lines)
        return cls(said=said, **json.loads(head))

    def save(self, path: Path) -> None:
        head = {"arch": self.arch, "server": self.server, "place": self.place, "seen": self.seen}
        lines = [json.dumps(head), *(f"{side} {data!r}" for side, data in self.said)]
        path.write_text("\n".join(lines) + "\n")


class Recorder:
    """A socket that remembers what went through it; ``>`` is ours."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self.said: list[tuple[str, bytes]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)

    def sendall(self, data: bytes) -> None:
        self._note(">", data)
        self._channel.sendall(data)

    def recv(self, count: int) -> bytes:
        data = self._channel.recv(count)
        self._note("<", data)
        return data

    def _note(self, side: str, data: bytes) -> None:
        if data and self.said and self.said[-1][0] == side:
            self.said[-1] = (side, self.said[-1][1] + data)
        elif data:
            self.said.append((side, data))


@contextlib.contextmanager
def peer(serve: Callable[[socket.socket], None]) -> Iterator[socket.socket]:
    """Run `serve` in a thread with one end of a connection and yield the other; what it raises is raised at the end."""
    ours, theirs = socket.socketpair()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            with theirs:
                theirs.settimeout(10)
                serve(theirs)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client closed first
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        with ours:
            yield ours
    finally:
        thread.join()
    if failed:
        raise failed[0]


def play(transcript: Transcript) -> Callable[[socket.socket], None]:
    """Return a peer that says its part of `transcript`, and fails when ours is another."""

    def serve(channel: socket.socket) -> None:
        for side, data in transcript.said:
            if side == "<":
                channel.sendall(data)
                continue
            got = b""
            while len(got) < len(data) and (part := channel.recv(len(data) - len(got))):
                got += part
            assert got == data

    return serve


QEMU_LIKE = {
    "qSupported": "PacketSize=1000;qXfer:features:read+;qXfer:auxv:read+;vContSupported+;multiprocess+",
    "Hg": "OK",
    "Hc": "OK",
    "vCont?": "vCont;c;C;s;S",
    "?": "T05thread:p01.1;",
    "qXfer:features:read:target.xml": "l<target><architecture>i386:x86-64</architecture>"
    '<reg name="rip" bitsize="64"/><reg name="rsp" bitsize="64"/><reg name="mxcsr" bitsize="32" regnum="9"/></target>',
    "g": "00104000000000000020400000000000",
    "p9": "801f0000",
}
Answers = dict[str, str | bytes | list[str | bytes]]


def answering(
    answers: Answers, heard: list[str] | None = None, *, before: bytes = b"+"
) -> Callable[[socket.socket], None]:
    """Return a peer that answers by the longest prefix in `answers`; a list is one answer after the other.

    ``str`` is a payload and framed here, ``bytes`` are sent as they are. What nothing is known of is answered by an
    empty packet, as stubs do.
    """
    left = {name: list(value) if isinstance(value, list) else value for name, value in answers.items()}

    def serve(channel: socket.socket) -> None:
        buffer = b""
        while data := channel.recv(1 << 16):
            buffer += data
            while b"#" in buffer and len(buffer) >= buffer.index(b"#") + 3:
                end = buffer.index(b"#")
                packet = buffer[buffer.index(b"$") + 1 : end].decode()
                buffer = buffer[end + 3 :]
                if heard is not None:
                    heard.append(packet)
                name = max((name for name in left if packet.startswith(name)), key=len, default="")
                value = left.get(name, "")
                answer = value.pop(0) if isinstance(value, list) else value
                channel.sendall(answer if isinstance(answer, bytes) else before + encode(answer.encode("latin-1")))

    return serve
