from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness.registers import TABLES
from harness.stub.client import Stub
from harness.stub.errors import StubBroken, StubRefused, StubSilent
from harness.stub.packets import encode
from harness.stub.stops import How

from . import QEMU_LIKE, Answers, answering, peer

TRAP, ALARM = "T05thread:p01.1;", "T0ethread:p01.1;"
AT, NEXT = "00104000000000000020400000000000", "01104000000000000020400000000000"  # rip and rsp


@contextmanager
def stub(heard: list[str] | None = None, seconds: float = 5.0, **answers: object) -> Iterator[Stub]:
    known: Answers = {**QEMU_LIKE, "Z0": "OK", "z0": "OK", "Z1": "OK", "z1": "OK", **answers}  # type: ignore[dict-item]
    with peer(answering(known, heard)) as channel, Stub(channel, TABLES["amd64"], seconds=seconds) as made:
        if heard is not None:
            heard.clear()
        yield made


def test_breakpoints_are_put_and_taken_once() -> None:
    heard: list[str] = []
    with stub(heard) as made:
        made.insert(0x401000)
        made.insert(0x401000)
        made.insert(0x402000, hardware=True)
        made.remove(0x402000)
        made.remove(0x401000)
        made.remove(0x401000)
        assert heard == ["Z0,401000,1", "Z1,402000,1", "z1,402000,1", "z0,401000,1"]


def test_a_breakpoint_that_is_refused_is_not_there() -> None:
    heard: list[str] = []
    with stub(heard, Z0="E22") as made:
        with pytest.raises(StubRefused, match="E22"):
            made.insert(0x401000)
        made.remove(0x401000)
        assert heard == ["Z0,401000,1"]


def test_a_hit_is_stepped_over_before_the_program_goes_on() -> None:
    heard: list[str] = []
    with stub(heard, **{"vCont;c": [TRAP, "W07"], "vCont;s": TRAP, "g": [AT, NEXT]}) as made:
        made.insert(0x401000)
        assert made.run(5).signal == "SIGTRAP"
        stop = made.run(5)
        assert (stop.how, stop.status, made.is_open) == (How.EXITED, 7, False)
    assert [packet for packet in heard if packet[0] in "vZz"] == [
        *("Z0,401000,1", "vCont;c", "z0,401000,1", "vCont;s:p01.1", "Z0,401000,1", "vCont;c")
    ]


def test_a_step_that_a_signal_interrupts_is_no_second_hit() -> None:
    answers = {"vCont;c": [TRAP, "W00"], "vCont;s": [ALARM, TRAP, TRAP], "vCont;C0e": [ALARM, TRAP]}
    heard: list[str] = []
    with stub(heard, **answers, g=[AT, AT, AT, AT, NEXT]) as made:
        made.insert(0x401000)
        assert made.run(5).signal == "SIGTRAP"
        assert made.run(5).how is How.EXITED
    assert [packet for packet in heard if packet.startswith("v")] == [
        *("vCont;c", "vCont;s:p01.1", "vCont;C0e:p01.1;c", "vCont;C0e:p01.1;c", "vCont;s:p01.1", "vCont;s:p01.1"),
        "vCont;c",
    ]


def test_signals_are_passed_on_to_their_thread_and_faults_are_shown() -> None:
    heard: list[str] = []
    answers = {"vCont;c": "T10thread:p01.2;", "vCont;C10:p01.2;c": "T0bthread:p01.3;", "vCont;C0b:p01.3;c": "X0b"}
    with stub(heard, **answers) as made:
        stop = made.run(5)
        assert (stop.signal, stop.thread) == ("SIGSEGV", "p01.3")
        stop = made.run(5, signal="SIGSEGV")
        assert (stop.how, stop.signal) == (How.KILLED, "SIGSEGV")
        with pytest.raises(StubBroken, match="closed"):
            made.run(5)


