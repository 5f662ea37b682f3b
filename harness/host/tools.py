"""Find programs and tell their versions, asking each program once and remembering the answer."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

from harness import files
from harness.errors import StoreBroken
from harness.process import client
from harness.process.spec import Command
from harness.target import Tool

LOOK_SECONDS = 30.0
QEMU_DIR = "CROSSABI_QEMU_DIR"

_GLIBC = re.compile(rb"GNU C Library \(([^)\n]*)\)[^\n]*version ([0-9.]+[0-9])")


def which(program: str) -> str | None:
    """Return the path of `program` on ``$CROSSABI_QEMU_DIR`` (for emulators) or PATH, or None."""
    if program.startswith("qemu-") and (folder := os.environ.get(QEMU_DIR)):
        return shutil.which(program, path=folder)
    return shutil.which(program)


def identity(path: str | Path) -> str:
    """Return a text that changes when the file does, or an empty one where there is none."""
    try:
        real = Path(path).resolve(strict=True)
        stat = real.stat()
    except OSError:
        return ""
    return f"{real}:{stat.st_size}:{stat.st_mtime_ns}"


def version(command: Sequence[str], ask: Sequence[str] = ("--version",)) -> str:
    """Return the first line that `command` prints of its version, from the cache where it has not changed."""
    return remembered(f"version {' '.join(ask)}", command, lambda: _first_line([*command, *ask]))


def tool(command: Sequence[str]) -> Tool:
    """Describe a program that was found."""
    return Tool(tuple(command), version(command), identity(command[0]))


def compiler(path: str) -> Tool:
    """Describe a C compiler; its identity is also that of the programs that it runs: an upgrade of binutils counts."""
    found = tool([path])
    parts = [
        remembered(f"part {name}", [path], partial(_first_line, [path, f"-print-prog-name={name}"]))
        for name in ("cc1", "as", "ld")
    ]
    places = [part if "/" in part else which(part) or "" for part in parts]
    return replace(found, identity=" ".join([found.identity, *map(identity, filter(None, places))]))


def run(argv: Sequence[str], timeout: float = 60.0) -> str:
    """Run a short question to a tool and return its standard output, empty where it failed."""
    finished = client.run(Command(tuple(argv), client.own_environment(), timeout))
    return finished.stdout.decode(errors="replace") if finished.ok else ""


def remembered(question: str, command: Sequence[str], ask: Callable[[], str]) -> str:
    """Return the answer to `question` about the program of `command`, asked until it answers, once per identity."""
    key = f"{question} {' '.join(command)} {identity(command[0])}"
    path = files.cache_root() / "tools.json"
    known = _known(path)
    if key not in known:
        answer = ask()
        if not answer:  # a tool that could not answer now may do so the next time
            return answer
        known[key] = answer
        with contextlib.suppress(StoreBroken), files.locked(path.with_suffix(".lock")):  # or asked again the next time
            known.update(files.read_json(path) or {})
            known[key] = answer
            files.write_atomic(path, json.dumps(known, indent=1, sort_keys=True))
    return known[key]


@lru_cache(maxsize=4)
def _known(path: Path) -> dict[str, str]:
    found = files.read_json(path)
    return found if isinstance(found, dict) else {}


def _first_line(argv: Sequence[str]) -> str:
    return next(iter(run(argv).splitlines()), "")


def libc_version(sysroot: Path, triple: str) -> str:
    """Return the C library's own version text in `sysroot`, or an empty text where there is none."""
    for folder in ("lib", f"lib/{triple}", "lib64", f"usr/lib/{triple}", "usr/lib"):
        path = sysroot / folder / "libc.so.6"
        if path.exists():
            return remembered("libc", [str(path)], partial(_glibc, path))
    return ""


def _glibc(path: Path) -> str:
    found = _GLIBC.search(path.read_bytes())
    return f"glibc {found[2].decode()} ({found[1].decode()})" if found else "unknown libc"


def has_headers(sysroot: Path, triple: str) -> bool:
    """Whether a C program that includes <stdlib.h> can be compiled against `sysroot`."""
    if sysroot == Path("/"):
        return (sysroot / "usr/include/stdlib.h").exists()
    return (sysroot / "include/stdlib.h").exists() or (sysroot / f"usr/include/{triple}/stdlib.h").exists()


def machine() -> str:
    """Return what ``uname -m`` says."""
    return platform.machine()


def sees_reads() -> bool:
    """Whether the kernel tells which files a command reads (see `harness.process.opens`)."""
    argv = (sys.executable, "-I", "-S", "-c", "")
    return client.run(Command(argv, {}, LOOK_SECONDS, watched=True)).opened is not None


@lru_cache(maxsize=1)
def kernel() -> str:
    """Return the running kernel's name and release."""
    return f"{platform.system()} {platform.release()}"


@lru_cache(maxsize=1)
def cpu_model() -> str:
    """Return the processor's name as the kernel tells it."""
    try:
        text = Path("/proc/cpuinfo").read_text(errors="replace")
    except OSError:
        return ""
    found = re.search(r"^(?:model name|Processor|cpu)\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.processor()


@lru_cache(maxsize=1)
def zig() -> tuple[str, ...] | None:
    """Return the command of the second C compiler (PyPI ziglang), or None where it is not installed."""
    import importlib.util

    if importlib.util.find_spec("ziglang"):
        return (sys.executable, "-m", "ziglang")
    found = shutil.which("zig")
    return (found,) if found else None
