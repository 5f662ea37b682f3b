"""The command lines of a build: ``go build`` and the C compiler, with the environment that they get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.build import reads, words
from harness.build.ambient import SHOWN
from harness.build.reads import Seen
from harness.build.recipe import Recipe
from harness.process import client
from harness.process.spec import MIB, Command, Finished, Limits
from harness.target import Target

BUILD_SECONDS = 900.0
MODULE = "crossabi.test"  # many programs, one folder each
CASE_MODULE = "crossabi.test/case"  # one case with packages of its own, which it imports below this path
FLAGS_FILE = "crossabi_flags.go"
# What stands between `go` and a compiler replays objects, or has them made by another machine: nobody opens a header
# then, so nobody sees which ones were read. Each of these has a variable that makes it step aside.
ASIDE = {
    "CCACHE_DISABLE": "1",
    "SCCACHE_RECACHE": "1",
    "SCCACHE_DIRECT": "false",
    "BUILDCACHE_DISABLE": "true",
    "DISTCC_HOSTS": "localhost",
    "ICECC": "disable",
}


@dataclass(frozen=True)
class Workbench:
    """The folders of one build, all in the store's scratch space, and what its commands were `seen` to read."""

    source: Path
    out: Path
    tmp: Path
    seen: Seen = field(default_factory=Seen)

    @classmethod
    def under(cls, folder: Path) -> Workbench:
        """Make the folders below `folder`."""
        bench = cls(folder / "src", folder / "out", folder / "tmp")
        for part in (bench.source, bench.out, bench.tmp):
            part.mkdir()
        return bench


def go_build(
    recipe: Recipe, bench: Workbench, output: Path, packages: list[str], marked: Sequence[str], mode: str = ""
) -> Finished:
    """Run ``go build`` for `packages` of the module in `bench`, with the settings of `recipe`.

    `marked` are the flags of `harness.build.marks`; `mode` is the build mode, where the settings do not decide.
    """
    settings = recipe.settings
    mode = mode or settings.mode
    flags = ["-trimpath", "-buildvcs=false", *_loading(recipe)]
    if mode:
        flags.append(f"-buildmode={mode}")
    pairs = (("gcflags", settings.gcflags), ("ldflags", settings.go_ldflags), ("asmflags", settings.asmflags))
    flags += [f"-{name}={value}" for name, value in pairs if value]
    flags += marked
    argv = (recipe.target.go.command, "build", *flags, "-o", str(output), *packages)
    return _run(argv, go_environment(recipe), recipe, bench)


def go_modules(recipe: Recipe, bench: Workbench) -> list[str]:
    """Return the modules whose packages are in the case in `bench` or in its plugins; none where `go` cannot tell."""
    module = "{{with .Module}}{{.Path}}{{end}}"
    argv = (recipe.target.go.command, "list", "-deps", "-f", module, *_loading(recipe), ".", *recipe.plugin_packages)
    finished = _run(argv, go_environment(recipe), recipe, bench, watched=False)
    return sorted(set(finished.stdout.decode(errors="replace").split())) if finished.ok else []


def _loading(recipe: Recipe) -> list[str]:
    """Return the flags that say which packages and files are built."""
    tags = recipe.settings.tags
    return [*recipe.flags, *([f"-tags={','.join(tags)}"] if tags else [])]


def gcflags_said(recipe: Recipe) -> list[str]:
    """Return the values of ``-gcflags`` that GOFLAGS and the case give, in the order in which they count."""
    prefixes = ("-gcflags=", "--gcflags=")
    said = [*recipe.ambient.flags, *words.fields(recipe.settings.env.get("GOFLAGS", "")), *recipe.flags]
    found = [word.partition("=")[2] for word in said if word.startswith(prefixes)]
    return [*found, *([recipe.settings.gcflags] if recipe.settings.gcflags else [])]


def compile_c(recipe: Recipe, bench: Workbench, arguments: list[str]) -> Finished:
    """Run the target's C compiler in `bench` with the case's own C flags and `arguments`."""
    target = recipe.target
    argv = (*target.cc.command, *target.toolchain.c_flags, "-g", "-O2", *recipe.settings.cflags, *arguments)
    return _run(argv, recipe.ambient.env, recipe, bench)


def go_environment(recipe: Recipe) -> dict[str, str]:
    """Return the environment of ``go build``: the machine's, the target's, the case's; later ones win."""
    target = recipe.target
    return {
        **recipe.ambient.env,
        **target.toolchain.go_env,
        "GOFLAGS": " ".join(map(words.quoted, recipe.ambient.flags)),
        **recipe.settings.env,
        "GOTOOLCHAIN": "local",
        "GOROOT": str(target.go.goroot),
        "GOOS": "linux",
        "GOARCH": target.toolchain.goarch,
        "GOWORK": "off",
        "GO111MODULE": "on",
        "CGO_ENABLED": "1",
        "CGO_CFLAGS_ALLOW": ".*",
        "CGO_LDFLAGS_ALLOW": ".*",
        "CC": cc_text(target),
    }


def shown_environment(recipe: Recipe) -> dict[str, str]:
    """Return what of `go_environment` a reader of a result has to know, and no place or secret of this machine's."""
    return {name: value for name, value in go_environment(recipe).items() if value and SHOWN.fullmatch(name)}


def cc_text(target: Target) -> str:
    """Return the C compiler as ``CC`` takes it: words, quoted where they hold spaces."""
    return " ".join(words.quoted(word) for word in (*target.cc.command, *target.toolchain.c_flags))


def flags_source(recipe: Recipe) -> str:
    """Return a Go file that carries the case's own C flags, so that they reach no other package, or nothing."""
    rows = [("CFLAGS", recipe.settings.cflags), ("LDFLAGS", recipe.settings.c_ldflags)]
    lines = [f"// #cgo {name}: {' '.join(map(words.quoted, flags))}" for name, flags in rows if flags]
    return "\n".join(["package main", "", *lines, 'import "C"', ""]) if lines else ""


def _run(
    argv: tuple[str, ...], env: Mapping[str, str], recipe: Recipe, bench: Workbench, *, watched: bool = True
) -> Finished:
    full = {**env, **ASIDE, "TMPDIR": str(bench.tmp), "GOTMPDIR": str(bench.tmp), "LC_ALL": "C.UTF-8"}
    command = Command(argv, full, BUILD_SECONDS, cwd=bench.source, limits=Limits(output=4 * MIB), watched=watched)
    if not watched:
        return client.run(command)
    bench.seen.start()
    finished = client.run(command)
    bench.seen.take(finished, reads.ignored(full, recipe.target.go.goroot, bench.tmp.parent))
    return finished
