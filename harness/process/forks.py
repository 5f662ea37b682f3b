"""A gate before every new process of a program: the kernel asks, by seccomp user notification (Linux 5.5, seccomp(2)).

Counting processes from time to time is no bound: an exponential fork bomb makes thousands between two looks, and
from then on leaves the looker no processor to look with (seen in a container, where nothing shares processors out
by session). Here each fork waits for an answer, so the bound is exact. Threads pass without being asked.

Only the standard library: the keeper imports it. Needs no rights; where the kernel refuses, there is no gate.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import platform
import socket
import struct
from collections.abc import Callable
from typing import NamedTuple

_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_SET_MODE_FILTER = 1
_SECCOMP_FILTER_FLAG_NEW_LISTENER = 8
_RET_ALLOW, _RET_ERRNO, _RET_USER_NOTIF = 0x7FFF0000, 0x00050000, 0x7FC00000
_NOTIF_RECV, _NOTIF_SEND = 0xC0502100, 0xC0182101
_NOTIF_BYTES = 80
_CONTINUE = 1
_CLONE_THREAD = 0x10000
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06  # BPF: LD W ABS, JMP JEQ K, JMP JSET K, RET K
_NR, _ARCH, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data; the low half, on a little-endian machine

_libc = ctypes.CDLL(None, use_errno=True)


class Calls(NamedTuple):
    """One system call table: its AUDIT_ARCH, the numbers of fork and vfork, of clone and of clone3."""

    audit: int
    forks: tuple[int, ...]
    clone: int
    clone3: int


class Host(NamedTuple):
    """What a machine (``uname -m``) runs: the number of seccomp(2), and its system call tables."""

    seccomp: int
    tables: tuple[Calls, ...]


HOSTS = {
    "x86_64": Host(317, (Calls(0xC000003E, (57, 58), 56, 435), Calls(0x40000003, (2, 190), 120, 435))),
    "aarch64": Host(277, (Calls(0xC00000B7, (), 220, 435), Calls(0x40000028, (2, 190), 120, 435))),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def instructions(tables: tuple[Calls, ...]) -> bytes:
    """Return the filter as BPF.

    fork, vfork, and clone without CLONE_THREAD are asked about. clone3, whose flags a filter cannot see, does not
    exist, so that libraries fall back to clone.
    """
    code = [(_LOAD, 0, 0, _ARCH)]
    for table in tables:
        block = [(_LOAD, 0, 0, _NR)]
        for number in table.forks:
            block += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _RET_USER_NOTIF)]
        block += [
            (_EQUAL, 0, 1, table.clone3),
            (_RETURN, 0, 0, _RET_ERRNO | errno.ENOSYS),
            (_EQUAL, 0, 3, table.clone),
            (_LOAD, 0, 0, _FIRST_ARGUMENT),
            (_ANY_BIT, 1, 0, _CLONE_THREAD),
            (_RETURN, 0, 0, _RET_USER_NOTIF),
            (_RETURN, 0, 0, _RET_ALLOW),
        ]
        code += [(_EQUAL, 0, len(block), table.audit), *block]
    code.append((_RETURN, 0, 0, _RET_ALLOW))
    return b"".join(struct.pack("<HBBI", *row) for row in code)


def install(channel: socket.socket) -> None:
    """In the child: put the filter on this process and send its listener; sends nothing where that is not possible."""
    host = HOSTS.get(platform.machine())
    if host is None or _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return
    code = instructions(host.tables)
    program = _Program(len(code) // 8, code)
    flags = _SECCOMP_FILTER_FLAG_NEW_LISTENER
    listener = _libc.syscall(host.seccomp, _SECCOMP_SET_MODE_FILTER, flags, ctypes.byref(program))
    if listener >= 0:
        socket.send_fds(channel, [b"x"], [listener])


def receive(channel: socket.socket, bound: int) -> Gate | None:
    """In the keeper: return the gate that the child's `install` sent, or None when the child has closed `channel`."""
    _, descriptors, _, _ = socket.recv_fds(channel, 1, 1)
    if not descriptors:
        return None
    os.set_inheritable(descriptors[0], False)
    return Gate(descriptors[0], bound)


class Gate:
    """The keeper's end: lets as many processes live at once as `bound`, the first included."""

    def __init__(self, fd: int, bound: int) -> None:
        self.fd = fd
        self.bound = bound
        self._granted = bound - 1  # how many more may come before the living ones have to be counted

    def answer(self, count: Callable[[], int]) -> bool:
        """Answer one request; return whether it was granted. `count` tells how many processes there are.

        What is refused fails with EAGAIN, as at RLIMIT_NPROC.
        """
        request = bytearray(_NOTIF_BYTES)
        try:
            fcntl.ioctl(self.fd, _NOTIF_RECV, request, True)
        except OSError:
            return True  # who asked is gone
        if self._granted <= 0:
            self._granted = self.bound - count()
        granted = self._granted > 0
        self._granted -= 1
        (number,) = struct.unpack_from("<Q", request)
        error, flags = (0, _CONTINUE) if granted else (-errno.EAGAIN, 0)
        try:
            fcntl.ioctl(self.fd, _NOTIF_SEND, struct.pack("<QqiI", number, 0, error, flags))
        except OSError:
            return True
        return granted

    def close(self) -> None:
        """Close the listener; whoever still asks is refused."""
        os.close(self.fd)
