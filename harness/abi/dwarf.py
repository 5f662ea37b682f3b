"""A function's prototype from its debug information (DWARF 4 and 5), of C and of Go: the types of the model.

What DWARF does not say is not guessed: packing and alignment are found by trying which of them puts the members where
DWARF has them, and a type that fits none is refused, as is one that the model has not.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile

from harness.abi.go_types import GO_MODELS
from harness.abi.layout import MODELS, DataModel, layout
from harness.abi.model import (
    Array,
    Complex,
    CType,
    Enumeration,
    Kind,
    Member,
    Prototype,
    Record,
    Scalar,
    Signature,
    Vector,
)
from harness.elf import attributes
from harness.elf.lines import line_at
from harness.elf.places import Function
from harness.elf.reading import DAMAGE
from harness.snapshot import GO_ASSEMBLY

GO = 0x16  # DW_LANG_Go
OF_C = frozenset({0x01, 0x02, 0x0C, 0x1D, 0x2C, 0x3E})  # DW_LANG_C89, C, C99, C11, C17, C23
_ASSEMBLER = 0x8001  # DW_LANG_Mips_Assembler: gas, of every architecture
_ASSEMBLY_FILES = (".s", ".S")  # Go's assembly is in units of Go
ASSEMBLY = "assembly"
_CLONE = re.compile(r"\.(constprop|isra|part|cold)\b")  # gcc's names
_WHOLE = re.compile(r"GIMPLE|-fwhole-program")  # what makes functions static that the source has not so
_LOCALS_DIFFER = frozenset({"386"})
MOST_MEMBERS, MOST_DEPTH = 4096, 64
_SIGNED = {1: Kind.SCHAR, 2: Kind.SHORT, 4: Kind.INT, 8: Kind.LLONG, 16: Kind.INT128}
_UNSIGNED = {1: Kind.UCHAR, 2: Kind.USHORT, 4: Kind.UINT, 8: Kind.ULLONG, 16: Kind.UINT128}
_FLOATS = {4: Kind.FLOAT, 8: Kind.DOUBLE, 12: Kind.LDOUBLE, 16: Kind.LDOUBLE}
_ENCODINGS = {  # DW_ATE_*
    0x02: {1: Kind.BOOL},
    0x04: _FLOATS,
    0x05: _SIGNED,
    0x06: _SIGNED,
    0x07: _UNSIGNED,
    0x08: _UNSIGNED,
    0x10: _UNSIGNED,
}
_COMPLEX = 0x03  # DW_ATE_complex_float
_OTHER_FLOATS = frozenset({"__float128", "_Float128", "__ibm128", "__ieee128", "_Float16", "__bf16", "_Decimal"})
_SAME = frozenset(f"DW_TAG_{name}_type" for name in ("const", "volatile", "restrict")) | {"DW_TAG_typedef"}
_FUNCTION = "DW_TAG_subroutine_type"
_VECTORS_ELSEWHERE = {"s390x": (8, 2)}  # Tag_GNU_S390_ABI_Vector: 2 is the ABI of -march=z13 (s390x ELF ABI 1.2.3)


class NotKnown(Exception):
    """There is no prototype, or none that the model can say. Its text says why."""


def prototype(path: Path, function: Function, arch: str) -> Prototype:
    """Return the prototype of a `function` of the program at `path`, which is for `arch`. Raises NotKnown."""
    if _CLONE.search(function.name):
        raise NotKnown("it is a clone that the compiler made, which takes its arguments where that likes")
    try:
        stat = path.stat()
        die, language = _Units.of(path, (stat.st_size, stat.st_mtime_ns)).function(function.start)
        made = _read(die, language, arch)
    except (OSError, *DAMAGE) as error:
        raise NotKnown(f"the debug information of {path.name} is damaged ({error})") from None
    tag, elsewhere = _VECTORS_ELSEWHERE.get(arch, (0, 0))
    has_vectors = tag and any(map(_has_vector, (*made.signature.arguments, *made.signature.results)))
    if has_vectors and attributes.read(path).get(tag) == elsewhere:
        raise NotKnown("it has vectors, and the program passes them in vector registers (.gnu.attributes)")
    return made


def _has_vector(of: CType) -> bool:
    match of:
        case Vector():
            return True
        case Array(element, _):
            return _has_vector(element)
        case Record():
            return any(_has_vector(member.type) for member in of.members)
    return False


def language(path: Path, address: int) -> str:
    """Return what the code at a link-time address is written in: ``Go``, ``C`` or one of two assemblies.

    Empty: nothing says.
    """
    try:
        stat = path.stat()
        number = _Units.of(path, (stat.st_size, stat.st_mtime_ns)).language(address)
    except (OSError, *DAMAGE):
        return ""
    if number == _ASSEMBLER:
        return ASSEMBLY
    if number == GO and line_at(path, address)[0].endswith(_ASSEMBLY_FILES):
        return GO_ASSEMBLY
    return "Go" if number == GO else "C" if number in OF_C else ""


def are_compiled_together(path: Path, one: int, other: int) -> bool:
    """Whether two link-time addresses are of one unit, of which gcc knows each function's code as it calls it."""
    try:
        stat = path.stat()
        units = _Units.of(path, (stat.st_size, stat.st_mtime_ns))
        number = units.number(one)
    except (OSError, *DAMAGE):
        return False
    return number is not None and number == units.number(other)


