"""Which Go built a program: what the linker left for `go version` (debug/buildinfo, the section .go.buildinfo)."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from elftools.elf.elffile import ELFFile

from harness.elf.reading import DAMAGE

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
            elf = ELFFile(file)
            section = elf.get_section_by_name(".go.buildinfo")
            data = section.data() if section else b""
            if not data.startswith(_MAGIC) or len(data) < _TEXTS:
                return ""
            text = data[_TEXTS + 1 : _TEXTS + 1 + data[_TEXTS]] if data[_FLAGS] & _INLINE else _pointed(elf, data)
    except (OSError, *DAMAGE):
        return ""
    found = _VERSION.search(text.decode(errors="replace"))
    return found[1] if found else ""


def _pointed(elf: ELFFile, data: bytes) -> bytes:
    """Return the text of the string of Go to which the first pointer of `data` points."""
    word, order = data[_WORD], "big" if data[_FLAGS] & _BIG else "little"
    header = _at(elf, int.from_bytes(data[_POINTER : _POINTER + word], order), 2 * word)  # type: ignore[arg-type]
    start, size = (int.from_bytes(header[at : at + word], order) for at in (0, word))  # type: ignore[arg-type]
    return _at(elf, start, min(size, _MOST))


def _at(elf: ELFFile, address: int, size: int) -> bytes:
    """Return what the file has at a link-time address."""
    for segment in elf.iter_segments("PT_LOAD"):
        if segment["p_vaddr"] <= address < segment["p_vaddr"] + segment["p_filesz"]:
            elf.stream.seek(segment["p_offset"] + address - segment["p_vaddr"])
            return bytes(elf.stream.read(size))
    return b""
