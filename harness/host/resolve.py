"""From a toolchain file to a target on this machine, or to the reason why there is none."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from harness.host import faults, golang, tools
from harness.target import NATIVE, QEMU, Target, Tool, Unavailable
from harness.toolchain import Toolchain, Toolchains

AUTO = "auto"
RUNNER_CHOICES = (AUTO, NATIVE, QEMU)


@dataclass(frozen=True)
class Part:
    """One thing that an architecture needs: what was looked for, what was found, or what would provide it.

    `is_silent`: a program of that name is there, and does not say its version.
    """

    name: str
    found: str
    packages: tuple[str, ...]
    wanted: str = ""
    is_silent: bool = False

    @property
    def missing(self) -> bool:
        """Whether it is not here."""
        return not self.found

    def __str__(self) -> str:
        return f"{self.name} ({self.wanted})" if self.wanted else self.name


@dataclass(frozen=True)
class Survey:
    """Everything found of one architecture; the ground for `doctor`, `setup` and `resolve`."""

    toolchain: Toolchain
    runner: str
    cc: Tool | None
    cc_kind: str
    libc: str
    sysroot: Path
    emulator: Tool | None
    parts: tuple[Part, ...]

    @property
    def missing(self) -> tuple[Part, ...]:
        """The parts that are not here."""
        return tuple(part for part in self.parts if part.missing)

    @property
    def silent(self) -> tuple[Part, ...]:
        """Those of the missing parts that are here and do not say their version."""
        return tuple(part for part in self.missing if part.is_silent)

    @property
    def packages(self) -> tuple[str, ...]:
        """Debian's names of what provides the missing parts."""
        return tuple(dict.fromkeys(name for part in self.missing for name in part.packages))


def survey(toolchain: Toolchain, runner: str = AUTO) -> Survey:
    """Look at what this machine has for `toolchain`; installs and builds nothing."""
    machine = tools.machine()
    site = toolchain.site_on(machine)
    emulator = find_emulator(toolchain)
    chosen = choose_runner(toolchain, machine, emulator) if runner == AUTO else runner
    cc, kind = c_compiler(toolchain)
    sysroot = site.sysroot
    libc = tools.libc_version(sysroot, toolchain.triple)
    if kind == "zig":
        libc = "musl (static, from zig)"
    headers = libc if kind == "zig" or tools.has_headers(sysroot, toolchain.triple) else ""
    parts = [
        Part(
            *("C compiler", cc.version if cc else "", site.packages.get("compiler", ()), toolchain.compiler),
            is_silent=cc is not None and not cc.version,
        ),
        Part(
            "sysroot",
            f"{sysroot}: {libc}" if libc and headers else "",
            site.packages.get("sysroot", ()),
            f"headers and libc in {sysroot}",
        ),
    ]
    if chosen == QEMU:
        version = emulator.version if emulator else ""
        silent = emulator is not None and not version
        parts.append(Part("emulator", version, toolchain.emulator.packages, toolchain.emulator.program, silent))
    else:
        found = "none needed" if toolchain.native.loader is None else str(toolchain.native.loader)
        there = found if has_loader(toolchain) else ""
        parts.append(Part("loader", there, site.packages.get("loader", ()), str(toolchain.native.loader)))
    used = emulator if chosen == QEMU else None
    return Survey(toolchain, chosen, cc, kind, libc, sysroot, used, tuple(parts))


def choose_runner(toolchain: Toolchain, machine: str, emulator: Tool | None) -> str:
    """Return ``native`` where `machine` runs the architecture itself, or would once the loader is installed.

    Without the loader the emulator stands in, if it is there and no known fault blocks it (386 on QEMU before 10).
    """
    if not toolchain.is_native_on(machine):
        return QEMU
    if has_loader(toolchain) or emulator is None:
        return NATIVE
    number = faults.emulator_number(emulator.version)
    pairs = faults.load().pairs
    blocked = any(pair.blocks and pair.applies(toolchain.arch, QEMU, number, "") for pair in pairs)
    return NATIVE if blocked else QEMU


