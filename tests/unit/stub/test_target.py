from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from harness.registers import TABLES
from harness.stub.errors import MemoryUnreadable, StubBroken, StubEnded, StubRefused, StubSilent
from harness.stub.target import Target

from . import QEMU_LIKE, Answers, answering, peer


@contextmanager
def target(
    heard: list[str] | None = None, arch: str = "amd64", seconds: float = 10.0, **answers: object
) -> Iterator[Target]:
    known: Answers = {**QEMU_LIKE, **answers}  # type: ignore[dict-item]
    with peer(answering(known, heard)) as channel:
        yield Target(channel, TABLES[arch], seconds=seconds)


def fails(**answers: object) -> AbstractContextManager[Target]:
    return target(seconds=2.0, **answers)


def test_registers_cost_one_question_each_and_none_is_asked_twice_at_a_stop() -> None:
    heard: list[str] = []
    with target(heard) as stub:
        heard.clear()
        found = stub.registers()
        assert dict(found.values) == {"rip": 0x401000, "rsp": 0x402000, "mxcsr": 0x1F80}
        assert found.missing["rax"] == "the stub's target description has no such register"
        assert heard == ["Hgp01.1", "g", "p9"]
        assert stub.registers(names=("rip",)).values == {"rip": 0x401000}
        assert stub.registers().values == found.values
        assert heard[3:] == []
        stub.registers("p01.2", names=("rip",))
        assert heard[3:] == ["Hgp01.2", "g"]


def test_an_unavailable_register_is_not_zero() -> None:
    with target(g="xxxxxxxxxxxxxxxx0020400000000000", p9="E14") as stub:
        found = stub.registers()
        assert "rip" not in found.values
        assert found.missing["rip"] == "the stub says that its value is not available at this stop"
        assert found.missing["mxcsr"] == "the stub refused p9: E14"
        with pytest.raises(StubRefused, match="no program counter"):
            stub.pc()


@pytest.mark.parametrize("end", ["W02", "X06", "W00;process:1"])
def test_a_program_that_another_thread_ended_meanwhile_is_no_nonsense(end: str) -> None:
    with target(m401000=end, **{"m401000,4": end}) as stub, pytest.raises(StubEnded) as told:
        stub.memory(0x401000, 4)
    assert told.value.payload == end.encode()


def test_a_stub_without_g_is_asked_for_each() -> None:
    with target(g="E01", p0="0010400000000000", p1="xxxxxxxxxxxxxxxx", p9="") as stub:
        found = stub.registers()
        assert dict(found.values) == {"rip": 0x401000}
        assert found.missing["mxcsr"] == "the stub does not know p9"


@pytest.mark.parametrize(("name", "value"), [("p9", "12"), ("p9", "zz000000"), ("g", "0 1")])
def test_a_register_that_is_none_is_nonsense(name: str, value: str) -> None:
    with fails(**{name: value, "p0": "g" * 16}) as stub, pytest.raises(StubBroken):
        stub.registers()


def test_big_endian_and_wider_registers_are_read_by_their_low_bits() -> None:
    description = '<target><reg name="pswa" bitsize="64"/><reg name="fpc" bitsize="64"/></target>'
    answers = {"qXfer:features:read:target.xml": f"l{description}", "g": "000000000100056800000000fedcba98"}
    with target(arch="s390x", **answers) as stub:
        assert dict(stub.registers().values) == {"pswa": 0x1000568, "fpc": 0xFEDCBA98}


def test_without_a_description_mips_has_its_fixed_layout_and_nobody_else() -> None:
    plain = "PacketSize=1000;qXfer:auxv:read+"
    words = "".join((number + 1).to_bytes(8, "little").hex() for number in range(73))
    with target(arch="mips64le", qSupported=plain, g=words) as stub:
        values = stub.registers().values
        assert [values[name] for name in ("zero", "a0", "sp", "lo", "hi", "pc", "f0", "f31", "fcsr")] == [
            *(1, 5, 30, 34, 35, 38, 39, 70, 71)
        ]
    with pytest.raises(StubRefused, match="amd64 has no fixed layout"), target(qSupported=plain):
        pass


def test_a_stub_that_knows_little_is_spoken_to_plainly() -> None:
    heard: list[str] = []
    with target(heard, arch="mips64le", qSupported="", **{"vCont?": "", "Hg": "", "?": "S05", "m": "6162"}) as stub:
        assert (stub.stop.signal, stub.stop.thread) == ("SIGTRAP", "")
        assert stub.memory(0, 4) == b"abab"
        assert "QStartNoAckMode" not in heard
        with pytest.raises(StubRefused):
            stub.siginfo()


