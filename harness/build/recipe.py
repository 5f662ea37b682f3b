"""A recipe: everything that goes into one binary, and the key that names it in the store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from harness.build import outside
from harness.build.ambient import Ambient, pin_files
from harness.build.outside import Named
from harness.case import BASELINE_FILE, CASE_FILE, BuildSettings, Case, Variant
from harness.errors import EnvironmentBroken
from harness.process import client
from harness.process.spec import Command
from harness.target import Target

FORMAT = 10  # of the store and of the way binaries are built; a change makes every key new
PKG_CONFIG_SECONDS = 30.0
HOST_FOLDER = "host"  # a c-host's C sources


@dataclass(frozen=True)
class Recipe:
    """One program to build. `sources` are (path relative to `folder`, SHA-256).

    `outside` tells the state of files elsewhere that the case names (see `harness.build.outside`).
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
    outside: tuple[str, ...] = ()

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
                [target.go.identity, outside.goroot(target.go.goroot)],
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
        """The content address: sources, tools, flags and environment."""
        settings = self.settings
        own = [self.sources, settings.cflags, settings.c_ldflags, sorted(settings.shared.items()), self.outside]
        return hashlib.sha256(f"{self.shared_settings}\n{json.dumps(own)}".encode()).hexdigest()[:40]

    @property
    def has_module(self) -> bool:
        """Whether the case brings a go.mod of its own."""
        return any(name == "go.mod" for name, _ in self.sources)

    @property
    def stands_alone(self) -> bool:
        """Whether it has to be the root of a module: it has a go.mod or Go packages of its own."""
        return self.has_module or any("/" in name and name.endswith(".go") for name, _ in self.sources)


def recipe(case: Case, variant: Variant, target: Target, ambient: Ambient) -> Recipe:
    """Return the recipe for `variant` of `case` on `target`.

    Raises EnvironmentBroken for unreadable sources, for C++, and for shared libraries where the compiler links
    statically.
    """
    if target.cc_kind == "zig" and (variant.build.mode == "c-shared" or variant.build.shared):
        raise EnvironmentBroken(
            f"the case needs a shared library, and {target.cc.version} links {target.arch} programs statically",
            mend=f"install {target.toolchain.compiler}, of which zig is the stand-in",
        )
    flags, digests, _ = pin_files(list(variant.build.flags), case.folder)
    found, settings = sources(case.folder), variant.build
    foreign = [name for name, _ in found.rows if name.endswith(outside.CXX)]
    if foreign:
        names = ", ".join(foreign[:3])
        raise EnvironmentBroken(f"{names}: C++ is not built here, and go would take this machine's own g++ for it")
    said = settings.env.get("GOFLAGS")
    if said is not None:
        own, more, _ = pin_files(outside.fields(said), case.folder)
        digests += more
        settings = replace(settings, env={**settings.env, "GOFLAGS": " ".join(map(outside.quoted, own))})
    env = {**ambient.env, **target.toolchain.go_env, **settings.env}
    asked = _pkg_config(found.packages, env)
    words = [*settings.cflags, *settings.c_ldflags, *target.toolchain.c_flags]
    flagged = (settings.go_ldflags, *flags, *outside.fields(said or ""), *ambient.flags)
    words += [part for flag in flagged for part in outside.split(flag)]
    inner = (outside.of_module(named.path) for named in found.named if (named.path / "go.mod").exists())
    named = found.named.union(*inner) | outside.named_by([*words, *asked], env)
    return Recipe(
        label=case.name,
        kind=case.kind,
        folder=case.folder,
        sources=found.rows,
        settings=settings,
        flags=tuple(flags),
        target=target,
        ambient=ambient,
        flag_digests=tuple(digests),
        outside=(*asked, *map(outside.state, sorted(named))),
    )


@dataclass(frozen=True)
class Sources:
    """A case's own files as (relative path, SHA-256), what they name elsewhere, and the packages for pkg-config."""

    rows: tuple[tuple[str, str], ...]
    named: frozenset[Named]
    packages: frozenset[str]


def sources(folder: Path) -> Sources:
    """Read a case's own files: all but its case.yaml, baseline and hidden files. Raises EnvironmentBroken."""
    found: list[tuple[str, str]] = []
    named: set[Named] = set()
    packages: set[str] = set()
    contents = dict(_contents(folder, embeds=False))
    if any(b"//go:embed" in content for name, content in contents.items() if name.endswith(".go")):
        contents = dict(_contents(folder, embeds=True))
    for relative, content in contents.items():
        found.append((relative, hashlib.sha256(content).hexdigest()))
        named |= outside.named_in(folder, relative, content)
        packages |= outside.packages_in(relative, content)
    return Sources(tuple(sorted(found)), frozenset(named), frozenset(packages))


def _contents(folder: Path, *, embeds: bool) -> Iterator[tuple[str, bytes]]:
    """Yield (relative path, content) of a case's own files. Raises EnvironmentBroken."""
    for place, folders, names in outside.walk(folder):
        folders[:] = [name for name in folders if not outside.is_hidden(name, embeds=embeds)]
        for name in names:
            path = Path(place, name)
            relative = str(path.relative_to(folder))
            own = relative in (CASE_FILE, BASELINE_FILE) or outside.is_hidden(name, embeds=embeds)
            if own or not path.is_file():
                continue
            try:
                yield relative, path.read_bytes()
            except OSError as error:
                mend = "give yourself the right to read it"
                raise EnvironmentBroken(f"{path}: cannot be read: {error.strerror}", mend=mend) from None


def _pkg_config(packages: frozenset[str], env: Mapping[str, str]) -> list[str]:
    """Return the flags that pkg-config gives for `packages`; none where it refuses, which is then `go`'s to say."""
    if not packages:
        return []
    program = env.get("PKG_CONFIG", "pkg-config")
    argv = (program, "--cflags", "--libs", "--", *sorted(packages))
    return outside.split(client.run(Command(argv, env, PKG_CONFIG_SECONDS)).stdout.decode(errors="replace"))
