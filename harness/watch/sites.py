"""Where a program crosses between C and Go: the addresses at which each crossing is entered and left.

A crossing is left where its caller goes on, so the calls of each are looked for in the code. Names are those of Go's
runtime (runtime/cgo/gcc_*.S and asm_*.s, runtime/asm_*.s) and of cgo's output (``_cgo_…_Cfunc_…``, ``_cgoexp_…``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from harness.elf.calls import Call, calls
from harness.elf.places import Function, Program

INTO_GO = ("crosscall2", "crosscall1")
"""What C code calls to enter Go: for a callback, and on a thread of the runtime's."""

INTO_C = "asmcgocall"
_SWITCHES = ("runtime.asmcgocall", "runtime.asmcgocall.abi0", "runtime.asmcgocall_landingpad.abi0")
_SWITCHES_ALSO = ("runtime.asmcgocall_landingpad",)
_C_FUNCTION = re.compile(r"_cgo_[0-9a-f]+_(?:Cfunc|C2func|Cmacro)_(.+)")
_EXPORT = re.compile(r"_cgoexp_[0-9a-f]+_(.+)")


@dataclass(frozen=True)
class Site:
    """One address of a crossing: which crossing, and in whose code (for an entry: whose entry it is).

    An exit that is not certain may be that of another call of the same function.
    """

    crossing: str
    name: str
    is_certain: bool = True


@dataclass(frozen=True)
class Sites:
    """`entries` and `exits` by address; an address can be both."""

    entries: Mapping[int, Site]
    exits: Mapping[int, Site]

    @property
    def addresses(self) -> tuple[int, ...]:
        """All of them, ascending."""
        return tuple(sorted({*self.entries, *self.exits}))


@lru_cache(maxsize=16)
def find(program: Program, arch: str) -> Sites:
    """Return the crossings of `program`; none where it has no cgo in it. Raises OSError."""
    entries: dict[int, Site] = {}
    exits: dict[int, Site] = {}
    targets = {entry: name for name in INTO_GO for row in program.by_name.get(name, ()) for entry in row.entries}
    entries.update({address: Site(name, name) for address, name in targets.items()})
    wrappers = {match[1] for name in program.by_name if (match := _EXPORT.fullmatch(name))}
    for function in c_functions(program):
        for call in calls(program, function, arch) if targets else ():
            crossing = _crossing(call, targets, is_wrapper=function.name in wrappers)
            if crossing:
                place = f"{function.name}+{call.address - function.start:#x}"
                exits[call.back] = Site(crossing, place, call.target is not None)
    for name in program.by_name:
        match = _C_FUNCTION.fullmatch(name)
        if match:
            (function, *_) = program.by_name[name]
            entries.update({address: Site(INTO_C, match[1]) for address in function.entries})
    for name in (*_SWITCHES, *_SWITCHES_ALSO):
        for function in program.by_name.get(name, ()):
            for call in calls(program, function, arch):
                if call.target is None:
                    exits[call.back] = Site(INTO_C, program.name_at(call.address))
    return Sites(entries, exits)


def c_functions(program: Program) -> Iterator[Function]:
    """Yield the functions that Go's linker did not lay out: those of C."""
    bounds = [program.by_name.get(name) for name in ("runtime.text", "runtime.etext")]
    first, last = ((rows[0].start if rows else 0) for rows in bounds)
    return (function for function in program.functions if not first <= function.start < last)


def _crossing(call: Call, targets: Mapping[int, str], *, is_wrapper: bool) -> str:
    """Return which crossing `call` makes: a wrapper's call by way of a register (mips64le, PLT) may be crosscall2's."""
    if call.target is None:
        return INTO_GO[0] if is_wrapper else ""
    return targets.get(call.target, "")
