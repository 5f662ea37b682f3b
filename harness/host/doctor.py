"""`crossabi doctor`: what is there for each architecture, what is missing, and the command that mends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness import __version__, files
from harness.host import faults, golang, resolve, tools
from harness.host.faults import Pair
from harness.host.resolve import Part, Survey
from harness.toolchain import Toolchains

SEEN = "stored, and built again when a file that they read has changed, as the kernel tells (seccomp)"
UNSEEN = (
    "made anew in each session: this kernel does not tell which files they read (seccomp user notification, Linux 5.5)"
)


@dataclass(frozen=True)
class Health:
    """One architecture: what was found, its known bad pairs, and what mends it (empty when nothing has to)."""

    survey: Survey
    go: Part
    pairs: tuple[Pair, ...]
    mend: str

    @property
    def parts(self) -> tuple[Part, ...]:
        """Everything that the architecture needs: Go, C compiler, sysroot, emulator or loader."""
        return (self.go, *self.survey.parts)

    @property
    def ok(self) -> bool:
        """Whether it can run."""
        return not self.mend

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        found = self.survey
        return {
            "arch": found.toolchain.arch,
            "ok": self.ok,
            "runner": found.runner,
            "parts": [
                {
                    "name": part.name,
                    "found": part.found,
                    "missing": part.missing,
                    "wanted": part.wanted,
                    "packages": list(part.packages),
                }
                for part in self.parts
            ],
            "known_bad": [
                {"id": pair.id, "what": pair.what, "mend": pair.mend, "link": pair.link, "blocks": pair.blocks}
                for pair in self.pairs
            ],
            "mend": self.mend,
        }


@dataclass(frozen=True)
class Report:
    """The whole machine. `go_base` is (path, release) of the first Go; `goroot` that of the pinned release.

    `sees_reads` is whether the kernel tells which files a build reads; without it nothing is taken from the store.
    """

    health: tuple[Health, ...]
    go_base: tuple[str, str] | None
    go_release: str
    goroot: str
    sees_reads: bool

    @property
    def ok(self) -> bool:
        """Whether every architecture in the report can run."""
        return bool(self.go_base or self.goroot) and all(row.ok for row in self.health)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        path, release = self.go_base or ("", "")
        return {
            "version": __version__,
            "ok": self.ok,
            "machine": tools.machine(),
            "kernel": tools.kernel(),
            "cpu": tools.cpu_model(),
            "cache": str(files.cache_root()),
            "go": {"path": path, "base": release, "release": self.go_release, "goroot": self.goroot},
            "zig": " ".join(tools.zig() or ()),
            "sees_reads": self.sees_reads,
            "arches": [row.to_json() for row in self.health],
        }


def examine(toolchains: Toolchains, arches: Sequence[str], runner: str = resolve.AUTO) -> Report:
    """Look at this machine for `arches`; installs and fetches nothing."""
    pin = toolchains.go
    present = golang.present(pin)
    base = golang.base(pin)
    have = present.release if present else ""
    if base and not present:
        have = f"{pin.release}, to be fetched with {base[1]}"
    go = Part("Go", have, (f"{pin.package} from PyPI",), f"go of at least {pin.minimum}")
    rows = []
    for arch in arches:
        found = resolve.survey(toolchains.by_arch[arch], runner)
        pairs = tuple(faults.bad_pairs(toolchains, found, pin.release))
        blocking = [pair.mend for pair in pairs if pair.blocks]
        mend = resolve.mend(toolchains, found) if found.missing or go.missing else ""
        rows.append(Health(found, go, pairs, mend or (blocking[0] if blocking else "")))
    return Report(tuple(rows), base, pin.release, str(present.goroot) if present else "", tools.sees_reads())


def lines(report: Report) -> list[str]:
    """Return the report as text."""
    path, release = report.go_base or ("", "")
    text = [
        f"machine    {tools.machine()}, {tools.kernel()}, {tools.cpu_model()}",
        f"go         {f'{release} at {path}' if path else 'MISSING; mend: crossabi setup'}",
        f"corpus go  {report.go_release}"
        + (f" at {report.goroot}" if report.goroot else ", not fetched yet; the first build or `crossabi setup` does"),
        f"cache      {files.cache_root()}",
        f"builds     {SEEN if report.sees_reads else UNSEEN}",
    ]
    for row in report.health:
        found = row.survey
        how = "natively" if found.runner == "native" else f"under {found.toolchain.emulator.program}"
        state = f"ok, runs {how}" if row.ok else "CANNOT RUN"
        text += ["", f"{found.toolchain.arch}: {state}"]
        for part in row.parts:
            provided = f"provided by {' '.join(part.packages)}" if part.packages else "no package known"
            text.append(f"    {part.name:<11} {part.found or f'MISSING: {part.wanted} ({provided})'}")
        text += [f"    known bad   {pair.what}; {pair.mend}" for pair in row.pairs]
        if row.mend:
            text.append(f"    mend        {row.mend}")
    return text
