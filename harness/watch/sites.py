"""Where a program crosses between C and Go: the addresses at which each crossing is entered and left.

A crossing is left where its caller goes on, so the calls of each are looked for in the code. Names are those of Go's
runtime (runtime/cgo/gcc_*.S and asm_*.s, runtime/asm_*.s) and of cgo's output (``_cgo_…_Cfunc_…``, ``_cgoexp_…``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from harness.elf.calls import calls
from harness.elf.places import Function, Program

INTO_GO = ("crosscall2", "crosscall1")
"""What C code calls to enter Go: for a callback, and on a thread of the runtime's."""

INTO_C = "asmcgocall"
_SWITCHES = ("runtime.asmcgocall", "runtime.asmcgocall.abi0")
_LANDING_PADS = ("runtime.asmcgocall_landingpad", "runtime.asmcgocall_landingpad.abi0")  # of amd64: jumps to C
_C_FUNCTION = re.compile(r"_cgo_[0-9a-f]+_(?:Cfunc|C2func|Cmacro)_(.+)|(x_cgo_\w+)")  # the runtime's own C too


@dataclass(frozen=True)
class Site:
    """One address of a crossing: which crossing, and in whose code (for an entry: whose entry it is).

    An exit may also be that of another call: only one that comes with the stack pointer of an entry counts.
    """

    crossing: str
    name: str


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
    for function in c_functions(program) if targets else ():
        for call in calls(program, function, arch):
            # What calls by way of a register (mips64le, a pointer, the PLT) may call crosscall2.
            crossing = INTO_GO[0] if call.target is None else targets.get(call.target, "")
            if crossing:
                place = f"{function.name}+{call.address - function.start:#x}"
                exits[call.back] = Site(crossing, place)
    for name in program.by_name:
        match = _C_FUNCTION.fullmatch(name)
        if match:
            (function, *_) = program.by_name[name]
            entries.update({address: Site(INTO_C, match[1] or match[2]) for address in function.entries})
    pads = {row.start for name in _LANDING_PADS for row in program.by_name.get(name, ())}
    for name in _SWITCHES:
        for function in program.by_name.get(name, ()):
            for call in calls(program, function, arch):
                if call.target is None or call.target in pads:
                    exits[call.back] = Site(INTO_C, program.name_at(call.address))
    return Sites(entries, exits)


def c_functions(program: Program) -> Iterator[Function]:
    """Yield the functions that Go's linker did not lay out: those of C."""
    bounds = [program.by_name.get(name) for name in ("runtime.text", "runtime.etext")]
    first, last = ((rows[0].start if rows else 0) for rows in bounds)
    return (function for function in program.functions if not first <= function.start < last)
