"""Before and after a build: does the compiler make code for the right machine, and is the result that?"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from harness.build.store import Store
from harness.process import client
from harness.process.spec import Command
from harness.target import Target, Tool
from harness.toolchain import Elf

PROBE = "int crossabi_probe(int a) { return a + 1; }\n"
SECONDS = 60.0


def compiler_trouble(store: Store, target: Target) -> str:
    """Compile one line of C for `target`; return an empty text, or why its compiler cannot be used."""
    return _trouble(store.root, target.cc, target.toolchain.c_flags, target.toolchain.elf)


@lru_cache(maxsize=64)
def _trouble(root: Path, cc: Tool, flags: tuple[str, ...], wanted: Elf) -> str:
    with Store(root.parent).scratch() as folder:
        source, made = folder / "probe.c", folder / "probe.o"
        source.write_text(PROBE)
        argv = (*cc.command, *flags, "-c", "-o", str(made), str(source))
        finished = client.run(Command(argv, client.own_environment(), SECONDS, cwd=folder))
        if not finished.ok:
            said = (finished.text or finished.error).strip().splitlines() or [finished.ended]
            return f"the C compiler {cc.command[0]} does not compile: {said[0]}"
        wrong = _mismatch(made, wanted)
        if wrong:
            return f"{wrong}: the C compiler {cc.command[0]} makes code for another machine"
    return ""


def file_trouble(path: Path, target: Target) -> str:
    """Return an empty text when the built `path` is for `target`, else what is wrong with it."""
    if not path.exists():
        return f"the build succeeded without making {path.name}"
    return _mismatch(path, target.toolchain.elf)


def _mismatch(path: Path, wanted: Elf) -> str:
    from harness.elf import identity  # pyelftools stays out of a session that builds nothing

    return identity.mismatch(path, wanted)
