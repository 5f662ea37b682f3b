"""Apply the patterns that people write in case.yaml, within a bound of time: some backtrack without end."""

from __future__ import annotations

import contextlib
import re
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from harness.errors import CrossabiError

SECONDS = 5.0  # of processor time


class PatternUnusable(CrossabiError):
    """A pattern did not come to an end on a text (exit code 6, as for other input that cannot be used)."""

    exit_code = 6


def search(pattern: str, text: str) -> bool:
    """Whether any part of `text` matches; ``^`` and ``$`` stand at lines. Raises PatternUnusable."""
    with _bounded(pattern, text):
        return re.search(pattern, text, re.MULTILINE) is not None


def matches(pattern: str, text: str) -> bool:
    """Whether the whole `text` matches; ``.`` stands for a line's end too. Raises PatternUnusable."""
    with _bounded(pattern, text):
        return re.fullmatch(pattern, text, re.MULTILINE | re.DOTALL) is not None


def substitute(pattern: str, replacement: str, text: str) -> tuple[str, int]:
    """Replace every match in `text`; return the result and how many there were. Raises PatternUnusable."""
    with _bounded(pattern, text):
        return re.subn(pattern, replacement, text, flags=re.MULTILINE)


@contextlib.contextmanager
def _bounded(pattern: str, text: str) -> Iterator[None]:
    """Interrupt the matching inside after `SECONDS`: Python's matcher looks for signals while it works.

    The timer counts processor time, so that it is nobody else's (SIGALRM is pytest-timeout's). Signals reach the main
    thread only; in another one there is no bound.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def give_up(number: int, frame: FrameType | None) -> None:
        raise PatternUnusable(
            f"the pattern /{pattern}/ came to no end in {SECONDS:.0f} s on a text of {len(text)} characters",
            why="parts of it that can match the same text, one inside another or side by side, are tried in every way",
            mend="write it so that each character of the text can be matched in one way only",
        )

    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