def test_a_signal_without_a_number_is_refused_before_anything_is_sent() -> None:
    heard: list[str] = []
    with stub(heard) as made:
        with pytest.raises(StubRefused, match="no number for SIGSTKFLT"):
            made.run(5, signal="SIGSTKFLT")
        assert heard == []


def test_a_stub_without_vcont_is_continued_the_old_way() -> None:
    heard: list[str] = []
    with stub(heard, **{"vCont?": "", "c": "S10", "C10": TRAP, "s": "S05", "S0e": "W00"}) as made:
        assert made.run(5).signal == "SIGTRAP"
        assert made.step(5).signal == "SIGTRAP"
        assert made.step(5, signal="SIGALRM").status == 0
        assert heard == ["Hc-1", "c", "C10", "Hcp01.1", "s", "S0e"]


def test_output_and_calls_to_the_host_are_tolerated() -> None:
    heard: list[str] = []
    frames = b"".join(encode(text) for text in (b"O6869", b"O21", b"Fwrite,1,0,2"))
    with stub(heard, **{"vCont;c": frames, "F-1,58": "W00"}) as made:
        assert made.run(5).output == b"hi!"
        assert heard == ["vCont;c", "F-1,58"]


def test_a_program_that_runs_too_long_still_runs() -> None:
    with stub(**{"vCont;c": b""}) as made:
        began = time.monotonic()
        with pytest.raises(StubSilent, match="while the program was running"):
            made.run(0.1)
        assert time.monotonic() - began < 4
        for act in (made.registers, made.threads, made.auxv, lambda: made.insert(1), lambda: made.memory(0, 1)):
            with pytest.raises(StubBroken, match="the program is running"):
                act()
        with pytest.raises(StubBroken, match="is running already"):
            made.resume()
        assert made.is_open


def test_output_without_end_does_not_move_the_deadline() -> None:
    with stub(**{"vCont;c": encode(b"O" + b"61" * 1000) * 50}) as made:
        made.resume()
        with pytest.raises(StubSilent):
            made.wait(0.2)


def test_no_thread_left_is_the_end() -> None:
    with stub(**{"vCont;c": "N"}) as made:
        assert made.run(5).how is How.NONE_LEFT
        assert not made.is_open


def test_detaching_takes_the_breakpoints_away_first() -> None:
    heard: list[str] = []
    with stub(heard, D="OK") as made:
        made.insert(0x401000)
        made.detach()
        assert not made.is_open
    assert heard == ["Z0,401000,1", "z0,401000,1", "D;01"]
    with stub(D="E01") as made:
        with pytest.raises(StubRefused):
            made.detach()
        assert not made.is_open


def test_killing_closes_and_never_fails() -> None:
    heard: list[str] = []
    with stub(heard) as made:
        made.kill()
        made.kill()
        assert not made.is_open
    assert heard == ["k"]


def test_a_forked_child_is_let_go_without_our_breakpoints() -> None:
    heard: list[str] = []
    with stub(heard, **{"vCont;c": ["T05fork:p2.2;thread:p01.1;", "W00"], "D;2": "OK"}) as made:
        made.insert(0x401000)
        assert made.run(5).how is How.EXITED
    assert heard == ["Z0,401000,1", "vCont;c", "Hgp2.2", "z0,401000,1", "D;2", "vCont;c"]


def test_a_forked_child_is_rid_of_what_was_in_place_once_whatever_the_stub_says() -> None:
    heard: list[str] = []
    with stub(heard, **{"vCont;c": ["T05fork:p2.2;thread:p01.1;", "W00"], "D;2": "OK", "z0": ["OK", "E01"]}) as made:
        made.insert(0x401000)
        made.remove(0x401000)
        assert made.run(5).how is How.EXITED
    assert heard == ["Z0,401000,1", "z0,401000,1", "vCont;c", "Hgp2.2", "z0,401000,1", "D;2", "vCont;c"]


