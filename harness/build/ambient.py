"""The part of this machine's environment that goes into a build, and what of it has to be in the key."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import files
from harness.build import words
from harness.caseshape import DECIDED
from harness.errors import InputError, Problem, UsageError
from harness.host.golang import homes

# Where things are kept and fetched from: needed by `go`, but without influence on what is built.
_PLACES = frozenset(
    [
        "PATH",
        "HOME",
        "TMPDIR",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "GOPATH",
        "GOMODCACHE",
        "GOCACHE",
        "GOTMPDIR",
        "GOBIN",
        "GOENV",
        "GOPROXY",
        "GOSUMDB",
        "GONOSUMDB",
        "GONOPROXY",
        "GOPRIVATE",
        "GOINSECURE",
        "GOVCS",
        "GOTELEMETRY",
        "GOTELEMETRYDIR",
        "GOTOOLCHAIN",
        "GOROOT",
        "GOWORK",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
    ]
)
# What the harness decides itself, whatever the environment says.
_OURS = DECIDED | {"GOFLAGS"}
_MATTERS = re.compile(
    r"GO[A-Z0-9_]*|CGO_[A-Z_]+|CPATH|C_INCLUDE_PATH|LIBRARY_PATH|COMPILER_PATH|GCC_EXEC_PREFIX|PKG_CONFIG\w*"
)
_FILE = "GOENV"  # names the file of further settings
# What a reader of a result has to know. Not all of _MATTERS: some that begin with GO are nobody's business (GOOGLE_…).
SHOWN = re.compile(
    r"GO(?:FLAGS|EXPERIMENT|DEBUG|FIPS140|386|AMD64|ARM|ARM64|LOONG64|MIPS|MIPS64|PPC64|RISCV64)"
    r"|CGO_(?:C|CPP|LD)FLAGS|CPATH|C_INCLUDE_PATH|LIBRARY_PATH|COMPILER_PATH|GCC_EXEC_PREFIX|PKG_CONFIG\w*"
)
_FILE_FLAG = re.compile(r"--?(overlay|modfile|pgo|toolexec)=(.+)")


@dataclass(frozen=True)
class Ambient:
    """`env` is what ``go build`` gets; `fingerprint` is a text of everything in it that can change the result.

    `overlaid` are the files that ``-overlay`` in GOFLAGS replaces.
    """

    env: Mapping[str, str]
    flags: tuple[str, ...]
    fingerprint: str
    overlaid: tuple[str, ...]


def given(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what of `environ` has to be set to build the same again (what ``go env -w`` keeps is there anyway)."""
    return {
        name: value for name, value in sorted(environ.items()) if value and (name == _FILE or SHOWN.fullmatch(name))
    }


def ambient(environ: Mapping[str, str] | None = None, cwd: Path | None = None) -> Ambient:
    """Read the environment (and ``go env -w``'s file). Raises InputError for an overlay that cannot be read."""
    environ = os.environ if environ is None else environ
    cwd = cwd or Path.cwd()
    settings = {**_go_env_file(environ), **environ}
    env = {
        name: value
        for name, value in settings.items()
        if name not in _OURS and (name in _PLACES or _MATTERS.fullmatch(name))
    }
    env.update(homes(settings))
    flags, digests, overlaid = pin_files(words.fields(settings.get("GOFLAGS", "")), cwd)
    modules = _module_cache({**settings, **env})
    if any(Path(path).is_relative_to(modules) for path in overlaid):
        # go refuses to overlay files below GOMODCACHE, where a fetched release (GOTOOLCHAIN) lives.
        env["GOMODCACHE"] = str(files.cache_root() / "modules")
    matters = {name: value for name, value in env.items() if name not in _PLACES}
    fingerprint = json.dumps([sorted(matters.items()), flags, digests])
    return Ambient(env, tuple(flags), fingerprint, tuple(overlaid))


