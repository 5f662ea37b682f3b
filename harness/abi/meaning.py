"""What the registers mean at a function's entry and return: its arguments and results, decoded by its convention."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from packaging.version import InvalidVersion, Version

from harness.abi import dwarf
from harness.abi.conventions import OF_C
from harness.abi.conventions.go import GO_ABI0, of_release
from harness.abi.dwarf import NotKnown
from harness.abi.fetch import Place, Unknown, fetch, read
from harness.abi.go_types import STRING
from harness.abi.layout import layout
from harness.abi.model import UNSIGNED, CType, Kind, Prototype, Record, Scalar
from harness.abi.narrow import extended
from harness.abi.place import Convention, Placed, Placement
from harness.abi.values import ALL_ONES, CUT, Value, decoded, escaped, worded
from harness.elf import gobuild
from harness.elf.places import Function, Program
from harness.snapshot import GO_ASSEMBLY, Argument

TEXT = 64  # bytes of a text that is shown
EXACT = 1 << 53  # integers that JSON's readers keep
_ABI0 = ".abi0"
_ALL_NAMED = (1, 22)  # the release of Go from which on parameters without a name are in its debug information
_DICTIONARIES = (1, 27)  # the release from which on the hidden first argument of generic functions is there
_COUNT, _VECTORS = "rax", 8  # of x86-64: AL, and how many registers pass vectors
_LEAST = 32  # bits of a type that has another size elsewhere
_CHARS = frozenset({"char *", "const char *", "*_Ctype_char", "*main._Ctype_char"})


@dataclass(frozen=True)
class Meaning:
    """How the values at a function are found: its prototype, placed by the convention that it has."""

    prototype: Prototype
    convention: Convention
    placement: Placement = field(repr=False)

    @property
    def needs_memory(self) -> bool:
        """Whether registers alone do not tell all arguments."""
        return any(placed.by_reference or _on_stack(placed) for placed in self.placement.arguments)

    def arguments(self, place: Place) -> tuple[Argument, ...]:
        """Return the arguments at the function's first instruction; of a variadic function those that have a name."""
        made = self.prototype
        rows = zip(made.names, made.types, made.signature.arguments, self.placement.arguments, strict=True)
        return tuple(self._said(*row, place) for row in rows)

    def dirty(self, place: Place) -> tuple[str, ...]:
        """Return the narrow integers in registers that are not extended as the caller has to, at the first instruction.

        A convention's documents say which those are (`Placed.extends`).
        """
        found = []
        for name, placed in zip(self.prototype.names, self.placement.arguments, strict=True):
            for piece in placed.pieces:
                value = place.registers.get(piece.register)
                if not placed.extends or value is None:
                    continue
                wanted = extended(value, 8 * piece.size, 8 * self.convention.model.word, placed.extends)
                if value != wanted:
                    found.append(f"{name}: {piece.register} is {value:#x}, and {wanted:#x} was promised")
        return tuple(found)

    def relied(self) -> tuple[str, ...]:
        """Return the narrow integers in registers whose upper bits the callee relies on, each with its register."""
        rows = zip(self.prototype.names, self.placement.arguments, strict=True)
        return tuple(
            f"{name} ({piece.register})"
            for name, placed in rows
            for piece in placed.pieces
            if placed.extends and piece.register
        )

    def uncounted(self, place: Place) -> tuple[str, ...]:
        """Say it where a variadic function is not told how many vector registers its arguments take, or too few."""
        least, told = self.placement.vectors, place.registers.get(_COUNT)
        if least is None or told is None or least <= (count := told & 0xFF) <= _VECTORS:
            return ()
        return (f"AL is {count}, and {least} to {_VECTORS} were promised",)

    def results(self, place: Place, room: int | None) -> tuple[Argument, ...]:
        """Return the results where the function has returned; `place.sp` is what it was at its first instruction.

        `room` is what `room` said there: the convention need not hand that address back.
        """
        made = self.prototype
        rows = zip(made.result_types, made.signature.results, self.placement.results, strict=True)
        return tuple(self._result(*row, place, room) for row in rows)

    def room(self, place: Place) -> int | None:
        """Return the address that the caller gave for a result in memory, at the function's first instruction."""
        hidden, model = self.placement.hidden, self.convention.model
        if hidden is None:
            return None
        try:
            data = fetch(model, Scalar(Kind.POINTER), Placed((hidden,)), place)
        except Unknown:
            return None
        return int.from_bytes(data, model.byte_order)

    def _result(self, spelled: str, of: CType, placed: Placed, place: Place, room: int | None) -> Argument:
        if not placed.by_reference or placed.pieces:
            return self._said("", spelled, of, placed, place)
        if room is None:
            return Argument("", spelled, "memory", None, "", "not available: what the address of its room was")
        where = f"*{room:#x}"
        try:
            data = read(place, room, layout(self.convention.model, of).size)
        except Unknown as error:
            return Argument("", spelled, where, None, "", f"not available: {error}")
        return self._decoded("", spelled, where, of, data, place)

    def _said(self, name: str, spelled: str, of: CType, placed: Placed, place: Place) -> Argument:
        pieces = "+".join(piece.where for piece in placed.pieces)
        where = f"*{pieces}" if placed.by_reference else pieces
        try:
            data = fetch(self.convention.model, of, placed, place)
        except Unknown as error:
            return Argument(name, spelled, where, None, "", f"not available: {error}")
        return self._decoded(name, spelled, where, of, data, place)

    def _decoded(self, name: str, spelled: str, where: str, of: CType, data: bytes, place: Place) -> Argument:
        value = decoded(self.convention.model, of, data)
        text = worded(of, value)
        more = self._pointed(spelled, of, value, place)
        return Argument(name, spelled, where, _plain(value), f"{text} {more}".rstrip())

    def _pointed(self, spelled: str, of: CType, value: Value, place: Place) -> str:
        """Return what a value points to, where that says more than its address: a text, or a symbol."""
        if isinstance(value, dict) and isinstance(of, Record) and of.name == STRING.name and self.prototype.is_go:
            address, size = value.get("str"), value.get("len")
            if isinstance(address, int) and isinstance(size, int) and size >= 0:
                data = place.memory(address, min(size, TEXT)) if size else b""
                return "" if data is None else _quoted(data, is_cut=size > TEXT)
        if not isinstance(value, int) or not isinstance(of, Scalar):
            return ""
        if of.kind not in (Kind.POINTER, Kind.FUNCTION):
            bits = 8 * layout(self.convention.model, of).size
            return ALL_ONES if bits >= _LEAST and of.kind in UNSIGNED and value == (1 << bits) - 1 else ""
        if spelled.removesuffix(" const") in _CHARS and value:
            text = _c_text(place, value)
            if text is not None:
                return text
        name = place.name_of(self._code(of, value, place))
        return f"<{name}>" if name else ""

    def _code(self, of: Scalar, value: int, place: Place) -> int:
        """Return where a pointer points to; a func value of Go points to a word that does (abi-internal.md)."""
        if not self.prototype.is_go or of.kind is not Kind.FUNCTION or not value:
            return value
        model = self.convention.model
        return int.from_bytes(place.memory(value, model.word) or b"", model.byte_order)