def has_loader(toolchain: Toolchain) -> bool:
    """Whether native programs of the architecture find their dynamic loader."""
    return toolchain.native.loader is None or toolchain.native.loader.exists()


def find_emulator(toolchain: Toolchain) -> Tool | None:
    """Return the architecture's emulator, the static build where the dynamic one is missing, or None."""
    path = tools.which(toolchain.emulator.program) or tools.which(f"{toolchain.emulator.program}-static")
    return tools.tool([path]) if path else None


def c_compiler(toolchain: Toolchain) -> tuple[Tool | None, str]:
    """Return the C compiler and its kind: the toolchain's own, or zig's where that is missing."""
    path = tools.which(toolchain.compiler)
    if path:
        return tools.compiler(path), "gcc"
    zig = tools.zig()
    if zig and toolchain.fallback:
        found = tools.version(zig, ("version",))
        command = (*zig, "cc", "-target", toolchain.fallback)
        return Tool(command, f"zig cc {found}", f"{tools.identity(zig[0])} {found}"), "zig"
    return None, ""


def not_native(toolchain: Toolchain, runner: str) -> Unavailable | None:
    """Return why the architecture cannot be run by `runner`, if that is ``native`` and this machine is another one."""
    machine = tools.machine()
    if runner != NATIVE or toolchain.is_native_on(machine):
        return None
    return Unavailable(
        toolchain.arch,
        f"{toolchain.arch} does not run natively on {machine}",
        f"leave --runner out to use {toolchain.emulator.program}",
    )


def resolve(toolchains: Toolchains, arch: str, runner: str = AUTO) -> Target | Unavailable:
    """Return the target for `arch` on this machine, or why there is none and what mends it.

    Fetches the pinned Go release where it is not here yet.
    """
    toolchain = toolchains.by_arch[arch]
    foreign = not_native(toolchain, runner)
    if foreign is not None:
        return foreign
    found = survey(toolchain, runner)
    if found.missing or found.cc is None:
        return Unavailable(arch, _cause(found), mend(toolchains, found))
    go = golang.ensure(toolchains.go)
    for pair in faults.bad_pairs(toolchains, found, go.release):
        if pair.blocks:
            return Unavailable(arch, pair.what, pair.mend)
    return Target(
        id=arch,
        toolchain=toolchain,
        go=go,
        cc=found.cc,
        cc_kind=found.cc_kind,
        libc=found.libc,
        sysroot=found.sysroot,
        runner=found.runner,
        emulator=found.emulator,
    )


def _cause(found: Survey) -> str:
    gone = [str(part) for part in found.missing if not part.is_silent]
    silent = [f"{part} is there and does not say its version" for part in found.silent]
    return "; ".join([*silent, *([f"{' and '.join(gone)} missing"] if gone else [])])


def mend(toolchains: Toolchains, found: Survey) -> str:
    """Return what brings the missing parts of `found`: the set-up, where packages for all of them are known."""
    toolchain = found.toolchain
    if found.silent:
        return f"see what `{found.silent[0].wanted} --version` says, or correct the name in {toolchain.path}"
    unknown = [part for part in found.missing if not part.packages]
    if unknown:
        names = ", ".join(part.wanted for part in unknown)
        return f"install what provides {names}, or correct the name in {toolchain.path}"
    own = [f"--toolchains={folder}" for folder in toolchains.folders[1:]]
    return shlex.join(["crossabi", "setup", f"--arch={toolchain.arch}", *own])


def installed(toolchains: Toolchains, runner: str = AUTO) -> tuple[str, ...]:
    """Return the architectures of which every part is here."""
    return tuple(arch for arch, tc in toolchains.by_arch.items() if not survey(tc, runner).missing)
