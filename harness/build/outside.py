"""Files outside a case's folder that its build reads, because a flag, a #cgo line, a variable or its go.mod says so."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from harness.build import reads
from harness.errors import EnvironmentBroken

MOST = 200_000  # files below one named folder: more than any tree of headers, and a walk of a second
_ABSOLUTE = re.compile(r"(?:^|[=,])(-[A-Za-z]+|)=?(/[^,]*)")
_CGO = re.compile(r"#cgo\b[^:\n]*?(CFLAGS|CPPFLAGS|CXXFLAGS|FFLAGS|LDFLAGS|pkg-config):(.*)")
_INCLUDE = re.compile(
    rb'^[ \t/*]*(?:#[ \t]*(?:include|embed)|\.incbin|\.include)[ \t]*[<"](/[^>"\n]+)[>"]', re.MULTILINE
)
_REPLACE = re.compile(
    r"""^(?P<old>\s*(?:replace\s+)?(?P<module>[^\s(]+)[^\n=]*=>\s*)(?P<new>"[^"\n]*"|`[^`\n]*`|[^\s"`]+)""",
    re.MULTILINE,
)
_FIELD = re.compile(r"""'([^']*)'|"([^"]*)"|(\S+)""")
_VENDORED = re.compile(r"^# (\S+) ", re.MULTILINE)
_MODULE = re.compile(r"""^module\s+"?([^\s"]+)""", re.MULTILINE)
_NOBODYS = frozenset(
    ["__pycache__", ".git", ".hg", ".svn", ".DS_Store", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".venv", ".idea"]
)
CXX = (".cc", ".cpp", ".cxx")  # CXXFiles of `go list`
_TEXTS = (".go", ".c", ".h", *CXX, ".s", ".S")
_LISTS = {  # with whether the compiler looks into folders below
    **{"CPATH": True, "C_INCLUDE_PATH": True, "CPLUS_INCLUDE_PATH": True},
    **{"LIBRARY_PATH": False, "PKG_CONFIG_PATH": False, "COMPILER_PATH": False},
}

_OUTPUTS = (".jsonl", ".xml", ".log")  # what test runs leave in a repository; sources only where they are embedded
_GOROOT = tuple(f"src/{part}" for part in ("runtime", "internal", "syscall", "sync", "reflect", "cmd/cgo", "cmd/link"))


@dataclass(frozen=True, order=True)
class Named:
    """A path that a build names. Of a folder that is not `deep` (libraries) only its own files are read."""

    path: Path
    deep: bool = True


def named_by(words: Iterable[str], env: Mapping[str, str]) -> set[Named]:
    """Return what flags and variables of a build name by absolute paths."""
    found = {
        Named(Path(part), deep)
        for name, deep in _LISTS.items()
        for part in env.get(name, "").split(":")
        if part.startswith("/")
    }
    cgo = (text for name, text in env.items() if name.startswith("CGO_") and name.endswith("FLAGS"))
    return found.union(_of_words(list(words)), *(_of_words(split(text)) for text in cgo))


def named_in(folder: Path, name: str, content: bytes) -> set[Named]:
    """Return what the source `name` of the case in `folder` names elsewhere."""
    if name.endswith(".mod") and "/" not in name:
        return {Named(place) for _, place in _replaced(folder, content.decode(errors="replace"))}
    found = {Named(Path(os.fsdecode(path))) for path in _INCLUDE.findall(content)}
    if name.endswith(".go") and b"#cgo" in content:
        lines = _CGO.findall(content.decode(errors="replace"))
        found = found.union(*(_of_words(split(text)) for kind, text in lines if kind != "pkg-config"))
    return found


def packages_in(name: str, content: bytes) -> set[str]:
    """Return the packages that the Go source `name` asks pkg-config for."""
    if not name.endswith(".go") or b"pkg-config" not in content:
        return set()
    lines = _CGO.findall(content.decode(errors="replace"))
    return {word for kind, text in lines if kind == "pkg-config" for word in split(text) if not word.startswith("-")}


def split(text: str) -> list[str]:
    """Split flags into words as cmd/go does: quotes hold a word together."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def fields(text: str) -> list[str]:
    """Split GOFLAGS as cmd/go does (internal/quoted): a word may stand in quotes, and nothing is escaped."""
    return ["".join(parts) for parts in _FIELD.findall(text)]


def quoted(word: str) -> str:
    """Quote a word as `fields`, and Go's splitting of ``CC`` and ``#cgo`` lines, understand it."""
    if shlex.quote(word) == word:
        return word
    return f"'{word}'" if '"' in word and "'" not in word else '"' + word.replace('"', '\\"') + '"'


def vendored(listing: str) -> list[str]:
    """Return the modules of a ``vendor/modules.txt`` (Go modules reference, "Vendoring")."""
    return _VENDORED.findall(listing)


def modules(content: str) -> list[str]:
    """Return the module path of a go.mod, then those that it replaces by folders."""
    own = _MODULE.search(content)
    return [*([own[1]] if own else []), *(module for module, _ in _replaced(Path("/"), content, inside=True))]


def pinned(folder: Path, content: str) -> str:
    """Return the go.mod `content` of the case in `folder` as it says the same from any other folder.

    A relative ``replace`` (Go modules reference, "replace directive") counts from the go.mod's own folder; one that
    leads out of the case becomes absolute, one that stays inside is copied with the case and stays.
    """

    def absolute(match: re.Match[str]) -> str:
        place = _elsewhere(folder, match["new"])
        return f'{match["old"]}"{place}"' if place else match[0]

    return _REPLACE.sub(absolute, content)


@lru_cache(maxsize=1024)
def state(named: Named) -> str:
    """Return a text that changes when the file, or a file of the folder, does (by size and modification time).

    Of a Go module only what belongs to it counts: no hidden folders, no modules within, no records of test runs.
    Raises EnvironmentBroken for a folder with more than `MOST` files.
    """
    rows: list[tuple[str, str]] = []
    for place in _files(named):
        if len(rows) == MOST:
            raise EnvironmentBroken(
                f"{named.path}: the build may read any of more than {MOST} files below it",
                why="all of them would have to be looked at to know whether a stored binary is still right",
                mend="name the folder that the headers or the module are in",
            )
        rows.append((place, ":".join(map(str, reads.stamp(place))) or "missing"))
    return f"{named.path} {rows}"


def walk(path: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield what `os.walk` does, through links to folders too, but no folder twice on the way to itself."""
    for place, folders, files in os.walk(path, followlinks=True):
        folders[:] = sorted(name for name in folders if not _leads_back(place, os.path.join(place, name)))  # noqa: PTH118
        yield place, folders, sorted(files)


def _leads_back(place: str, path: str) -> bool:
    """Whether the link `path` in `place` leads to a folder that `place` is in."""
    if not os.path.islink(path):  # noqa: PTH114 (thousands)
        return False
    return Path(place).resolve().is_relative_to(Path(path).resolve())


def _files(named: Named) -> Iterator[str]:
    if not named.path.is_dir():
        yield str(named.path)
        return
    if not named.deep:
        yield from (entry.path for entry in sorted(os.scandir(named.path), key=lambda entry: entry.name))
        return
    if (named.path / "go.mod").exists():
        yield from _module_files(named.path)
        return
    for place, _, files in walk(named.path):
        yield from (os.path.join(place, name) for name in files)  # noqa: PTH118 (thousands)


@lru_cache(maxsize=256)
def of_module(root: Path) -> frozenset[Named]:
    """Return what the sources of the module in `root`, which is built where it stands, name elsewhere."""
    found: set[Named] = set()
    for place, content in _sources_of(root):
        own = os.fsencode(os.path.dirname(place))  # noqa: PTH120 (thousands)
        found |= named_in(root, os.path.relpath(place, root), content.replace(b"${SRCDIR}", own))
    return frozenset(Named(Path(os.path.normpath(named.path)), named.deep) for named in found)


@lru_cache(maxsize=64)
def goroot(root: Path) -> str:
    """Return a digest of what the parts of a Go release that a cgo program is made of are like (size, times, inode)."""
    found = hashlib.sha256()
    for part in (*_GOROOT, "pkg/tool"):
        for place, folders, files in os.walk(root / part):
            folders[:] = sorted(name for name in folders if name != "testdata")
            for name in sorted(files):
                if not name.endswith("_test.go"):
                    path = os.path.join(place, name)  # noqa: PTH118 (thousands)
                    found.update(f"{path} {reads.stamp(path)}\n".encode(errors="surrogateescape"))
    return found.hexdigest()


def _module_files(root: Path) -> Iterator[str]:
    embeds = any(b"//go:embed" in content for _, content in _sources_of(root))
    yield from (path for path in _own_files(root) if embeds or not path.endswith(_OUTPUTS))


def _sources_of(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (path, content) of the sources that can be read; a link to nowhere is `go`'s to complain about."""
    for path in _own_files(root):
        if path.endswith(_TEXTS):
            try:
                content = Path(path).read_bytes()
            except OSError:
                continue
            yield path, content


def _own_files(root: Path) -> Iterator[str]:
    for place, folders, files in walk(root):
        folders[:] = [name for name in folders if not is_hidden(name) and not _is_module(place, name)]
        yield from (os.path.join(place, name) for name in files)  # noqa: PTH118 (thousands)


def is_hidden(name: str, *, embeds: bool = False) -> bool:
    """Whether a file or folder is nobody's source; where files are embedded, a hidden one can be (``//go:embed``)."""
    return name in _NOBODYS if embeds else name.startswith(".") or name in _NOBODYS


def _is_module(place: str, name: str) -> bool:
    return os.path.exists(os.path.join(place, name, "go.mod"))  # noqa: PTH110, PTH118 (thousands)


def _of_words(words: list[str]) -> set[Named]:
    """Return the absolute paths in a list of flags, wherever in a word they begin: ``-Wl,-L/a``, ``--x=/a``, ``/a``."""
    found: set[Named] = set()
    for before, word in zip(["", *words], words, strict=False):
        if " -" in word:  # flags for another program, as in -extldflags
            found |= _of_words(split(word.replace("=", " ", 1)) if split(word) == [word] else split(word))
            continue
        for flag, path in _ABSOLUTE.findall(word):
            found.add(Named(Path(path), deep=flag != "-L" and (before, flag) != ("-L", "")))
    return found


def _replaced(folder: Path, content: str, *, inside: bool = False) -> Iterator[tuple[str, Path]]:
    """Yield (module, folder) of the replacements that lead out of the case; with `inside` also of the others."""
    for match in _REPLACE.finditer(content):
        place = _elsewhere(folder, match["new"])
        if place:
            yield match["module"], place
        elif inside and _is_path(match["new"].strip('"`')):
            yield match["module"], folder


def _is_path(text: str) -> bool:
    return text in (".", "..") or text.startswith(("/", "./", "../"))


def _elsewhere(folder: Path, text: str) -> Path | None:
    """Return the place of the replacement `text`, which counts from `folder`, where it is a path and lies outside."""
    path = text.strip('"`')
    if not _is_path(path):
        return None
    place = Path(os.path.normpath(folder.resolve() / path))
    return None if place.is_relative_to(folder.resolve()) else place
