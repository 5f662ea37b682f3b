"""Build `kind: program` cases, many in one ``go build`` where they share settings."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.build import check, diagnostics, marks, stage
from harness.build.commands import CASE_MODULE, MODULE, Workbench, compile_c, go_build
from harness.build.recipe import Recipe
from harness.build.refuse import refuse
from harness.build.store import PROGRAM, Binary, Built, Store, Trouble
from harness.observation import Diagnostic


def build_group(store: Store, recipes: Sequence[Recipe]) -> dict[str, Built]:
    """Build recipes of one group, each of another key, and return what became of each key.

    One ``go build`` takes them all. What it neither built nor clearly refused (a package that cannot be loaded
    stops all of them) is built again alone.
    """
    together = [recipe for recipe in recipes if not recipe.stands_alone]
    done = _build(store, together) if len(together) > 1 else {}
    for recipe in recipes:
        if recipe.key not in done:
            done.update(_build(store, [recipe]))
    return done


def _build(store: Store, recipes: Sequence[Recipe]) -> dict[str, Built]:
    started = time.monotonic()
    with store.scratch() as folder:
        bench = Workbench.under(folder)
        names = _stage(recipes, bench)
        paths = [f"{MODULE}/{name}" for name in names.values()]
        alone = len(recipes) == 1
        if recipes[0].stands_alone:
            name = names[recipes[0].key]
            output, packages = bench.out / name, ["."]
            bench = replace(bench, source=bench.source / name)
            stage.module(bench.source, CASE_MODULE)
            marked = marks.of_module(recipes[0], bench)
        else:
            output, packages = bench.out, [f"./{name}" for name in names.values()]
            stage.module(bench.source)
            marked = marks.of_packages(recipes[0], paths)
        finished = go_build(recipes[0], bench, output, packages, marked)
        texts = diagnostics.split_packages(finished.stderr.decode(errors="replace"), paths)
        share = (time.monotonic() - started) / len(recipes)
        done: dict[str, Built] = {}
        for recipe in recipes:
            name = names[recipe.key]
            text = finished.stderr.decode(errors="replace") if alone else texts.get(f"{MODULE}/{name}", "")
            root = bench.source if recipe.stands_alone else bench.source / name
            made = bench.out / name
            result: Built
            if made.exists():
                found = diagnostics.parse(text, _folders(bench, name))
                result = finish(store, recipe, bench, root, made, found, marked=marked)
            else:
                result = refuse(store, recipe, bench, finished, text, _folders(bench, name), "go build", share)
            if alone or not isinstance(result, Trouble):
                done[recipe.key] = result
        return done


def _stage(recipes: Sequence[Recipe], bench: Workbench) -> dict[str, str]:
    names: dict[str, str] = {}
    for recipe in recipes:
        name = stage.package_name(recipe)
        if name in names.values():
            name = f"{name}.{recipe.key[:8]}"
        names[recipe.key] = name
        stage.copy(recipe, bench.source / name)
    return names


def _folders(bench: Workbench, name: str) -> tuple[str, ...]:
    """Return what ``go build`` calls the folder of the program staged as `name`."""
    return str(bench.source / name), str(bench.source), name, f"{MODULE}/{name}"


def finish(
    store: Store,
    recipe: Recipe,
    bench: Workbench,
    root: Path,
    made: Path,
    found: tuple[Diagnostic, ...],
    beside: Sequence[Path] = (),
    marked: Sequence[str] = (),
) -> Built:
    """Put the case's shared libraries and plugins and the files `beside` to the program `made`; verify and store them.

    `root` is where the case's sources were staged, `marked` are the flags with which `made` was built.
    """
    target = recipe.target
    folder = bench.tmp / f"store-{recipe.key}"
    folder.mkdir()
    made.rename(folder / PROGRAM)
    for library, parts in recipe.settings.shared.items():
        arguments = ["-shared", "-fPIC", "-o", str(folder / library), *(str(root / part) for part in parts)]
        finished = compile_c(recipe, bench, [*arguments, *recipe.settings.c_ldflags])
        if not finished.ok:
            return refuse(store, recipe, bench, finished, finished.text, (str(root),), target.cc.command[0])
    for plugin, package in zip(recipe.settings.plugins, recipe.plugin_packages, strict=True):
        finished = go_build(recipe, bench, folder / plugin, [package], marked, "plugin")
        if not finished.ok:
            return refuse(store, recipe, bench, finished, finished.text, (str(root),), "go build")
        found += diagnostics.parse(finished.text, (str(root),))
    for path in beside:
        path.rename(folder / path.name)
    for name in (PROGRAM, *recipe.settings.shared, *recipe.settings.plugins, *(path.name for path in beside)):
        wrong = check.file_trouble(folder / name, target)
        if wrong:
            return Trouble(recipe.key, wrong)
    from harness.elf.symbols import load_ranges

    return store.put_binary(
        folder, Binary(recipe.key, folder, found, load_ranges(folder / PROGRAM), bench.seen.stamps())
    )
