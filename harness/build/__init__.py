"""From cases to verified binaries: the one public function is `build`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from harness.build import check, chost, programs
from harness.build.recipe import Recipe
from harness.build.store import Built, Store, Trouble
from harness.errors import CrossabiError

__all__ = ["build"]


def build(store: Store, recipes: Iterable[Recipe], say: Callable[[str], None] = lambda text: None) -> dict[str, Built]:
    """Return what became of each recipe's key, building once what the store does not have.

    Programs that share settings are built by one ``go build``. A lock a group makes concurrent builders, in
    this session or another, wait for each other and then find the binaries. Nothing is raised for a program
    that does not build: that is a `Refusal`, or a `Trouble` where the machine is at fault.
    """
    groups: dict[str, dict[str, Recipe]] = {}
    for recipe in recipes:
        groups.setdefault(recipe.group, {}).setdefault(recipe.key, recipe)
    done: dict[str, Built] = {}
    for name, wanted in groups.items():
        found: dict[str, Built] = {key: built for key in wanted if (built := store.get(key))}
        if len(found) < len(wanted):
            with store.lock(name):
                found.update({key: built for key in wanted.keys() - found.keys() if (built := store.get(key))})
                missing = [recipe for key, recipe in wanted.items() if key not in found]
                found.update(_build(store, missing, say))
        done.update(found)
    return done


def _build(store: Store, recipes: Sequence[Recipe], say: Callable[[str], None]) -> dict[str, Built]:
    if not recipes:
        return {}
    target = recipes[0].target
    trouble = check.compiler_trouble(store, target)
    if trouble:
        return {recipe.key: Trouble(recipe.key, trouble) for recipe in recipes}
    count = f"{len(recipes)} program{'s' if len(recipes) > 1 else ''}"
    say(f"building {count} for {target.id} with {target.go.release} and {target.cc.version}")
    try:
        if recipes[0].kind == "c-host":
            return {recipe.key: chost.build(store, recipe) for recipe in recipes}
        return programs.build_group(store, recipes)
    except CrossabiError as error:
        return {recipe.key: store.get(recipe.key) or Trouble(recipe.key, str(error)) for recipe in recipes}
