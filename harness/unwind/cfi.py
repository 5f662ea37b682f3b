"""Call frame information: .debug_frame (DWARF 5, section 6.4) and .eh_frame (LSB 5, "Exception Frames").

Which entry covers an address is looked up; what it says of that address is worked out when it is asked for.
Nothing is believed: every loop has a bound, and what cannot be followed is a CfiBroken.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.unwind.cursor import CfiBroken, Cursor

MOST_ENTRIES = 1 << 20
MOST_STEPS = 1 << 16  # instructions of one entry
MOST_STATES = 64  # remembered

# What a rule says of a register in the caller (DWARF 5, section 6.4.1). `AT` is the memory at CFA + number, `IS` the
# value CFA + number, `IN` another register; of the CFA itself `IN` is register + number.
UNDEFINED, SAME, AT, IS, IN, AT_EXPRESSION, IS_EXPRESSION = (
    *("undefined", "same", "at", "is", "in", "at-expression", "is-expression"),
)
_ABSOLUTE, _OMIT, _RELATIVE, _INDIRECT = 0x00, 0xFF, 0x10, 0x80  # DW_EH_PE_*
_SIZES = {0x02: (2, False), 0x03: (4, False), 0x04: (8, False), 0x0A: (2, True), 0x0B: (4, True), 0x0C: (8, True)}


@dataclass(frozen=True)
class Rule:
    """How to find one value of the caller: see the kinds above."""

    kind: str
    number: int = 0
    register: int = 0
    expression: bytes = b""


@dataclass(frozen=True)
class Row:
    """What holds at one address: the rule of the CFA and those of registers, by DWARF's numbers.

    `column` is the register that the return address is in. `is_signal` says that the frame is a signal's, so that the
    caller's address is that of an instruction, not of one after a call. `is_signed` is arm64's: the return address
    carries a pointer authentication code.
    """

    cfa: Rule
    rules: Mapping[int, Rule]
    column: int
    is_signal: bool = False
    is_signed: bool = False


@dataclass(frozen=True)
class _Cie:
    code: int
    data: int
    column: int
    program: bytes
    encoding: int = _ABSOLUTE
    has_length: bool = False
    is_signal: bool = False
    size: int = 8  # of an address (bytes)


@dataclass(frozen=True)
class Entry:
    """An FDE: what it covers (link-time addresses), and its program."""

    start: int
    end: int
    cie: _Cie = field(repr=False)
    program: bytes = field(repr=False)


class Frames:
    """The entries of one section, ascending by address."""

    def __init__(self, entries: list[Entry], order: Literal["little", "big"]) -> None:
        self.entries = sorted(entries, key=lambda entry: entry.start)
        self._starts = [entry.start for entry in self.entries]
        self._order = order

    def entry(self, address: int) -> Entry | None:
        """Return the entry that covers `address`."""
        index = bisect.bisect_right(self._starts, address) - 1
        while index >= 0 and self.entries[index].start == self.entries[index].end:
            index -= 1  # of a function that the linker dropped
        found = self.entries[index] if index >= 0 else None
        return found if found is not None and address < found.end else None

    def row(self, address: int) -> Row | None:
        """Return what holds at `address`, or None where nothing is said of it. Raises CfiBroken."""
        entry = self.entry(address)
        return None if entry is None else _Machine(entry, self._order).run(address)

    def rows(self, entry: Entry) -> list[tuple[int, Row]]:
        """Return where each row of `entry` begins, and the row. Raises CfiBroken."""
        return _Machine(entry, self._order).all()

    def body(self, entry: Entry) -> Row:
        """Return the row of `entry` after its prologue: the first with another CFA than at the start, if any."""
        rows = [row for _, row in self.rows(entry)]
        return next((row for row in rows if row.cfa != rows[0].cfa), rows[0])


def read(
    data: bytes, section: int, *, is_eh: bool, word: int, order: Literal["little", "big"]
) -> tuple[Frames, tuple[str, ...]]:
    """Return the entries of a section at link-time address `section`, and what was wrong with those left out.

    `word` is the size of an address (bytes). An entry that cannot be read is left out; a length that leads out of the
    section ends the reading.
    """
    reader = _Reader(data, section, word, order, is_eh=is_eh)
    reader.run()
    return Frames(reader.entries, order), tuple(reader.problems)


class _Reader:
    def __init__(self, data: bytes, section: int, word: int, order: Literal["little", "big"], *, is_eh: bool) -> None:
        self.entries: list[Entry] = []
        self.problems: list[str] = []
        self._data, self._section, self._word, self._order, self._is_eh = data, section, word, order, is_eh
        self._cies: dict[int, _Cie | CfiBroken] = {}

    def run(self) -> None:
        place = 0
        for _ in range(MOST_ENTRIES):
            if place >= len(self._data):
                return
            try:
                cursor, wide = self._unit(place)
            except CfiBroken as error:
                self.problems.append(f"at {place:#x}: {error}")
                return
            if cursor.place == cursor.end and self._is_eh:
                return  # the terminator
            try:
                if cursor.place < cursor.end:  # else it is what the linker aligns the next object's part with
                    self._entry(cursor, wide=wide)
            except CfiBroken as error:
                self.problems.append(f"at {place:#x}: {error}")
            place = cursor.end
        self.problems.append(f"more than {MOST_ENTRIES} entries")

    def _unit(self, place: int) -> tuple[Cursor, bool]:
        """Return a cursor over what follows the length at `place`, and whether that is DWARF's 64-bit format."""
        cursor = Cursor(self._data, self._order, place)
        length = cursor.number(4)
        wide = length == 0xFFFFFFFF
        if wide:
            length = cursor.number(8)
        if length > cursor.end - cursor.place:
            raise CfiBroken("an entry's length leads out of the section")
        cursor.end = cursor.place + length
        return cursor, wide

    def _entry(self, cursor: Cursor, *, wide: bool) -> None:
        size = 8 if wide and not self._is_eh else 4
        place = cursor.place
        pointer = cursor.number(size)
        if pointer == (0 if self._is_eh else (1 << 8 * size) - 1):
            return  # a CIE, which is read when an FDE names it
        cie = self._cie(place - pointer if self._is_eh else pointer)
        start = self._pointer(cursor, cie.encoding, cie.size)
        length = self._pointer(cursor, cie.encoding & 0x0F, cie.size)
        if cie.has_length:
            cursor.block()
        end = min(start + length, 1 << 64)
        if start < end:
            self.entries.append(Entry(start, end, cie, cursor.data[cursor.place : cursor.end]))

    def _cie(self, place: int) -> _Cie:
        if place not in self._cies:
            try:
                self._cies[place] = self._read_cie(place)
            except CfiBroken as error:
                self._cies[place] = error
        found = self._cies[place]
        if isinstance(found, CfiBroken):
            raise CfiBroken(str(found))
        return found

    def _read_cie(self, place: int) -> _Cie:
        if not 0 <= place < len(self._data):
            raise CfiBroken(f"there is no CIE at {place:#x}")
        cursor, wide = self._unit(place)
        size = 8 if wide and not self._is_eh else 4
        if cursor.number(size) != (0 if self._is_eh else (1 << 8 * size) - 1):
            raise CfiBroken(f"what is at {place:#x} is no CIE")
        version = cursor.number(1)
        if version not in {1, 3, 4}:
            raise CfiBroken(f"a CIE of version {version}")
        augmentation = cursor.text()
        word = self._word
        if version == 4:
            word = cursor.number(1)
            if word not in {4, 8} or cursor.number(1):
                raise CfiBroken(f"addresses of {word} bytes, or in segments")
        code, data = cursor.unsigned(), cursor.signed()
        column = cursor.number(1) if version == 1 else cursor.unsigned()
        encoding, has_length, is_signal = _ABSOLUTE, False, False
        if augmentation:
            if augmentation[:1] != b"z":
                raise CfiBroken(f"a CIE with the augmentation {augmentation[:16]!r}")
            encoding, is_signal = self._augmented(Cursor(cursor.block(), self._order), augmentation[1:], word)
            has_length = True
        program = cursor.data[cursor.place : cursor.end]
        return _Cie(code, data, column, program, encoding, has_length, is_signal, word)

    def _augmented(self, cursor: Cursor, letters: bytes, word: int) -> tuple[int, bool]:
        """Return how FDEs encode addresses, and whether their frames are signals'."""
        encoding, is_signal = _ABSOLUTE, False
        for letter in letters:
            if letter == ord("R"):
                encoding = cursor.number(1)
            elif letter == ord("L"):
                cursor.number(1)
            elif letter == ord("P"):
                self._pointer(cursor, cursor.number(1) & 0x0F, word)  # whose place is not known here, and not needed
            elif letter == ord("S"):
                is_signal = True
            elif letter not in b"BG":  # B: arm64's second key; G: tagged memory
                break
        return encoding, is_signal

    def _pointer(self, cursor: Cursor, encoding: int, word: int) -> int:
        """Return an encoded address, or a length where `encoding` has no base."""
        if encoding == _OMIT or encoding & _INDIRECT or encoding & 0x70 not in {0, _RELATIVE}:
            raise CfiBroken(f"an address of the encoding {encoding:#x}")
        place = self._section + cursor.place
        form = encoding & 0x0F
        if form == 0x00:
            value = cursor.number(word)
        elif form == 0x01:
            value = cursor.unsigned()
        elif form == 0x09:
            value = cursor.signed()
        elif form in _SIZES:
            size, signed = _SIZES[form]
            value = cursor.number(size, signed=signed)
        else:
            raise CfiBroken(f"an address of the encoding {encoding:#x}")
        base = place if encoding & 0x70 == _RELATIVE else 0
        return (base + value) & ((1 << 8 * word) - 1) if base or value >= 0 else value & ((1 << 8 * word) - 1)


