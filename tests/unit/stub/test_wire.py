from __future__ import annotations

import re
import socket
import threading
import time

import pytest

from harness.stub import wire as wires
from harness.stub.errors import StubBroken, StubSilent
from harness.stub.packets import encode
from harness.stub.wire import QEMU_BLOCK, Wire

from . import peer


def test_a_packet_with_a_wrong_checksum_is_asked_for_again() -> None:
    def serve(channel: socket.socket) -> None:
        assert channel.recv(100) == encode(b"g")
        channel.sendall(b"+$12#00")
        assert channel.recv(100) == b"-"
        channel.sendall(encode(b"12"))
        assert channel.recv(100) == b"+"

    with peer(serve) as channel:
        wire = Wire(channel)
        wire.send(5, b"g")
        assert wire.receive(5, "testing") == b"12"
        wire.close()


def test_an_acknowledgement_goes_with_the_next_packet_or_before_the_next_wait() -> None:
    def serve(channel: socket.socket) -> None:
        assert channel.recv(100) == encode(b"g")
        channel.sendall(b"+" + encode(b"12"))
        assert channel.recv(100) == b"+" + encode(b"c")
        channel.sendall(b"+" + encode(b"O41"))
        assert channel.recv(100) == b"+"
        channel.sendall(encode(b"W00"))

    with peer(serve) as channel:
        wire = Wire(channel)
        wire.send(5, b"g")
        assert wire.receive(5, "testing") == b"12"
        wire.send(5, b"c")
        assert [wire.receive(5, "testing") for _ in range(2)] == [b"O41", b"W00"]


def test_a_packet_that_never_is_right_is_nonsense() -> None:
    def serve(channel: socket.socket) -> None:
        for _ in range(3):
            channel.sendall(b"$12#00")
            channel.recv(1)

    with peer(serve) as channel:
        wire = Wire(channel)
        with pytest.raises(StubBroken, match="checksum"):
            wire.receive(5, "testing")
        assert not wire.is_open


def test_without_acknowledgements_a_wrong_checksum_is_nonsense_at_once() -> None:
    with peer(lambda channel: channel.sendall(b"$12#00")) as channel:
        wire = Wire(channel)
        wire.acknowledge = False
        with pytest.raises(StubBroken, match="checksum"):
            wire.receive(5, "testing")


def test_what_the_peer_refuses_is_sent_again_and_not_forever() -> None:
    def serve(channel: socket.socket) -> None:
        for answer in (b"-", b"+" + encode(b"OK"), b"-", b"-", b"-"):
            assert channel.recv(5) in (encode(b"?"), b"+" + encode(b"?")[:4])
            if answer[:1] == b"+":
                channel.sendall(answer)
                assert channel.recv(1) == b"+"
                return
            channel.sendall(answer)

    with peer(serve) as channel:
        wire = Wire(channel)
        wire.send(5, b"?")
        assert wire.receive(5, "testing") == b"OK"
        wire.close()

    def refuse(channel: socket.socket) -> None:
        while channel.recv(5):
            channel.sendall(b"-")

    with peer(refuse) as channel:
        wire = Wire(channel)
        wire.send(5, b"?")
        with pytest.raises(StubBroken, match="refuses the checksum"):
            wire.receive(5, "testing")


def test_silence_ends_at_the_deadline_and_loses_nothing() -> None:
    def serve(channel: socket.socket) -> None:
        channel.sendall(b"$O")
        channel.recv(1)
        channel.sendall(b"K#9a")
        channel.recv(10)

    with peer(serve) as channel:
        wire = Wire(channel)
        began = time.monotonic()
        with pytest.raises(StubSilent, match=r"within 0\.1 s while testing"):
            wire.receive(0.1, "testing")
        assert 0.1 <= time.monotonic() - began < 5
        wire.interrupt(5)
        assert wire.receive(5, "testing") == b"OK"


@pytest.mark.parametrize("noise", [b"+", b"x", b"%Stop:#4c", b"$#0"])
def test_noise_does_not_move_the_deadline(noise: bytes) -> None:
    def serve(channel: socket.socket) -> None:
        while True:
            channel.sendall(noise * 100)
            time.sleep(0.001)

    with peer(serve) as channel:
        began = time.monotonic()
        with pytest.raises(StubBroken):
            Wire(channel).receive(0.2, "testing")
        assert time.monotonic() - began < 5
        channel.close()


def test_a_peer_that_does_not_read_is_given_up() -> None:
    given_up = threading.Event()

    def serve(_: socket.socket) -> None:
        given_up.wait(10)

    with peer(serve) as channel:
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        wire = Wire(channel)
        with pytest.raises(StubSilent):
            wire.send(0.2, b"x" * (4 << 20))
        assert not wire.is_open
        given_up.set()


def test_packets_that_nobody_asked_for_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "_PENDING", 10)
    with peer(lambda channel: channel.sendall(encode(b"OK") * 100)) as channel:
        wire = Wire(channel)
        wire.acknowledge = False  # the peer does not wait for that
        with pytest.raises(StubBroken, match="nobody asked for"):
            wire.receive(5, "testing")


def test_a_closed_connection_says_so() -> None:
    with peer(lambda channel: None) as channel:
        wire = Wire(channel)
        with pytest.raises(StubBroken, match="closed the connection while testing"):
            wire.receive(5, "testing")
        with pytest.raises(StubBroken, match="closed the connection"):
            wire.send(5, b"?")
        wire.close()


def test_finishing_waits_for_the_peers_end_and_no_longer_than_allowed() -> None:
    def serve(channel: socket.socket) -> None:
        while channel.recv(100):
            pass
        time.sleep(0.05)
        channel.sendall(b"+")

    with peer(serve) as channel:
        Wire(channel).finish(10)
    began = time.monotonic()
    with peer(lambda channel: time.sleep(0.5)) as channel:
        Wire(channel).finish(0.1)
        assert time.monotonic() - began < 0.4


def as_qemu(channel: socket.socket, garbled: str = "") -> None:
    """Answer as QEMU does: each block of bytes may hold a packet, and the one byte behind it acknowledges the reply."""
    asked = b""
    while block := channel.recv(QEMU_BLOCK):
        asked += block
        if packet := re.search(rb"\$(.*)#..", asked):
            asked = b""
            channel.sendall(garbled.encode() or b"+" + encode(packet[1]))
            if channel.recv(1) != b"+":
                break


def test_qemu_is_asked_several_things_at_once_and_acknowledged_ahead() -> None:
    with peer(as_qemu) as channel:
        wire = Wire(channel, QEMU_BLOCK)
        assert wire.takes_several
        asked = [b"p%x" % number for number in range(60)] + [b"m" + b"0" * QEMU_BLOCK]
        for several in (asked, asked[:1], asked[5:], asked[:2]):
            wire.send(5, *several)
            assert [wire.receive(5, "testing") for _ in several] == several
        wire.send(5, b"k")
        assert wire.receive(5, "testing") == b"k"
        wire.close()


@pytest.mark.parametrize("said", ["$12#00", "-"])
def test_what_was_acknowledged_ahead_is_not_asked_for_again(said: str) -> None:
    with peer(lambda channel: as_qemu(channel, said)) as channel:
        wire = Wire(channel, QEMU_BLOCK)
        wire.send(5, b"p1", b"p2")
        with pytest.raises(StubBroken, match="checksum"):
            wire.receive(5, "testing")
        assert not wire.is_open
