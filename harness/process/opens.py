"""Which files a program and all that it starts open, execute or look for: the kernel tells us.

Each such call waits while its path is read from the memory of who makes it (see `harness.process.seccomp`). This is
the only list of what a build read that no tool can leave incomplete: compilers, linkers, assemblers, pkg-config,
wrapper scripts and programs of `-toolexec` name their files in as many ways as there are of them.

Not seen: what a program only looks for (stat, access) when it is linked to fixed low addresses, as Go's own tools are,
whose looks are a third of all and tell nothing (they open what they use); and what another program opens for it.
"""

from __future__ import annotations

import ctypes
import errno
import os
from typing import NamedTuple

from harness.process.seccomp import INSTRUCTION_POINTER_HIGH, Asked, Listener, Rule, Test, argument

MOST = 200_000  # paths; more of them are not known
_PATH_MAX = 4096
_PAGE = 4096  # bytes; the smallest page of a machine that we run on
_FIRST = 256  # bytes that hold most paths
_AT_FDCWD = -100
_AT_EMPTY_PATH = 0x1000
_O_ACCMODE, _O_WRONLY, _O_CREAT, _O_PATH = 0o3, 0o1, 0o100, 0o10000000

_libc = ctypes.CDLL(None, use_errno=True)


class _Buffer(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Call(NamedTuple):
    """How to read a call: the index of its path (behind a folder's descriptor, if not 0), and of an open's flags."""

    number: int
    path: int
    flags: int | None = None
    looks: bool = False


def _calls(opens: tuple[int, int, int, int, int], looks: tuple[tuple[int, int], ...]) -> tuple[_Call, ...]:
    """Return a table: numbers of open, openat, openat2, execve, execveat (or -1), and looks as (number, path)."""
    plain, at, at2, execute, execute_at = opens
    made = (_Call(plain, 0, 1), _Call(at, 1, 2), _Call(at2, 1), _Call(execute, 0), _Call(execute_at, 1))
    return (*(call for call in made if call.number >= 0), *(_Call(*row, looks=True) for row in looks))


# Of looks: stat, lstat, access; then newfstatat or fstatat64, faccessat, faccessat2, and statx.
_I386 = _calls((5, 295, 437, 11, 358), ((195, 0), (196, 0), (33, 0), (300, 1), (307, 1), (439, 1), (383, 1)))
_ARM = _calls((5, 322, 437, 11, 387), ((195, 0), (196, 0), (33, 0), (327, 1), (334, 1), (439, 1), (397, 1)))
_AMD64 = _calls((2, 257, 437, 59, 322), ((4, 0), (6, 0), (21, 0), (262, 1), (269, 1), (439, 1), (332, 1)))
_ARM64 = _calls((-1, 56, 437, 221, 281), ((79, 1), (48, 1), (439, 1), (291, 1)))
_AUDIT = {0xC000003E: _AMD64, 0x40000003: _I386, 0xC00000B7: _ARM64, 0x40000028: _ARM}
_EMPTY_PATH_FLAGS = {262: 3, 79: 3, 332: 2, 291: 2}  # where those calls carry AT_EMPTY_PATH: then it is an fstat


def _rule(call: _Call, *, wide: bool) -> Rule:
    tests = [Test(INSTRUCTION_POINTER_HIGH, 0xFFFFFFFF, wanted=True)] if call.looks and wide else []
    if call.looks and wide and call.number in _EMPTY_PATH_FLAGS:
        tests.append(Test(argument(_EMPTY_PATH_FLAGS[call.number]), _AT_EMPTY_PATH, wanted=False))
    return Rule(call.number, tuple(tests))


def _rules(audit: int) -> tuple[Rule, ...]:
    wide = audit >= 0xC0000000  # __AUDIT_ARCH_64BIT, and little endian
    return tuple(_rule(call, wide=wide) for call in _AUDIT[audit])


TABLES = {
    "x86_64": {audit: _rules(audit) for audit in (0xC000003E, 0x40000003)},
    "aarch64": {audit: _rules(audit) for audit in (0xC00000B7, 0x40000028)},
}
_BY_NUMBER = {(audit, call.number): call for audit, calls in _AUDIT.items() for call in calls}


class Watcher:
    """Keeps absolute paths: those `opened` to be read or executed, and those `sought`.

    A build makes thousands of these calls, and waits for each answer: no more is done here than has to be.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._page = ctypes.create_string_buffer(_PAGE)
        self._local, self._remote = _Buffer(ctypes.addressof(self._page), 0), _Buffer(0, 0)
        self._read = _libc.process_vm_readv
        self._read.argtypes = [
            ctypes.c_int,
            *(ctypes.c_void_p, ctypes.c_ulong),
            *(ctypes.c_void_p, ctypes.c_ulong),
            ctypes.c_ulong,
        ]
        self._ends = ctypes.addressof(self._local), ctypes.addressof(self._remote)
        self._opened: set[bytes] = set()
        self._sought: set[bytes] = set()
        self._complete = True

    def take(self, asked: Asked) -> bool:
        """Take down one call and let it go on; return True."""
        self._note(asked)
        self._listener.answer(asked)
        return True

    def found(self) -> tuple[list[str], list[str]] | None:
        """Return what was opened, and what was sought, in order; None where that is not all."""
        if not self._complete:
            return None
        return sorted(map(os.fsdecode, self._opened)), sorted(map(os.fsdecode, self._sought))

    def _note(self, asked: Asked) -> None:
        call = _BY_NUMBER[asked.audit, asked.number]
        kept = self._sought if call.looks else self._opened
        if call.flags is not None:
            flags = asked.arguments[call.flags]
            if flags & _O_ACCMODE == _O_WRONLY or flags & _O_CREAT:
                return
            if flags & _O_PATH:
                kept = self._sought
        path = self._text(asked.pid, asked.arguments[call.path])
        if not path.startswith(b"/"):
            place = self._folder(asked, call) if path else b""
            if not place:
                return
            path = place + b"/" + path
        kept.add(path)
        if len(kept) > MOST:
            self._complete = False
            kept.clear()

    def _text(self, pid: int, address: int) -> bytes:
        """Return the string at `address` of a process; an empty one where the call will fail for it."""
        found = b""
        while len(found) < _PATH_MAX:
            count = min(_FIRST if not found else _PAGE, _PAGE - address % _PAGE)
            text = self._memory(pid, address, count)
            if not text:
                return b""
            end = text.find(b"\0")
            if end >= 0:
                found += text[:end]
                break
            found += text
            address += len(text)
        return found if len(found) < _PATH_MAX else b""

    def _memory(self, pid: int, address: int, count: int) -> bytes:
        """Return `count` bytes or fewer of a process; none where the call will fail for it."""
        self._local.length = self._remote.length = count
        self._remote.base = address
        got = self._read(pid, self._ends[0], 1, self._ends[1], 1, 0)
        if got >= 0:
            return self._page.raw[:got]
        error = ctypes.get_errno()
        if error in (errno.EPERM, errno.ENOSYS):  # Docker 20 forbids the call without CAP_SYS_PTRACE, and not the file
            try:
                with open(f"/proc/{pid}/mem", "rb", 0) as memory:  # noqa: PTH123
                    return os.pread(memory.fileno(), count, address)
            except OverflowError:
                error = errno.EFAULT
            except OSError as failed:
                error = failed.errno or 0
        self._complete &= error in (errno.EFAULT, errno.EIO, errno.ESRCH, errno.ENOENT)
        return b""

    def _folder(self, asked: Asked, call: _Call) -> bytes:
        """Return the folder that a relative path counts from; an empty one where the call will fail for it."""
        descriptor = ctypes.c_int(asked.arguments[0] & 0xFFFFFFFF).value if call.path else _AT_FDCWD
        name = "cwd" if descriptor == _AT_FDCWD else f"fd/{descriptor}"
        try:
            return os.readlink(f"/proc/{asked.pid}/{name}".encode())  # noqa: PTH115
        except OSError as error:
            self._complete &= error.errno in (errno.ENOENT, errno.ESRCH)
            return b""
