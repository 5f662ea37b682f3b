"""Copy a case's sources into a scratch module, so that what is built is what was hashed."""

from __future__ import annotations

import re
from pathlib import Path

from harness import files
from harness.build import gomod
from harness.build.ambient import digest
from harness.build.commands import FLAGS_FILE, MODULE, flags_source
from harness.build.recipe import Recipe
from harness.errors import EnvironmentBroken

# What an import path's element may not begin with, or be (golang.org/x/mod/module, CheckImportPath; go help packages).
_NO_ELEMENT = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)|_|(?:internal|vendor|testdata)$", re.IGNORECASE)
GO_DIRECTIVE = "1.21"  # the oldest language version that a case is compiled with


def package_name(recipe: Recipe) -> str:
    """Return the folder that `recipe` gets in the module; `go build` names the program after it."""
    name = re.sub(r"[^A-Za-z0-9_.]", ".", recipe.label).strip(".")
    return f"case.{name}".strip(".") if not name or _NO_ELEMENT.match(name) else name


def module(folder: Path, name: str = MODULE) -> None:
    """Make `folder` the root of a module, unless the case brought its own go.mod."""
    if not (folder / "go.mod").exists():
        (folder / "go.mod").write_text(f"module {name}\n\ngo {GO_DIRECTIVE}\n")


def modules(folder: Path) -> list[str]:
    """Return the module path of the go.mod in `folder`, then those that it replaces by folders or has vendored."""
    listing = folder / "vendor" / "modules.txt"
    vendored = gomod.vendored(listing.read_text(errors="replace")) if listing.is_file() else []
    named = [name for path in sorted(folder.glob("*.mod"), key=_main_first) for name in _modules_of(path)]
    return list(dict.fromkeys([*named, *vendored]))


def _main_first(path: Path) -> tuple[bool, str]:
    return path.name != "go.mod", path.name


def _modules_of(path: Path) -> list[str]:
    return gomod.modules(path.read_text(errors="replace"))


def copy(recipe: Recipe, destination: Path) -> None:
    """Copy the sources of `recipe` below `destination`.

    Raises EnvironmentBroken when a source changed since the recipe was made: then the key would lie.
    """
    destination.mkdir(parents=True, exist_ok=True)  # a case without any source is `go`'s to complain about
    for relative, wanted in recipe.sources:
        target = destination / relative
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((recipe.folder / relative).read_bytes())
        except OSError as error:
            raise files.cannot_write(target, error) from error
        if digest(target) != wanted:
            raise EnvironmentBroken(f"{recipe.folder / relative}: changed while it was being built", mend="run again")
    for own in destination.glob("*.mod"):
        own.write_text(gomod.pinned(recipe.folder, own.read_text(errors="surrogateescape")), errors="surrogateescape")
    flags = flags_source(recipe)
    for part in ("", *recipe.settings.plugins.values()) if flags else ():
        (destination / part).mkdir(parents=True, exist_ok=True)
        (destination / part / FLAGS_FILE).write_text(flags)
