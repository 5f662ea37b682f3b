from pathlib import Path

import pytest

from harness.errors import InputError
from harness.host import faults
from harness.process.spec import Finished
from harness.run import outcome
from harness.run.outcome import Outcome
from unit.traceback.test_crashtext import CGO, PANIC

NEW, OLD = "qemu-aarch64 version 10.0.0", "qemu-aarch64 version 7.2.22"
LAST_WORDS = "fatal error: queue is not full\npanic during panic\nstack trace unavailable\n"
TABLE = """\
faults:
  - {id: new-only, pattern: '^qemu: oh', versions: '>=8', what: it said oh, link: http://x, mend: pray, retry: true}
  - {id: always, pattern: assertion failed, what: it asserted, retry: false}
"""


@pytest.fixture
def table(tmp_path: Path) -> faults.Faults:
    (tmp_path / faults.FAULTS_FILE).write_text(TABLE)
    loaded = faults.load((tmp_path,))
    return faults.Faults((), tuple(fault for fault in loaded.faults if fault.id in ("new-only", "always")))


@pytest.mark.parametrize(
    ("finished", "stderr", "emulator", "found"),
    [
        (Finished("exited", 0), "", OLD, Outcome("exit")),
        (Finished("exited", 2), "usage: x", OLD, Outcome("exit")),
        (Finished("exited", 1), PANIC, OLD, Outcome("exit")),
        (Finished("exited", 2), PANIC, OLD, Outcome("go-panic", "boom [recovered]\n\tpanic: again")),
        (Finished("exited", 4), LAST_WORDS, OLD, Outcome("go-fatal", "queue is not full")),
        (Finished("exited", 5), "fatal error: mine\n", OLD, Outcome("exit")),
        (Finished("signaled", signal="SIGABRT"), PANIC, OLD,
            Outcome("go-panic", "boom [recovered]\n\tpanic: again", "SIGABRT")),
        (Finished("exited", 2), CGO, "", Outcome("cgo-fault", "segmentation violation", "SIGSEGV")),
        (Finished("signaled", signal="SIGABRT"), "", OLD, Outcome("signal", "", "SIGABRT")),
        (Finished("signaled", signal="SIGSEGV"), PANIC, OLD, Outcome("signal", "", "SIGSEGV")),
        (Finished("signaled", signal="SIGXCPU"), "", OLD, Outcome("limit", "it reached the CPU time limit", "SIGXCPU")),
        (Finished("signaled", signal="SIGXFSZ"), "", "", Outcome("limit", "it reached the file size limit", "SIGXFSZ")),
        (Finished("timeout", 2, notes=("a", "b")), PANIC, OLD, Outcome("timeout", "a; b")),
        (Finished("limit", signal="SIGKILL", notes=("many",)), "", OLD, Outcome("limit", "many", "SIGKILL")),
        (
            Finished("not-started", error="x: gone"), "", OLD,
            Outcome("broken", "the program could not be started: x: gone"),
        ),
        (
            Finished("exited", 0), "assertion failed", OLD,
            Outcome("broken", "emulator fault always: it asserted"),
        ),
        (
            Finished("signaled", signal="SIGSEGV"), "qemu: oh", NEW,
            Outcome("broken", "emulator fault new-only: it said oh (http://x); pray", retry=True),
        ),
        (Finished("exited", 3), "qemu: oh", OLD, Outcome("exit")),
        (Finished("timeout"), "assertion failed", NEW, Outcome("broken", "emulator fault always: it asserted")),
        (Finished("exited", 0), "assertion failed", "", Outcome("exit")),
    ],
)  # fmt: skip
def test_how_a_run_ended(finished: Finished, stderr: str, emulator: str, found: Outcome, table: faults.Faults) -> None:
    assert outcome.decode(finished, stderr, emulator, table) == found


def test_a_bad_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / faults.FAULTS_FILE).write_text(TABLE.replace("^qemu: oh", "("))
    with pytest.raises(InputError, match=f"{faults.FAULTS_FILE}:2:29: not a regular expression"):
        faults.load((tmp_path,))


@pytest.mark.parametrize(
    ("stderr", "found"),
    [
        ("mine\npanic: boom\n\tof two lines\n", Outcome("go-panic", "boom\n\tof two lines")),
        ("panic: nil\n[signal SIGSEGV: x code=0x1]\n\n", Outcome("go-panic", "nil", "SIGSEGV")),
        (
            "fatal error: all goroutines are asleep - deadlock!\n",
            Outcome("go-fatal", "all goroutines are asleep - deadlock!"),
        ),
        ("panic: of the program's own\nand it went on\n", Outcome("exit")),
    ],
)
def test_without_stacks_the_last_words_are_the_runtime_s(stderr: str, found: Outcome, table: faults.Faults) -> None:
    assert outcome.decode(Finished("exited", 2), stderr, OLD, table, has_stacks=False) == found
