"""From how a process ended to an outcome word."""

from __future__ import annotations

from dataclasses import dataclass

from harness.host.faults import Faults
from harness.process.spec import Finished
from harness.traceback import crashtext

_GO_DEATH_CODES = (2, 4, 5)  # runtime/panic.go: fatalthrow, dopanic_m; startpanic_m where dying fails in its turn
SILENT = frozenset({"broken", "timeout", "limit", "signal", "exit"})
"""Outcomes of which Go's runtime tells nothing."""
_LIMIT_SIGNALS = {"SIGXCPU": "the CPU time limit", "SIGXFSZ": "the file size limit"}


@dataclass(frozen=True)
class Outcome:
    """An outcome word, the first line of what the runtime said, the signal, and whether to try again."""

    word: str
    message: str = ""
    signal: str | None = None
    retry: bool = False


def decode(finished: Finished, stderr: str, emulator: str, faults: Faults, *, has_stacks: bool = True) -> Outcome:
    """Tell an emulator's own trouble, a limit, a crash of Go or C, and an ordinary exit apart.

    `emulator` is its version text, empty for native runs, to which no emulator fault applies. `has_stacks`: see
    `crashtext.read`.
    """
    if finished.ended == "not-started":
        return Outcome("broken", f"the program could not be started: {finished.error}")
    if emulator and (fault := faults.symptom(stderr, emulator)):
        said = f"emulator fault {fault.id}: {fault.what}" + (f" ({fault.link})" if fault.link else "")
        return Outcome("broken", said + (f"; {fault.mend}" if fault.mend else ""), retry=fault.retry)
    if finished.ended in ("timeout", "limit"):
        return Outcome(finished.ended, "; ".join(finished.notes), finished.signal)
    if finished.signal in _LIMIT_SIGNALS:
        return Outcome("limit", f"it reached {_LIMIT_SIGNALS[finished.signal]}", finished.signal)
    if finished.code in _GO_DEATH_CODES or finished.signal == "SIGABRT":
        crash = crashtext.read(stderr, has_stacks=has_stacks)
        if crash and crash.signal in _LIMIT_SIGNALS:  # Go answers these itself
            return Outcome("limit", f"it reached {_LIMIT_SIGNALS[crash.signal]}", crash.signal)
        if crash:
            return Outcome(crash.kind, crash.message, crash.signal or finished.signal)
    if finished.signal:
        return Outcome("signal", "", finished.signal)
    return Outcome("exit")