def test_acknowledgements_stop_where_the_stub_offers_that() -> None:
    heard: list[str] = []
    with target(heard, qSupported=QEMU_LIKE["qSupported"] + ";QStartNoAckMode+", QStartNoAckMode="OK") as stub:
        assert "QStartNoAckMode" in heard
        assert not stub._session.wire.acknowledge


def test_memory_is_read_by_the_page_and_what_is_missing_has_an_address() -> None:
    heard: list[str] = []
    answers = {"m1ffe,2": "6162", "m2000,": "63" * 2040, "m27f8,": "64" * 2040, "m2ff0,": "65" * 16, "m3000,": "E14"}
    with target(heard, **answers) as stub:
        with pytest.raises(MemoryUnreadable, match="0x3000 cannot be read") as caught:
            stub.memory(0x1FFE, 0x1FFE)
        assert caught.value.data == b"ab" + b"c" * 2040 + b"d" * 2040 + b"e" * 16
        assert caught.value.address == 0x3000
        assert stub.is_open


def test_memory_comes_binary_where_the_stub_offers_that() -> None:
    heard: list[str] = []
    answers = {"qSupported": QEMU_LIKE["qSupported"] + ";binary-upload+", "x1000,": "b}\x03a*!", "x1006": "E14"}
    with target(heard, **answers) as stub:
        assert stub.memory(0x1000, 6) == b"#aaaaa"
        with pytest.raises(MemoryUnreadable):
            stub.memory(0x1000, 7)


@pytest.mark.parametrize("answer", ["OK", "616263", "6", "b", "m"])
def test_memory_that_is_none_is_nonsense(answer: str) -> None:
    with fails(m=answer) as stub, pytest.raises(StubBroken, match="does not speak"):
        stub.memory(0x1000, 2)


@pytest.mark.parametrize(("address", "count"), [(-1, 1), (0, -1), (1 << 64, 1), (0, 1 << 40)])
def test_memory_that_cannot_be_asked_for_is_the_callers_mistake(address: int, count: int) -> None:
    with target() as stub, pytest.raises(ValueError, match="bytes at"):
        stub.memory(address, count)


def test_threads_come_in_several_packets() -> None:
    with target(qfThreadInfo="mp1.1,p1.2", qsThreadInfo=["mp1.3", "l"]) as stub:
        assert stub.threads() == ("p1.1", "p1.2", "p1.3")
    with fails(qfThreadInfo="mp1.1,;k") as stub, pytest.raises(StubBroken, match="no thread"):
        stub.threads()


def test_the_auxiliary_vector_comes_in_pages_with_escapes() -> None:
    words = b"".join(word.to_bytes(8, "little") for word in (9, 0x23401000, 6, 4096, 0, 0))
    escaped = (words[:20].replace(b"#", b"}\x03"), words[20:])
    with target(
        **{"qXfer:auxv:read:": [f"m{escaped[0].decode('latin-1')}", f"l{escaped[1].decode('latin-1')}"]}
    ) as stub:
        assert stub.auxv() == {9: 0x23401000, 6: 4096}


@pytest.mark.parametrize("page", ["m", "x12", "OK", ""])
def test_a_page_that_is_none_is_nonsense_or_a_refusal(page: str) -> None:
    with fails(**{"qXfer:auxv:read:": page}) as stub, pytest.raises(StubBroken):
        stub.auxv()


def test_pages_without_end_are_bounded_by_the_deadline() -> None:
    began = time.monotonic()
    with target(seconds=0.5, **{"qXfer:auxv:read:": "mx"}) as stub, pytest.raises(StubSilent):
        stub.auxv()
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("size", ["0", "zz", "-1", "fffffffff", ""])
def test_a_packet_size_that_is_none_is_nonsense(size: str) -> None:
    with pytest.raises(StubBroken, match="no size of a packet"), fails(qSupported=f"PacketSize={size}"):
        pass


def test_an_answer_that_comes_too_late_is_not_taken_for_another() -> None:
    with target(seconds=0.3, qfThreadInfo=b"") as stub:
        with pytest.raises(StubSilent, match="while qfThreadInfo was asked"):
            stub.threads()
        with pytest.raises(StubBroken, match="closed"):
            stub.registers()
