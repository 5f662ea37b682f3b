"""A build that failed: was it the program that a compiler refused, or this machine that could not build it?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.build import diagnostics
from harness.build.commands import Workbench
from harness.build.recipe import Recipe
from harness.build.store import Refusal, Store, Trouble
from harness.process.spec import Finished

# What installing something, anywhere on this machine, can mend: refused again in each session.
_ELSEWHERE = re.compile(
    r"No such file or directory|not found|cannot find|could not (?:determine|find)|undefined reference|undeclared"
    r"|unknown type name|not in std|no required module|Package .* not|incompatible|skipping"
)


def refuse(
    store: Store,
    recipe: Recipe,
    bench: Workbench,
    finished: Finished,
    said: str,
    folders: Sequence[str],
    tool: str,
    seconds: float = 0.0,
) -> Refusal | Trouble:
    """Return what the failed run `finished` of `tool`, which `said` so about `recipe`, means; a refusal is stored.

    `folders` are where the sources were staged. What is neither a complaint about the program nor a known word of
    the machine's is trouble: it is tried again, and nobody's program is blamed for it.
    """
    if finished.ended != "exited":
        ended = f"{tool} ended with {finished.ended} {finished.signal or ''} {finished.error}".strip()
        return Trouble(recipe.key, ended, said, seconds)
    if not bench.tmp.is_dir():
        cause = f"the build stopped: somebody removed {bench.tmp.parent} meanwhile (`crossabi cache clear`?); run again"
        return Trouble(recipe.key, cause, said, seconds)
    trouble = diagnostics.machine_trouble(said)
    if trouble:
        return Trouble(recipe.key, f"the build stopped: {trouble}", said, seconds)
    if finished.ok:
        cause = f"{tool} succeeded and made no program: do GOFLAGS or the case's flags hold -n or another -o?"
        return Trouble(recipe.key, cause, said, seconds)
    found = diagnostics.parse(said, folders)
    if not found:
        return Trouble(recipe.key, f"{tool} failed: {_first_line(said)}", said, seconds)
    refusal = Refusal(recipe.key, found, said, seconds, bench.seen.stamps())
    if not _ELSEWHERE.search(said):
        store.put_refusal(refusal)
    return refusal


def _first_line(text: str) -> str:
    lines = (line.strip() for line in text.splitlines() if not line.startswith("# "))
    return next(filter(None, lines), "it said nothing")
