"""What a recipe is made of, for every test of the build."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.build.ambient import Ambient
from harness.build.recipe import Recipe, recipe
from harness.case import BuildSettings, Case, RunSettings, Variant
from harness.expectation import Expectation
from unit.samples import target

AMBIENT = Ambient({"PATH": "/bin"}, (), "fingerprint", ())


def make(folder: Path, *, kind: str = "program", settings: BuildSettings | None = None, **changes: Any) -> Recipe:
    """Return the recipe of the case in `folder`."""
    variant = Variant("", None, settings or BuildSettings(), RunSettings(), Expectation())
    case = Case(changes.pop("label", "group/case"), folder, kind, "about", ("stdout",), (), (variant,))
    return replace(recipe(case, variant, changes.pop("target", target()), AMBIENT), **changes)
