from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stub import packets
from harness.stub.errors import StubBroken
from harness.stub.packets import Decoder, Event, Kind, checksum, encode, escape, expand, unescape


def shrunk(payload: bytes) -> bytes:
    """Run lengths as a peer may send them: each run that is long enough becomes one or several."""
    out, place = bytearray(), 0
    while place < len(payload):
        byte = payload[place : place + 1]
        run = 1
        while run < 98 and payload[place + run : place + run + 1] == byte:
            run += 1
        more = run - 1
        while more in (6, 7):  # "#" and "$" as a count
            more -= 1
        if more >= 3:
            out += byte + b"*" + bytes([29 + more])
            place += more + 1
        else:
            out += byte
            place += 1
    return bytes(out)


framed = st.binary(max_size=300).map(escape)


@given(st.binary())
def test_escaping_is_undone_and_leaves_nothing_that_a_frame_means(data: bytes) -> None:
    assert unescape(escape(data)) == data
    assert not set(escape(data)) & set(b"#$*")


@given(st.lists(st.tuples(st.binary(max_size=5), st.integers(1, 300))))
def test_run_lengths_are_undone(runs: list[tuple[bytes, int]]) -> None:
    payload = b"".join(escape(data) * count for data, count in runs)
    assert expand(shrunk(payload)) == payload


def test_a_run_may_be_thirteen_long_though_its_count_looks_like_another_run() -> None:
    assert expand(b"0**1") == b"0" * 14 + b"1"


def test_run_lengths_are_undone_before_escapes() -> None:
    assert expand(b"0*}") == b"0" * 97  # gdbserver counts with "}" too
    assert unescape(expand(b"}\x03* ")) == b"#\x03\x03\x03"


@pytest.mark.parametrize("raw", [b"*!", b"0*", b"0*\x1f", b"0*\x7f", b"0*\xff", b"0*\x00"])
def test_a_run_that_is_none_is_refused(raw: bytes) -> None:
    with pytest.raises(StubBroken, match="run length"):
        expand(raw)


@pytest.mark.parametrize("data", [b"}", b"ab}", b"}]}"])
def test_an_escape_without_a_byte_is_refused(data: bytes) -> None:
    with pytest.raises(StubBroken, match="ends within an escape"):
        unescape(data)


def test_an_escaped_byte_may_be_the_escape_itself() -> None:
    assert unescape(b"a}}b") == b"a]b"
    assert unescape(b"}}}}") == b"]]"


@pytest.mark.parametrize("payload", [b"a#b", b"$"])
def test_what_would_end_a_frame_is_not_sent(payload: bytes) -> None:
    with pytest.raises(ValueError, match="not escaped"):
        encode(payload)


def test_a_frame_is_what_the_manual_says() -> None:
    assert encode(b"OK") == b"$OK#9a"
    assert encode(b"") == b"$#00"


@given(st.lists(framed, max_size=5), st.lists(st.integers(1, 40), max_size=40))
def test_packets_come_out_however_they_are_cut(payloads: list[bytes], cuts: list[int]) -> None:
    stream = b"+".join(encode(payload) for payload in payloads)
    decoder, events = Decoder(), []
    for cut in cuts:
        events += decoder.feed(stream[:cut])
        stream = stream[cut:]
    events += decoder.feed(stream)
    assert [event.payload for event in events if event.kind is Kind.PACKET] == payloads


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_whatever_comes_is_decoded_or_refused(chunks: list[bytes]) -> None:
    decoder = Decoder()
    try:
        for chunk in chunks:
            assert all(isinstance(event, Event) for event in decoder.feed(chunk))
    except StubBroken:
        pass


def test_each_kind_is_told_from_the_others() -> None:
    notified, run = b"Stop:T05", b"a*!"
    stream = b"+-%%%b#%02x$%b#%02x noise $b#00" % (notified, checksum(notified), run, checksum(run)) + encode(b"c")
    assert Decoder().feed(stream) == [
        Event(Kind.ACK),
        Event(Kind.NAK),
        Event(Kind.NOTIFICATION, b"Stop:T05"),
        Event(Kind.PACKET, b"aaaaa"),
        Event(Kind.GARBLED, b"b"),
        Event(Kind.PACKET, b"c"),
    ]


def test_a_packet_that_begins_within_another_replaces_it() -> None:
    assert Decoder().feed(b"$lost" + encode(b"found")) == [Event(Kind.PACKET, b"found")]


@pytest.mark.parametrize("digits", [b"zz", b"-1", b" 1", b"+1"])
def test_a_checksum_that_is_no_number_is_wrong(digits: bytes) -> None:
    assert Decoder().feed(b"$\x01#" + digits)[0].kind is Kind.GARBLED


def test_a_packet_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packets, "MAX_BYTES", 1000)
    assert Decoder().feed(encode(b"x" * 900))[0].payload == b"x" * 900
    with pytest.raises(StubBroken, match="more than 1000 bytes"):
        Decoder().feed(b"$" + b"x" * 1001)
    with pytest.raises(StubBroken, match="more than 1000 bytes"):
        Decoder().feed(encode(b"x" + b"x*~" * 20))


def test_noise_takes_no_memory() -> None:
    decoder = Decoder()
    for _ in range(100):
        assert decoder.feed(b"noise" * 1000) == []
    assert len(decoder._buffer) == 0
