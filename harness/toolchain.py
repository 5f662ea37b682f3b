"""`toolchains/*.yaml`: how one architecture is built and run, as frozen records.

Files are data only and validated on load. A user's own folder adds architectures or replaces shipped files
of the same `arch`.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode

from harness import yamlsource
from harness.data import toolchains_dir
from harness.errors import InputError, Problem
from harness.schema import BAD, Choice, Context, ListOf, MapOf, Number, Record, Text, child, validate
from harness.suggest import did_you_mean

GO_FILE = "go.yaml"
FAULTS_FILE = "emulator-faults.yaml"

_NAME = r"[a-z0-9][a-z0-9_]*"
_GOARCH = (  # internal/syslist of the Go tree, the 64-bit and 32-bit ones that Go has or has reserved
    *(
        "386",
        "amd64",
        "amd64p32",
        "arm",
        "armbe",
        "arm64",
        "arm64be",
        "loong64",
        "mips",
        "mipsle",
        "mips64",
        "mips64le",
    ),
    *("mips64p32", "mips64p32le", "ppc", "ppc64", "ppc64le", "riscv", "riscv64", "s390", "s390x", "sparc", "sparc64"),
)
_WORDS = ListOf(Text(empty=False))
_PACKAGES = Record(dict.fromkeys(("compiler", "sysroot", "loader"), ListOf(Text(form=r"[a-z0-9][a-z0-9+.-]*"))))
_FOLDER = Text(form=r"/.*", about="an absolute folder")
_ENV = MapOf(Text(), key=r"[A-Za-z_][A-Za-z0-9_]*", about="environment variables")


@dataclass(frozen=True)
class Template:
    """A text in which ``{name}`` stands for something that is known later; braces are doubled."""

    names: tuple[str, ...]

    def check(self, node: Node, context: Context) -> Any:
        """See `Shape.check`."""
        value = Text(empty=False).check(node, context)
        if value is BAD:
            return BAD
        known = " and ".join(f"{{{name}}}" for name in self.names)
        try:
            parts = list(string.Formatter().parse(value))
        except ValueError as error:
            return context.bad(node, f"{value!r}: {error}; {known} is filled in, and a brace is written {{{{ or }}}}")
        for _, name, spec, conversion in parts:
            if name is not None and (name not in self.names or spec or conversion):
                hint = did_you_mean(name, self.names) if name not in self.names else ""
                written = f"{{{name}{'!' + conversion if conversion else ''}{':' + spec if spec else ''}}}"
                return context.bad(node, f"{value!r}: nothing fills in {written}, only {known}{hint}")
        return value

    def json_schema(self) -> dict[str, Any]:
        """See `Shape.json_schema`."""
        return {"type": "string", "pattern": r"\S", "description": f"may hold {', '.join(self.names)} in braces"}


@dataclass(frozen=True)
class Machine:
    """A value of e_machine by its name in the System V gABI, ``EM_AARCH64``."""

    def check(self, node: Node, context: Context) -> Any:
        """See `Shape.check`."""
        value = Text(form=r"EM_[A-Z0-9_]+").check(node, context)
        if value is BAD or value in USUAL_MACHINES:
            return value
        from elftools.elf.enums import ENUM_E_MACHINE  # only for a machine that no shipped file names

        if value not in ENUM_E_MACHINE:
            known = (name for name in ENUM_E_MACHINE if name.startswith("EM_"))
            return context.bad(node, f"no ELF machine is called {value!r}{did_you_mean(value, known)}")
        return value

    def json_schema(self) -> dict[str, Any]:
        """See `Shape.json_schema`."""
        return {"type": "string", "pattern": "^EM_[A-Z0-9_]+$"}


USUAL_MACHINES = frozenset(
    f"EM_{name}" for name in ("X86_64", "AARCH64", "RISCV", "S390", "PPC64", "ARM", "386", "MIPS")
)


MADE_BY_GO: Mapping[str, tuple[str, int, str]] = MappingProxyType(
    {
        "386": ("EM_386", 32, "little"),
        "amd64": ("EM_X86_64", 64, "little"),
        "arm": ("EM_ARM", 32, "little"),
        "arm64": ("EM_AARCH64", 64, "little"),
        "loong64": ("EM_LOONGARCH", 64, "little"),
        "mips": ("EM_MIPS", 32, "big"),
        "mips64": ("EM_MIPS", 64, "big"),
        "mips64le": ("EM_MIPS", 64, "little"),
        "mipsle": ("EM_MIPS", 32, "little"),
        "ppc64": ("EM_PPC64", 64, "big"),
        "ppc64le": ("EM_PPC64", 64, "little"),
        "riscv64": ("EM_RISCV", 64, "little"),
        "s390x": ("EM_S390", 64, "big"),
    }
)
"""What Go's linker makes for Linux by GOARCH: machine, ELF class and byte order (cmd/link/internal/ld/elf.go)."""


