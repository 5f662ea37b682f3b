"""The nearest known name to a misspelt one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most like `name` (transposed letters count as near), or None."""
    candidates = sorted(known)
    lowered = {candidate.lower(): candidate for candidate in candidates}
    if name.lower() in lowered:
        return lowered[name.lower()]
    same_letters = [c for c in candidates if sorted(c.lower()) == sorted(name.lower())]
    if same_letters:
        return same_letters[0]
    close = difflib.get_close_matches(name.lower(), list(lowered), n=1, cutoff=0.55)
    return lowered[close[0]] if close else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` or an empty string."""
    found = nearest(name, known)
    return f"; did you mean {found!r}?" if found else ""
