"""A snapshot: the registers, memory and backtrace of one stop, with where each value came from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

ENTRY, RETURN, BOTH, FAULT, THREAD = "entry", "return", "both", "fault", "thread"
WHEN = (ENTRY, RETURN, BOTH)
WATCH_BY = ("auto", "log", "stops")
"""Where the watch on crossings has its registers from; see `harness.watch.run.watcher`."""
DEADLY = frozenset({"SIGSEGV", "SIGBUS", "SIGILL", "SIGABRT", "SIGFPE", "SIGTRAP"})
"""Signals of an instruction that could not be done, or of an abort: of these a program dies by itself."""
WAS_SENT = "not available: another program or the program itself sent the signal"
"""Why a fault has no address whose siginfo says that there is none."""
NO_ADDRESS_TOLD = "not available: the kernel tells none (SI_KERNEL: a breakpoint, or an address that is not canonical)"
"""The same where x86's kernel says 0 (arch/x86/kernel/traps.c: exc_int3, exc_general_protection)."""
GO_ASSEMBLY = "Go's assembly"
DEFAULT_HITS = "1-3"
_HITS = re.compile(r"([1-9]\d*)(?:(-)([1-9]\d*)?)?")


@dataclass(frozen=True)
class Probe:
    """A place where registers are taken: `at` is a function's name, ``file.c:12`` or an address.

    `when` is entry, return or both. Hits are counted from 1; those from `first` to `last` are taken (None: to the end).
    `memory` are pieces to take with them: the name of a register or an address, and a size in bytes. `meant`: what
    they mean too; `doubted`: and what they would, had the caller taken the function for something else.
    """

    at: str
    when: str = ENTRY
    first: int = 1
    last: int | None = None
    memory: tuple[tuple[str, int], ...] = ()
    backtrace: bool = False
    meant: bool = False
    doubted: bool = False

    def wants(self, hit: int) -> bool:
        """Whether the stop number `hit` is to be taken."""
        return self.first <= hit and (self.last is None or hit <= self.last)


def parse_hits(text: str) -> tuple[int, int | None]:
    """Return the first and last hit of ``3``, ``1-3`` or ``2-`` (no last). Raises ValueError, saying what is wrong."""
    found = _HITS.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no range of hits: 3, 1-3 or 2-")
    first = int(found[1])
    last = int(found[3]) if found[3] else (None if found[2] else first)
    if last is not None and last < first:
        raise ValueError(f"{text!r} ends before it begins")
    return first, last


def parse_probe(text: str) -> Probe:
    """Return the probe of ``add3``, ``add3,both`` or ``add3,return,1-5``. Raises ValueError, saying what is wrong.

    Only what stands behind the place is split off: a Go function's name can hold commas.
    """
    at, when, hits = text, ENTRY, DEFAULT_HITS
    place, comma, word = at.rpartition(",")
    if comma and word[:1].isdigit():
        at, hits = place, word
        place, comma, word = at.rpartition(",")
    if comma and word in WHEN:
        at, when = place, word
    if not at:
        raise ValueError(f"{text!r} names no place: PLACE[,entry|return|both][,HITS], as in add3,both,1-3")
    return Probe(at, when, *parse_hits(hits), meant=True, doubted=True)


@dataclass(frozen=True)
class Frame:
    """One function that is running. `name` is its symbol, or the bare address; `offset` how far `pc` is in it (bytes).

    `cfa` is the canonical frame address (the caller's stack pointer), None where it was not found; `file` is as the
    line table has it, and empty with `line` 0 where there is none.
    """

    pc: int
    name: str
    offset: int
    file: str
    line: int
    sp: int
    cfa: int | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.file}:{self.line}" if self.file else self.name

    def to_json(self) -> dict[str, Any]:
        """Return the frame as plain data; what is not known is left out."""
        cfa = {} if self.cfa is None else {"cfa": hex(self.cfa)}
        line = {"file": self.file, "line": self.line} if self.file else {}
        return {"pc": hex(self.pc), "function": self.name, "offset": self.offset, **line, "sp": hex(self.sp), **cfa}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Frame:
        """Return the frame that `to_json` wrote."""
        cfa = int(row["cfa"], 16) if "cfa" in row else None
        place = (row.get("file", ""), row.get("line", 0))
        return cls(int(row["pc"], 16), row["function"], row["offset"], *place, int(row["sp"], 16), cfa)


