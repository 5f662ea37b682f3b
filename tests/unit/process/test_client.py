import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

from harness.errors import EnvironmentBroken, RunnerBroken
from harness.process import client
from harness.process.client import Keeper
from harness.process.spec import Command, Limits
from harness.process.visible import run_visible
from unit.process import PATH, ended, pids, sh

ROOT = str(Path(client.__file__).parents[2])


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    made = Keeper()
    yield made
    made.close()


def test_a_keeper_that_dies_is_our_trouble_and_its_program_dies_too(keeper: Keeper, tmp_path: Path) -> None:
    with pytest.raises(RunnerBroken, match="the keeper process ended or hung while running /bin/sh") as caught:
        keeper.run(sh("echo $$ $PPID > pids; kill -KILL $PPID; exec sleep 100", cwd=tmp_path))
    assert caught.value.exit_code == 8
    assert all(ended(pid) for pid in pids(tmp_path / "pids"))
    assert keeper.run(sh("echo again")).stdout == b"again\n"


def test_a_keeper_that_is_killed_leaves_no_folder(keeper: Keeper, tmp_path: Path) -> None:
    with pytest.raises(RunnerBroken):
        keeper.run(sh(f"pwd > {tmp_path}/where; touch it; kill -KILL $PPID; exec sleep 100"))
    folder = Path((tmp_path / "where").read_text().strip())
    assert folder.name.startswith("crossabi-run-")
    assert not folder.exists()


def test_a_keeper_that_hangs_is_given_up_and_ended(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(client, "ANSWER_SLACK", 0.3)
    monkeypatch.setattr(client, "END_SECONDS", 0.1)
    hang = "from harness.process import keeper; import time; keeper.Run.watch = lambda *_: time.sleep(100); main("
    with monkeypatch.context() as patch:
        patch.setattr(client, "BOOT", client.BOOT.replace("main(", hang))
        with pytest.raises(RunnerBroken, match="timed out"):
            keeper.run(sh("echo $PPID > pids", cwd=tmp_path, timeout=0.1, stops=()))
    assert all(ended(pid) for pid in pids(tmp_path / "pids"))
    assert keeper.run(sh("echo again")).stdout == b"again\n"


WOKEN = "it stopped the process that watches over it, which was woken"


def test_a_keeper_that_is_stopped_is_woken_and_says_so(keeper: Keeper) -> None:
    found = keeper.run(sh("kill -STOP $PPID; echo on", timeout=60.0))
    assert (found.ended, found.stdout, found.notes) == ("exited", b"on\n", (WOKEN,))
    assert found.seconds < 5.0
    assert keeper.run(sh("echo again")).notes == ()


def test_the_time_of_a_program_that_stops_its_keeper_runs_out_all_the_same(keeper: Keeper) -> None:
    found = keeper.run(sh("kill -STOP $PPID; exec sleep 100", timeout=0.3))
    assert (found.ended, found.signal, found.notes) == ("timeout", "SIGTERM", (WOKEN,))
    assert found.seconds < 3.0


AGAIN_AND_AGAIN = {
    "one process": "import os\nwhile True: os.kill(keeper, 19)",
    "many processes": "import os\nfor _ in range(4): os.fork()\nwhile True: os.kill(keeper, 19)",
    "in a session of its own": "import os\nif os.fork() == 0:\n os.setsid()\n"
    " while True: os.kill(keeper, 19)\nimport time\ntime.sleep(100)",
    "when its time is up": "import os, signal, time\n"
    "def stop(*_):\n while True: os.kill(keeper, 19)\nsignal.signal(15, stop)\ntime.sleep(100)",
}


@pytest.mark.parametrize("code", AGAIN_AND_AGAIN.values(), ids=AGAIN_AND_AGAIN)
def test_who_stops_its_keeper_again_and_again_is_killed(keeper: Keeper, code: str, tmp_path: Path) -> None:
    body = f"import os\nkeeper = os.getppid()\nopen('pids', 'w').write(f'{{os.getpid()}}')\n{code}"
    limits = Limits(processes=32)
    command = Command((sys.executable, "-S", "-c", body), PATH, 2.0, cwd=tmp_path, limits=limits)
    found = keeper.run(command)
    assert (found.ended, found.code) == ("limit", None)
    assert found.notes[-1] == "it stopped the process that watches over it more than 100 times"
    assert found.seconds < 8.0
    assert all(ended(pid, 0) for pid in pids(tmp_path / "pids"))
    assert keeper.run(sh("cat /proc/$PPID/task/*/children | wc -w")).stdout.split() == [b"1"]


def test_a_fork_bomb_that_stops_its_keeper_is_stopped_too(keeper: Keeper) -> None:
    body = "import os\nkeeper = os.getppid()\nwhile True:\n os.kill(keeper, 19)\n os.fork()"
    found = keeper.run(Command((sys.executable, "-S", "-c", body), PATH, 30.0, limits=Limits(processes=32)))
    assert found.ended == "limit"
    assert found.seconds < 10.0
    assert keeper.run(sh("cat /proc/$PPID/task/*/children | wc -w")).stdout.split() == [b"1"]


def test_a_keeper_leaves_no_thread_behind(keeper: Keeper) -> None:
    before = threading.active_count()
    keeper.run(sh("kill -STOP $PPID"))
    assert threading.active_count() == before + 1
    keeper.close()
    assert threading.active_count() == before


def test_a_keeper_that_ended_between_two_commands_is_started_again(keeper: Keeper) -> None:
    first = int(keeper.run(sh("echo $PPID")).stdout)
    os.kill(first, signal.SIGKILL)
    assert ended(first)
    assert int(keeper.run(sh("echo $PPID")).stdout) != first


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_keeper_outlives_what_a_terminal_sends(keeper: Keeper, number: signal.Signals) -> None:
    assert keeper.run(sh(f"kill -{int(number)} $PPID; echo alive")).stdout == b"alive\n"


def test_a_closed_keeper_is_gone_and_can_be_started_again(keeper: Keeper) -> None:
    first = int(keeper.run(sh("echo $PPID")).stdout)
    keeper.close()
    keeper.close()
    assert ended(first, 0)
    assert keeper.run(sh("true")).ok


class Interrupted(Exception):
    """What an interrupt raises in the middle of a run."""


def test_an_interrupt_ends_the_run_and_all_that_it_started(keeper: Keeper, tmp_path: Path) -> None:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, interrupt)
    script = f"setsid sleep 100 & echo $$ $! > pids; kill -USR1 {os.getpid()}; exec sleep 100"
    try:
        with pytest.raises(Interrupted):
            keeper.run(sh(script, cwd=tmp_path, timeout=60.0))
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert all(ended(pid) for pid in pids(tmp_path / "pids"))
    assert keeper.run(sh("echo again")).stdout == b"again\n"


