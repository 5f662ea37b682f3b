"""What a C compiler says it read: the headers outside a build's own folders, with what they include from anywhere.

gcc appends a line of make's syntax a file to what ``SUNPRO_DEPENDENCIES`` names: like ``DEPENDENCIES_OUTPUT``, but
with system headers, and a folder of one's own can be one (``-isystem``). The GCC manual ("Environment Variables
Affecting GCC") calls it ``SUNPRO_OUTPUT``, which gcc 12 does not look at; gcc/c-family/c-opts.cc has the other.
It reaches the compiler through ``go build`` and through wrapper scripts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "SUNPRO_DEPENDENCIES"
MOST = 64 << 20  # bytes of the list that are read
UNSURE = [-1]  # equal to no file's stamp: what was built is used once
_WORD = re.compile(r"(?:[^\s\\]|\\[^\n])+")
_ESCAPED = re.compile(r"\\([ #\\])|\$(\$)")


def parse(text: str) -> set[str]:
    """Return the absolute paths that the rules in `text` depend on; what ``..`` leads out of is left as it is."""
    words = _WORD.findall(text.replace("\\\n", " "))
    plain = (_ESCAPED.sub(lambda match: match[1] or match[2], word) for word in words if not word.endswith(":"))
    return {word for word in plain if word.startswith("/")}


def stamps(listing: Path, inside: Path, started: int) -> dict[str, list[int]]:
    """Return the `stamp` of each file of a compiler's `listing` that is not below `inside`.

    What was there for the compiler only (its own temporary files) is left out. Without a listing nothing was read.
    A file that was written to since the build `started` (ns since the epoch) is `UNSURE`: which state of it was read?
    """
    try:
        with listing.open(errors="surrogateescape") as file:
            text = file.read(MOST)
    except OSError:
        return {}
    found = {path: stamp(path) for path in sorted(parse(text)) if not Path(path).is_relative_to(inside)}
    return {path: at if max(at[1:3]) < started else UNSURE for path, at in found.items() if at}


def stamp(path: str) -> list[int]:
    """Return size, times of modification and change (ns), and inode of a file; an empty list where it is gone.

    The inode tells a link that was moved to another file of the same size and age.
    """
    try:
        stat = os.stat(path)  # noqa: PTH116 (many)
    except OSError:
        return []
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]


def moved(read: Mapping[str, list[int]]) -> bool:
    """Whether a file that was read is no longer what it was."""
    return any(stamp(path) != at for path, at in read.items())