def _fits(node: MappingNode, values: dict[str, Any], context: Context) -> None:
    bits, word_bits = int(values["elf"]["class"]), values["word_size"] * 8
    if bits < word_bits:
        context.bad(child(node, "word_size"), f"a word of {word_bits} bits does not fit ELF class {bits}")
    elf, goarch = values["elf"], values["go"]["goarch"]
    made = MADE_BY_GO.get(goarch)
    if bits >= word_bits and made and made != (elf["machine"], int(elf["class"]), values["byte_order"]):
        wanted = f"{made[0]}, class {made[1]}, byte_order {made[2]}"
        go = child(node, "go")
        place = child(go, "goarch") if isinstance(go, MappingNode) else node
        context.bad(place, f"GOARCH={goarch} makes programs of {wanted}")
    if values["page_size"] & (values["page_size"] - 1):
        context.bad(child(node, "page_size"), f"{values['page_size']} is not a power of two")


TOOLCHAIN_SHAPE = Record(
    {
        "arch": Text(form=_NAME, about="the GOARCH name that the house uses"),
        "order": Number(1, 1000, about="where it stands in tables; lower comes first in a pair"),
        "about": Text(empty=False),
        "synonyms": ListOf(Text(empty=False), about="other names that --arch accepts"),
        "go": Record({"goarch": Choice(_GOARCH), "env": _ENV}, required=("goarch",)),
        "c": Record(
            {
                "triple": Text(empty=False, about="GNU triple"),
                "compiler": Text(empty=False, about="command, looked up on PATH, or a path"),
                "flags": _WORDS,
                "fallback": Text(empty=False, about="target of `zig cc` when the compiler is missing"),
            },
            required=("triple", "compiler"),
        ),
        "cross": Record({"sysroot": _FOLDER, "packages": _PACKAGES}, required=("sysroot",)),
        "emulator": Record(
            {
                "program": Text(empty=False),
                "flags": ListOf(Template(("sysroot",))),
                "slowdown": Number(1, 1000, whole=False, about="time limits are multiplied by it"),
                "packages": _WORDS,
            },
            required=("program",),
        ),
        "native": Record(
            {"machines": _WORDS, "sysroot": _FOLDER, "loader": _FOLDER, "packages": _PACKAGES},
            required=("machines",),
        ),
        "elf": Record(
            {"machine": Machine(), "class": Choice(("32", "64"))},
            required=("machine", "class"),
        ),
        "byte_order": Choice(("little", "big")),
        "word_size": Number(4, 8, about="bytes"),
        "page_size": Number(1024, 1 << 20, about="bytes, of the guest"),
    },
    required=(
        "arch", "order", "about", "go", "c", "cross", "emulator", "elf", "byte_order", "word_size", "page_size",
    ),
    about="a crossabi toolchain file: one architecture",
    after=_fits,
)  # fmt: skip

GO_SHAPE = Record(
    {
        "release": Text(form=r"go1\.[0-9]+(\.[0-9]+|rc[0-9]+|beta[0-9]+)?"),
        "minimum": Text(form=r"go1\.[0-9]+(\.[0-9]+)?"),
        "package": Text(empty=False),
    },
    required=("release", "minimum", "package"),
)


@dataclass(frozen=True)
class Elf:
    """What the header of every ELF file for the architecture must say."""

    machine: str
    bits: int
    byte_order: str


@dataclass(frozen=True)
class Emulator:
    """How a binary is started under user-mode emulation."""

    program: str
    flags: tuple[str, ...]
    slowdown: float
    packages: tuple[str, ...]


@dataclass(frozen=True)
class Site:
    """Where headers and libraries are when building on one kind of machine, and what provides each part."""

    sysroot: Path
    packages: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Native:
    """The machines (``uname -m``) that run the architecture themselves, if `loader` is there."""

    machines: tuple[str, ...]
    loader: Path | None
    site: Site | None


@dataclass(frozen=True)
class Toolchain:
    """One architecture. `word_size` and `page_size` are bytes."""

    arch: str
    order: int
    about: str
    synonyms: tuple[str, ...]
    goarch: str
    go_env: Mapping[str, str]
    triple: str
    compiler: str
    c_flags: tuple[str, ...]
    fallback: str | None
    cross: Site
    emulator: Emulator
    native: Native
    elf: Elf
    word_size: int
    page_size: int
    path: Path

    def is_native_on(self, machine: str) -> bool:
        """Whether `machine` (``uname -m``) can in principle run it without an emulator."""
        return machine in self.native.machines

    def site_on(self, machine: str) -> Site:
        """Return sysroot and packages for building on `machine`."""
        if self.is_native_on(machine) and self.native.site:
            return self.native.site
        return self.cross