def test_while_a_child_of_vfork_runs_nothing_is_in_place_and_no_other_thread_runs() -> None:
    heard: list[str] = []
    stops = {"vCont;c:p01.1": "T05vforkdone:;thread:p01.1;", "vCont;c": ["T05vfork:p2.2;thread:p01.1;", "W00"]}
    with stub(heard, **stops, **{"D;2": "OK"}) as made:
        made.insert(0x401000)
        assert made.run(5).how is How.EXITED
    assert heard == [
        *("Z0,401000,1", "vCont;c", "z0,401000,1", "D;2", "vCont;c:p01.1", "Z0,401000,1", "vCont;c"),
    ]


@pytest.mark.parametrize(("sp", "hits"), [("18204000", 3), ("00003f00", 2)])
def test_a_thread_that_a_signal_kept_from_stepping_off_moves_on_or_is_in_a_handler(sp: str, hits: int) -> None:
    """At another breakpoint: near on the stack it has moved on, and comes to the first one anew."""
    elsewhere = f"0020400000000000{sp}00000000"
    answers = {
        "vCont;c": [TRAP, TRAP, "W00"],
        "vCont;s": [ALARM, TRAP, TRAP],
        "vCont;C": TRAP,
        "g": [AT, AT, elsewhere, NEXT, AT, NEXT],
    }
    with stub(**answers) as made:
        made.insert(0x401000)
        made.insert(0x402000)
        seen = [made.run(5)]
        while seen[-1].is_alive:
            seen.append(made.run(5))
    assert sum(stop.signal == "SIGTRAP" for stop in seen) == hits


def test_what_is_not_stepped_off_yet_below_a_handler_that_stops_there_too_is_no_other_hit() -> None:
    in_handler = "001040000000000000003f0000000000"  # the same place, far below on the stack
    answers = {
        "vCont;c": [TRAP, TRAP, TRAP, "W00"],
        "vCont;s": [ALARM, OTHER, OTHER, TRAP, TRAP],
        "vCont;C": TRAP,
        "g": [AT, AT, in_handler, OTHER_AT, NEXT, in_handler, NEXT, AT, NEXT],
    }
    with stub(**answers) as made:
        made.insert(0x401000)
        seen = [made.run(5)]
        while seen[-1].is_alive:
            seen.append(made.run(5))
    assert [stop.thread for stop in seen if stop.is_alive] == ["p01.1", "p01.1", "p01.2"]


def test_a_program_that_becomes_another_has_no_breakpoints_any_more() -> None:
    heard: list[str] = []
    with stub(heard, **{"vCont;c": ["T05exec:2f62696e;thread:p01.1;", "W00"]}) as made:
        made.insert(0x401000)
        stop = made.run(5)
        assert (stop.is_alive, stop.is_exec) == (True, True)
        made.remove(0x401000)
        assert made.run(5).how is How.EXITED
    assert heard == ["Z0,401000,1", "vCont;c", "vCont;c"]


OTHER, OTHER_AT = "T05thread:p01.2;", "00104000000000000030400000000000"  # another stack


def test_a_step_over_a_breakpoint_does_not_lift_it_where_that_is_not_needed() -> None:
    heard: list[str] = []
    with (
        peer(
            answering({**QEMU_LIKE, "Z0": "OK", "vCont;c": [TRAP, "W00"], "vCont;s": TRAP, "g": [AT, NEXT]}, heard)
        ) as channel,
        Stub(channel, TABLES["amd64"], seconds=5.0, lifts=False) as made,
    ):
        heard.clear()
        made.insert(0x401000)
        assert made.run(5).signal == "SIGTRAP"
        assert made.run(5).how is How.EXITED
    assert [packet for packet in heard if packet[0] in "vZz"] == ["Z0,401000,1", "vCont;c", "vCont;s:p01.1", "vCont;c"]


def test_a_thread_that_comes_to_a_breakpoint_that_was_taken_away_goes_on() -> None:
    heard: list[str] = []
    with stub(heard, **{"vCont;c": [TRAP, OTHER, "W00"], "g": [AT, OTHER_AT], "vCont;s": TRAP}) as made:
        made.insert(0x401000)
        assert made.run(5).thread == "p01.1"
        made.remove(0x401000)
        assert made.run(5).how is How.EXITED
    assert [packet for packet in heard if packet[0] == "v"] == ["vCont;c", "vCont;c", "vCont;c"]


