"""Every error that the harness itself raises: what happened, why it usually does, what mends it.

A failing case is never an exception: it is an `Observation` and a `Verdict`. These classes are for
breakage on our side and for bad input. Each class has its own exit code, used by ``crossabi``.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


class CrossabiError(Exception):
    """Base of the hierarchy. `exit_code` is what the command line ends with."""

    exit_code = 3

    def __init__(self, what: str, *, why: str = "", mend: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.mend = mend

    def __str__(self) -> str:
        lines = [self.what]
        if self.why:
            lines.append(f"  why:  {self.why}")
        if self.mend:
            lines.append(f"  mend: {self.mend}")
        return "\n".join(lines)


class UsageError(CrossabiError):
    """The command line asked for something that does not exist (exit code 4, as pytest's)."""

    exit_code = 4


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in an input file; `line` and `column` count from 1."""

    line: int
    column: int
    message: str

    def at(self, path: Path) -> str:
        """Render as ``file:line:column: message``, the form editors jump to."""
        return f"{path}:{self.line}:{self.column}: {self.message}"


class InputError(CrossabiError):
    """A file that somebody wrote cannot be used; carries every problem found in it (exit code 6)."""

    exit_code = 6

    def __init__(self, path: Path, problems: Iterable[Problem]) -> None:
        self.path = path
        self.problems: Sequence[Problem] = tuple(sorted(set(problems)))
        super().__init__("\n".join(problem.at(path) for problem in self.problems))


class EnvironmentBroken(CrossabiError):
    """A tool that the work needs is missing or unusable on this machine (exit code 7)."""

    exit_code = 7


class RunnerBroken(CrossabiError):
    """The keeper or the emulator could not be started or driven (exit code 8)."""

    exit_code = 8


class StoreBroken(CrossabiError):
    """The binary store cannot be read or written (exit code 9)."""

    exit_code = 9


class OwnMistake(RunnerBroken):
    """A mistake of our own, whatever the program did."""


def mistaken(while_: str, mistake: BaseException) -> OwnMistake:
    """Return the error of a mistake of our own that happened in a thread while something was done."""
    last = traceback.extract_tb(mistake.__traceback__)[-1:]
    where = "".join(f"{Path(frame.filename).name}:{frame.lineno}, in {frame.name}" for frame in last)
    return OwnMistake(
        f"crossabi itself made a mistake while {while_}: {type(mistake).__name__}: {mistake}",
        why=where,
        mend="the program has been ended; report it with the program and the command line",
    )