def test_threads_take_turns_and_get_their_own_answers(keeper: Keeper) -> None:
    answers: dict[int, bytes] = {}

    def ask(number: int) -> None:
        answers[number] = keeper.run(sh(f"echo {number}")).stdout

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == {number: f"{number}\n".encode() for number in range(8)}


HARNESS = """\
import sys
from pathlib import Path
from harness.process import client
from harness.process.spec import Command
client.run(Command(("/bin/sh", "-c", sys.argv[1]), {"PATH": sys.argv[2]}, 60.0))
"""
TREE = """\
(setsid sh -c "echo \\$\\$ > {folder}/session; exec sleep 100" &)
(trap '' TERM; exec sleep 100) &
echo $$ $! $PPID $(cat {folder}/session) > {folder}/pids
pwd > {folder}/workdir
echo ready > {folder}/ready
exec sleep 100
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_when_the_harness_is_killed_everything_goes_with_it(number: signal.Signals, tmp_path: Path) -> None:
    for name in ("session", "ready"):
        os.mkfifo(tmp_path / name)
    arguments = [sys.executable, "-c", HARNESS, TREE.format(folder=tmp_path), os.environ["PATH"]]
    with subprocess.Popen(arguments, env={**PATH, "PYTHONPATH": ROOT}) as harness:
        assert (tmp_path / "ready").read_text() == "ready\n"
        harness.send_signal(number)
    found = pids(tmp_path / "pids")
    assert len(found) == 4
    assert all(ended(pid) for pid in found)
    assert not Path((tmp_path / "workdir").read_text().strip()).exists()


def test_each_thread_has_one_keeper_and_threads_run_side_by_side(tmp_path: Path) -> None:
    for name in ("there", "back"):
        os.mkfifo(tmp_path / name)
    scripts = [
        "echo $PPID > there; read other < back; echo $other",
        "read other < there; echo $PPID > back; echo $other",
    ]
    seen: dict[int, int] = {}

    def ask(number: int) -> None:
        parent = int(client.run(sh("echo $PPID")).stdout)
        assert client.run(sh("echo $PPID")).stdout == f"{parent}\n".encode()
        seen[parent] = int(client.run(sh(scripts[number], cwd=tmp_path)).stdout)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    first, second = seen
    assert seen == {first: second, second: first}
    client.close()
    assert ended(first, 0)
    assert ended(second, 0)


def test_closing_from_another_thread_ends_a_run(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ready")
    raised: list[BaseException] = []

    def ask() -> None:
        with pytest.raises(RunnerBroken) as caught:
            client.run(sh("echo $$ $PPID > ready; exec sleep 100", cwd=tmp_path, timeout=60.0))
        raised.append(caught.value)

    thread = threading.Thread(target=ask)
    thread.start()
    found = pids(tmp_path / "ready")
    client.close()
    thread.join(30)
    assert len(raised) == 1
    assert all(ended(pid) for pid in found)


@pytest.mark.parametrize("script", [HARNESS, f"{HARNESS}client.close()\n{HARNESS}"], ids=["once", "after a close"])
def test_a_harness_that_ends_leaves_no_keeper_and_no_warning(script: str, tmp_path: Path) -> None:
    arguments = [sys.executable, "-W", "error", "-c", script, f"echo $PPID >> {tmp_path}/pids", os.environ["PATH"]]
    finished = subprocess.run(
        arguments, env={**PATH, "PYTHONPATH": ROOT}, check=False, timeout=30, stderr=subprocess.PIPE
    )
    assert (finished.returncode, finished.stderr) == (0, b"")
    assert all(ended(pid, 0) for pid in pids(tmp_path / "pids"))


@pytest.mark.parametrize("code", [0, 3])
def test_a_visible_command_uses_our_own_streams(code: int, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_visible(("/bin/sh", "-c", f"echo $A; exit {code}"), {"A": "seen"}, 5.0) == code
    assert capfd.readouterr().out == "seen\n"


@pytest.mark.parametrize(
    ("argv", "timeout", "says"),
    [
        (("/no/such/program",), 5.0, "/no/such/program: No such file or directory"),
        (("/bin/sleep", "100"), 0.1, "`/bin/sleep 100` did not end within 0 s"),
    ],
)
def test_a_visible_command_that_does_not_work_says_why(argv: tuple[str, ...], timeout: float, says: str) -> None:
    with pytest.raises(EnvironmentBroken, match=says):
        run_visible(argv, PATH, timeout)


def test_keepers_start_while_another_thread_changes_the_environment() -> None:
    """With the C library's own environment, one start in five failed here with EFAULT."""
    stop = threading.Event()

    def churn() -> None:
        number = 0
        while not stop.is_set():
            names = [f"CROSSABI_CHURN_{part}_{number % 7}" for part in range(20)]
            os.environ.update(dict.fromkeys(names, "v" * (number % 200)))
            for name in names:
                del os.environ[name]
            number += 1

    churner = threading.Thread(target=churn)
    churner.start()
    try:
        for _ in range(25):
            keeper = Keeper()
            keeper.run(sh("true"))
            keeper.close()
    finally:
        stop.set()
        churner.join()