@dataclass(frozen=True)
class Fault:
    """A signal that was the program's death. `address` is what the instruction could not reach, None where not known.

    `mapped` says whether memory can be read there; where the address is not known, why. `code` is the disassembly
    around the instruction, which is marked. `astray` says why execution went there, where that is known: the name of
    a diagnosis, and its lines.
    """

    signal: str
    address: int | None
    mapped: str
    code: tuple[str, ...] = ()
    astray: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the fault as plain data."""
        address = None if self.address is None else hex(self.address)
        astray = {"astray": list(self.astray)} if self.astray else {}
        return {"signal": self.signal, "address": address, "mapped": self.mapped, "code": list(self.code), **astray}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Fault:
        """Return the fault that `to_json` wrote."""
        address = None if row["address"] is None else int(row["address"], 16)
        return cls(row["signal"], address, row["mapped"], tuple(row["code"]), tuple(row.get("astray", ())))


@dataclass(frozen=True)
class Argument:
    """An argument or a result of a function: `value` as plain data, and `text` as people read it.

    `where` is where its convention has it: registers and ``stack+N`` joined by ``+``, ``*x0`` the address in x0.
    `why` says why there is no value, and is empty otherwise.
    """

    name: str
    type: str
    where: str
    value: Any
    text: str
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        said = {"why": self.why} if self.why else {"value": self.value, "text": self.text}
        return {"name": self.name, "type": self.type, "where": self.where, **said}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Argument:
        """Return what `to_json` wrote."""
        values = (row.get("value"), row.get("text", ""), row.get("why", ""))
        return cls(row["name"], row["type"], row["where"], *values)


@dataclass(frozen=True)
class Reading:
    """The `arguments` of a function as they are if its caller took it for something else: `kind` (`abi.hypotheses`).

    `about` is the argument of which that is so, if of one. `same_arguments`, `same_results`: these are where they
    really are.
    """

    kind: str
    about: str
    convention: str
    arguments: tuple[Argument, ...]
    same_arguments: bool
    same_results: bool

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {**vars(self), "arguments": [row.to_json() for row in self.arguments]}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Reading:
        """Return what `to_json` wrote."""
        return cls(**{**row, "arguments": tuple(map(Argument.from_json, row["arguments"]))})


@dataclass(frozen=True)
class Doubts:
    """What tells at a function's entry whether it was called as what it is.

    `is_go`: it is written in Go. `caller` is the function that it returns to, and `caller_is` what that is written in:
    ``Go``, ``C``, ``assembly``, ``Go's assembly``, or empty where nothing says. `room`: execution is on a goroutine's
    stack, so many bytes above its end. Not as the convention promises are: in `dirty` the bits above narrow integers,
    in `misaligned` the stack pointer, in `uncounted` how many vector registers are used, and at a return in
    `clobbered` the registers that a call preserves. `relied` are the narrow integers of whose upper bits it promises
    something. `readings` are what the arguments are otherwise.
    """

    is_go: bool
    caller: str = ""
    caller_is: str = ""
    room: int | None = None
    dirty: tuple[str, ...] = ()
    misaligned: tuple[str, ...] = ()
    uncounted: tuple[str, ...] = ()
    clobbered: tuple[str, ...] = ()
    relied: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        plain = {key: list(value) if isinstance(value, tuple) else value for key, value in vars(self).items()}
        return {**plain, "readings": [row.to_json() for row in self.readings]}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Doubts:
        """Return what `to_json` wrote."""
        plain: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
        plain["readings"] = tuple(map(Reading.from_json, row["readings"]))
        return cls(**plain)


@dataclass(frozen=True)
class Meant:
    """What the registers mean by the function's `convention`: its `arguments` at an entry, its `results` at a return.

    `why` says why that is not known; then there are none. `doubts` are there where they were asked for.
    """

    convention: str = ""
    arguments: tuple[Argument, ...] = ()
    results: tuple[Argument, ...] = ()
    why: str = ""
    doubts: Doubts | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        if self.why:
            return {"why": self.why}
        rows = {"arguments": self.arguments, "results": self.results}
        doubts = {} if self.doubts is None else {"doubts": self.doubts.to_json()}
        found = {key: [row.to_json() for row in several] for key, several in rows.items()}
        return {"convention": self.convention, **found, **doubts}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Meant:
        """Return what `to_json` wrote."""
        arguments, results = (tuple(map(Argument.from_json, row.get(key, ()))) for key in ("arguments", "results"))
        doubts = Doubts.from_json(row["doubts"]) if "doubts" in row else None
        return cls(row.get("convention", ""), arguments, results, row.get("why", ""), doubts)


@dataclass(frozen=True)
class Snapshot:
    """One stop, or one thread of a process that died.

    `at` is what was asked for, `place` the symbol and offset of `pc`. `hit` counts the stops at this place and of this
    kind from 1. `thread` tells threads of the run apart, and is empty where the source cannot. `registers` are values
    by the names of `harness.registers`; one that the source does not have is in `missing`, with why: zero never stands
    for unknown. `memory` are the bytes that were asked for, by address. `backtrace` are the functions that run,
    innermost first; `frames` tells more of each where the source has memory. `ended` is why the backtrace has no more:
    empty where it reached the outermost function, or was not asked for. `meant` is None where nobody asked for it.
    """

    at: str
    when: str
    hit: int
    arch: str
    pc: int
    place: str
    source: str
    thread: str = ""
    registers: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    memory: Mapping[int, bytes] = field(default_factory=dict)
    backtrace: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    frames: tuple[Frame, ...] = ()
    ended: str = ""
    fault: Fault | None = None
    meant: Meant | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the snapshot as plain data; numbers that can exceed 53 bits are hex texts."""
        return {
            "at": self.at,
            "when": self.when,
            "hit": self.hit,
            "arch": self.arch,
            "pc": hex(self.pc),
            "place": self.place,
            "source": self.source,
            "thread": self.thread,
            "registers": {name: hex(value) for name, value in self.registers.items()},
            "missing": dict(self.missing),
            "memory": {hex(address): data.hex() for address, data in self.memory.items()},
            "backtrace": list(self.backtrace),
            "frames": [frame.to_json() for frame in self.frames],
            "ended": self.ended,
            **({} if self.fault is None else {"fault": self.fault.to_json()}),
            **({} if self.meant is None else {"meant": self.meant.to_json()}),
            "notes": list(self.notes),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Snapshot:
        """Return the snapshot that `to_json` wrote."""
        fields = dict(values)
        fields["pc"] = int(fields["pc"], 16)
        fields["registers"] = {name: int(value, 16) for name, value in fields["registers"].items()}
        fields["memory"] = {int(address, 16): bytes.fromhex(data) for address, data in fields["memory"].items()}
        for name in ("backtrace", "notes"):
            fields[name] = tuple(fields[name])
        fields["frames"] = tuple(map(Frame.from_json, fields.get("frames", ())))
        fault = fields.get("fault")
        fields["fault"] = Fault.from_json(fault) if fault else None
        meant = fields.get("meant")
        fields["meant"] = Meant.from_json(meant) if meant else None
        return cls(**fields)


class SnapshotSource(Protocol):
    """Where snapshots come from: a program that was looked at while it ran, by the log or by stops
    (`harness.probe.guest.Taken`), a core (`harness.core.postmortem.Remains`), and what Go printed of its death
    (`harness.traceback.dump.Dump`)."""

    @property
    def source(self) -> str:
        """Which of them it is, as the snapshots say."""

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """What it tells, in the order in which it happened; of a death, what died first."""
