"""Where a program crosses between C and Go: the addresses at which each crossing is entered and left.

A crossing is left where its caller goes on, so the calls of each are looked for in the code. Names are those of Go's
runtime (runtime/cgo/gcc_*.S and asm_*.s, runtime/asm_*.s, runtime/sys_linux_*.s) and of cgo's output
(``_cgo_…_Cfunc_…``, ``_cgoexp_…``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from harness.elf import gobuild
from harness.elf.calls import calls
from harness.elf.places import Function, Program
from harness.probe import image, libraries
from harness.registers import TABLES
from harness.unwind.modules import Module
from harness.watch.promises import ZERO_IN_GO

INTO_GO = ("crosscall2", "crosscall1")
"""What C code calls to enter Go: for a callback, and on a thread of the runtime's."""

_EARLIER = {f"crosscall_{suffix}": "crosscall1" for suffix in ("386", "amd64", "arm1", "ppc64", "s390x")}
"""What crosscall1 was called before Go 1.22 (386, amd64, arm) and in the releases after that too (ppc64, s390x)."""

_INTO_GO = dict(zip(INTO_GO, INTO_GO, strict=True)) | _EARLIER

SIGNALS = ("sigtramp", "cgoSigtramp")
"""What the kernel, or a handler in C that hands on, calls for a signal; the second jumps to the first."""

START = "_rt0_lib"
"""What starts Go in a library, called by the dynamic loader, or by the C library where it is part of a C program."""

KERNEL = "the kernel"
"""What signal handlers return to, as an exit's name."""

LOADER = "the dynamic loader or the C library"
"""What else calls Go and is not looked at, likewise."""

INTO_C = "asmcgocall"
"""A C function, from its entry to where it returns to."""

SWITCH = "asmcgocall itself"
"""asmcgocall as its caller in Go sees it."""

CALLBACK = "cgocallback"
"""cgocallbackg, which cgocallback calls on the goroutine's stack."""

FORWARD = "sigfwd"
"""What calls, in a signal handler of Go, the one that C had before; that need not return (siglongjmp)."""

HANDLER = "sigtrampgo"
CGOCALL = "runtime.cgocall"  # calls asmcgocall on a goroutine's stack, never on a system stack
_OPENS_PLUGINS = "plugin.open"
_RUNTIME = "runtime."
_TEXT = "runtime.text"
_WRAPPED = ("", ".abi0")  # functions in assembly have a wrapper of ABIInternal
RUNTIME_S_C = "x_cgo_"
"""What the names of the C functions of Go's own runtime begin with."""
_OF_THE_RUNTIME = r"x_cgo_\w+|_cgo_libc_\w+"
_C_FUNCTION = re.compile(rf"_cgo_[0-9a-f]+_(?:Cfunc|C2func|Cmacro)_(.+)|({_OF_THE_RUNTIME})")
_C_NAME = re.compile(r"(?!_cgoexp_|_rt0_)\w+(\.(constprop|part|isra|cold|lto_priv)(\.\d+)?)*")  # with gcc's clones
_CALL_OTHERS = (
    "_init",
    "_fini",
    "_cgo_release_context",
    "_cgo_wait_runtime_init_done",
)  # of these, by pointers of theirs
_CALLERS = (CGOCALL, "runtime.asmcgocall", "runtime.newm1", "runtime.callCgoMmap", "runtime.callCgoMunmap")


@dataclass(frozen=True)
class Site:
    """One address at which a crossing is entered: which crossing, and whose entry it is.

    A `wrapped` function is entered by way of another entry, which is the one that is paired with an exit.
    """

    crossing: str
    name: str
    wrapped: bool = False


@dataclass(frozen=True)
class Exit:
    """One address at which crossings are left, in whose code.

    Unless it is `sure`, it may also be the exit of another call: only one that comes with the stack pointer of an entry
    counts.
    """

    crossings: tuple[str, ...]
    name: str
    sure: bool = False