class _Units:
    """The functions of one program, by address; those of a unit are read when one of them is asked for."""

    @classmethod
    @lru_cache(maxsize=8)
    def of(cls, path: Path, _stamp: tuple[int, int]) -> _Units:
        """Return those of a file. Raises OSError, or one of DAMAGE."""
        with path.open("rb") as file:
            elf = ELFFile(file)
            return cls(path.name, elf.get_dwarf_info(follow_links=False) if elf.has_dwarf_info() else None)

    def __init__(self, name: str, dwarf: Any | None) -> None:
        self._name, self._dwarf = name, dwarf
        self._tops = [] if dwarf is None else [unit.get_top_DIE() for unit in dwarf.iter_CUs()]
        self._ranges = [list(_ranges(dwarf, top)) for top in self._tops]
        self._functions: dict[int, dict[int, Any]] = {}  # by the number of their unit

    def number(self, address: int) -> int | None:
        """Return the number of the unit that has a link-time address; None: none has it."""
        for number, ranges in enumerate(self._ranges):
            if any(low <= address < high for low, high in ranges):
                return number
        return None

    def language(self, address: int) -> int:
        """Return the language (DW_AT_language) of the unit that has a link-time address; 0: none has it."""
        number = self.number(address)
        return 0 if number is None else _number(self._tops[number], "DW_AT_language")

    def function(self, address: int) -> tuple[Any, int]:
        """Return the DIE of the function that starts at a link-time address, and its language. Raises NotKnown."""
        if self._dwarf is None:
            raise NotKnown(f"{self._name} has no debug information")
        number = self.number(address)
        if number is not None:
            top = self._tops[number]
            if number not in self._functions:
                self._functions[number] = dict(self._starts(top))
            if address in self._functions[number]:
                return self._functions[number][address], _number(top, "DW_AT_language")
        raise NotKnown(f"{self._name} has no debug information of it")

    def _starts(self, top: Any) -> Iterator[tuple[int, Any]]:
        for die in top.cu.iter_DIE_children(top):
            if die.tag == "DW_TAG_subprogram":
                for low, _ in itertools.islice(_ranges(self._dwarf, die), 1):
                    yield low, die


def _read(die: Any, language: int, arch: str) -> Prototype:
    if language not in OF_C and language != GO:
        raise NotKnown(f"it is of a language (DW_AT_language {language:#x}) that is neither C nor Go")
    is_go = language == GO
    is_local = not _number(die, "DW_AT_external") or _WHOLE.search(_text(die.cu.get_top_DIE(), "DW_AT_producer"))
    if not is_go and arch in _LOCALS_DIFFER and is_local:
        raise NotKnown("it is static, and gcc calls such functions of i386 as it likes (ix86_function_regparm)")
    if not is_go and _parameters(die) and not _number(die, "DW_AT_prototyped"):
        raise NotKnown("it is defined without a prototype (K&R), and callers promote its arguments")
    made = _Reader((GO_MODELS if is_go else MODELS)[arch]).function(die, is_go=is_go)
    return replace(made, is_local=not is_go and bool(is_local))


def _parameters(die: Any) -> list[Any]:
    return [row for row in die.iter_children() if row.tag == "DW_TAG_formal_parameter"]


def _once(rows: list[Any]) -> list[Any]:
    """Return each parameter once: Go up to 1.26 has a result twice that a deferred function uses."""
    found: dict[str, Any] = {}
    for number, row in enumerate(rows):
        found.setdefault(_name(row).strip("_") or str(number), row)
    return list(found.values())


def _ranges(dwarf: Any, die: Any) -> Iterator[tuple[int, int]]:
    """Yield the first and the last address but one of each piece of code of `die`."""
    low, high = die.attributes.get("DW_AT_low_pc"), die.attributes.get("DW_AT_high_pc")
    if low is not None and high is not None:
        yield low.value, high.value + (low.value if high.form != "DW_FORM_addr" else 0)
        return
    ranges = die.attributes.get("DW_AT_ranges")
    if ranges is None or dwarf.range_lists() is None:
        return
    base = low.value if low is not None else 0
    for entry in dwarf.range_lists().get_range_list_at_offset(ranges.value, die.cu):
        if hasattr(entry, "base_address"):
            base = entry.base_address
        else:
            start = 0 if entry.is_absolute else base
            yield entry.begin_offset + start, entry.end_offset + start


