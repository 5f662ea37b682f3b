from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stub.errors import StubBroken, StubRefused
from harness.stub.stops import How, Stop, checked, parse


@pytest.mark.parametrize(
    ("payload", "stop"),
    [
        (b"T05thread:p01.41cf;", Stop(How.STOPPED, "SIGTRAP", thread="p01.41cf")),
        (b"T0506:00;swbreak:;thread:p1.1;core:3;", Stop(How.STOPPED, "SIGTRAP", thread="p1.1", reason="swbreak")),
        (b"T10", Stop(How.STOPPED, "SIGURG")),
        (b"T0bthread:1f", Stop(How.STOPPED, "SIGSEGV", thread="1f")),
        (b"T05watch:1000;thread:p1.-1;", Stop(How.STOPPED, "SIGTRAP", thread="p1.-1", reason="watch")),
        (b"S0b", Stop(How.STOPPED, "SIGSEGV")),
        (b"W00", Stop(How.EXITED, status=0)),
        (b"W2a;process:41cf", Stop(How.EXITED, status=42)),
        (b"X06", Stop(How.KILLED, "SIGABRT")),
        (b"X2d;process:1", Stop(How.KILLED, "SIG33")),
        (b"N", Stop(How.NONE_LEFT)),
    ],
)
def test_stop_replies_say_what_became_of_the_program(payload: bytes, stop: Stop) -> None:
    assert parse(payload) == stop
    assert stop.is_alive == (stop.how is How.STOPPED)


@pytest.mark.parametrize("payload", [b"E01", b"E.no", b""])
def test_a_refusal_is_one(payload: bytes) -> None:
    with pytest.raises(StubRefused):
        parse(payload)


@pytest.mark.parametrize(
    "payload", [b"OK", b"T", b"Tzz", b"T05thread:rm -rf;", b"Wxyz", b"W", b"X123", b"N1", b"Q05", b"\xff\xff", b"T-1"]
)
def test_anything_else_is_nonsense(payload: bytes) -> None:
    with pytest.raises(StubBroken):
        parse(payload)


@given(st.binary(max_size=40))
def test_no_reply_makes_trouble_of_another_kind(payload: bytes) -> None:
    for start in (b"", b"T05", b"W", b"X", b"S"):
        with contextlib.suppress(StubBroken):
            parse(start + payload)


@pytest.mark.parametrize("thread", ["p1.1;c", "", "p", "p1.", "1:2", "P1.1", "p1.1.1", "g"])
def test_a_thread_that_could_be_another_packet_is_refused(thread: str) -> None:
    with pytest.raises(StubBroken):
        checked(thread)