@dataclass(frozen=True)
class Sites:
    """`entries` and `exits` by address; an address can be both.

    `loaded` says which files they are of, each with its load bias, and `landmarks` where execution has to come by if
    that is true (see `harness.probe.image`). `opens` says that one of them may map others while it runs, and `grows`
    that crossings may come with these: it opens plugins, or has no Go of its own. `nameless` are files of Go without
    the names of its functions. `static_g` are the goroutines of each runtime of Go in them that are no part of its
    heap.
    """

    entries: Mapping[int, Site]
    exits: Mapping[int, Exit]
    loaded: tuple[tuple[str, int], ...] = ()
    landmarks: Mapping[int, str] = field(default_factory=dict)
    opens: bool = False
    grows: bool = False
    nameless: tuple[str, ...] = ()
    static_g: tuple[tuple[int, ...], ...] = ()

    @property
    def addresses(self) -> tuple[int, ...]:
        """All of them, ascending."""
        return tuple(sorted({*self.entries, *self.exits}))

    def without(self, crossings: Collection[str]) -> Sites:
        """Return the same, but nothing of `crossings`."""
        entries = {address: site for address, site in self.entries.items() if site.crossing not in crossings}
        left = {
            address: replace(exit_, crossings=tuple(name for name in exit_.crossings if name not in crossings))
            for address, exit_ in self.exits.items()
        }
        return replace(self, entries=entries, exits={at: exit_ for at, exit_ in left.items() if exit_.crossings})


def of(modules: Sequence[Module], arch: str, *, in_c: bool = True) -> Sites:
    """Return the crossings of a program and its libraries, at the addresses where they are loaded. Raises OSError.

    Where there is no cgo in any of them, there is none. C of any of them may call by a pointer what is in another.
    Without `in_c` the exits in C are left out.
    """
    find_in = find if in_c else left_in_go
    found = [(module, find_in(module.program, arch)) for module in modules]
    entries: dict[int, Site] = {}
    exits: dict[int, Exit] = {}
    if any(sites.entries for _, sites in found):
        for module, sites in found:
            left = sites.exits if sites.entries or not in_c else _left_in_c(module.program, arch, {})
            entries |= {address + module.bias: site for address, site in sites.entries.items()}
            exits |= {address + module.bias: exit_ for address, exit_ in left.items()}
    loaded = tuple((str(module.program.path), module.bias) for module in modules)
    opens = any(module.program.imports & libraries.OPENS for module in modules)
    grows = opens and (not entries or any(_OPENS_PLUGINS in module.program.by_name for module in modules))
    marks = image.landmarks(modules, TABLES[arch].isa_bit)
    runtimes = (module for module, sites in found if sites.entries)
    static = (tuple(g + module.bias for g in module.program.static_g) for module in runtimes)
    return Sites(entries, exits, loaded, marks, opens, grows, _nameless(modules), tuple(filter(None, static)))


def _nameless(modules: Sequence[Module]) -> tuple[str, ...]:
    """Return those of `modules` that are Go's and were stripped. Raises OSError."""
    unnamed = (module.program for module in modules if _TEXT not in module.program.by_name)
    return tuple(program.path.name for program in unnamed if gobuild.version(program.path))


@lru_cache(maxsize=16)
def find(program: Program, arch: str) -> Sites:
    """Return the crossings of `program` at link-time addresses; none where it has no cgo in it. Raises OSError."""
    found = left_in_go(program, arch)
    targets = {address: site.crossing for address, site in found.entries.items() if site.crossing in INTO_GO}
    return replace(found, exits={**_left_in_c(program, arch, targets), **found.exits}) if targets else found


