"""All that Go's crash text tells: the faults with their registers, and the stacks."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice

from harness import snapshot
from harness.registers import FLOAT, TABLES, VECTOR
from harness.snapshot import FAULT, THREAD, Snapshot
from harness.traceback import crashtext, registers, stacks
from harness.traceback.stacks import Stack
from harness.traceback.words import FAULT_ADDRESS
from harness.unwind.trapped import PAST

SOURCE = "Go's crash text"
NO_ADDRESS = "not available: Go's text does not tell it"
NOT_TOLD = "mapped or not: Go's text does not tell"
_OF_MEMORY = frozenset({"SIGSEGV", "SIGBUS"})
_PAST = "where {signal} was raised by an instruction, pc is past that one, as the processor leaves it"
_GO_ONLY = "the backtrace is Go's: it leaves out the C frames below cgocall"
PANIC = "Go prints no registers of a fault that becomes a panic or a fatal error"

# How much is taken of a text, which can be anything; what the patterns below skip costs next to nothing.
MOST_FAULTS = 10_000  # the threads that Go has at most (debug.SetMaxThreads)
MOST_REGISTERS = 1 << 19  # lines that look like registers
MOST_LINES = 1 << 16  # of stacks
MOST_STACKS = 8 << 20  # characters

_HEX = r"0x[0-9a-f]{1,16}"
# Each pattern begins with a text that is looked for fast, see `crashtext`.
_PC = (  # a line of the program may stand between a signal's name and this
    rf"(?=\n(?:.*+\n)??PC=(?P<pc>{_HEX}) m=(?P<m>[0-9]{{1,9}}) sigcode=(?P<code>[0-9]{{1,20}})"
    rf"(?: addr=(?P<address>{_HEX}))?\n)"
)
_PLACE = rf" code=(?P<code>{_HEX}) addr=(?P<address>{_HEX}) pc=(?P<pc>{_HEX})\](?=\n)"
_FAULTS = (
    re.compile(rf"\n(?P<signal>SIG[A-Z0-9]{{1,12}}): (?P<what>.*+){_PC}"),
    re.compile(rf"\nSignal (?P<signal>[0-9]{{1,9}}){_PC}"),
    re.compile(rf"\n\[signal (?P<signal>SIG[A-Z0-9]{{1,12}}): (?P<what>.*){_PLACE}"),
    re.compile(rf"\n\[signal (?P<signal>{_HEX}){_PLACE}"),
)
_REGISTER = re.compile(r"\n([a-z][a-z0-9]* +0x[^\n]*)(?=\n)")
_STACKS = tuple(map(re.compile, (r"\ngoroutine ", r"\nruntime stack:\n", r"\n\[originating ")))
_IN_CGO = re.compile(r"\nsignal arrived during (?:cgo|external code) execution\n")
_SEPARATOR = "\n-----\n"
_END = "\n"


@dataclass(frozen=True)
class Fault:
    """One signal that the runtime tells of.

    `signal` is its name, or its number where the runtime has none; `m` the runtime's number of the thread; `code` is
    siginfo's si_code, signed; `address` siginfo's si_addr: None where the text does not say (`addr=` stands there
    since 1.22; arm and arm64 have it among the registers in every release). `in_cgo`: the thread was in C.
    `registers` and `missing` (name to reason) are together the architecture's table, `others` what else stands in the
    block. All values are of the context that the signal interrupted.
    """

    signal: str
    what: str
    pc: int
    m: int | None
    code: int
    address: int | None
    in_cgo: bool = False
    registers: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Dump:
    """The crash text of one process. Under GOTRACEBACK=crash the other threads follow, each as a SIGQUIT of its own.

    `notes` say what of the text was left out.
    """

    arch: str
    faults: tuple[Fault, ...] = ()
    stacks: tuple[Stack, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def death(self) -> Fault | None:
        """The fault that the process died of, which the runtime prints first; None for a plain panic."""
        return self.faults[0] if self.faults else None

    @property
    def source(self) -> str:
        """See `harness.snapshot.SnapshotSource`."""
        return SOURCE

    @cached_property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """A snapshot a fault, the death first; none for a plain panic, of which no registers are told.

        The backtrace is the first stack of a goroutine, whose innermost frames can be C's, which Go does not unwind.
        """
        return tuple(self._snapshot(fault, number) for number, fault in enumerate(self.faults, 1))

    def _snapshot(self, fault: Fault, number: int) -> Snapshot:
        is_death = number == 1
        own = next((stack for stack in self.stacks if stack.goroutine is not None), None) if is_death else None
        names = tuple(frame.function or f"{frame.pc or 0:#x}" for frame in own.frames) if own else ()
        why = "" if fault.address is not None else NO_ADDRESS
        return Snapshot(
            at=FAULT if is_death else THREAD,
            when=FAULT if is_death else THREAD,
            hit=number,
            arch=self.arch,
            pc=fault.pc,
            place=hex(fault.pc),
            source=SOURCE,
            thread="" if fault.m is None else f"m={fault.m}",
            registers=fault.registers,
            missing=fault.missing,
            backtrace=names,
            notes=(
                *(self.notes if is_death else ()),
                *((_PAST.format(signal=fault.signal),) if fault.signal in PAST.get(self.arch, ()) else ()),
                *((_GO_ONLY,) if fault.in_cgo and names else ()),
            ),
            fault=snapshot.Fault(fault.signal, fault.address, why or NOT_TOLD) if is_death else None,
        )


def read(text: str, arch: str) -> Dump | None:
    """Return what the runtime says in `text` (a standard error), or None where it says nothing.

    Reading starts where `crashtext` sees the runtime start, so that stacks that the program printed before do not
    count; in a text whose start is missing, at its start. The last line counts only when its end is there: a value
    that is cut off looks like another value. Any text has an answer; raises KeyError for an unknown architecture.
    """
    own = f"\n{text[crashtext.start(text) or 0 : text.rfind(_END) + 1]}"
    if "\r" in own:
        own = own.replace("\r\n", _END)
    notes: list[str] = []
    faults = tuple(_faults(own, arch, notes))
    found = stacks.read(_stack_lines(own, notes))
    return Dump(arch, faults, found, tuple(notes)) if faults or found else None


def _faults(own: str, arch: str, notes: list[str]) -> Iterator[Fault]:
    """Yield the faults in `own`; `notes` get what was left out."""
    every = heapq.merge(*(pattern.finditer(own) for pattern in _FAULTS), key=re.Match.start)
    found = list(islice(every, MOST_FAULTS + 1))
    left, is_full = MOST_REGISTERS, False
    for match, after in zip(found[:MOST_FAULTS], [*found[1:], None], strict=False):
        part = own[match.start() : after.start() + 1 if after is not None else len(own)]
        end = part.find(_SEPARATOR)
        part = part[: end + 1] if end >= 0 else part
        lines = [row[1] for row in islice(_REGISTER.finditer(part), left + 1)]
        is_full = is_full or len(lines) > left
        yield _with_registers(_fault(match), lines[:left], arch, in_cgo=_IN_CGO.search(part) is not None)
        left = max(left - len(lines), 0)
    if len(found) > MOST_FAULTS:
        notes.append(f"the text tells of more than {MOST_FAULTS} faults, and the others were left out")
    if is_full:
        notes.append(f"the text has more than {MOST_REGISTERS} lines of registers, and the others were left out")


def _fault(match: re.Match[str]) -> Fault:
    """Return the fault, without registers. What is told in brackets has its numbers in hex, and no thread."""
    told = match.groupdict()
    signal, address, m = told["signal"], told["address"], told.get("m")
    return Fault(
        signal if signal.startswith("SIG") else str(_number(signal)),
        told.get("what") or "",
        _number(told["pc"]),
        None if m is None else int(m),
        _signed(_number(told["code"])),
        None if address is None else _number(address),
    )


def _number(text: str) -> int:
    return int(text, 16 if text.startswith("0x") else 10)


def _with_registers(fault: Fault, lines: list[str], arch: str, *, in_cgo: bool) -> Fault:
    table = TABLES[arch]
    if fault.m is None:
        missing = {
            row.name: registers.NO_FLOAT if row.role in (FLOAT, VECTOR) else PANIC
            for row in table.rows
            if row.name != table.pc
        }
        return replace(fault, registers={table.pc: fault.pc}, missing=missing)
    block = registers.read(lines, arch)
    return replace(
        fault,
        address=block.others.get(FAULT_ADDRESS) if _has_address(fault) else fault.address,
        in_cgo=in_cgo,
        registers={table.pc: fault.pc, **block.registers},
        missing={name: why for name, why in block.missing.items() if name != table.pc},
        others=block.others,
    )


def _has_address(fault: Fault) -> bool:
    """Whether the word `fault` of the registers is of this fault, which the line of the signal does not tell of."""
    return fault.address is None and fault.code > 0 and fault.signal in _OF_MEMORY


def _stack_lines(own: str, notes: list[str]) -> list[str]:
    """Return the lines of the stacks in `own`; `notes` get what was left out."""
    starts = [match.start() + 1 for pattern in _STACKS if (match := pattern.search(own))]
    if not starts:
        return []
    start = min(starts)
    lines = own[start : start + MOST_STACKS].split(_END, MOST_LINES)
    if lines.pop() or start + MOST_STACKS < len(own):
        notes.append(f"stacks were read for {len(lines)} lines, and the others were left out")
    return lines


def _signed(code: int) -> int:
    """Return si_code, a C int, which the runtime prints as 32 or as 64 unsigned bits."""
    low = code & 0xFFFFFFFF
    return low - (1 << 32) if low >> 31 else low
