"""Where signal handlers return to, as far as that is known before the program starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from harness.probe import layout
from harness.probe.guest import Guest
from harness.probe.layout import Layout
from harness.watch.sites import KERNEL, SIGNALS, Exit, Sites

TRAMPOLINES = 64  # bytes at the start of QEMU's page of them (linux-user/*/signal.c, setup_sigtramp)
RESTORERS: Mapping[str, bytes] = MappingProxyType({"amd64": bytes.fromhex("48c7c00f0000000f05")})
"""The code that the C library has the kernel return to, where it says so (SA_RESTORER): mov $15, %rax; syscall."""


def with_returns(sites: Sites, guest: Guest, found: Layout) -> Sites:
    """Return `sites` with where the signal handlers of `guest`, which is laid out as `found`, return to."""
    if not sites.entries:
        return sites
    returns = [address for page in found.trampolines for address in range(page, page + TRAMPOLINES, 2)]
    code = RESTORERS.get(guest.arch)
    returns += layout.restorers(guest, code, found) if code else ()
    return replace(sites, exits={**sites.exits, **{address: Exit(SIGNALS, KERNEL) for address in returns}})
