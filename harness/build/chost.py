"""Build `kind: c-host` cases: a C main that links the case's Go package as a C library."""

from __future__ import annotations

import time

from harness.build import diagnostics, stage
from harness.build.commands import CASE_MODULE, Workbench, compile_c, go_build
from harness.build.programs import finish
from harness.build.recipe import HOST_FOLDER, Recipe
from harness.build.store import Built, Refusal, Store, Trouble
from harness.process.spec import Finished

LIBRARY = "libcase"
SUFFIX = {"c-archive": ".a", "c-shared": ".so"}


def build(store: Store, recipe: Recipe) -> Built:
    """Build one c-host recipe: the Go library, then the C host against it and its generated header."""
    started = time.monotonic()
    with store.scratch() as folder:
        bench = Workbench.under(folder)
        stage.copy(recipe, bench.source)
        stage.module(bench.source, CASE_MODULE)
        library = f"{LIBRARY}{SUFFIX[recipe.settings.mode]}"
        made = go_build(recipe, bench, bench.source / library, ["."])
        if not made.ok:
            return _refused(store, recipe, bench, made, "go build", started)
        host = sorted(str(path) for path in (bench.source / HOST_FOLDER).rglob("*.c"))
        if not host:
            return Trouble(recipe.key, f"{recipe.folder / HOST_FOLDER}: no .c file; a c-host has its C main there")
        program = bench.out / "host"
        # -l: and not a path: Go's library has no SONAME, and a path would be recorded as the one to load.
        link = ["-L", str(bench.source), f"-l:{library}", "-Wl,-rpath,$ORIGIN", "-lpthread"]
        arguments = ["-I", str(bench.source), "-o", str(program), *host, *link, *recipe.settings.c_ldflags]
        linked = compile_c(recipe, bench, arguments)
        if not linked.ok:
            return _refused(store, recipe, bench, linked, recipe.target.cc.command[0], started)
        found = diagnostics.parse(made.text + linked.text, (str(bench.source),))
        beside = (bench.source / library,) if recipe.settings.mode == "c-shared" else ()
        return finish(store, recipe, bench, program, found, beside)


def _refused(store: Store, recipe: Recipe, bench: Workbench, finished: Finished, tool: str, started: float) -> Built:
    seconds = time.monotonic() - started
    found = diagnostics.parse(finished.text, (str(bench.source),))
    trouble = diagnostics.machine_trouble(finished.text)
    if finished.ended != "exited" or trouble or not found:
        why = trouble or finished.error or finished.text.strip()[:200] or finished.ended
        return Trouble(recipe.key, f"{tool} failed: {why}", finished.text, seconds)
    refusal = Refusal(recipe.key, found, finished.text, seconds)
    store.put_refusal(refusal)
    return refusal
