"""Compiler output to structured diagnostics, so that build failures can be compared across architectures."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.observation import Diagnostic

_HEADER = re.compile(r"# (\S+)(?: \[.*\])?$")
_PLACED = re.compile(r"(?P<file>[^\s:][^:]*\.[A-Za-z]+):(?P<line>\d+)(?::(?P<column>\d+))?: (?P<text>.+)")
_UNPLACED = re.compile(r".*(?:undefined reference to|multiple definition of|cannot find -l|running \S+ failed).*")
_CHATTER = re.compile(r".*: note: |.*: In function ")
_TEMPORARY = re.compile(r"(?:\$WORK|/\S*/go-(?:build|link)-?\d+)(/b\d+)?/")

# What a failed build says when the machine or the network, not the program, is at fault.
_MACHINE = re.compile(
    r"no space left on device|signal: killed|cannot allocate memory|internal compiler error"
    r"|disk quota exceeded|read-only file system|resource temporarily unavailable"
    r"|dial tcp|i/o timeout|connection refused|module lookup disabled"
)


def split_packages(output: str) -> dict[str, str]:
    """Split the output of one ``go build`` of many packages by its ``# package`` headers."""
    found: dict[str, list[str]] = {}
    lines: list[str] = found.setdefault("", [])
    for line in output.splitlines():
        header = _HEADER.fullmatch(line)
        if header:
            lines = found.setdefault(header[1], [])
        else:
            lines.append(line)
    return {package: "\n".join(lines) for package, lines in found.items() if lines}


def parse(output: str, folders: Iterable[str] = ()) -> tuple[Diagnostic, ...]:
    """Return the diagnostics in `output`; file names lose the prefixes in `folders` (where sources were staged)."""
    found = []
    for raw in output.splitlines():
        line = _TEMPORARY.sub("", raw.strip())
        for folder in folders:
            line = line.replace(f"{folder}/", "")
        line = line.removeprefix("cgo: ").removeprefix("./")
        placed = _PLACED.match(line)
        if _CHATTER.match(line):
            continue
        if placed:
            column = int(placed["column"] or 0)
            found.append(Diagnostic(placed["file"], int(placed["line"]), column, placed["text"]))
        elif _UNPLACED.match(line):
            found.append(Diagnostic("", 0, 0, line))
    return tuple(dict.fromkeys(found))


def machine_trouble(output: str) -> str:
    """Return the words that show that the machine is at fault (disk, memory, compiler crash), or nothing."""
    found = _MACHINE.search(output)
    return found[0] if found else ""