@dataclass(frozen=True)
class GoPin:
    """The Go release the corpus is measured with, and what it takes to fetch it."""

    release: str
    minimum: str
    package: str


@dataclass(frozen=True)
class Toolchains:
    """Every architecture that is known, in the tables' order, with the pinned Go release."""

    by_arch: Mapping[str, Toolchain]
    go: GoPin
    folders: tuple[Path, ...]

    @property
    def synonyms(self) -> dict[str, str]:
        """Every accepted spelling, lower case, to its GOARCH name."""
        names: dict[str, str] = {}
        for toolchain in self.by_arch.values():
            for spelling in (toolchain.arch, *toolchain.synonyms):
                names.setdefault(spelling.lower(), toolchain.arch)
        return names

    def native_arch(self, machine: str) -> str:
        """Return the architecture that `machine` is; its own one before one that it merely also runs."""
        names = self.synonyms
        return names.get(machine.lower(), next(iter(self.by_arch)))


def load(path: Path) -> Toolchain:
    """Read one toolchain file. Raises InputError with every problem in it."""
    values = validate(TOOLCHAIN_SHAPE, yamlsource.read(path), path)
    c, emulator, native = values["c"], values["emulator"], values.get("native", {})
    return Toolchain(
        arch=values["arch"],
        order=values["order"],
        about=values["about"],
        synonyms=tuple(values.get("synonyms", ())),
        goarch=values["go"]["goarch"],
        go_env=MappingProxyType(dict(values["go"].get("env", {}))),
        triple=c["triple"],
        compiler=c["compiler"],
        c_flags=tuple(c.get("flags", ())),
        fallback=c.get("fallback"),
        cross=_site(values["cross"]),
        emulator=Emulator(
            emulator["program"],
            tuple(emulator.get("flags", ())),
            float(emulator.get("slowdown", 4)),
            tuple(emulator.get("packages", ())),
        ),
        native=Native(
            tuple(native.get("machines", ())),
            Path(native["loader"]) if "loader" in native else None,
            _site(native) if "sysroot" in native else None,
        ),
        elf=Elf(values["elf"]["machine"], int(values["elf"]["class"]), values["byte_order"]),
        word_size=values["word_size"],
        page_size=values["page_size"],
        path=path,
    )


def load_go(path: Path) -> GoPin:
    """Read ``go.yaml``. Raises InputError."""
    return GoPin(**validate(GO_SHAPE, yamlsource.read(path), path))


def load_all(extra: Sequence[Path] = ()) -> Toolchains:
    """Load the shipped folder and then `extra` ones, in which a file replaces a shipped one of its `arch`.

    Raises InputError for a bad file, for two files of one folder with the same arch, and for a spelling that
    two architectures claim.
    """
    folders = (toolchains_dir(), *extra)
    found: dict[str, Toolchain] = {}
    pin = load_go(toolchains_dir() / GO_FILE)
    for folder in folders:
        if not folder.is_dir():
            raise InputError(folder, [Problem(1, 1, "no such folder of toolchain files")])
        here: dict[str, Toolchain] = {}
        for path in sorted(folder.glob("*.yaml")):
            if path.name == GO_FILE:
                pin = load_go(path)
            elif path.name != FAULTS_FILE:
                toolchain = load(path)
                if toolchain.arch in here:
                    other = here[toolchain.arch].path.name
                    raise InputError(path, [Problem(1, 1, f"{other} already describes {toolchain.arch!r}")])
                here[toolchain.arch] = toolchain
        found.update(here)
    ordered = sorted(found.values(), key=lambda toolchain: (toolchain.order, toolchain.arch))
    _refuse_shared_spelling(ordered)
    return Toolchains({toolchain.arch: toolchain for toolchain in ordered}, pin, folders)


def _refuse_shared_spelling(toolchains: Sequence[Toolchain]) -> None:
    owner: dict[str, Toolchain] = {}
    for toolchain in toolchains:
        for spelling in (toolchain.arch, *toolchain.synonyms):
            first = owner.setdefault(spelling.lower(), toolchain)
            if first is not toolchain:
                message = f"the synonym {spelling!r} already belongs to {first.arch} ({first.path})"
                raise InputError(toolchain.path, [yamlsource.problem(_written(toolchain.path, spelling), message)])


def _written(path: Path, spelling: str) -> Node:
    """Return where the toolchain file at `path` says `spelling`, among its synonyms or as its name."""
    root = yamlsource.read(path)
    assert isinstance(root, MappingNode)
    synonyms = child(root, "synonyms")
    found = (node for node in synonyms.value if isinstance(node, ScalarNode) and node.value == spelling)
    return next(found, child(root, "arch"))


def _site(values: Mapping[str, Any]) -> Site:
    packages = {part: tuple(names) for part, names in values.get("packages", {}).items()}
    return Site(Path(values["sysroot"]), MappingProxyType(packages))
