from __future__ import annotations

import signal

import pytest

from harness.stub import signals


@pytest.mark.parametrize(
    ("number", "name"),
    [
        *((1, "SIGHUP"), (2, "SIGINT"), (5, "SIGTRAP"), (6, "SIGABRT"), (8, "SIGFPE"), (9, "SIGKILL"), (10, "SIGBUS")),
        *((11, "SIGSEGV"), (12, "SIGSYS"), (13, "SIGPIPE"), (15, "SIGTERM"), (16, "SIGURG"), (20, "SIGCHLD")),
        *((23, "SIGIO"), (27, "SIGPROF"), (28, "SIGWINCH"), (30, "SIGUSR1"), (31, "SIGUSR2"), (32, "SIGPWR")),
        *((44, "SIGPRIO"), (45, "SIG33"), (75, "SIG63"), (76, "SIGCANCEL"), (77, "SIG32"), (78, "SIG64")),
        *((141, "SIG127"), (142, "SIGINFO")),
    ],
)
def test_the_numbers_are_gdbs(number: int, name: str) -> None:
    assert signals.name_of(number) == name
    assert signals.number_of(name) == number


def test_no_signal_is_no_name_and_an_unknown_one_says_its_number() -> None:
    assert signals.name_of(0) == ""
    assert signals.number_of("") == 0
    assert signals.name_of(200) == "?200"


def test_host_numbers_are_this_machines() -> None:
    assert signals.host_number("SIGURG") == signal.SIGURG
    assert signals.host_number("SIGUSR1") == signal.SIGUSR1
    assert signals.host_number("SIG34") == signal.SIGRTMIN
    assert signals.host_number("SIG64") == signal.SIGRTMAX
    assert [signals.host_number(name) for name in ("SIGEMT", "SIG65", "SIG127", "?200", "")] == [None] * 5


def test_a_signal_that_gdb_does_not_number_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        signals.number_of("SIGSTKFLT")
