"""The object attributes of a program (`.gnu.attributes`), in which compilers say by which of several ABIs it was built.

The format is that of the ARM architecture's build attributes (AAELF32, "Build Attributes"; binutils' elf-attrs.c).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from elftools.elf.elffile import ELFFile

from harness.elf.leb128 import unsigned
from harness.elf.reading import DAMAGE

_SECTION, _VENDOR, _FILE = ".gnu.attributes", b"gnu", 1
_VERSION = b"A"
_COMPATIBILITY = 32


def read(path: Path) -> Mapping[int, int]:
    """Return the numbers of the vendor ``gnu`` about the whole file, by their tags; none where there are none."""
    try:
        stat = path.stat()
        return _read(path, (stat.st_size, stat.st_mtime_ns))
    except (OSError, *DAMAGE):
        return {}


@lru_cache(maxsize=16)
def _read(path: Path, _stamp: tuple[int, int]) -> Mapping[int, int]:
    with path.open("rb") as file:
        elf = ELFFile(file)
        section = elf.get_section_by_name(_SECTION)
        return {} if section is None else parsed(section.data(), little=elf.little_endian)


def parsed(data: bytes, *, little: bool) -> dict[int, int]:
    """Return the numbers that a section's `data` has; of another vendor, or cut off, as far as it goes."""
    found: dict[int, int] = {}
    if data[:1] != _VERSION:
        return found
    vendor, _, rest = data[5:].partition(b"\0")
    if vendor != _VENDOR or rest[:1] != bytes([_FILE]):
        return found
    at, end = 5, min(int.from_bytes(rest[1:5], "little" if little else "big"), len(rest))
    while at < end:
        tag, at = unsigned(rest, at, end)
        if tag >= _COMPATIBILITY:  # those behind may be texts, and none is looked for
            break
        found[tag], at = unsigned(rest, at, end)
    return found
