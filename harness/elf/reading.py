"""ELF files are read here, so that a damaged one is told the same way wherever the damage shows."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from elftools.common.exceptions import DWARFError, ELFError
from elftools.elf.elffile import ELFFile

from harness.errors import UsageError

DAMAGE = (
    *(ELFError, DWARFError, ValueError, LookupError, TypeError, AttributeError, AssertionError),
    *(ArithmeticError, MemoryError, RecursionError, NotImplementedError, struct.error, zlib.error),
)
"""What pyelftools raises for a file that is none, or is damaged: it believes every count and offset."""

_READ = ("PT_LOAD", "PT_INTERP")  # the segments whose content is asked for


@contextmanager
def opened(path: Path) -> Iterator[ELFFile]:
    """Open the ELF file at `path` for a block that reads it. Raises UsageError, also for damage found in the block."""
    try:
        with path.open("rb") as file:
            elf = ELFFile(file)
            end = file.seek(0, os.SEEK_END)
            for segment in elf.iter_segments():
                if segment["p_type"] in _READ and segment["p_offset"] + segment["p_filesz"] > end:
                    raise ELFError(f"its {segment['p_type']} reaches beyond the end of the file")
            yield elf
    except OSError as error:
        if error.filename is None:  # not the file but a place in it, to which a header points
            raise _unusable(path, error) from None
        raise UsageError(f"{path}: cannot be read: {error.strerror}", mend="name a program that is there") from None
    except DAMAGE as error:
        raise _unusable(path, error) from None


def _unusable(path: Path, error: BaseException) -> UsageError:
    said = str(error) or type(error).__name__
    if type(error) is not ELFError:  # the words of what stumbled over it: "expected 4, found 0"
        said = f"its headers are damaged, or it was cut short ({said})"
    return UsageError(f"{path}: not a usable ELF file: {said}", mend="name a Linux program")