class _Machine:
    """Runs the instructions of a CIE and an FDE (DWARF 5, section 6.4.2 and 7.24) up to an address."""

    def __init__(self, entry: Entry, order: Literal["little", "big"]) -> None:
        self._entry, self._cie, self._order = entry, entry.cie, order
        self._cfa: Rule | None = None
        self._rules: dict[int, Rule] = {}
        self._initial: dict[int, Rule] = {}
        self._states: list[tuple[Rule | None, dict[int, Rule], bool]] = []
        self._is_signed = False
        self._location = entry.start
        self._steps = 0

    def run(self, address: int) -> Row:
        self._do(self._cie.program, None)
        self._initial = dict(self._rules)
        self._do(self._entry.program, address)
        return self._row()

    def all(self) -> list[tuple[int, Row]]:
        self._do(self._cie.program, None)
        self._initial = dict(self._rules)
        found: list[tuple[int, Row]] = []
        cursor = Cursor(self._entry.program, self._order)
        while not cursor.is_done:
            self._steps += 1
            if self._steps > MOST_STEPS:
                raise CfiBroken(f"more than {MOST_STEPS} instructions")
            here = self._location, self._row()
            if self._step(cursor, cursor.number(1)):
                found.append(here)
        return [*found, (self._location, self._row())]

    def _row(self) -> Row:
        if self._cfa is None:
            raise CfiBroken("no rule for the CFA")
        return Row(self._cfa, dict(self._rules), self._cie.column, self._cie.is_signal, self._is_signed)

    def _do(self, program: bytes, address: int | None) -> None:
        cursor = Cursor(program, self._order)
        while not cursor.is_done:
            self._steps += 1
            if self._steps > MOST_STEPS:
                raise CfiBroken(f"more than {MOST_STEPS} instructions")
            if self._step(cursor, cursor.number(1)) and address is not None and self._location > address:
                return

    def _step(self, cursor: Cursor, code: int) -> bool:  # noqa: PLR0912 (a table of instructions)
        """Do one instruction; return whether it moved to another address."""
        cie, low = self._cie, code & 0x3F
        match code >> 6:
            case 1:  # advance_loc
                self._location += low * cie.code
                return True
            case 2:
                self._rules[low] = Rule(AT, cursor.unsigned() * cie.data)
                return False
            case 3:
                self._restore(low)
                return False
        match code:
            case 0x00:  # nop
                pass
            case 0x01:
                self._location = cursor.number(cie.size)
                return True
            case 0x02 | 0x03 | 0x04:
                self._location += cursor.number(1 << (code - 2)) * cie.code
                return True
            case 0x1D:  # DW_CFA_MIPS_advance_loc8
                self._location += cursor.number(8) * cie.code
                return True
            case 0x0A:
                if len(self._states) >= MOST_STATES:
                    raise CfiBroken(f"more than {MOST_STATES} remembered states")
                self._states.append((self._cfa, dict(self._rules), self._is_signed))
            case 0x0B:
                if not self._states:
                    raise CfiBroken("a state is restored that was never remembered")
                self._cfa, self._rules, self._is_signed = self._states.pop()
            case 0x0C | 0x0D | 0x0E | 0x0F | 0x12 | 0x13:
                self._define(cursor, code)
            case 0x2D:  # DW_CFA_AARCH64_negate_ra_state
                self._is_signed = not self._is_signed
            case 0x2E:  # DW_CFA_GNU_args_size
                cursor.unsigned()
            case _:
                self._rule(cursor, code)
        return False

    def _define(self, cursor: Cursor, code: int) -> None:
        """Do one of the instructions that say what the CFA is."""
        data = self._cie.data
        if code == 0x0F:
            self._cfa = Rule(IS_EXPRESSION, expression=cursor.block())
            return
        if code in {0x0C, 0x12}:
            register = cursor.unsigned()
            offset = cursor.unsigned() if code == 0x0C else cursor.signed() * data
            self._cfa = Rule(IN, offset, register)
            return
        old = self._cfa
        if old is None and code == 0x0D:
            old = Rule(IN)  # GNU as for riscv64 and mips64le begins so: an offset of 0
        if old is None or old.kind != IN:
            raise CfiBroken("a part of the CFA's rule is changed that it does not have")
        if code == 0x0D:
            self._cfa = Rule(IN, old.number, cursor.unsigned())
        else:
            self._cfa = Rule(IN, cursor.unsigned() if code == 0x0E else cursor.signed() * data, old.register)

    def _rule(self, cursor: Cursor, code: int) -> None:
        """Do one of the instructions that say where a register is."""
        data = self._cie.data
        register = cursor.unsigned()
        match code:
            case 0x05:
                self._rules[register] = Rule(AT, cursor.unsigned() * data)
            case 0x06:
                self._restore(register)
            case 0x07:
                self._rules[register] = Rule(UNDEFINED)
            case 0x08:
                self._rules[register] = Rule(SAME)
            case 0x09:
                self._rules[register] = Rule(IN, register=cursor.unsigned())
            case 0x10 | 0x16:
                kind = AT_EXPRESSION if code == 0x10 else IS_EXPRESSION
                self._rules[register] = Rule(kind, expression=cursor.block())
            case 0x11:
                self._rules[register] = Rule(AT, cursor.signed() * data)
            case 0x14:
                self._rules[register] = Rule(IS, cursor.unsigned() * data)
            case 0x15:
                self._rules[register] = Rule(IS, cursor.signed() * data)
            case 0x2F:  # DW_CFA_GNU_negative_offset_extended
                self._rules[register] = Rule(AT, -cursor.unsigned() * data)
            case _:
                raise CfiBroken(f"an unknown instruction, {code:#x}")

    def _restore(self, register: int) -> None:
        if register in self._initial:
            self._rules[register] = self._initial[register]
        else:
            self._rules.pop(register, None)
