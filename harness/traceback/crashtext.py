"""Tell from Go's crash text how a program died: panic, fatal error, or a fault in C while in cgo.

The texts are those of runtime/panic.go (printpanics, fatalthrow) and runtime/signal_unix.go (sighandler), which
are the same on every architecture; the exit code that goes with them is 2, or SIGABRT under GOTRACEBACK=crash, or
4 where the traceback faults too (runtime/panic.go, startpanic_m).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_START = re.compile(
    r"^(?:panic: (?P<panic>.*)|fatal error: (?P<fatal>.*)|fatal: (?P<early>.*)"
    r"|(?P<signal>SIG[A-Z0-9]+)(?:: (?P<what>.*))?\n(?:.*\n)?PC=0x[0-9a-f]+ m=)",
    re.MULTILINE,
)
_FURTHER = re.compile(r"(?:\n\t.*)*")  # lines of the value, and panics on top (runtime/error.go, printindented)
_STACKS = re.compile(
    r"^(?:goroutine \d+ [^\n]*\[[^\n]*\]:|runtime stack:|PC=0x|\[signal |stack trace unavailable$)", re.MULTILINE
)
_ALONE = re.compile(r"(?:panic|fatal error): .*(?:\n\t.*)*(?:\n\[signal .*)?\n*\Z")
_IN_CGO = re.compile(r"^signal arrived during (?:cgo|external code) execution", re.MULTILINE)
_BRACKET_SIGNAL = re.compile(r"^\[signal (SIG[A-Z0-9]+)", re.MULTILINE)


@dataclass(frozen=True)
class CrashText:
    """`kind` is an outcome word: go-panic, go-fatal or cgo-fault; `message` has all lines of a panic."""

    kind: str
    message: str
    signal: str | None


def start(stderr: str) -> int | None:
    """Return where the runtime's words start (an index), or None where it says nothing."""
    found = _find(stderr)
    return found[0].start() if found else None


def _find(stderr: str, *, has_stacks: bool = True) -> tuple[re.Match[str], str] | None:
    """Return the first of the runtime's words and the text from there on."""
    followed = True  # by stacks: what does not follow one line does not follow a later one
    for start in _START.finditer(stderr):
        if not has_stacks:
            if not _ALONE.match(stderr, start.start()):
                continue
        elif start["early"] is None:
            followed = followed and _STACKS.search(stderr, start.start()) is not None
            if not followed:
                continue  # the program's own words, not the runtime's
        return start, stderr[start.start() :]
    return None


def read(stderr: str, *, has_stacks: bool = True) -> CrashText | None:
    """Return how the Go runtime says that the program died, or None where it says nothing.

    Where it prints no stacks (GOTRACEBACK=none), its words are the last ones.
    """
    found = _find(stderr, has_stacks=has_stacks)
    if found is None:
        return None
    first, rest = found
    if first["signal"]:
        kind = "cgo-fault" if _IN_CGO.search(rest) else "go-fatal"
        return CrashText(kind, first["what"] or "", first["signal"])
    inner = _BRACKET_SIGNAL.search(rest)
    kind = "go-panic" if first["panic"] is not None else "go-fatal"
    message = first["panic"] or first["fatal"] or first["early"] or ""
    more = _FURTHER.match(rest, first.end() - first.start())
    return CrashText(kind, message + (more[0].rstrip() if more else ""), inner[1] if inner else None)
