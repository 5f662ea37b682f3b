"""A peer that says anything: only StubBroken comes out, and never after the deadline."""

from __future__ import annotations

import contextlib
import random
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from harness.registers import TABLES
from harness.stub.client import Stub
from harness.stub.errors import StubBroken
from harness.stub.packets import encode

from . import TRANSCRIPTS, Transcript, look, peer

SECONDS = 0.25
LATEST = 10 * SECONDS + 10.0  # look asks ten questions; the rest is for a busy machine
FILES = sorted(TRANSCRIPTS.glob("*.txt"))
REPLIES = (
    *(
        b"OK",
        b"",
        b"E01",
        b"E.text",
        b"l",
        b"m",
        b"mp1.1",
        b"l<target/>",
        b"vCont;c;C;s;S",
        b"vCont",
        b"0*~",
        b"}",
        b"}}",
    ),
    *(b"T05thread:p1.1;", b"S05", b"W00", b"X0b", b"N", b"O61", b"Fopen", b"xxxxxxxx", b"00" * 600, b"b}", b"*", b"a*"),
    b'l<target><reg name="rip" bitsize="64"/><xi:include href="x.xml"/></target>',
    b"PacketSize=40;qXfer:features:read+;QStartNoAckMode+",
    b"PacketSize=ffffffff;qXfer:features:read+;qXfer:auxv:read+;binary-upload+;qXfer:siginfo:read+",
)


def babble(dice: random.Random) -> bytes:
    """One thing that a peer may say."""
    match dice.randrange(8):
        case 0:
            return dice.randbytes(dice.randrange(200))
        case 1:
            return b"$" + dice.randbytes(dice.randrange(50)) + b"#00"
        case 2:
            return dice.choice((b"+", b"-", b"%Stop:T05#f3", b"$", b"#", b"$$$", b"+++"))
        case _:
            return b"+" + encode(dice.choice(REPLIES))


def each(meeting: Callable[[int], str], seeds: int) -> set[str]:
    """Hold many meetings side by side, most of which wait for a peer that says no more; return how far they went."""
    with ThreadPoolExecutor(8) as threads:
        meetings = {seed: threads.submit(meeting, seed) for seed in range(seeds)}
    late = {seed: str(future.exception()) for seed, future in meetings.items() if future.exception()}
    assert not late, late
    return {future.result() for future in meetings.values()}


def test_a_peer_that_babbles_ends_as_a_broken_stub_in_time() -> None:
    each(babbling, 150)


def babbling(seed: int) -> str:
    dice = random.Random(seed)

    def serve(channel: socket.socket) -> None:
        while channel.recv(1 << 16) and dice.randrange(60):
            channel.sendall(babble(dice))

    return meet(serve, "amd64", 0x401000)


def test_a_real_conversation_with_damage_ends_in_time_wherever_it_is() -> None:
    """How far a damaged conversation gets depends on the machine's load."""
    assert each(damaged_conversation, 100) >= {"handshake", "looking"}


def damaged_conversation(seed: int) -> str:
    dice = random.Random(seed)
    transcript = Transcript.load(dice.choice(FILES))
    rate = dice.choice((0.005, 0.05, 0.5))

    def serve(channel: socket.socket) -> None:
        for side, data in transcript.said:
            if side == "<":
                channel.sendall(damaged(dice, data) if dice.random() < rate else data)
            elif not channel.recv(1 << 16):
                return

    return meet(serve, transcript.arch, transcript.place)


def damaged(dice: random.Random, data: bytes) -> bytes:
    place = dice.randrange(len(data))
    body = data.partition(b"$")[2].partition(b"#")[0]
    return dice.choice(
        (
            data[:place],
            data[:place] + dice.randbytes(1) + data[place + 1 :],
            data[:place] + dice.randbytes(5) + data[place:],
            data + data,
            b"",
            encode(body[: len(body) // 2].replace(b"$", b"")),
            babble(dice),
        )
    )


def meet(serve: Callable[[socket.socket], None], arch: str, place: int) -> str:
    """Do with a peer what can be done, and return how far that went."""
    began = time.monotonic()
    stage = "handshake"
    with peer(serve) as channel, contextlib.suppress(StubBroken):
        stub = Stub(channel, TABLES[arch], seconds=SECONDS)
        stage = "looking"
        look(stub, place)
        stage = "over"
    assert time.monotonic() - began < LATEST
    return stage
