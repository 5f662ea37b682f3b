"""Apply the patterns that people write in case.yaml, within a bound of time: some backtrack without end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from harness.errors import CrossabiError

SECONDS = 5.0
Result = TypeVar("Result")


class PatternUnusable(CrossabiError):
    """A pattern did not come to an end on a text (exit code 6, as for other input that cannot be used)."""

    exit_code = 6


def search(pattern: str, text: str) -> bool:
    """Whether any part of `text` matches; ``^`` and ``$`` stand at lines. Raises PatternUnusable."""
    return _bounded(
        pattern, text, lambda regex: regex.search(pattern, text, regex.MULTILINE, timeout=SECONDS) is not None
    )


def matches(pattern: str, text: str) -> bool:
    """Whether the whole `text` matches; ``.`` stands for a line's end too. Raises PatternUnusable."""
    return _bounded(
        pattern,
        text,
        lambda regex: regex.fullmatch(pattern, text, regex.MULTILINE | regex.DOTALL, timeout=SECONDS) is not None,
    )


def substitute(pattern: str, replacement: str, text: str) -> tuple[str, int]:
    """Replace every match in `text`; return the result and how many there were. Raises PatternUnusable."""

    def replaced(regex: Any) -> tuple[str, int]:
        found: tuple[str, int] = regex.subn(pattern, replacement, text, flags=regex.MULTILINE, timeout=SECONDS)
        return found

    return _bounded(pattern, text, replaced)


def _bounded(pattern: str, text: str, apply: Callable[[Any], Result]) -> Result:
    import regex

    try:
        return apply(regex)
    except TimeoutError:
        raise PatternUnusable(
            f"the pattern /{pattern}/ came to no end in {SECONDS:.0f} s on a text of {len(text)} characters",
            why="parts of it that can match the same text, one inside another or side by side, are tried in every way",
            mend="write it so that each character of the text can be matched in one way only",
        ) from None
    except regex.error as error:
        raise PatternUnusable(f"the pattern /{pattern}/ cannot be used: {error}") from None