def test_an_interrupter_ends_the_next_run_and_no_later_one(keeper: Keeper, tmp_path: Path) -> None:
    late = keeper.interrupter()
    assert keeper.run(sh("echo done")).stdout == b"done\n"
    late()
    interrupt = keeper.interrupter()
    os.mkfifo(tmp_path / "begun")

    def cut() -> None:
        (tmp_path / "begun").read_bytes()
        interrupt()

    thread = threading.Thread(target=cut)
    thread.start()
    with pytest.raises(RunnerBroken):
        keeper.run(sh("echo $$ > pids; : > begun; exec sleep 100", cwd=tmp_path))
    thread.join()
    assert all(ended(pid) for pid in pids(tmp_path / "pids"))
    assert keeper.run(sh("echo again")).stdout == b"again\n"


def test_what_runs_on_is_told_from_what_is_ending(keeper: Keeper, tmp_path: Path) -> None:
    assert not keeper.runs_on()
    seen: list[bool] = []
    os.mkfifo(tmp_path / "begun")

    def look() -> None:
        with (tmp_path / "begun").open() as begun:
            begun.readline()
            seen.append(keeper.runs_on())

    thread = threading.Thread(target=look)
    thread.start()
    keeper.run(sh("echo > begun; sleep 0.2", cwd=tmp_path))
    thread.join()
    assert seen == [True]
    assert not keeper.runs_on()
