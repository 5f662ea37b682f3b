"""A recipe: everything that goes into one binary, and the key that names it in the store."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from harness.build import gomod, reads, words
from harness.build.ambient import Ambient, pin_files
from harness.build.sources import CXX, digest, sources
from harness.case import BuildSettings, Case, Variant
from harness.errors import EnvironmentBroken
from harness.target import Target

FORMAT = 13  # of the store and of the way binaries are built; a change makes every key new
HOST_FOLDER = "host"  # a c-host's C sources


@dataclass(frozen=True)
class Recipe:
    """One program to build. `sources` are (path relative to `folder`, SHA-256).

    `modules` are the texts of the case's own ``*.mod`` files, in which a folder elsewhere has its full path.
    """

    label: str
    kind: str
    folder: Path
    sources: tuple[tuple[str, str], ...]
    settings: BuildSettings
    flags: tuple[str, ...]
    target: Target
    ambient: Ambient
    flag_digests: tuple[str, ...]
    modules: tuple[str, ...] = ()

    @cached_property
    def shared_settings(self) -> str:
        """What programs must have in common to be built by one ``go build``."""
        target, settings = self.target, self.settings
        return json.dumps(
            [
                FORMAT,
                self.kind,
                target.toolchain.goarch,
                sorted(target.toolchain.go_env.items()),
                [target.go.identity, reads.goroot(target.go.goroot)],
                [target.cc.command, target.cc.identity, target.cc.version, target.toolchain.c_flags],
                [str(target.sysroot), target.libc],
                [target.toolchain.elf.machine, target.toolchain.elf.bits, target.toolchain.elf.byte_order],
                self.ambient.fingerprint,
                sorted(settings.env.items()),
                [settings.tags, self.flags, self.flag_digests, settings.mode],
                [settings.gcflags, settings.go_ldflags, settings.asmflags],
            ]
        )

    @cached_property
    def group(self) -> str:
        """The name of the programs that one ``go build`` can build together."""
        return hashlib.sha256(self.shared_settings.encode()).hexdigest()[:24]

    @cached_property
    def key(self) -> str:
        """The content address: sources, tools, flags and environment. The name is part of the program's packages'."""
        settings = self.settings
        c_settings = [settings.cflags, settings.c_ldflags, sorted(settings.shared.items())]
        own = [self.label, self.sources, self.modules, c_settings, sorted(settings.plugins.items())]
        return hashlib.sha256(f"{self.shared_settings}\n{json.dumps(own)}".encode()).hexdigest()[:40]

    @property
    def has_module(self) -> bool:
        """Whether the case brings a go.mod of its own."""
        return any(name == "go.mod" for name, _ in self.sources)

    @property
    def stands_alone(self) -> bool:
        """Whether it has to be the root of a module: it has a go.mod, Go packages of its own, or plugins."""
        own = any("/" in name and name.endswith(".go") for name, _ in self.sources)
        return self.has_module or own or bool(self.settings.plugins)

    @property
    def plugin_packages(self) -> list[str]:
        """The packages of its plugins, as ``go build`` takes them at the root of the module."""
        return [f"./{part}" for part in self.settings.plugins.values()]


def recipe(case: Case, variant: Variant, target: Target, ambient: Ambient) -> Recipe:
    """Return the recipe for `variant` of `case` on `target`.

    Raises EnvironmentBroken for unreadable sources, for C++, and for shared libraries where the compiler links
    statically.
    """
    if target.cc_kind == "zig" and (variant.build.mode == "c-shared" or variant.build.shared or variant.build.plugins):
        raise EnvironmentBroken(
            f"the case needs a shared library, and {target.cc.version} links {target.arch} programs statically",
            mend=f"install {target.toolchain.compiler}, of which zig is the stand-in",
        )
    flags, digests, _ = pin_files(list(variant.build.flags), case.folder)
    contents, settings = sources(case.folder), variant.build
    foreign = [name for name in contents if name.endswith(CXX)]
    if foreign:
        names = ", ".join(foreign[:3])
        raise EnvironmentBroken(f"{names}: C++ is not built here, and go would take this machine's own g++ for it")
    said = settings.env.get("GOFLAGS")
    if said is not None:
        own, more, _ = pin_files(words.fields(said), case.folder)
        digests += more
        settings = replace(settings, env={**settings.env, "GOFLAGS": " ".join(map(words.quoted, own))})
    return Recipe(
        label=case.name,
        kind=case.kind,
        folder=case.folder,
        sources=tuple((name, digest(content)) for name, content in contents.items()),
        settings=settings,
        flags=tuple(flags),
        target=target,
        ambient=ambient,
        flag_digests=tuple(digests),
        modules=tuple(
            gomod.pinned(case.folder, content.decode(errors="surrogateescape"))
            for name, content in contents.items()
            if name.endswith(".mod") and "/" not in name
        ),
    )
