"""Build `kind: c-host` cases: a C main that links the case's Go package as a C library."""

from __future__ import annotations

import time

from harness.build import diagnostics, marks, stage
from harness.build.commands import CASE_MODULE, Workbench, compile_c, go_build
from harness.build.programs import finish
from harness.build.recipe import HOST_FOLDER, Recipe
from harness.build.refuse import refuse
from harness.build.store import Built, Refusal, Store
from harness.observation import Diagnostic

LIBRARY = "libcase"
NO_HOST = "no .c file in this folder; a c-host has its C main there"
SUFFIX = {"c-archive": ".a", "c-shared": ".so"}


def build(store: Store, recipe: Recipe) -> Built:
    """Build one c-host recipe: the Go library, then the C host against it and its generated header."""
    started = time.monotonic()
    with store.scratch() as folder:
        bench = Workbench.under(folder)
        stage.copy(recipe, bench.source)
        stage.module(bench.source, CASE_MODULE)
        library = f"{LIBRARY}{SUFFIX[recipe.settings.mode]}"
        staged = (str(bench.source),)
        made = go_build(recipe, bench, bench.source / library, ["."], marks.of_module(recipe, bench))
        if not made.ok:
            return refuse(store, recipe, bench, made, made.text, staged, "go build", time.monotonic() - started)
        host = sorted(str(path) for path in (bench.source / HOST_FOLDER).rglob("*.c"))
        if not host:
            refusal = Refusal(recipe.key, (Diagnostic(HOST_FOLDER, 0, 0, NO_HOST),), NO_HOST)
            store.put_refusal(refusal)
            return refusal
        program = bench.out / "host"
        shared = recipe.settings.mode == "c-shared"
        # -l: and not a path: Go's library has no SONAME, and a path would be recorded as the one to load.
        found_beside = ["-L", str(bench.source), f"-l:{library}", "-Wl,-rpath,$ORIGIN"]
        link = [*(found_beside if shared else [str(bench.source / library)]), "-lpthread"]
        arguments = ["-I", str(bench.source), "-o", str(program), *host, *link, *recipe.settings.c_ldflags]
        linked = compile_c(recipe, bench, arguments)
        if not linked.ok:
            compiler = recipe.target.cc.command[0]
            return refuse(store, recipe, bench, linked, linked.text, staged, compiler, time.monotonic() - started)
        found = diagnostics.parse(made.text + linked.text, staged)
        beside = (bench.source / library,) if shared else ()
        return finish(store, recipe, bench, bench.source, program, found, beside)
