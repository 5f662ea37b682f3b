"""Compiler output to structured diagnostics, so that build failures can be compared across architectures."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from harness.observation import Diagnostic

_HEADER = re.compile(r"# (\S+)(?: \[.*\])?$")
_PLACED = re.compile(r"(?P<file>[^\s:][^:]*\.[A-Za-z]+|<[a-z -]+>):(?P<line>\d+)(?::(?P<column>\d+))?: (?P<text>.+)")
# What cgo writes has other names and lines on each architecture, and no reader has seen it.
_GENERATED = re.compile(r"^(?:cgo-gcc-prolog|cgo-generated-wrapper|[^\s:]+\.cgo2\.c):\d+(?::\d+)?: ")
_RUNNING = re.compile(r"running \S+ failed")  # the linker's words; which compiler it ran is the architecture's affair
# Complaints without a place, all about the program or its case.yaml: the linker's, the compilers', those of `go build`.
_UNPLACED = re.compile(
    r"cgo: |.*(?:undefined reference to|multiple definition of|cannot find -l|running .+ failed)"
    r"|(?!collect2)[^\s:]+: (?:fatal )?error: "
    r"|no Go files in |found packages |go: no main packages to build|package \S+: build constraints exclude all "
    r"|go: (?:\S+ )?(?:go\.mod )?requires go >= |go: (?:errors parsing|module .* requires|updates to go\.mod needed)"
    r"|main module \(\S+\) does not contain package "
    r"|-buildmode=\S+ requires exactly one main package|-\S+ (?:is )?(?:not|only) supported (?:on|when) "
    r"|\S+: package using cgo has Go assembly file |C source files not allowed when not using cgo"
    r"|flag provided but not defined: |invalid (?:value|boolean value) .* for flag "
)
# The linker's and the compilers' own path, and offsets into what they made: the architecture's affair too.
_TOOL = re.compile(r"^/\S*/(?:[a-z0-9_]+-)*(ld|as|cc1|gcc|cc|clang)(?:\.\w+)?(?=: )")
_OFFSET = re.compile(r"\((\.[\w.]+)\+0x[0-9a-f]+\)")
_CHATTER = re.compile(r".*: note: |.*: In function ")
_TEMPORARY = re.compile(r"(?:\$WORK|/\S*/go-(?:build|link)-?\d*)(/b\d+)?/|/\S*/pkg/tool/\w+/")

# What a failed build says when the machine or the network, not the program, is at fault.
_MACHINE = re.compile(
    r"no space left on device|signal: killed|cannot allocate memory|internal compiler error"
    r"|disk quota exceeded|read-only file system|resource temporarily unavailable|too many open files"
    r"|dial tcp|i/o timeout|connection (?:refused|reset)|no such host|tls handshake|module lookup disabled"
    r"|reading https?://\S+: [45]\d\d |not a valid zip file|checksum mismatch|input/output error"
    r"|killed signal|signal terminated program|terminated with signal|cannot execute|error trying to exec",
    re.IGNORECASE,  # Go's and the C library's words begin differently
)
_ABOVE = re.compile(r"(?:\.\./)+[^\s:'\"]+")
HERE = "the case's folder"


def split_packages(output: str, packages: Collection[str] = ()) -> dict[str, str]:
    """Split the output of one ``go build`` of many `packages` by its ``# package`` headers.

    A line that itself begins with one of `packages` is of that one, under whatever header it stands.
    """
    found: dict[str, list[str]] = {}
    lines: list[str] = found.setdefault("", [])
    for line in output.splitlines():
        header = _HEADER.fullmatch(line)
        package, colon, _ = line.partition(": ")
        if header:
            lines = found.setdefault(header[1], [])
        elif colon and package in packages:
            found.setdefault(package, []).append(line)
        else:
            lines.append(line)
    return {package: "\n".join(lines) for package, lines in found.items() if lines}


def parse(output: str, folders: Iterable[str] = ()) -> tuple[Diagnostic, ...]:
    """Return the diagnostics in `output`, errors first; names lose the prefixes in `folders` (the staged sources)."""
    found = []
    for raw in output.splitlines():
        line = _TEMPORARY.sub("", raw.strip())
        for folder in folders:
            line = line.replace(f"{folder}/", "")
            if folder.startswith("/"):
                line = line.replace(folder, HERE)
        line = _RUNNING.sub("running the C compiler failed", line.removeprefix("cgo: ").removeprefix("./"))
        line = _OFFSET.sub(r"(\1)", _TOOL.sub(r"\1", _GENERATED.sub("cgo: ", line)))
        placed = _PLACED.match(line)
        if _CHATTER.match(line):
            continue
        if placed:
            column = int(placed["column"] or 0)
            found.append(Diagnostic(placed["file"], int(placed["line"]), column, placed["text"]))
        elif _UNPLACED.match(line):
            found.append(Diagnostic("", 0, 0, line))
    return tuple(sorted(dict.fromkeys(found), key=_rank))


def _rank(diagnostic: Diagnostic) -> int:
    """Errors before warnings; last the linker's remark that it failed, which follows its reasons."""
    if diagnostic.text.startswith(("warning", "Warning")):
        return 1
    return 2 if " failed: exit status" in diagnostic.text else 0


def paths_above(output: str) -> list[str]:
    """Return the paths in `output` that lead out of a folder (``../x.h``), each once."""
    return sorted(set(_ABOVE.findall(output)))


def machine_trouble(output: str) -> str:
    """Return the line that shows that the machine is at fault (disk, memory, network, compiler crash), or nothing."""
    return next((line.strip() for line in output.splitlines() if _MACHINE.search(line)), "")
