"""A prototype in C's syntax, read by libclang for one architecture: the types of the model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from clang import cindex

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
_ALIGNED = re.compile(r"aligned\s*\(\s*(\d+)\s*\)")
_EXAMPLE = "as in 'double f(struct {int a; double b;}, float, ...)'"


def read(text: str, triple: str) -> Prototype:
    """Return the last function that `text` declares, as the target `triple` has its types. Raises UsageError."""
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
    reader = _Reader(text)
    parameters = list(function.get_arguments())
    arguments_of = tuple(reader.passed(row.type) for row in parameters)
    result = function.type.get_result().get_canonical()
    is_void = result.kind == cindex.TypeKind.VOID
    fixed = len(parameters) if function.type.is_function_variadic() else None
    signature = Signature(arguments_of, None if is_void else reader.type(result), fixed)
    return Prototype(function.spelling, signature, tuple(row.spelling for row in parameters))


class _Reader:
    """Reads types; those without a name get one."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._unnamed: list[str] = []

    def passed(self, of: Any) -> CType:
        """Return the type of a parameter: arrays and functions are pointers there (C11 6.7.6.3)."""
        found = self.type(of)
        return Scalar(Kind.POINTER) if isinstance(found, Array) else found

    def type(self, of: Any) -> CType:
        """Return a type of the model. Raises UsageError for one that it has not."""
        found, kinds = of.get_canonical(), cindex.TypeKind
        try:
            known = found.kind
        except ValueError:  # younger than libclang's Python
            known = None
        if known in _KINDS:
            return Scalar(_KINDS[known])
        if known in _FUNCTIONS:
            return Scalar(Kind.FUNCTION)
        if known == kinds.POINTER:
            is_function = found.get_pointee().get_canonical().kind in _FUNCTIONS
            return Scalar(Kind.FUNCTION if is_function else Kind.POINTER)
        if known == kinds.ENUM:
            return self._enumeration(found.get_declaration())
        if known == kinds.COMPLEX:
            return Complex(Kind(found.spelling.removeprefix("_Complex ")))
        if known == kinds.VECTOR:
            return Vector(_KINDS[found.element_type.get_canonical().kind], found.element_count)
        if known in (kinds.CONSTANTARRAY, kinds.INCOMPLETEARRAY):
            element = self.type(found.element_type)
            if known == kinds.CONSTANTARRAY:
                return Array(element, found.element_count)
            return Array(element, 0, is_flexible=True)
        if known == kinds.RECORD:
            return self._record(found.get_declaration())
        raise UsageError(
            f"{self._text!r}: {of.spelling} is a type that is not known here", mend="see docs/conventions.md"
        )

    def _name(self, declared: Any) -> str:
        spelled = str(declared.type.spelling)
        if "(" not in spelled:  # "struct (unnamed at ...)"
            return re.split(r"[ :]", spelled)[-1]
        if spelled not in self._unnamed:
            self._unnamed.append(spelled)
        return f"unnamed{self._unnamed.index(spelled) + 1}"

    def _enumeration(self, declared: Any) -> Enumeration:
        values = [row.enum_value for row in declared.get_children() if row.kind == cindex.CursorKind.ENUM_CONSTANT_DECL]
        if not values:
            raise UsageError(f"{self._text!r}: {declared.type.spelling} has no constants", mend="write them")
        return Enumeration(self._name(declared), min(values), max(values))

    def _record(self, declared: Any) -> Record:
        if not declared.get_definition():
            raise UsageError(f"{self._text!r}: {declared.type.spelling} is not complete", mend="write its members")
        if declared.type.get_size() > MOST:
            what = f"{self._text!r}: {declared.type.spelling} has more than {MOST} bytes"
            raise UsageError(what, mend="make it smaller: where it goes does not change beyond a few words")
        children = list(declared.get_children())
        is_union = declared.kind == cindex.CursorKind.UNION_DECL
        is_packed = any(row.kind == cindex.CursorKind.PACKED_ATTR for row in children)
        return Record(self._name(declared), tuple(self._fields(children)), is_union, is_packed, _align(children))

    def _fields(self, children: list[Any]) -> Iterator[Member]:
        named = {row.type.get_canonical().spelling for row in children if row.kind == cindex.CursorKind.FIELD_DECL}
        for row in children:
            inner = row.kind in (cindex.CursorKind.STRUCT_DECL, cindex.CursorKind.UNION_DECL)
            if row.kind == cindex.CursorKind.FIELD_DECL:
                bits = row.get_bitfield_width() if row.is_bitfield() else None
                yield Member(row.spelling, self.type(row.type), bits, _align(list(row.get_children())))
            elif inner and row.is_anonymous() and row.type.get_canonical().spelling not in named:
                yield Member("", self.type(row.type))


def _align(children: list[Any]) -> int:
    """Return what the attribute `aligned` says (bytes); 0: there is none."""
    found = 0
    for row in children:
        if row.kind == cindex.CursorKind.ALIGNED_ATTR:
            match = _ALIGNED.search(" ".join(token.spelling for token in row.get_tokens()))
            found = max(found, int(match[1]) if match else 16)
    return found
