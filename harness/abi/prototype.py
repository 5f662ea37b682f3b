"""A prototype in C's syntax, read by libclang for one architecture: the types of the model.

libclang says how large a struct is and where its members are: one that the model would have otherwise is refused.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from clang import cindex

from harness.abi.layout import DataModel, is_signed, layout, underlying
from harness.abi.model import (
    FLOATS,
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
from harness.errors import UsageError

MOST = 1 << 16  # bytes of a struct
_FILE = "prototype.c"
_HEAD = """
#define bool _Bool
typedef __SIZE_TYPE__ size_t; typedef __PTRDIFF_TYPE__ ptrdiff_t, ssize_t; typedef __WCHAR_TYPE__ wchar_t;
typedef __INT8_TYPE__ int8_t; typedef __INT16_TYPE__ int16_t; typedef __INT32_TYPE__ int32_t;
typedef __INT64_TYPE__ int64_t; typedef __UINT8_TYPE__ uint8_t; typedef __UINT16_TYPE__ uint16_t;
typedef __UINT32_TYPE__ uint32_t; typedef __UINT64_TYPE__ uint64_t; typedef __INTPTR_TYPE__ intptr_t;
typedef __UINTPTR_TYPE__ uintptr_t; typedef __builtin_va_list va_list; typedef struct _IO_FILE FILE;
"""
"""What <stdbool.h>, <stddef.h>, <stdint.h>, <stdarg.h>, <stdio.h> and <sys/types.h> declare, as far as types go."""

_KINDS: Mapping[Any, Kind] = MappingProxyType(
    {
        cindex.TypeKind.BOOL: Kind.BOOL,
        cindex.TypeKind.CHAR_S: Kind.CHAR,
        cindex.TypeKind.CHAR_U: Kind.CHAR,
        cindex.TypeKind.SCHAR: Kind.SCHAR,
        cindex.TypeKind.UCHAR: Kind.UCHAR,
        cindex.TypeKind.SHORT: Kind.SHORT,
        cindex.TypeKind.USHORT: Kind.USHORT,
        cindex.TypeKind.INT: Kind.INT,
        cindex.TypeKind.UINT: Kind.UINT,
        cindex.TypeKind.LONG: Kind.LONG,
        cindex.TypeKind.ULONG: Kind.ULONG,
        cindex.TypeKind.LONGLONG: Kind.LLONG,
        cindex.TypeKind.ULONGLONG: Kind.ULLONG,
        cindex.TypeKind.INT128: Kind.INT128,
        cindex.TypeKind.UINT128: Kind.UINT128,
        cindex.TypeKind.FLOAT: Kind.FLOAT,
        cindex.TypeKind.DOUBLE: Kind.DOUBLE,
        cindex.TypeKind.LONGDOUBLE: Kind.LDOUBLE,
    }
)
_FUNCTIONS = (cindex.TypeKind.FUNCTIONPROTO, cindex.TypeKind.FUNCTIONNOPROTO)
_ARRAYS = (cindex.TypeKind.CONSTANTARRAY, cindex.TypeKind.INCOMPLETEARRAY, cindex.TypeKind.VARIABLEARRAY)
_ALIGNED = re.compile(r"(?:__)?aligned(?:__)?\s*\(\s*(\d+)\s*\)$")
_UNKNOWN, _ALIGNS, _MOST_UNKNOWN = -1, tuple(1 << power for power in range(8)), 3
_EXAMPLE = "as in 'double f(struct {int a; double b;}, float, ...)'"
_OF_C = frozenset({1, 7})  # CXCallingConv_C, _AAPCS_VFP: on arm that is what it has anyway
_UNLIKE_C = re.compile(r"\b(regparm) |unknown attribute '(sseregparm|scalar_storage_order)'")
"""Attributes that libclang does not count as a calling convention, or does not know."""
_TRANSPARENT = "transparent_union"


def read(text: str, triple: str, model: DataModel) -> Prototype:
    """Return the last function that `text` declares, as the target `triple` has its types. Raises UsageError.

    `model` is that of the target's architecture.
    """
    source = f"{_HEAD}#line 1\n{text.strip().rstrip(';')};\n"
    arguments = ["-target", triple, "-std=gnu11", "-ffreestanding", "-nostdinc", "-fno-caret-diagnostics"]
    unit = cindex.Index.create().parse(_FILE, args=arguments, unsaved_files=[(_FILE, source)])
    for found in unit.diagnostics:
        if found.severity >= cindex.Diagnostic.Error:
            message = f"{text!r} is no prototype for {triple}: at column {found.location.column}, {found.spelling}"
            raise UsageError(message, mend=f"write one function's declaration in C, {_EXAMPLE}")
    functions = [row for row in unit.cursor.get_children() if row.kind == cindex.CursorKind.FUNCTION_DECL]
    if not functions:
        raise UsageError(f"{text!r} declares no function", mend=f"write one function's declaration in C, {_EXAMPLE}")
    function = functions[-1]
    if function.type.kind == cindex.TypeKind.FUNCTIONNOPROTO:
        raise UsageError(f"{text!r} says nothing of the arguments", mend="write (void) where there are none")
    _check_convention(text, function, [row.spelling for row in unit.diagnostics])
    reader = _Reader(text, model)
    parameters = list(function.get_arguments())
    arguments_of = tuple(reader.passed(row.type) for row in parameters)
    result = function.type.get_result()
    is_void = result.get_canonical().kind == cindex.TypeKind.VOID
    fixed = len(parameters) if function.type.is_function_variadic() else None
    signature = Signature(arguments_of, None if is_void else reader.passed(result), fixed)
    return Prototype(function.spelling, signature, tuple(row.spelling for row in parameters))


def _check_convention(text: str, function: Any, warnings: Sequence[str]) -> None:
    """Refuse a function with an attribute that gives it a calling convention of its own, as ms_abi and regparm do."""
    spelled = str(function.type.get_canonical().spelling)
    unlike = _UNLIKE_C.search("\n".join((*warnings, spelled)))
    if cindex.conf.lib.clang_getFunctionTypeCallingConv(function.type) in _OF_C and not unlike:
        return
    named = (
        next(filter(None, unlike.groups())) if unlike else " ".join(re.findall(r"__attribute__\(\((.*?)\)\)", spelled))
    )
    what = f"{text!r} has a calling convention of its own: {named or spelled}"
    raise UsageError(what, mend="leave the attribute out: what is known here is C's own convention")


class _Reader:
    """Reads types; those without a name get one."""

    def __init__(self, text: str, model: DataModel) -> None:
        self._text, self._model = text, model
        self._unnamed: list[str] = []

    def _refuse(self, why: str, mend: str = "see docs/conventions.md") -> UsageError:
        return UsageError(f"{self._text!r}: {why}", mend=mend)

    def passed(self, of: Any) -> CType:
        """Return the type of a parameter, or of a result: arrays and functions are pointers there (C11 6.7.6.3)."""
        found = of.get_canonical()
        if _kind(found) in _ARRAYS:
            return Scalar(Kind.POINTER)
        if of.get_align() != found.get_align():
            why = f"{of.spelling} is aligned otherwise than {found.spelling}, and it is not known who looks at that"
            raise self._refuse(why, f"write {found.spelling}, or a struct with aligned(N)")
        return self.type(of)

    def type(self, of: Any) -> CType:
        """Return a type of the model. Raises UsageError for one that it has not."""
        found, kinds = of.get_canonical(), cindex.TypeKind
        known = _kind(found)
        if known in _KINDS:
            return Scalar(_KINDS[known])
        if known in _FUNCTIONS:
            return Scalar(Kind.FUNCTION)
        if known == kinds.POINTER:
            is_function = _kind(found.get_pointee().get_canonical()) in _FUNCTIONS
            return Scalar(Kind.FUNCTION if is_function else Kind.POINTER)
        if known == kinds.ENUM:
            return self._enumeration(found.get_declaration())
        if known in (kinds.COMPLEX, kinds.VECTOR):
            kind = _element(found)
            if known == kinds.VECTOR and kind is not None:
                return Vector(kind, found.element_count)
            if kind in FLOATS or (kind is not None and self._model.sizes[kind] <= self._model.sizes[Kind.LLONG]):
                return Complex(kind)
        if known in _ARRAYS:
            element = self.type(found.element_type)
            if known == kinds.CONSTANTARRAY:
                return Array(element, found.element_count)
            return Array(element, 0, is_flexible=True)
        if known == kinds.RECORD:
            return self._record(found.get_declaration())
        raise self._refuse(f"{of.spelling} is a type that is not known here")

    def _name(self, declared: Any) -> str:
        spelled = str(declared.type.spelling)
        if "(" not in spelled:  # "struct (unnamed at ...)"
            return re.split(r"[ :]", spelled)[-1]
        if spelled not in self._unnamed:
            self._unnamed.append(spelled)
        return f"unnamed{self._unnamed.index(spelled) + 1}"

    def _enumeration(self, declared: Any) -> CType:
        """Return an enum; one that is packed, or has a type that it was given, is passed as that type is."""
        values = [row.enum_value for row in declared.get_children() if row.kind == cindex.CursorKind.ENUM_CONSTANT_DECL]
        if not values:
            raise self._refuse(f"{declared.type.spelling} has no constants", "write them")
        found = Enumeration(self._name(declared), min(values), max(values))
        usual, kind = underlying(found), _KINDS[_kind(declared.enum_type.get_canonical())]
        signs, sizes = [is_signed(self._model, row) for row in (usual, kind)], self._model.sizes
        return found if signs[0] == signs[1] and sizes[usual] == sizes[kind] else Scalar(kind)

    def _record(self, declared: Any) -> Record:
        if not declared.get_definition():
            raise self._refuse(f"{declared.type.spelling} is not complete", "write its members")
        if declared.type.get_size() > MOST:
            why = f"{declared.type.spelling} has more than {MOST} bytes"
            raise self._refuse(why, "make it smaller: where it goes does not change beyond a few words")
        children = list(declared.get_children())
        attributes = [row for row in children if row.kind == cindex.CursorKind.UNEXPOSED_ATTR]
        if any(token.spelling.strip("_") == _TRANSPARENT for row in attributes for token in row.get_tokens()):
            raise self._refuse(f"{declared.type.spelling} is a {_TRANSPARENT}", "write its first member's type instead")
        is_union = declared.kind == cindex.CursorKind.UNION_DECL
        is_packed = any(row.kind == cindex.CursorKind.PACKED_ATTR for row in children)
        rows = list(self._fields(children))
        members = tuple(member for member, _ in rows)
        told = Record(self._name(declared), members, is_union, is_packed, _align(children))
        return self._fitted(declared, told, [start for _, start in rows])

    def _fields(self, children: list[Any]) -> Iterator[tuple[Member, int | None]]:
        """Yield each member, and where libclang has it (bits); None: it does not say."""
        named = {row.type.get_canonical().spelling for row in children if row.kind == cindex.CursorKind.FIELD_DECL}
        for row in children:
            inner = row.kind in (cindex.CursorKind.STRUCT_DECL, cindex.CursorKind.UNION_DECL)
            if row.kind == cindex.CursorKind.FIELD_DECL:
                bits = row.get_bitfield_width() if row.is_bitfield() else None
                align, of_type = _align(list(row.get_children())), row.type.get_align()
                if of_type > row.type.get_canonical().get_align() and align != _UNKNOWN:  # by a typedef
                    align = max(align, of_type)
                start = row.get_field_offsetof() if bits != 0 else None
                yield Member(row.spelling, self.type(row.type), bits, align), start
            elif inner and row.is_anonymous() and row.type.get_canonical().spelling not in named:
                yield Member("", self.type(row.type)), None

    def _fitted(self, declared: Any, told: Record, starts: list[int | None]) -> Record:
        """Return `told` with such alignments where they are not known, or packed, that it is as libclang has it.

        So `#pragma pack(1)` is packed. Raises UsageError where none fits, or several that are not passed alike.
        """
        size, align = declared.type.get_size(), declared.type.get_align()
        for tried in (told, replace(told, packed=True)):
            found: dict[int, Record] = {}
            for filled in _filled(tried):
                made = layout(self._model, filled)
                are_there = (want in (None, start) for want, start in zip(starts, made.starts, strict=True))
                if (made.size, made.align) == (size, align) and all(are_there):
                    found.setdefault(made.natural, filled)
            if len(found) == 1:
                return next(iter(found.values()))
            if found:
                raise self._refuse(f"{declared.type.spelling} may be aligned in several ways", "write aligned(N)")
        why = (
            f"{declared.type.spelling} has {size} bytes aligned to {align} on {self._model.arch}, and its members are"
            " where no attribute puts them that is known here (packed, aligned(N))"
        )
        raise self._refuse(why, "write it with packed or aligned(N), or with members of char between the others")


def _kind(of: Any) -> Any:
    """Return the kind of a type; None: it is younger than libclang's Python."""
    try:
        return of.kind
    except ValueError:
        return None


def _element(of: Any) -> Kind | None:
    """Return of what a vector or a complex number is; None: of a type that the model has not."""
    try:
        return _KINDS.get(of.element_type.get_canonical().kind)
    except ValueError:
        return None


def _align(children: list[Any]) -> int:
    """Return what the attribute `aligned` says (bytes); 0: there is none; _UNKNOWN: it is no number."""
    found = 0
    for row in children:
        if row.kind == cindex.CursorKind.ALIGNED_ATTR:
            match = _ALIGNED.match(" ".join(token.spelling for token in row.get_tokens()))
            if not match:  # aligned, aligned(sizeof(int)), _Alignas: of that there are no tokens
                return _UNKNOWN
            found = max(found, int(match[1]))
    return found


def _filled(told: Record) -> Iterator[Record]:
    """Yield `told` with each alignment that may be meant where it is not known."""
    aligns = [told.align, *(member.align for member in told.members)]
    if aligns.count(_UNKNOWN) > _MOST_UNKNOWN:
        return
    for whole, *each in itertools.product(*(_ALIGNS if align == _UNKNOWN else (align,) for align in aligns)):
        members = (replace(member, align=align) for member, align in zip(told.members, each, strict=True))
        yield replace(told, members=tuple(members), align=whole)