def pin_files(flags: list[str], base: Path) -> tuple[list[str], list[str], list[str]]:
    """Make the files that `flags` name absolute (relative ones count from `base`) and digest them.

    Returns the flags, a digest of every file and of all that an overlay replaces them with, and the replaced
    paths. Raises InputError when a file is missing or an overlay is not what ``go build -overlay`` reads.
    """
    pinned, digests, overlaid = [], [], []
    for flag in flags:
        found = _FILE_FLAG.fullmatch(flag)
        path = _named(found[1], found[2], base) if found else None
        if found is None or path is None or (found[1] in ("pgo", "toolexec") and not path.is_file()):
            pinned.append(flag)
            continue
        pinned.append(f"-{found[1]}={path}")
        digests.append(f"{found[1]} {digest(path)}")
        if found[1] == "overlay":
            for target, replacement in sorted(_overlay(path).items()):
                overlaid.append(str(base / target))
                content = digest(base / replacement) if replacement else "deleted"
                digests.append(f"{target} {replacement} {content}")
    return pinned, digests, overlaid


def _named(flag: str, value: str, base: Path) -> Path:
    """Return the file that `flag` names: a program (``-toolexec``) may be looked for on PATH."""
    on_path = shutil.which(value) if flag == "toolexec" and "/" not in value else None
    return Path(on_path) if on_path else base / value


def refuse_foreign_overlay(overlaid: tuple[str, ...], goroot: Path, cases: Collection[Path] = ()) -> None:
    """Raise UsageError when an overlay replaces what is not built: another GOROOT's files, or files of `cases` folders.

    Such an overlay has no effect at all, which is the worst answer to "did my change break anything?".
    """
    what = "the -overlay in GOFLAGS replaces"
    for path in map(Path, overlaid):
        root = _goroot_of(path)
        if root and root.resolve() != goroot.resolve():
            raise UsageError(
                f"{what} files of {root}, but the build uses {goroot}",
                why="an overlay names files by their full path, so none of its changes would be built",
                mend=f"name the files below {goroot}/src in the overlay",
            )
        if root and root != goroot:
            raise UsageError(
                f"{what} {path}, which the build knows as {goroot / path.relative_to(root)}",
                why="go compares paths as they are written, and does not follow links",
                mend=f"name the files below {goroot}/src in the overlay",
            )
        folder = next((folder for folder in cases if path.is_relative_to(folder)), None)
        if folder is not None:
            raise UsageError(
                f"{what} {path}, a file of the case {folder}",
                why="a case is built from a copy of its folder, where the file has another path",
                mend="change the file itself, or make it a case of its own",
            )


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's content, or ``missing``."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "missing"


def _overlay(path: Path) -> dict[str, str]:
    try:
        values: Any = json.loads(path.read_bytes())
        replace = values["Replace"]
        return {str(target): str(replacement) for target, replacement in replace.items()}
    except OSError as error:
        raise InputError(path, [Problem(1, 1, f"the overlay cannot be read: {error.strerror}")]) from None
    except json.JSONDecodeError as error:
        raise InputError(path, [Problem(error.lineno, error.colno, f"not JSON: {error.msg}")]) from None
    except (KeyError, TypeError, AttributeError):
        raise InputError(path, [Problem(1, 1, 'not an overlay: it needs {"Replace": {path: path}}')]) from None


def _goroot_of(path: Path) -> Path | None:
    for parent in path.parents:
        if parent.name == "src" and (parent / "runtime").is_dir() and (parent.parent / "VERSION").is_file():
            return parent.parent
    return None


def _module_cache(settings: Mapping[str, str]) -> Path:
    gopath = settings.get("GOPATH", "").split(":")[0] or f"{settings.get('HOME', '')}/go"
    return Path(settings.get("GOMODCACHE") or f"{gopath}/pkg/mod")


def _go_env_file(environ: Mapping[str, str]) -> dict[str, str]:
    chosen = environ.get("GOENV", "")
    if chosen == "off":
        return {}
    config = environ.get("XDG_CONFIG_HOME") or f"{environ.get('HOME', '')}/.config"
    try:
        lines = Path(chosen or f"{config}/go/env").read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value for name, _, value in pairs}
