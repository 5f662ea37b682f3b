"""Which Go built a program: what the linker left for `go version` (debug/buildinfo, the section .go.buildinfo)."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from elftools.elf.elffile import ELFFile

from harness.elf.reading import DAMAGE

_MAGIC = b"\xff Go buildinf:"
_FLAGS, _TEXTS = 15, 32  # offsets of the flags and of the first text
_INLINE = 2  # the flag that says that the texts follow, as they do since Go 1.18
_VERSION = re.compile(r"go(\d+(?:\.\d+)*(?:rc\d+|beta\d+)?)(?![\w.])")


@lru_cache(maxsize=16)
def version(path: Path) -> str:
    """Return the version of Go that built the program at `path` (``1.27.4``), or an empty text where it says none."""
    try:
        with path.open("rb") as file:
            section = ELFFile(file).get_section_by_name(".go.buildinfo")
            data = section.data() if section else b""
    except (OSError, *DAMAGE):
        return ""
    if not data.startswith(_MAGIC) or len(data) <= _TEXTS or not data[_FLAGS] & _INLINE:
        return ""
    found = _VERSION.search(data[_TEXTS + 1 : _TEXTS + 1 + data[_TEXTS]].decode(errors="replace"))
    return found[1] if found else ""
