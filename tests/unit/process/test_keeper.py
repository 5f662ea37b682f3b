import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.process import client
from harness.process.client import Keeper
from harness.process.spec import GO_TERMINATE, MIB, WORKDIR, Command, Finished, Limits, Stop
from unit.process import PATH, ended, pids, sh

QUICK = (Stop("SIGTERM", 0.2), Stop("SIGKILL", 5.0))


@pytest.fixture(scope="module")
def keeper() -> Iterator[Keeper]:
    made = Keeper()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("script", "how", "code", "signal"),
    [
        ("exit 0", "exited", 0, None),
        ("exit 7", "exited", 7, None),
        ("exit 255", "exited", 255, None),
        ("kill -SEGV $$", "signaled", None, "SIGSEGV"),
        ("kill -KILL $$", "signaled", None, "SIGKILL"),
        ("kill -40 $$", "signaled", None, "signal 40"),
    ],
)
def test_how_a_program_ends(keeper: Keeper, script: str, how: str, code: int | None, signal: str | None) -> None:
    found = keeper.run(sh(script))
    assert (found.ended, found.code, found.signal) == (how, code, signal)
    assert found.ok is (code == 0)
    assert (found.notes, found.error, dict(found.dropped)) == ((), "", {})


def test_both_streams_come_apart_and_as_they_are(keeper: Keeper) -> None:
    found = keeper.run(sh(r"printf 'out\000\377\n'; printf err >&2"))
    assert (found.stdout, found.stderr) == (b"out\x00\xff\n", b"err")
    assert found.text == "out\x00\ufffd\nerr"


@pytest.mark.parametrize(("stream", "redirect"), [("stdout", ""), ("stderr", ">&2")])
@pytest.mark.parametrize(("size", "bound"), [(3_000_000, MIB), (MIB + 1, MIB), (MIB, MIB), (5, 2), (5, 0)])
def test_output_is_bounded_and_the_rest_is_counted(
    keeper: Keeper, stream: str, redirect: str, size: int, bound: int
) -> None:
    found = keeper.run(sh(f"head -c {size} /dev/zero {redirect}", limits=Limits(output=bound)))
    assert len(getattr(found, stream)) == min(size, bound)
    assert dict(found.dropped) == ({stream: size - bound} if size > bound else {})
    assert found.ok


def test_both_streams_can_be_full_at_once(keeper: Keeper) -> None:
    found = keeper.run(sh("head -c 2000000 /dev/zero & head -c 2000000 /dev/zero >&2; wait"))
    assert found.ok
    assert dict(found.dropped) == {"stdout": 2_000_000 - MIB, "stderr": 2_000_000 - MIB}


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_standard_input_is_all_there_and_ends(keeper: Keeper, size: int) -> None:
    found = keeper.run(sh("wc -c", stdin=b"x" * size))
    assert int(found.stdout) == size


def test_standard_input_can_be_a_descriptor_of_ours_and_is_read_no_further_than_the_program_does(
    keeper: Keeper,
) -> None:
    read, write = os.pipe()
    os.write(write, b"one\ntwo\nthree\n")
    words = [keeper.run(sh("read word; echo $word", stdin=read)).stdout for _ in range(2)]
    assert words == [b"one\n", b"two\n"]
    assert keeper.run(sh("read word; echo got $word", stdin=b"")).stdout == b"got\n"
    os.close(write)
    assert keeper.run(sh("cat; ls /proc/self/fd", stdin=read)).stdout == b"three\n0\n1\n2\n3\n"
    os.close(read)


def test_a_program_gets_only_the_environment_it_is_given(keeper: Keeper) -> None:
    found = keeper.run(Command(("/usr/bin/env",), {"A": "b c"}, 5.0))
    assert found.stdout == b"A=b c\n"


def test_the_private_folder_is_named_where_it_is_asked_for_and_gone_afterwards(keeper: Keeper) -> None:
    command = sh(f"pwd; echo $0 $HOME; touch left behind; mkdir {WORKDIR}/sub", env={**PATH, "HOME": f"{WORKDIR}/home"})
    found = keeper.run(Command((*command.argv, f"{WORKDIR}/x"), command.env, 5.0))
    assert found.stdout.decode().split() == [found.workdir, f"{found.workdir}/x", f"{found.workdir}/home"]
    assert not Path(found.workdir).exists()


