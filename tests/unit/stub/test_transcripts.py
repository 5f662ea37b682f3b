"""What real servers said to our client: `tests/integration/stub/record.py` records it anew."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from harness.registers import TABLES
from harness.stub.client import Stub
from harness.stub.errors import StubBroken
from harness.stub.values import TURNED
from harness.stub.wire import QEMU_BLOCK

from . import TRANSCRIPTS, UNMAPPED, Transcript, look, peer, play

FILES = sorted(TRANSCRIPTS.glob("*.txt"))
EVERY = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def test_there_are_transcripts_of_every_server_and_architecture() -> None:
    names = {path.stem for path in FILES}
    qemu = set(TABLES) - {"386"}
    assert names == {
        *(f"qemu7.2-{arch}" for arch in qemu),
        *(f"qemu10.0-{arch}" for arch in qemu),
        *("gdbserver13-amd64", "gdbserver13-386"),
    }


def stub_of(transcript: Transcript, channel: socket.socket) -> Stub:
    block = QEMU_BLOCK if transcript.server.startswith("qemu") else 0
    x87 = TURNED if transcript.server == "qemu7.2" else ""
    return Stub(channel, TABLES[transcript.arch], seconds=10, block=block, x87=x87)


@EVERY
def test_a_recorded_conversation_gives_what_it_gave(path: Path) -> None:
    transcript = Transcript.load(path)
    with peer(play(transcript)) as channel:
        stub = stub_of(transcript, channel)
        assert look(stub, transcript.place) == transcript.seen
    assert transcript.seen["missing"] == {}
    assert transcript.seen["pc"] == hex(transcript.place)
    assert transcript.seen["registers"][TABLES[transcript.arch].pc] == transcript.seen["pc"]
    assert "unmapped" not in transcript.seen, UNMAPPED


@EVERY
def test_a_conversation_that_ends_in_the_middle_is_said_to_be_closed(path: Path) -> None:
    transcript = Transcript.load(path)
    for length in range(0, len(transcript.said) - 2, 7):
        cut = Transcript(transcript.arch, transcript.server, transcript.place, {}, transcript.said[:length])
        with pytest.raises(StubBroken, match=r"closed the connection"), peer(play(cut)) as channel:
            look(stub_of(transcript, channel), transcript.place)