def test_a_step_that_another_thread_s_stop_interrupts_is_no_stop_when_it_is_done() -> None:
    heard: list[str] = []
    answers = {"vCont;c": [TRAP, TRAP, "W00"], "vCont;s": [OTHER, OTHER], "g": [AT, OTHER_AT, OTHER_AT, NEXT, NEXT]}
    with stub(heard, **answers) as made:
        made.insert(0x401000)
        assert made.run(5).thread == "p01.1"
        assert made.run(5).thread == "p01.2"
        made.remove(0x401000)
        assert made.run(5).how is How.EXITED


GDBSERVER = QEMU_LIKE["qSupported"] + ";QPassSignals+;qXfer:siginfo:read+;qXfer:siginfo:write+"


def test_signals_that_come_faster_than_a_step_are_kept_back_until_it_is_done() -> None:
    heard: list[str] = []
    answers = {
        "qSupported": GDBSERVER,
        "QPassSignals": "OK",
        "qXfer:siginfo:read": "lWHO SENT IT",
        "qXfer:siginfo:write": "OK",
        "vCont;c": [TRAP],
        "vCont;C0e": [TRAP, TRAP, "W00"],  # after its handler it is there again, twice
        "vCont;s": [ALARM, ALARM, ALARM, ALARM, TRAP],
        "g": [AT, AT, AT, AT, AT, NEXT],
    }
    with stub(heard, **answers) as made:
        made.insert(0x401000)
        assert made.run(5).signal == "SIGTRAP"
        heard.clear()
        assert made.run(5).how is How.EXITED
    steps = [packet for packet in heard if packet[0] in "vq"]
    delivered = ["vCont;s:p01.1", "vCont;C0e:p01.1;c"]
    kept = ["vCont;s:p01.1", "qXfer:siginfo:read::0,80", "vCont;s:p01.1", "vCont;s:p01.1"]
    assert steps == [*delivered, *delivered, *kept, "qXfer:siginfo:write::0:WHO SENT IT", "vCont;C0e:p01.1;c"]


def test_a_server_that_can_is_told_which_signals_need_no_stop() -> None:
    heard: list[str] = []
    with peer(answering({**QEMU_LIKE, "qSupported": GDBSERVER, "vCont;c": "W00"}, heard)) as channel:
        made = Stub(channel, TABLES["amd64"], seconds=5.0)
        made.run(5.0)
    (told,) = [packet for packet in heard if packet.startswith("QPassSignals:")]
    numbers = {int(number, 16) for number in told.partition(":")[2].split(";")}
    assert 14 in numbers  # SIGALRM
    assert numbers.isdisjoint(
        {2, 4, 5, 6, 8, 10, 11, 17}
    )  # SIGINT, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGBUS, SIGSEGV, SIGSTOP


def test_signals_of_real_time_queue_and_are_never_kept_back() -> None:
    heard: list[str] = []
    real_time = "T2fthread:p01.1;"  # the host's 35
    answers = {
        "qSupported": GDBSERVER,
        "QPassSignals": "OK",
        "vCont;c": [TRAP, "W00"],
        "vCont;C2f": TRAP,
        "vCont;s": [real_time, real_time, real_time, TRAP],
        "g": [AT, AT, AT, AT, AT, AT, AT, NEXT],
    }
    with stub(heard, **answers) as made:
        made.insert(0x401000)
        assert made.run(5).signal == "SIGTRAP"
        heard.clear()
        assert made.run(5).how is How.EXITED
    delivered = ["vCont;s:p01.1", "vCont;C2f:p01.1;c"]
    assert [packet for packet in heard if packet[0] in "vq"] == [*delivered * 3, "vCont;s:p01.1", "vCont;c"]
