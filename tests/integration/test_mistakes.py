"""What becomes of a run when the harness itself makes a mistake while it looks at the program."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import pytest

from harness.errors import OwnMistake, RunnerBroken, StoreBroken
from harness.probe.guest import Guest
from harness.probe.log import _Entries
from harness.probe.meant import Meanings
from harness.probe.reader import CUT
from harness.probe.take import LOG, STUB, take
from harness.process import client, drain
from harness.process.spec import Command, Finished
from harness.snapshot import Probe

from .support import target

PROGRAM = "__attribute__((noipa)) int add(int a) { return a + 1; } int main(void) { return add(1) - 2; }"


@pytest.mark.parametrize(("source", "of", "name"), [(STUB, Meanings, "enter"), (LOG, _Entries, "take")])
def test_a_mistake_is_an_error_and_ends_the_program(
    source: str, of: type, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "program.c").write_text(PROGRAM)
    program, on = tmp_path / "program", target("arm64")
    subprocess.run([*on.cc.command, "-g", "-no-pie", "-o", program, tmp_path / "program.c"], check=True)

    def fails(*_: object, **__: object) -> None:
        raise IndexError("not there")

    monkeypatch.setattr(of, name, fails)
    guest = Guest(on, program, (), Command((), {}, 20))
    with pytest.raises(RunnerBroken, match=r"crossabi itself made a mistake while .* IndexError: not there"):
        take(guest, [Probe("add", meant=source == STUB)], source=source)


def test_a_mistake_is_told_where_the_program_s_time_is_up_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "program.c").write_text(PROGRAM)
    program, on = tmp_path / "program", target("arm64")
    subprocess.run([*on.cc.command, "-g", "-no-pie", "-o", program, tmp_path / "program.c"], check=True)
    is_over, run = threading.Event(), client.run

    def runs(command: Command) -> Finished:
        try:
            return run(command)
        finally:
            is_over.set()

    def fails(*_: object, **__: object) -> None:
        assert is_over.wait(30)
        raise IndexError("not there")

    monkeypatch.setattr(client, "run", runs)
    monkeypatch.setattr(Meanings, "enter", fails)
    with pytest.raises(OwnMistake, match="crossabi itself made a mistake"):
        take(Guest(on, program, (), Command((), {}, 0.5)), [Probe("add", meant=True)], source=STUB)


ENDLESS = "__attribute__((noipa)) int add(int a) { return a + 1; } int main(void) { for (;;) add(1); }"
CARRIERS = {
    f"raise SystemExit({drain.NO_ROOM})": (StoreBroken, "no room for QEMU's log on the disk of"),
    "import os; os.read(int(__import__('sys').argv[1]), 1); os.kill(os.getpid(), 9)": (
        RunnerBroken,
        "what carries QEMU's log ended with status -9",
    ),
}


@pytest.mark.parametrize("carrier", CARRIERS)
def test_what_ends_before_the_program_ends_the_program(
    carrier: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error, says = CARRIERS[carrier]
    (tmp_path / "program.c").write_text(ENDLESS)
    (tmp_path / "carrier.py").write_text(carrier)
    program, on = tmp_path / "program", target("arm64")
    subprocess.run([*on.cc.command, "-g", "-no-pie", "-o", program, tmp_path / "program.c"], check=True)
    monkeypatch.setattr(drain, "__file__", str(tmp_path / "carrier.py"))
    with pytest.raises(error, match=says):
        take(Guest(on, program, (), Command((), {}, 300)), [Probe("add")], source=LOG)


def test_a_log_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "program.c").write_text(PROGRAM)
    program, on = tmp_path / "program", target("arm64")
    subprocess.run([*on.cc.command, "-g", "-no-pie", "-o", program, tmp_path / "program.c"], check=True)

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.mkfifo", fails)
    with pytest.raises(StoreBroken, match=r"cannot be made in .*: No space left on device"):
        take(Guest(on, program, (), Command((), {}, 20)), [Probe("add")], source=LOG)


FORKS = """
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
__attribute__((noipa)) int add(int a) { return a + 1; }
int main(void) {
  int sum = 0;
  for (int i = 0; i < 10; i++) sum = add(sum);
  if (fork() == 0) { pause(); _exit(0); }
  for (int fd = 3; fd < 200; fd++) close(fd);
  struct timespec short_time = {0, 300000000};
  nanosleep(&short_time, 0);
  for (int i = 0; i < 10; i++) sum = add(sum);
  nanosleep(&short_time, 0);
  return sum != 20;
}
"""


@pytest.mark.parametrize("arch", ["arm64", "s390x"])
def test_a_log_that_is_closed_while_a_child_holds_it_is_told(arch: str, tmp_path: Path) -> None:
    (tmp_path / "program.c").write_text(FORKS)
    program, on = tmp_path / "program", target(arch)
    subprocess.run([*on.cc.command, "-g", "-no-pie", "-o", program, tmp_path / "program.c"], check=True)
    taken = take(Guest(on, program, (), Command((), {}, 20)), [Probe("add")], source=LOG)
    assert taken.hits == {"add": 10}
    assert CUT in taken.notes


@pytest.mark.parametrize("name", ["ca%che", "ca%dche"])
def test_a_store_with_a_percent_sign_in_its_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "program.c").write_text(PROGRAM)
    program, on = tmp_path / "program", target("riscv64")
    subprocess.run([*on.cc.command, "-g", "-o", program, tmp_path / "program.c"], check=True)
    monkeypatch.setenv("CROSSABI_CACHE", str(tmp_path / name))
    assert take(Guest(on, program, (), Command((), {}, 20)), [Probe("add")], source=LOG).hits == {"add": 1}
