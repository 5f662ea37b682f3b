"""Types of Go, as the model of C's: how they are laid out in memory and what they are made of.

Go's own kinds are C's of the same size (int is long, uintptr unsigned long, on the architectures here), its string,
slice and interface values are structs (runtime/string.go, slice.go, runtime2.go: iface, eface), and map, chan, func and
pointer values are pointers.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from harness.abi.layout import MODELS, DataModel
from harness.abi.model import CType, Kind, Member, Record, Scalar

POINTER, INT = Scalar(Kind.POINTER), Scalar(Kind.LONG)
STRING = Record("string", (Member("ptr", POINTER), Member("len", INT)))
SLICE = Record("slice", (Member("ptr", POINTER), Member("len", INT), Member("cap", INT)))
INTERFACE = Record("interface", (Member("type", POINTER), Member("data", POINTER)))

NAMES: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.BOOL: "bool",
        Kind.SCHAR: "int8",
        Kind.UCHAR: "uint8",
        Kind.SHORT: "int16",
        Kind.USHORT: "uint16",
        Kind.INT: "int32",
        Kind.UINT: "uint32",
        Kind.LLONG: "int64",
        Kind.ULLONG: "uint64",
        Kind.LONG: "int",
        Kind.ULONG: "uintptr",
        Kind.FLOAT: "float32",
        Kind.DOUBLE: "float64",
        Kind.POINTER: "unsafe.Pointer",
        Kind.FUNCTION: "func()",
    }
)
"""How Go spells the kinds that it has."""


def _model(of: DataModel) -> DataModel:
    """Return Go's data model: nothing is aligned to more than a word (cmd/compile/internal/types/size.go)."""
    sizes = {
        kind: size for kind, size in of.sizes.items() if kind in NAMES or kind is Kind.CHAR
    }  # cgo has an int8 for that
    aligns = {kind: min(size, of.word) for kind, size in sizes.items()}
    return DataModel(
        *(of.arch, MappingProxyType(sizes), MappingProxyType(aligns), of.word),
        char_is_signed=True,
        long_double="",
        byte_order=of.byte_order,
        pads_end=True,
    )


GO_MODELS: Mapping[str, DataModel] = MappingProxyType({arch: _model(model) for arch, model in MODELS.items()})


def spelled(of: CType) -> str:
    """Return a scalar, a string, a slice or an interface as Go spells it. Raises KeyError for what Go has not."""
    if isinstance(of, Scalar):
        return NAMES[of.kind]
    return {STRING: "string", SLICE: "[]byte", INTERFACE: "any"}[of]  # type: ignore[index]
