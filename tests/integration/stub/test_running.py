"""Programs that hit breakpoints, get signals, have threads and die, under QEMU and under gdbserver."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from shutil import copy

import pytest

from harness.stub.errors import MemoryUnreadable, StubBroken, StubRefused, StubSilent
from harness.stub.stops import How

from . import ACTOR, QEMU_ARCHES, SECONDS, Served, address, bias, compiled, gdbserver, qemu

Serve = Callable[..., AbstractContextManager[Served]]
Serving = Callable[..., AbstractContextManager[tuple[Served, int]]]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[str, Path] = {}
    folder = tmp_path_factory.mktemp("actor")

    def build(arch: str) -> Path:
        if arch not in made:
            made[arch] = compiled(arch, Path(copy(ACTOR, folder)), "-O1", "-pthread")
        return made[arch]

    return build


@pytest.fixture(params=[*QEMU_ARCHES, "gdbserver"])
def served(
    request: pytest.FixtureRequest, build: Callable[[str], Path], tmp_path: Path
) -> Callable[..., AbstractContextManager[tuple[Served, int]]]:
    """Serve the actor with its arguments; the number is where ``add3`` is."""
    native = request.param == "gdbserver"
    program = build("amd64" if native else request.param)
    start: Serve = partial(gdbserver, "amd64", program) if native else partial(qemu, request.param, tmp_path, program)

    @contextmanager
    def serve(*arguments: str) -> Iterator[tuple[Served, int]]:
        with start(*arguments) as found:
            yield found, address(program, "add3", bias(found.stub, program))

    return serve


def finish(found: Served) -> tuple[int, bytes]:
    """Return how the server ended and what the program printed."""
    assert not found.stub.is_open
    output, _ = found.process.communicate(timeout=SECONDS)
    return found.process.returncode, output


def test_each_call_of_a_function_is_one_hit_and_the_program_ends_as_without_us(served: Serving) -> None:
    with served("count") as (found, add3):
        stub = found.stub
        stub.insert(add3)
        arguments = []
        for _ in range(3):
            stop = stub.run(SECONDS)
            assert (stop.how, stop.signal, stub.pc()) == (How.STOPPED, "SIGTRAP", add3)
            assert stop.thread in stub.threads()
            arguments.append(stub.memory(add3, 4))
        assert len(set(arguments)) == 1
        stop = stub.run(SECONDS)
        assert (stop.how, stop.status) == (How.EXITED, 7)
        assert b"count 93\n" in finish(found)[1]


def test_a_removed_breakpoint_is_not_hit_and_a_step_is_one_instruction(served: Serving) -> None:
    with served("count") as (found, add3):
        stub = found.stub
        stub.insert(add3)
        stub.run(SECONDS)
        assert stub.step(SECONDS).signal == "SIGTRAP"
        assert 1 <= stub.pc() - add3 <= 16
        stub.remove(add3)
        assert (stub.run(SECONDS).status, stub.is_open) == (7, False)


def test_signals_are_passed_on_to_the_program(served: Serving) -> None:
    with served("signals") as (found, _):
        assert found.stub.run(SECONDS).status == 7
        assert b"signals 7\n" in finish(found)[1]


def test_a_signal_that_is_not_passed_stops_and_can_be_dropped(served: Serving) -> None:
    with served("signals") as (found, _):
        stub = found.stub
        seen = []
        while (stop := stub.run(SECONDS, passed=())).is_alive:
            seen.append(stop.signal)
        assert [name for name in seen if name not in ("SIG32", "SIG33")] == [
            *("SIGUSR1", "SIGUSR2", "SIGURG", "SIGCHLD", "SIGWINCH", "SIGIO"),
            *(name for name in seen if name in ("SIG37", "SIG38")),
        ]
        assert b"signals 0\n" in finish(found)[1]


def test_a_timer_that_interrupts_the_stepping_makes_no_hit_count_twice(served: Serving) -> None:
    with served("timer") as (found, add3):
        stub = found.stub
        stub.insert(add3)
        hits = 0
        while (stop := stub.run(SECONDS)).is_alive:
            assert (stop.signal, stub.pc()) == ("SIGTRAP", add3)
            hits += 1
        assert (stop.status, hits) == (7, 200)


def test_hits_in_several_threads_tell_their_threads(served: Serving) -> None:
    with served("threads") as (found, add3):
        stub = found.stub
        stub.insert(add3)
        seen: list[str] = []
        while (stop := stub.run(SECONDS)).is_alive:
            assert stub.registers(stop.thread).values[stub.table.pc] == add3
            seen.append(stop.thread)
        assert (stop.status, len(seen)) == (7, 6)
        assert len(set(seen)) == 2


def test_a_fault_stops_before_it_kills(served: Serving) -> None:
    with served("crash") as (found, add3):
        stub = found.stub
        stop = stub.run(SECONDS)
        assert (stop.how, stop.signal) == (How.STOPPED, "SIGSEGV")
        assert 0 < stub.pc() - add3 < 4096
        with pytest.raises(MemoryUnreadable):
            stub.memory(0x10, 8)
        stop = stub.run(SECONDS, signal="SIGSEGV")
        assert (stop.how, stop.signal) == (How.KILLED, "SIGSEGV")
        finish(found)


def test_an_abort_stops_before_it_kills(served: Serving) -> None:
    with served("abort") as (found, _):
        assert found.stub.run(SECONDS).signal == "SIGABRT"
        stop = found.stub.run(SECONDS, signal="SIGABRT")
        assert (stop.how, stop.signal) == (How.KILLED, "SIGABRT")


def test_a_child_of_fork_is_left_alone(served: Serving) -> None:
    with served("fork") as (found, add3):
        found.stub.insert(add3)
        assert found.stub.run(SECONDS).status == 7
        assert b"fork 5\n" in finish(found)[1]


def test_the_siginfo_of_a_fault_has_its_address_where_the_stub_offers_that(served: Serving) -> None:
    with served("crash") as (found, _):
        stub = found.stub
        assert stub.run(SECONDS).signal == "SIGSEGV"
        if "qXfer:siginfo:read" in stub.features:
            data = stub.siginfo()
            assert int.from_bytes(data[:4], stub.table.byte_order) == signal.SIGSEGV
            offset = 16 if stub.table.by_name[stub.table.pc].bits == 64 else 12
            assert int.from_bytes(data[offset : offset + 4], "little") == 0x10
        else:
            with pytest.raises(StubRefused, match="does not offer"):
                stub.siginfo()


def test_memory_is_read_up_to_the_page_that_is_not_there(served: Serving) -> None:
    with served("pages") as (found, add3):
        stub = found.stub
        stub.insert(add3)
        stub.run(SECONDS)
        pages = next(value for value in stub.registers().values.values() if value and _is_x(stub.memory, value))
        assert stub.memory(pages, 1 << 16) == b"x" * (1 << 16)
        assert stub.memory(pages + 3, 9) == b"x" * 9
        assert stub.memory(pages, 0) == b""
        with pytest.raises(MemoryUnreadable) as caught:
            stub.memory(pages + 100, 1 << 17)
        assert caught.value.data == b"x" * ((1 << 16) - 100)
        assert caught.value.address == pages + (1 << 16)


def _is_x(memory: Callable[[int, int], bytes], address: int) -> bool:
    try:
        return address % 4096 == 0 and memory(address, 4) == b"xxxx"
    except MemoryUnreadable:
        return False


def test_a_program_that_runs_on_is_stopped_by_an_interrupt_or_where_qemu_runs_it_by_a_signal(served: Serving) -> None:
    with served("loop") as (found, _):
        stub = found.stub
        with pytest.raises(StubSilent):
            stub.run(0.5)
        assert stub.is_open
        with pytest.raises(StubBroken, match="is running"):
            stub.registers()
        if found.is_qemu:
            found.process.send_signal(signal.SIGINT)
        else:
            stub.interrupt()
        assert stub.wait(SECONDS).signal == "SIGINT"
        assert stub.pc()
        stub.kill()
        assert not stub.is_open
        found.process.wait(SECONDS)


def test_a_killed_program_is_gone_and_a_detached_one_goes_on(served: Serving) -> None:
    with served("loop") as (found, _):
        found.stub.kill()
        found.process.wait(SECONDS)
    with served("count") as (found, add3):
        found.stub.insert(add3)
        found.stub.run(SECONDS)
        found.stub.detach()
        assert b"count 93\n" in finish(found)[1]


def test_a_server_that_is_killed_is_said_to_have_closed(served: Serving) -> None:
    with served("loop") as (found, _):
        found.stub.resume()
        found.process.send_signal(signal.SIGKILL)
        with pytest.raises(StubBroken, match="closed the connection while the program was running"):
            found.stub.wait(SECONDS)