class _Reader:
    """Reads the DIEs of one program."""

    def __init__(self, model: DataModel) -> None:
        self._model = model

    def function(self, die: Any, *, is_go: bool) -> Prototype:
        rows = _once(_parameters(die)) if is_go else _parameters(die)
        results = [row for row in rows if is_go and _number(row, "DW_AT_variable_parameter")]
        arguments = [row for row in rows if row not in results]
        is_variadic = any(row.tag == "DW_TAG_unspecified_parameters" for row in die.iter_children())
        told = [_type(die)] if not is_go else [_typed(row) for row in results]
        of_results = tuple(self.type(row) for row in told if row is not None)
        signature = Signature(
            tuple(self.type(_typed(row)) for row in arguments),
            of_results[0] if of_results else None,
            len(arguments) if is_variadic else None,
            of_results[1:],
        )
        return Prototype(
            _name(die),
            signature,
            tuple(_name(row) for row in arguments),
            tuple(_spelled(_type(row)) for row in arguments),
            tuple(_spelled(row) for row in told if row is not None),
            is_go,
        )

    def type(self, die: Any, depth: int = 0) -> CType:
        """Return the type of the model that `die` is. Raises NotKnown."""
        if depth > MOST_DEPTH:
            raise NotKnown(f"a type that is more than {MOST_DEPTH} types deep")
        match die.tag:
            case tag if tag in _SAME:
                under = _type(die)
                if under is None:
                    raise NotKnown("a value of type void")
                return self.type(under, depth + 1)
            case "DW_TAG_base_type":
                return _base(die)
            case "DW_TAG_pointer_type":
                return Scalar(Kind.FUNCTION if _is_function(_bare(_type(die))) else Kind.POINTER)
            case tag if tag == _FUNCTION:  # a func value of Go
                return Scalar(Kind.FUNCTION)
            case "DW_TAG_enumeration_type":
                return self._enumeration(die)
            case "DW_TAG_array_type":
                return self._array(die, depth)
            case "DW_TAG_structure_type" | "DW_TAG_union_type":
                return self._record(die, depth)
        raise NotKnown(f"{_spelled(die)} ({die.tag}) is a type that the model has not")

    def _enumeration(self, die: Any) -> CType:
        values = [_number(row, "DW_AT_const_value") for row in die.iter_children()] or [0]
        found = Enumeration(_name(die), min(values), max(values))
        size = _number(die, "DW_AT_byte_size")
        if layout(self._model, found).size == size:
            return found
        kinds = _SIGNED if min(values) < 0 else _UNSIGNED  # -fshort-enums, or a type that it was given
        if size not in kinds:
            raise NotKnown(f"{_spelled(die)} has {size} bytes")
        return Scalar(kinds[size])

    def _array(self, die: Any, depth: int) -> CType:
        found = self.type(_typed(die), depth + 1)
        rows = [row for row in die.iter_children() if row.tag == "DW_TAG_subrange_type"]
        counts = [_count(row) for row in rows] or [None]
        if "DW_AT_GNU_vector" in die.attributes:
            if not isinstance(found, Scalar) or len(counts) != 1:
                raise NotKnown(f"{_spelled(die)} is a vector of other than numbers")
            return Vector(found.kind, counts[0] or 0)
        for count in reversed(counts):
            found = Array(found, count or 0, is_flexible=count is None)
        return found

    def _record(self, die: Any, depth: int) -> CType:
        if "DW_AT_declaration" in die.attributes:
            raise NotKnown(f"{_spelled(die)} is declared only")
        rows = list(itertools.islice((row for row in die.iter_children() if row.tag == "DW_TAG_member"), MOST_MEMBERS))
        members = tuple(
            Member(
                _name(row),
                self.type(_typed(row), depth + 1),
                _number(row, "DW_AT_bit_size") if "DW_AT_bit_size" in row.attributes else None,
                _number(row, "DW_AT_alignment"),
            )
            for row in rows
        )
        name, is_union = _spelled(die), die.tag == "DW_TAG_union_type"
        told = Record(name, members, is_union, align=_number(die, "DW_AT_alignment"))
        order = self._model.byte_order
        starts, size = tuple(_start(row, order) for row in rows), _number(die, "DW_AT_byte_size")
        for tried in (told, replace(told, packed=True)):
            made = layout(self._model, tried)
            if (made.size, made.starts) == (size, starts):
                return tried
        known = name if _name(die) else "a struct without a name"
        raise NotKnown(f"the members of {known} are not where they would be by any attribute that is known")


