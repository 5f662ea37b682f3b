"""Be asked before a program's system calls: seccomp user notification (Linux 5.5, seccomp(2)).

A filter of ours goes with a program and with all that it starts, and hands those of its calls that some rules name to
a listener, which answers each. Only the standard library: the keeper imports it. Needs no rights; where the kernel
refuses (an old one, another machine than those below, a listener that is there already), there is no listener.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import platform
import socket
import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_PR_SET_NO_NEW_PRIVS = 38
_SET_MODE_FILTER = 1
_FILTER_FLAG_NEW_LISTENER = 8
_RET_ALLOW, _RET_ERRNO, _RET_USER_NOTIF = 0x7FFF0000, 0x00050000, 0x7FC00000
_NOTIF_RECV, _NOTIF_SEND = 0xC0502100, 0xC0182101
_NOTIF = struct.Struct("<QIIiIQ6Q")  # id, pid, flags, then struct seccomp_data
_CONTINUE = 1
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06  # BPF: LD W ABS, JMP JEQ K, JMP JSET K, RET K
_NR, _ARCH = 0, 4  # offsets in struct seccomp_data
NUMBERS = {"x86_64": 317, "aarch64": 277}  # of seccomp(2), by ``uname -m``; both machines are little endian

_libc = ctypes.CDLL(None, use_errno=True)


class Test(NamedTuple):
    """A condition on 32 bits of struct seccomp_data: whether any of `bits` at `offset` is set has to be `wanted`."""

    offset: int
    bits: int
    wanted: bool


class Rule(NamedTuple):
    """Ask about the call `number` where all `tests` hold; with `absent` the call does not exist instead (ENOSYS)."""

    number: int
    tests: tuple[Test, ...] = ()
    absent: bool = False


Tables = Mapping[int, Sequence[Rule]]  # by AUDIT_ARCH: the rules for one of the system call tables of a machine


Machines = Mapping[str, Tables]


def merged(one: Machines, other: Machines) -> Machines:
    """Return the rules of both."""
    audits = {machine: one[machine].keys() | other[machine].keys() for machine in one}
    return {
        machine: {audit: (*one[machine].get(audit, ()), *other[machine].get(audit, ())) for audit in audits[machine]}
        for machine in one
    }


class Asked(NamedTuple):
    """A call that waits for its answer: who wants it (a thread), of which table, its number and arguments."""

    token: int
    pid: int
    number: int
    audit: int
    arguments: list[int]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def argument(index: int) -> int:
    """Return the offset of the low half of an argument."""
    return 16 + 8 * index


INSTRUCTION_POINTER_HIGH = 12  # offset of the upper half


def instructions(tables: Tables) -> bytes:
    """Return the filter as BPF. What no rule names is allowed."""
    code = [(_LOAD, 0, 0, _ARCH)]
    for audit, rules in tables.items():
        block = [(_LOAD, 0, 0, _NR)]
        for rule in rules:
            body: list[tuple[int, int, int, int]] = []
            for test in rule.tests:
                skip = (1, 0) if test.wanted else (0, 1)
                body += [(_LOAD, 0, 0, test.offset), (_ANY_BIT, *skip, test.bits), (_RETURN, 0, 0, _RET_ALLOW)]
            body.append((_RETURN, 0, 0, _RET_ERRNO | errno.ENOSYS if rule.absent else _RET_USER_NOTIF))
            block += [(_EQUAL, 0, len(body), rule.number), *body]
        block.append((_RETURN, 0, 0, _RET_ALLOW))
        code += [(_EQUAL, 0, len(block), audit), *block]
    code.append((_RETURN, 0, 0, _RET_ALLOW))
    return b"".join(struct.pack("<HBBI", *row) for row in code)


def install(channel: socket.socket, machines: Machines) -> None:
    """In the child: put the filter on this process and send its listener; sends nothing where that is not possible."""
    machine = platform.machine()
    if machine not in NUMBERS or _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return
    code = instructions(machines[machine])
    program = _Program(len(code) // 8, code)
    flags = _FILTER_FLAG_NEW_LISTENER
    listener = _libc.syscall(NUMBERS[machine], _SET_MODE_FILTER, flags, ctypes.byref(program))
    if listener >= 0:
        socket.send_fds(channel, [b"x"], [listener])


def receive(channel: socket.socket) -> Listener | None:
    """In the keeper: return the listener that the child's `install` sent, or None when it has closed `channel`."""
    _, descriptors, _, _ = socket.recv_fds(channel, 1, 1)
    if not descriptors:
        return None
    os.set_inheritable(descriptors[0], False)
    return Listener(descriptors[0])


class Listener:
    """The keeper's end of a filter."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def next(self) -> Asked | None:
        """Return a call that waits, or None where who made it is gone."""
        request = bytearray(_NOTIF.size)
        try:
            fcntl.ioctl(self.fd, _NOTIF_RECV, request, True)
        except OSError:
            return None
        token, pid, _, number, audit, _, *arguments = _NOTIF.unpack(request)
        return Asked(token, pid, number, audit, arguments)

    def answer(self, asked: Asked, error: int = 0) -> bool:
        """Let the call go on, or fail with `error`; return whether anybody still waited."""
        try:
            fcntl.ioctl(self.fd, _NOTIF_SEND, struct.pack("<QqiI", asked.token, 0, -error, 0 if error else _CONTINUE))
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Close it; who still waits is told that the call does not exist."""
        os.close(self.fd)