@lru_cache(maxsize=16)
def left_in_go(program: Program, arch: str) -> Sites:
    """Return what `find` does without the exits in C: where C, or the kernel, goes on after Go. Raises OSError."""
    entries: dict[int, Site] = {}
    exits: dict[int, Exit] = {}
    for name, crossing in _INTO_GO.items():
        for row in program.by_name.get(name, ()):
            entries.update({address: Site(crossing, crossing) for address in row.entries})
    if not entries:
        return Sites({}, {})
    for name in SIGNALS:
        entries.update({address: Site(name, name) for address in _entries(program, name)})
    for name in filter(image.STARTS_GO.fullmatch, program.by_name):
        entries.update({address: Site(START, name) for row in program.by_name[name] for address in row.entries})
    for name in program.by_name:
        match = _C_FUNCTION.fullmatch(name)
        if match:
            (function, *_) = program.by_name[name]
            entries.update({address: Site(INTO_C, match[1] or match[2]) for address in function.entries})
    pads = _entries(program, "asmcgocall_landingpad")  # of amd64: jumps to C
    exits.update(_left(program, arch, _names("asmcgocall"), INTO_C, pads, by_pointer=True))
    switches, callbacks = _entries(program, "asmcgocall"), _entries(program, "cgocallbackg")
    entries.update({address: Site(SWITCH, program.name_at(address)) for address in switches})
    exits.update(_left(program, arch, _CALLERS, SWITCH, switches))
    wrapped = _wrapped(program, callbacks)
    entries.update({address: Site(CALLBACK, program.name_at(address), address in wrapped) for address in callbacks})
    exits.update(_left(program, arch, _names("cgocallback"), CALLBACK, callbacks, by_pointer=True))
    entries.update({address: Site(FORWARD, FORWARD) for address in _entries(program, FORWARD)})
    exits.update(_left(program, arch, _names(FORWARD), FORWARD, (), by_pointer=True))
    for function in program.by_name.get(_RUNTIME + HANDLER, ()) if TABLES[arch].g else ():
        entries.update({address: Site(HANDLER, HANDLER) for address in function.entries})
    if arch not in ZERO_IN_GO:
        entries = {at: site for at, site in entries.items() if not site.wrapped}
    return Sites(entries, exits)


def _left_in_c(program: Program, arch: str, targets: Mapping[int, str]) -> dict[int, Exit]:
    """Return where C functions go on after a call of one of `targets`, or by a pointer, which may be of any of them.

    Of what has no direct calls (mips64le, a pointer, the PLT) a register says where it goes.
    """
    found: dict[int, Exit] = {}
    for function in c_functions(program):
        if function.name in _INTO_GO or function.name in _CALL_OTHERS:
            continue  # what crosscall2 and crosscall1 call is Go's
        for call in calls(program, function, arch):
            crossing = targets.get(call.target) if call.target is not None else None
            if crossing or call.target is None:
                place = f"{function.name}+{call.address - function.start:#x}"
                found[call.back] = Exit((crossing,) if crossing else (*INTO_GO, *SIGNALS), place, bool(crossing))
    return found


def _wrapped(program: Program, addresses: Collection[int]) -> frozenset[int]:
    """Return those of `addresses` that are entered by way of a wrapper, at which nothing else is to be seen.

    Only the zero register differs between the two.
    """
    wrappers = [at for at in addresses if program.name_at(at).endswith(".abi0")]
    return frozenset(at for at in addresses if at not in wrappers) if wrappers else frozenset()


def _names(name: str) -> list[str]:
    """Return what the runtime's function `name` is called, by each of its ABIs."""
    return [f"{_RUNTIME}{name}{suffix}" for suffix in _WRAPPED]


def _entries(program: Program, name: str) -> tuple[int, ...]:
    """Return where the runtime's function `name` is entered, by each of its ABIs."""
    rows = [row for known in _names(name) for row in program.by_name.get(known, ())]
    return tuple(address for row in rows for address in row.entries)


def _left(
    program: Program,
    arch: str,
    callers: Collection[str],
    crossing: str,
    targets: Collection[int],
    *,
    by_pointer: bool = False,
) -> Iterator[tuple[int, Exit]]:
    """Yield where `callers` go on after a call of one of `targets`, or else, `by_pointer`, of what is not known."""
    for name in callers:
        for function in program.by_name.get(name, ()):
            made = list(calls(program, function, arch))
            sure = [call for call in made if call.target in targets]
            for call in sure or (call for call in made if by_pointer and call.target is None):
                yield call.back, Exit((crossing,), program.name_at(call.address), bool(sure))


def c_functions(program: Program) -> Iterator[Function]:
    """Yield the functions of C.

    Those that the C linker laid out are apart from Go's. Go's own linker (-linkmode=internal) puts them between, where
    their names tell: Go's have a package before a dot, or are made by cmd/cgo and the runtime.
    """
    bounds = [program.by_name.get(name) for name in (_TEXT, "runtime.etext")]
    first, last = ((rows[0].start if rows else 0) for rows in bounds)
    return (
        function
        for function in program.functions
        if not first <= function.start < last or _C_NAME.fullmatch(function.name)
    )