def _base(die: Any) -> CType:
    encoding, size, name = _number(die, "DW_AT_encoding"), _number(die, "DW_AT_byte_size"), _name(die)
    if not name.startswith(tuple(_OTHER_FLOATS)):
        if encoding == _COMPLEX and size // 2 in _FLOATS:
            return Complex(_FLOATS[size // 2])
        kind = _ENCODINGS.get(encoding, {}).get(size)
        if kind is not None:
            return Scalar(Kind.LDOUBLE if name == "long double" else kind)
    raise NotKnown(f"{name} of {size} bytes is a type that the model has not")


def _start(member: Any, order: str) -> int:
    """Return where a member begins, in bits; of a bit-field they are counted as in `Layout.mask`."""
    if "DW_AT_data_bit_offset" in member.attributes:
        return _number(member, "DW_AT_data_bit_offset")
    start = 8 * _number(member, "DW_AT_data_member_location")
    if "DW_AT_bit_offset" not in member.attributes:
        return start
    before = _number(member, "DW_AT_bit_offset")  # DWARF 3: from the unit's most significant bit
    if order == "big":
        return start + before
    unit = _number(member, "DW_AT_byte_size") or _number(_bare(_typed(member)), "DW_AT_byte_size")
    return start + 8 * unit - before - _number(member, "DW_AT_bit_size")


def _count(subrange: Any) -> int | None:
    """Return how many elements there are; None: nothing says, as of ``f[]``, unlike ``f[0]``."""
    if "DW_AT_count" in subrange.attributes:
        return _number(subrange, "DW_AT_count")
    return _number(subrange, "DW_AT_upper_bound") + 1 if "DW_AT_upper_bound" in subrange.attributes else None


def _origin(die: Any) -> Any:
    """Return what `die` is an instance or the definition of, or itself."""
    for name in ("DW_AT_abstract_origin", "DW_AT_specification"):
        if name in die.attributes:
            return _origin(die.get_DIE_from_attribute(name))
    return die


def _number(die: Any, name: str) -> int:
    found = _origin(die).attributes.get(name) or die.attributes.get(name)
    value = found.value if found is not None else 0
    if not isinstance(value, int):
        raise NotKnown(f"{name} is an expression")
    return int(value)


def _name(die: Any) -> str:
    return _text(_origin(die), "DW_AT_name")


def _text(die: Any, name: str) -> str:
    found = die.attributes.get(name)
    return found.value.decode(errors="replace") if found is not None else ""


def _type(die: Any) -> Any | None:
    """Return the DIE of the type of `die`, None: void."""
    origin = _origin(die)
    return origin.get_DIE_from_attribute("DW_AT_type") if "DW_AT_type" in origin.attributes else None


def _typed(die: Any) -> Any:
    found = _type(die)
    if found is None:
        raise NotKnown(f"{_name(die) or die.tag} has no type")
    return found


def _bare(die: Any | None) -> Any | None:
    """Return a type without the names and qualifiers that it has."""
    for _ in range(MOST_DEPTH):
        if die is None or die.tag not in _SAME:
            break
        die = _type(die)
    return die


def _is_function(die: Any | None) -> bool:
    return die is not None and die.tag == _FUNCTION


def _spelled(die: Any | None, depth: int = 0) -> str:
    """Return how the source spells a type."""
    if die is None:
        return "void"
    name, inner = _name(die), _type(die)
    if depth > MOST_DEPTH:
        return "?"
    match die.tag:
        case "DW_TAG_pointer_type" if not name and inner is not None and _is_function(inner):
            given = [row for row in inner.iter_children() if row.tag == "DW_TAG_formal_parameter"]
            texts = ", ".join(_spelled(_type(row), depth + 1) for row in given)
            return f"{_spelled(_type(inner), depth + 1)} (*)({texts or 'void'})"
        case "DW_TAG_pointer_type" if not name:
            return _spelled(inner, depth + 1) + (
                "*" if inner is not None and inner.tag == "DW_TAG_pointer_type" else " *"
            )
        case "DW_TAG_const_type" | "DW_TAG_volatile_type" | "DW_TAG_restrict_type":
            word, text = die.tag.split("_")[2], _spelled(inner, depth + 1)
            return f"{text} {word}" if text.endswith("*") else f"{word} {text}"
        case "DW_TAG_structure_type" | "DW_TAG_union_type" | "DW_TAG_enumeration_type":
            word = {"DW_TAG_structure_type": "struct", "DW_TAG_union_type": "union"}.get(die.tag, "enum")
            is_go = _number(die.cu.get_top_DIE(), "DW_AT_language") == GO
            return name if is_go else f"{word} {name}".rstrip()
        case "DW_TAG_array_type" if not name:
            rows = [_count(row) for row in die.iter_children() if row.tag == "DW_TAG_subrange_type"]
            counts = "".join("[]" if count is None else f"[{count}]" for count in rows)
            return f"{_spelled(inner, depth + 1)} {counts}"
    return name or "function"
