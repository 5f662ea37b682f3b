"""GDB's signal numbers, which are nobody's: a stub names signals by these, whatever the host and the guest call them.

The numbers are those of the GDB manual's reference to ``gdb/signals.def``, which never changes a published one.
"""

from __future__ import annotations

import signal as host
from collections.abc import Mapping
from types import MappingProxyType

UNKNOWN = 143
_FIRST = (
    *("HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "EMT", "FPE", "KILL", "BUS", "SEGV", "SYS", "PIPE", "ALRM", "TERM"),
    *("URG", "STOP", "TSTP", "CONT", "CHLD", "TTIN", "TTOU", "IO", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "LOST"),
    *("USR1", "USR2", "PWR", "POLL", "WIND", "PHONE", "WAITING", "LWP", "DANGER", "GRANT", "RETRACT", "MSG", "SOUND"),
    *("SAK", "PRIO"),
)
_REAL_TIME = (*range(33, 64), "CANCEL", 32, *range(64, 128), "INFO")  # from 45 on

BY_NUMBER: Mapping[int, str] = MappingProxyType(
    {number: f"SIG{name}" for number, name in enumerate((*_FIRST, *_REAL_TIME), 1)}
)
BY_NAME: Mapping[str, int] = MappingProxyType({name: number for number, name in BY_NUMBER.items()})

FAULTS = frozenset({"SIGILL", "SIGTRAP", "SIGABRT", "SIGEMT", "SIGFPE", "SIGBUS", "SIGSEGV", "SIGSYS"})
_REAL_TIME_HOST = range(32, 65)  # where Linux has names only for the ends


def name_of(number: int) -> str:
    """Return the name of GDB's signal `number`: ``SIGSEGV``, ``SIG34`` (real time, by the host's number), ``?200``.

    0, GDB's "no signal", is an empty text.
    """
    return BY_NUMBER.get(number, f"?{number}") if number else ""


def number_of(name: str) -> int:
    """Return GDB's number for a signal's name. Raises KeyError for one that GDB has no number for (SIGSTKFLT)."""
    return BY_NAME[name] if name else 0


def host_number(name: str) -> int | None:
    """Return this machine's number for a signal's name, or None where it has no such signal."""
    digits = name.removeprefix("SIG")
    if digits.isdecimal():
        return int(digits) if int(digits) in _REAL_TIME_HOST else None
    found = getattr(host.Signals, name, None) if name in host.Signals.__members__ else None
    return int(found) if found is not None else None
