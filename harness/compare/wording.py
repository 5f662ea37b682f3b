"""Divergences and reasons in words: one line for a cause, aligned lines for a terminal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from harness.observation import Divergence


def sentence(found: Sequence[Divergence], left: str, right: str) -> str:
    """Return the first divergence as one line, and how many more there are."""
    first = found[0]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{first.where}: {left} {quote(first.left)}, {right} {quote(first.right)}{more}"


def aligned(found: Sequence[Divergence], left: str, right: str, most: int = 20) -> list[str]:
    """Return the divergences as lines in which both sides stand under each other."""
    width = max(len(left), len(right))
    lines = []
    for divergence in found[:most]:
        lines.append(f"{divergence.where}:")
        lines += [f"    {left:<{width}}  {part}" for part in divergence.left.splitlines() or [""]]
        lines += [f"    {right:<{width}}  {part}" for part in divergence.right.splitlines() or [""]]
    if len(found) > most:
        lines.append(f"(and {len(found) - most} more)")
    return lines


def declared_text(reasons: Mapping[str, str]) -> str:
    """Return the declared reasons on one line."""
    return "; ".join(f"{arch}: {reason}" for arch, reason in reasons.items())


def quote(text: str, most: int = 100) -> str:
    """Return `text` on one line, shortened, in quotes unless it is one of our own words."""
    flat = " ".join(text.split())
    flat = flat if len(flat) <= most else f"{flat[:most]}…"
    return flat if re.fullmatch(r"\(.*\)|-?\d+|SIG\w+|exit -?\d+|killed by .*", flat) else f"`{flat}`"


def first_line(text: str) -> str:
    """Return the first line of `text`."""
    return text.partition("\n")[0]