def test_a_folder_of_ours_is_kept(keeper: Keeper, tmp_path: Path) -> None:
    found = keeper.run(sh("pwd; touch made", cwd=tmp_path))
    assert (found.stdout.decode().strip(), found.workdir) == (str(tmp_path), str(tmp_path))
    assert (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("argv", "cwd", "says"),
    [
        (("/no/such/program",), None, "/no/such/program: No such file or directory (ENOENT)"),
        (("no-such-program",), None, "no-such-program: No such file or directory (ENOENT)"),
        (("{folder}/plain",), None, "{folder}/plain: Permission denied (EACCES)"),
        (("{folder}/empty",), None, "{folder}/empty: Exec format error (ENOEXEC)"),
        (("{folder}/script",), None, "{folder}/script: No such file or directory (ENOENT)"),
        (("/bin/true",), "/no/such/folder", "/no/such/folder: No such file or directory (ENOENT)"),
        (("/bin/true", "a\0b"), None, "embedded null byte"),
    ],
    ids=["missing", "not on PATH", "not executable", "no program", "no interpreter", "no folder", "NUL"],
)
def test_a_program_that_cannot_be_started_says_why(
    keeper: Keeper, argv: tuple[str, ...], cwd: str | None, says: str, tmp_path: Path
) -> None:
    for name, mode, text in (("plain", 0o644, ""), ("empty", 0o755, ""), ("script", 0o755, "#!/no/interpreter\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(mode)
    words = tuple(word.replace("{folder}", str(tmp_path)) for word in argv)
    found = keeper.run(Command(words, PATH, 5.0, cwd=Path(cwd) if cwd else None))
    assert (found.ended, found.code, found.signal) == ("not-started", None, None)
    assert says.replace("{folder}", str(tmp_path)) in found.error
    assert keeper.run(sh("echo next")).stdout == b"next\n"


@pytest.mark.parametrize(
    ("script", "stops", "code", "signal", "notes"),
    [
        ("exec sleep 100", QUICK, None, "SIGTERM", ()),
        ("trap 'exit 5' TERM; while :; do sleep 100 & wait; done", QUICK, 5, None, ()),
        ("trap '' TERM; echo on; exec sleep 100", QUICK, None, "SIGKILL", ()),
        ("exec >&- 2>&-; exec sleep 100", QUICK, None, "SIGTERM", ("it had closed stdout and stderr",)),
        ("kill -STOP $$; exec sleep 100", QUICK, None, "SIGTERM", ("it was stopped (SIGSTOP or SIGTSTP)",)),
        ("exec sleep 100", (Stop("SIGKILL", 5.0),), None, "SIGKILL", ()),
        ("exec sleep 100", GO_TERMINATE, None, "SIGQUIT", ()),
    ],
    ids=["plain", "handles SIGTERM", "ignores SIGTERM", "closes stdout", "stopped", "SIGKILL at once", "SIGQUIT first"],
)
def test_a_program_that_does_not_end_is_ended_step_by_step(
    keeper: Keeper, script: str, stops: tuple[Stop, ...], code: int | None, signal: str | None, notes: tuple[str, ...]
) -> None:
    found = keeper.run(sh(script, timeout=0.3, stops=stops))
    assert (found.ended, found.code, found.signal) == ("timeout", code, signal)
    assert [note.partition(" when")[0] for note in found.notes] == list(notes)
    assert 0.3 <= found.seconds < 3.0


def test_what_a_program_says_to_sigquit_is_kept(keeper: Keeper) -> None:
    script = "trap 'echo goroutines >&2; exit 2' QUIT; echo begun; sleep 100 & wait"
    found = keeper.run(sh(script, timeout=0.3, stops=GO_TERMINATE))
    assert (found.ended, found.code) == ("timeout", 2)
    assert (found.stdout, found.stderr) == (b"begun\n", b"goroutines\n")


def test_endless_output_does_not_put_off_the_end(keeper: Keeper) -> None:
    found = keeper.run(sh("exec yes", timeout=0.3, stops=QUICK))
    assert (found.ended, found.signal, len(found.stdout)) == ("timeout", "SIGTERM", MIB)
    assert found.dropped["stdout"] > 0
    assert found.seconds < 3.0


def test_a_program_that_ends_is_not_waited_for_until_its_deadline(keeper: Keeper) -> None:
    found = keeper.run(sh("sleep 100 & exit 3", timeout=60.0))
    assert (found.ended, found.code) == ("exited", 3)
    assert found.seconds < 10.0


APART = "(setsid sh -c 'echo $$ > p; exec sleep 100' >/dev/null 2>&1 &)"
LEFTOVERS = {
    "in the background": "sleep 100 & echo $! >> pids",
    "holding stdout": "(echo begun; sleep 100) & echo $! >> pids",
    "forked twice": "(sleep 100 >/dev/null 2>&1 & echo $! >> pids)",
    "in a session of its own": f"mkfifo p; {APART}; read n < p; echo $n >> pids",
    "deaf": "(trap '' TERM INT HUP QUIT; exec sleep 100) & echo $! >> pids",
}


@pytest.mark.parametrize("script", LEFTOVERS.values(), ids=LEFTOVERS)
def test_nothing_that_a_program_leaves_behind_lives_on(keeper: Keeper, script: str, tmp_path: Path) -> None:
    found = keeper.run(sh(script, cwd=tmp_path))
    assert found.ok
    assert [note.partition(" ")[2] for note in found.notes] == ["process(es) that it left behind were killed"]
    assert all(ended(pid, 0) for pid in pids(tmp_path / "pids"))


BOMBS = {
    "in one group": "while :; do sleep 100 & done",
    "in many sessions": "while :; do setsid sleep 100 & done",
    "deaf": "trap '' QUIT TERM; while :; do sleep 100 & done",
}


@pytest.fixture(scope="module")
def counting_keeper() -> Iterator[Keeper]:
    """One that believes that this machine has no seccomp that it knows."""
    boot = client.BOOT.replace("main(", "from harness.process import seccomp; seccomp.NUMBERS.clear(); main(")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "BOOT", boot)
        made = Keeper()
        made.run(sh("exit 0"))
    yield made
    made.close()


def stopped(keeper: Keeper, script: str) -> None:
    stops = (Stop("SIGQUIT", 0.2), *QUICK)
    found = keeper.run(sh(script, timeout=30.0, limits=Limits(processes=12), stops=stops))
    assert found.ended == "limit"
    assert found.notes == ("it wanted more than the 12 processes allowed",)
    children = Path(f"/proc/{keeper_pid(keeper)}/task/{keeper_pid(keeper)}/children")
    assert children.read_text() == ""


@pytest.mark.parametrize("script", BOMBS.values(), ids=BOMBS)
def test_a_fork_bomb_is_stopped(keeper: Keeper, script: str) -> None:
    stopped(keeper, script)


def test_without_a_gate_processes_are_counted(counting_keeper: Keeper) -> None:
    stopped(counting_keeper, "for i in $(seq 30); do sleep 100 & done; wait")


FORK = "import os, sys\nfor number in range({}):\n    if os.fork() == 0: {}\n    print(number, flush=True)\n"


def python(code: str, processes: int) -> Command:
    return Command((sys.executable, "-S", "-c", code), PATH, 30.0, limits=Limits(processes=processes))


@pytest.mark.parametrize("child", ["os.execlp('sleep', 'sleep', '100')", "os._exit(0)"], ids=["living", "zombies"])
def test_the_bound_is_exact_from_the_first_process_to_the_last(keeper: Keeper, child: str) -> None:
    found = keeper.run(python(FORK.format(20, child), processes=8))
    assert (found.ended, found.stdout.split()) == ("limit", [b"%d" % number for number in range(7)])


def test_threads_are_no_processes(keeper: Keeper) -> None:
    code = "import threading as t\nb = t.Barrier(21)\nfor _ in range(20): t.Thread(target=b.wait).start()\nb.wait()"
    found = keeper.run(python(code, processes=1))
    assert (found.ended, found.code, found.stderr) == ("exited", 0, b"")


@pytest.mark.parametrize("one", ["/bin/true", "(/bin/true &)"], ids=["waited for", "orphans"])
def test_processes_one_after_the_other_are_no_bomb(keeper: Keeper, one: str) -> None:
    script = f"i=0; while [ $i -lt 100 ]; do {one}; i=$((i+1)); done; wait"
    found = keeper.run(sh(script, timeout=30.0, limits=Limits(processes=40)))
    assert (found.ended, found.code, found.notes[1:]) == ("exited", 0, ())


def test_as_many_processes_as_allowed_are_fine(keeper: Keeper) -> None:
    found = keeper.run(sh("for i in 1 2 3; do sleep 0.3 & done; wait", limits=Limits(processes=4)))
    assert (found.ended, found.code, found.notes) == ("exited", 0, ())


EAT = "bytearray(300 << 20)"


@pytest.mark.parametrize(
    ("argv", "limits", "how", "code", "signal"),
    [
        ((sys.executable, "-S", "-c", EAT), Limits(memory=200 * MIB), "exited", 1, None),
        ((sys.executable, "-S", "-c", EAT), Limits(memory=2000 * MIB), "exited", 0, None),
        (("head", "-c", "2000000", "/dev/zero"), Limits(output=0), "exited", 0, None),
        (("sh", "-c", "exec head -c 2000000 /dev/zero > f"), Limits(file_size=MIB), "signaled", None, "SIGXFSZ"),
        (("sh", "-c", "exec head -c 1000000 /dev/zero > f"), Limits(file_size=MIB), "exited", 0, None),
        (("sh", "-c", "while :; do :; done"), Limits(cpu=1), "signaled", None, "SIGXCPU"),
    ],
    ids=["memory", "enough memory", "output", "file size", "small enough file", "cpu"],
)
def test_the_limits_of_one_process(
    keeper: Keeper, argv: tuple[str, ...], limits: Limits, how: str, code: int | None, signal: str | None
) -> None:
    found = keeper.run(Command(argv, PATH, 20.0, limits=limits))
    assert (found.ended, found.code, found.signal) == (how, code, signal)


@pytest.mark.parametrize(("limits", "blocks"), [(Limits(), "0"), (Limits(core=512 * 8), "8")])
def test_no_core_is_written_unless_it_is_asked_for(keeper: Keeper, limits: Limits, blocks: str) -> None:
    assert keeper.run(sh("ulimit -c", limits=limits)).stdout.decode().strip() in (blocks, "0")


def test_a_limit_cannot_be_raised_by_the_program(keeper: Keeper) -> None:
    found = keeper.run(sh("ulimit -H -f", limits=Limits(file_size=MIB)))
    assert int(found.stdout) * 512 == MIB


def test_the_time_is_measured(keeper: Keeper) -> None:
    found = keeper.run(sh("sleep 0.2"))
    assert 0.2 <= found.seconds < 5.0
    assert found.cpu_seconds < 0.2


@pytest.mark.parametrize("name", ["HUP", "INT", "QUIT", "TERM", "PIPE", "XFSZ", "USR1", "ALRM"])
def test_a_program_begins_with_no_signal_ignored(keeper: Keeper, name: str) -> None:
    found = keeper.run(sh(f"kill -{name} $$; echo ignored"))
    assert (found.ended, found.signal, found.stdout) == ("signaled", f"SIG{name}", b"")


def test_a_program_stands_in_a_session_of_its_own_with_no_descriptor_of_ours(keeper: Keeper) -> None:
    found = keeper.run(sh("cut -d' ' -f6 /proc/$$/stat; ls /proc/$$/fd"))
    session, *descriptors = found.stdout.decode().split()
    assert int(session) == found.pid != os.getsid(0)
    assert descriptors == ["0", "1", "2"]


def test_one_keeper_serves_many_commands(keeper: Keeper) -> None:
    before = keeper_pid(keeper)
    answers: list[Finished] = [keeper.run(sh(f"echo {number}")) for number in range(10)]
    assert [int(found.stdout) for found in answers] == list(range(10))
    assert keeper_pid(keeper) == before


def keeper_pid(keeper: Keeper) -> int:
    """Ask the program for its parent: that is the keeper."""
    fields: dict[str, Any] = {"limits": Limits()}
    return int(keeper.run(sh("echo $PPID", **fields)).stdout)
