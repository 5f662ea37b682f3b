"""Which Go built a program: what the linker left for `go version` (debug/buildinfo, the section .go.buildinfo)."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Literal

from elftools.elf.elffile import ELFFile

from harness.elf import places
from harness.elf.reading import DAMAGE
from harness.errors import UsageError

_MAGIC = b"\xff Go buildinf:"
_WORD, _FLAGS, _POINTER, _TEXTS = 14, 15, 16, 32  # offsets: a pointer's size, flags, a pointer, the first text
_BIG, _INLINE = 1, 2  # big-endian; the texts follow, as they do since Go 1.18: before it is a pointer to a string
_MOST = 64  # bytes of a version
_VERSION = re.compile(r"go(\d+(?:\.\d+)*(?:rc\d+|beta\d+)?)(?![\w.])")


@lru_cache(maxsize=16)
def version(path: Path) -> str:
    """Return the version of Go that built the program at `path` (``1.27.4``), or an empty text where it says none."""
    try:
        with path.open("rb") as file:
            section = ELFFile(file).get_section_by_name(".go.buildinfo")
            data = section.data() if section else b""
        if not data.startswith(_MAGIC) or len(data) < _TEXTS:
            return ""
        text = data[_TEXTS + 1 : _TEXTS + 1 + data[_TEXTS]] if data[_FLAGS] & _INLINE else _pointed(path, data)
    except (OSError, UsageError, *DAMAGE):
        return ""
    found = _VERSION.search(text.decode(errors="replace"))
    return found[1] if found else ""


def _pointed(path: Path, data: bytes) -> bytes:
    """Return the text of the string of Go to which the first pointer of `data` points. Raises UsageError, OSError."""
    program, word = places.load(path), data[_WORD]
    order: Literal["little", "big"] = "big" if data[_FLAGS] & _BIG else "little"
    header = program.bytes_at(int.from_bytes(data[_POINTER : _POINTER + word], order), 2 * word)
    start, size = (int.from_bytes(header[at : at + word], order) for at in (0, word))
    return program.bytes_at(start, min(size, _MOST))
