"""The goroutine stacks of Go's crash text.

The forms are those of runtime/traceback.go (goroutineheader, traceback2, printcreatedby1, printOneCgoTraceback,
printAncestorTraceback) from 1.16 to 1.27: `gp=`, `m=` and `mp=` stand in headers of the throwing goroutine, or under
GOTRACEBACK=system, since 1.22; `in goroutine N` after `created by` since 1.21; `...N frames elided...` is
`...additional frames elided...` before 1.21.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_HEX = r"0x[0-9a-f]{1,16}"
_HEADER = re.compile(
    rf"goroutine ([0-9]{{1,19}})(?: gp=({_HEX}))?(?: m=([0-9]{{1,9}}|nil))?(?: mp=({_HEX}))?"
    r" \[([^\[\]]*)\](?: \{(.*)\})?:"
)
_ANCESTOR = re.compile(r"\[originating from goroutine ([0-9]{1,19})\]:")
_RUNTIME = "runtime stack:"
_CALL = re.compile(r"(\S.*)\(([0-9a-fx{}.,?_ ]*)\)")
_PLACE = re.compile(rf"\t(.+?):([0-9]{{1,9}})(?: \+({_HEX}))?(?: fp=({_HEX}))?(?: sp=({_HEX}))?(?: pc=({_HEX}))?")
_ONLY_PC = re.compile(rf"\tpc=({_HEX})")
_NON_GO = re.compile(rf"non-Go function at pc=({_HEX})")
_CREATED = re.compile(r"created by (\S.*?)(?: in goroutine ([0-9]{1,19}))?")
_ELIDED = re.compile(r"\.\.\.((?:[0-9]{1,19}|additional) frames) elided\.\.\.")
_ELSEWHERE = "\tgoroutine running on other thread; stack unavailable"
_MINUTES = re.compile(r"([0-9]{1,12}) minutes")
_LOCKED = "locked to thread"


@dataclass(frozen=True)
class Frame:
    """One frame. `arguments` is the text between the parentheses (words of the stack, `?` after a dead one).

    `offset` (bytes from the function's entry), `fp`, `sp` and `pc` are None where the text has none. A C function that
    nobody symbolises has a pc and no name; C frames in general have no offset.
    """

    function: str
    arguments: str = ""
    file: str = ""
    line: int | None = None
    offset: int | None = None
    fp: int | None = None
    sp: int | None = None
    pc: int | None = None


@dataclass(frozen=True)
class Stack:
    """One stack; `goroutine` is None for the runtime's own (`runtime stack:`).

    `state` is the first word of the header's brackets (`running`, `chan receive`), `notes` those that have no field.
    `m`, `gp` and `mp` are None where the text does not say. `elided` is what is left out after the first `elided_at`
    frames, in the runtime's words. `unavailable`: the goroutine runs on another thread, which is not unwound.
    `ancestor_of` is a goroutine that this one led to (GODEBUG=tracebackancestors).
    """

    goroutine: int | None
    state: str = ""
    minutes: int = 0
    locked: bool = False
    notes: tuple[str, ...] = ()
    labels: str = ""
    m: int | None = None
    gp: int | None = None
    mp: int | None = None
    frames: tuple[Frame, ...] = ()
    elided: str = ""
    elided_at: int = 0
    unavailable: bool = False
    created_by: Frame | None = None
    creator: int | None = None
    ancestor_of: int | None = None


class _Open:
    """A stack whose lines are being read."""

    def __init__(self, fields: dict[str, object]) -> None:
        self.fields = fields
        self.frames: list[Frame] = []
        self.call: tuple[str, str] | None = None  # a line that awaits the file and line below it
        self.before = ""
        self.creator: str | None = None

    def take(self, line: str) -> None:
        """Take one line; what is not the runtime's is passed over."""
        if match := _PLACE.fullmatch(line):
            self._place(*match.groups())
        elif match := _ONLY_PC.fullmatch(line):
            self._add(Frame(self.before, pc=int(match[1], 16)))
        elif match := _NON_GO.fullmatch(line):
            self._add(Frame("", pc=int(match[1], 16)))
        elif match := _CREATED.fullmatch(line):
            self.creator = match[1]
            self.fields["created_by"] = Frame(match[1])
            self.fields["creator"] = _number(match[2])
        elif match := _ELIDED.fullmatch(line):
            self.fields["elided"], self.fields["elided_at"] = match[1], len(self.frames)
        elif line == _ELSEWHERE:
            self.fields["unavailable"] = True
        elif match := _CALL.fullmatch(line):
            self.call = (match[1], match[2])
        self.before = line

    def close(self) -> Stack:
        return Stack(frames=tuple(self.frames), **self.fields)  # type: ignore[arg-type]

    def _place(self, file: str, line: str, offset: str | None, fp: str | None, sp: str | None, pc: str | None) -> None:
        numbers = (int(line), *map(_number, (offset, fp, sp, pc)))
        if self.creator is not None:
            self.fields["created_by"] = Frame(self.creator, "", file, *numbers)
            self.creator = self.call = None
        elif pc is not None and fp is None:  # the form of a symbolised C frame, whose name is any line
            self._add(Frame(self.before, "", file, *numbers))
        elif self.call is not None:
            self._add(Frame(*self.call, file, *numbers))

    def _add(self, frame: Frame) -> None:
        self.frames.append(frame)
        self.call = None


def read(lines: Iterable[str]) -> tuple[Stack, ...]:
    """Return every stack that stands in `lines` (complete lines, without their ends), in their order.

    Lines of the program among them are passed over where they can be told: a frame counts when the line with its file
    is there. Any text has an answer.
    """
    found: list[Stack] = []
    current: _Open | None = None
    goroutine: int | None = None
    for line in lines:
        fields = _header(line)
        if fields is None and (match := _ANCESTOR.fullmatch(line)):
            fields = {"goroutine": int(match[1]), "ancestor_of": goroutine}
        if fields is None:
            if current is not None:
                current.take(line)
            continue
        if current is not None:
            found.append(current.close())
        current = _Open(fields)
        if "ancestor_of" not in fields:
            goroutine = fields["goroutine"]  # type: ignore[assignment]
    return (*found, current.close()) if current is not None else tuple(found)


def _header(line: str) -> dict[str, object] | None:
    if line == _RUNTIME:
        return {"goroutine": None}
    match = _HEADER.fullmatch(line)
    if match is None:
        return None
    number, gp, m, mp, brackets, labels = match.groups()
    state, *rest = brackets.split(", ")
    minutes = [int(found[1]) for word in rest if (found := _MINUTES.fullmatch(word))]
    return {
        "goroutine": int(number),
        "state": state,
        "minutes": minutes[0] if minutes else 0,
        "locked": _LOCKED in rest,
        "notes": tuple(word for word in rest if word != _LOCKED and not _MINUTES.fullmatch(word)),
        "labels": labels or "",
        "m": None if m in (None, "nil") else int(m),
        "gp": _number(gp),
        "mp": _number(mp),
    }


def _number(text: str | None) -> int | None:
    return None if text is None else int(text, 0)
