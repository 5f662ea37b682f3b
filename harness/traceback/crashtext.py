"""Tell from Go's crash text how a program died: panic, fatal error, or a fault in C while in cgo.

The texts are those of runtime/panic.go (printpanics, fatalthrow) and runtime/signal_unix.go (sighandler), which
are the same on every architecture; the exit code that goes with them is 2, or SIGABRT under GOTRACEBACK=crash, or
4 where the traceback faults too (runtime/panic.go, startpanic_m).
"""

from __future__ import annotations

import heapq
import re
from dataclasses import dataclass

# Each pattern begins with a text that is looked for fast in any amount of others, the end of the line before included:
# a text gets one in front.
_STARTS = (
    *(re.compile(rf"\n{word}: (?P<rest>.*)") for word in ("panic", "fatal error", "fatal")),
    re.compile(r"\n(?P<signal>SIG[A-Z0-9]++)(?:: (?P<rest>.*+))?+(?=\n(?:.*+\n)?PC=0x[0-9a-f]+ m=)"),
)
_PANIC, _, _EARLY, _SIGNAL = _STARTS
_FURTHER = re.compile(r"(?:\n\t.*)*")  # lines of the value, and panics on top (runtime/error.go, printindented)
_STACKS = (
    re.compile(r"\ngoroutine \d+ [^\n]*\[[^\[\]\n]*\](?::| \{)"),
    *map(re.compile, (r"\nruntime stack:", r"\nPC=0x", r"\n\[signal ", r"\nstack trace unavailable(?:\n|\Z)")),
)
_ALONE = re.compile(r"\n(?:panic|fatal error): .*(?:\n\t.*)*(?:\n\[signal .*)?\n*\Z")
_IN_CGO = re.compile(r"\nsignal arrived during (?:cgo|external code) execution")
_BRACKET_SIGNAL = re.compile(r"\n\[signal (SIG[A-Z0-9]+)")


@dataclass(frozen=True)
class CrashText:
    """`kind` is an outcome word: go-panic, go-fatal or cgo-fault; `message` has all lines of a panic."""

    kind: str
    message: str
    signal: str | None


def start(stderr: str) -> int | None:
    """Return where the runtime's words start (an index), or None where it says nothing."""
    found = _find(f"\n{stderr}")
    return found.start() if found else None


def _find(text: str, *, has_stacks: bool = True) -> re.Match[str] | None:
    """Return the first of the runtime's words in a text with an end of a line in front."""
    starts = heapq.merge(*(pattern.finditer(text) for pattern in _STARTS), key=re.Match.start)
    if not has_stacks:
        return next((start for start in starts if _ALONE.match(text, start.start())), None)
    first = next(starts, None)
    if first is None or first.re is _EARLY or any(pattern.search(text, first.start()) for pattern in _STACKS):
        return first
    return _EARLY.search(text, first.start())  # what does not follow the first does not follow the others


def read(stderr: str, *, has_stacks: bool = True) -> CrashText | None:
    """Return how the Go runtime says that the program died, or None where it says nothing.

    Where it prints no stacks (GOTRACEBACK=none), its words are the last ones.
    """
    text = f"\n{stderr}"
    first = _find(text, has_stacks=has_stacks)
    if first is None:
        return None
    message = first["rest"] or ""
    if first.re is _SIGNAL:
        kind = "cgo-fault" if _IN_CGO.search(text, first.start()) else "go-fatal"
        return CrashText(kind, message, first["signal"])
    inner = _BRACKET_SIGNAL.search(text, first.start())
    more = _FURTHER.match(text, first.end())
    message += more[0].rstrip() if more else ""
    return CrashText("go-panic" if first.re is _PANIC else "go-fatal", message, inner[1] if inner else None)