def of(program: Program, function: Function, arch: str) -> Meaning:
    """Return what the registers mean at `function` of a program for `arch`. Raises NotKnown."""
    made = dwarf.prototype(program.path, function, arch)
    convention = _convention(program, function, arch, is_go=made.is_go)
    try:
        return Meaning(made, convention, convention.place(made.signature))
    except ValueError as error:
        raise NotKnown(str(error)) from None


def _convention(program: Program, function: Function, arch: str, *, is_go: bool) -> Convention:
    if not is_go:
        return OF_C[arch]
    try:
        release = Version(gobuild.version(program.path)).release
    except InvalidVersion:
        raise NotKnown("the program does not say which release of Go built it, and so not how Go calls Go") from None
    if release < _ALL_NAMED:
        raise NotKnown(f"Go {release[0]}.{release[1]}'s debug information leaves out parameters that have no name")
    if release < _DICTIONARIES and "[" in function.name:
        raise NotKnown(
            f"Go {release[0]}.{release[1]}'s debug information leaves out the dictionary of a generic function"
        )
    if dwarf.language(program.path, function.start) == GO_ASSEMBLY:
        raise NotKnown("it is written in assembly, and debug information has no prototype of it")
    return GO_ABI0[arch] if function.name.endswith(_ABI0) else of_release(arch, release)


def _on_stack(placed: Placed) -> bool:
    return any(not piece.register and piece.size for piece in placed.pieces)


def _quoted(data: bytes, *, is_cut: bool) -> str:
    return '"' + escaped(data.decode(errors="backslashreplace")) + (CUT if is_cut else '"')


def _c_text(place: Place, address: int) -> str | None:
    """Return the text that begins at `address`; None where it cannot be read, or has no end in sight."""
    data = place.memory(address, TEXT)
    for size in (16, 1) if data is None else ():  # near the end of what is mapped
        data = data or place.memory(address, size)
    if data is None:
        return None
    text, end, _ = data.partition(b"\0")
    return _quoted(text, is_cut=not end)


def _hexadecimal(value: Fraction) -> str:
    """Return a binary fraction as C's %a has one, with all its digits: the decimal ones can be thousands."""
    digits, power = value.numerator, 1 - value.denominator.bit_length()
    while digits and digits % 2 == 0:
        digits, power = digits >> 1, power + 1
    return f"{'-' if digits < 0 else ''}{abs(digits):#x}p{power:+d}"


def _plain(value: Value) -> Any:
    """Return a value as JSON has it: numbers that not every reader keeps exactly are texts."""
    match value:
        case dict():
            return {name: _plain(part) for name, part in value.items()}
        case tuple():
            return [_plain(part) for part in value]
        case bool():
            return value
        case int():
            return value if -EXACT < value < EXACT else str(value)
        case Fraction():
            return int(value) if value.denominator == 1 and abs(value) < EXACT else _hexadecimal(value)
    return value if value - value == 0 else repr(value)
