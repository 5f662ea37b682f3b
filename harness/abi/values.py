"""What the bytes of a value say: numbers, and members by name."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from fractions import Fraction

from harness.abi.layout import IBM, QUAD, X87, DataModel, is_signed, layout, underlying, what
from harness.abi.model import POINTERS, Array, Complex, CType, Enumeration, Kind, Record, Scalar, Vector

Value = int | float | Fraction | tuple["Value", ...] | dict[str, "Value"]
"""A truth value is a bool, a long double of a format that Python has not a Fraction, a complex number its two parts."""

CUT = '"…'
"""What a text ends with of which there is more."""
ALL_ONES = "(all ones)"
"""Stands behind the largest number of an unsigned type, which a type of another size has as another number."""

_FORMATS = {("little", 4): "<f", ("little", 8): "<d", ("big", 4): ">f", ("big", 8): ">d"}


def decoded(model: DataModel, of: CType, data: bytes) -> Value:
    """Return the value of type `of` that `data` holds."""
    match of:
        case Scalar(kind):
            return _scalar(model, kind, data)
        case Enumeration():
            return _scalar(model, underlying(of), data)
        case Complex(kind):
            return _row(model, Scalar(kind), data, 2)
        case Vector(kind, count):
            return _row(model, Scalar(kind), data, count)
        case Array(element, count):
            return _row(model, element, data, count)
        case Record():
            return dict(_members(model, of, data))


def _row(model: DataModel, element: CType, data: bytes, count: int) -> tuple[Value, ...]:
    size = layout(model, element).size
    return tuple(decoded(model, element, data[number * size : (number + 1) * size]) for number in range(count))


def _members(model: DataModel, record: Record, data: bytes) -> Iterator[tuple[str, Value]]:
    for member, start in zip(record.members, layout(model, record).starts, strict=True):
        if member.bits is None:
            size = layout(model, member.type).size
            yield member.name, decoded(model, member.type, data[start // 8 : start // 8 + size])
        elif member.name:
            yield member.name, _bits(model, member.type, data, start, member.bits)


def _bits(model: DataModel, of: CType, data: bytes, start: int, count: int) -> int:
    """Return a bit-field: on big-endian machines the first bit is the highest of the first byte."""
    first, end = start // 8, -(-(start + count) // 8)
    shift = start - 8 * first if model.byte_order == "little" else 8 * end - start - count
    value = int.from_bytes(data[first:end], model.byte_order) >> shift & (1 << count) - 1
    kind = underlying(of) if isinstance(of, Enumeration) else of.kind if isinstance(of, Scalar) else Kind.UINT
    if kind is Kind.BOOL:
        return bool(value)
    is_negative = is_signed(model, kind) and value >> count - 1
    return value - (1 << count) if is_negative else value


def _scalar(model: DataModel, kind: Kind, data: bytes) -> Value:
    number = int.from_bytes(data, model.byte_order)
    form = what(model, kind)
    if kind in POINTERS:
        return number
    if kind is Kind.BOOL:
        return bool(number) if number < 2 else number  # neither is undefined, and worth seeing
    if form == QUAD:
        return _binary(number, 15, 112)
    if form == X87:
        return of_x87(number)
    if form == IBM:
        high, low = struct.unpack("<dd", data)
        return Fraction(high) + Fraction(low) if high and high - high == low - low == 0 else high
    if (form_of := _FORMATS.get((model.byte_order, len(data)))) and kind in (Kind.FLOAT, Kind.DOUBLE, Kind.LDOUBLE):
        return float(struct.unpack(form_of, data)[0])
    return int.from_bytes(data, model.byte_order, signed=is_signed(model, kind))


def _special(sign: int, fraction: int) -> float:
    return float("nan") if fraction else float("-inf" if sign else "inf")


def _binary(number: int, exponents: int, fractions: int) -> Value:
    """Return a number of an IEEE 754 interchange format."""
    fraction, exponent = number & (1 << fractions) - 1, number >> fractions & (1 << exponents) - 1
    sign, bias = number >> fractions + exponents, (1 << exponents - 1) - 1
    if exponent == (1 << exponents) - 1:
        return _special(sign, fraction)
    mantissa = fraction | (1 << fractions if exponent else 0)
    return _signed(sign, mantissa, max(exponent, 1) - bias - fractions)


def of_x87(number: int) -> float | Fraction:
    """Return the number that 80 bits of the x87 hold."""
    mantissa, exponent, sign = number & (1 << 64) - 1, number >> 64 & 0x7FFF, number >> 79 & 1
    if exponent == 0x7FFF:
        return _special(sign, mantissa << 1 & (1 << 64) - 1)
    return _signed(sign, mantissa, max(exponent, 1) - 16383 - 63)


def _signed(sign: int, mantissa: int, exponent: int) -> float | Fraction:
    """Return mantissa * 2**exponent; zero has a sign too, which no Fraction can have."""
    if not mantissa:
        return -0.0 if sign else 0.0
    power = Fraction(1 << exponent) if exponent >= 0 else Fraction(1, 1 << -exponent)
    return (-1 if sign else 1) * mantissa * power


def worded(of: CType, value: Value) -> str:
    """Return a value as people write it."""
    match of, value:
        case Record(), dict():
            types = {member.name: member.type for member in of.members}
            return "{" + ", ".join(f"{name} = {worded(types[name], part)}" for name, part in value.items()) + "}"
        case Array(element, _), tuple():
            return "{" + ", ".join(worded(element, part) for part in value) + "}"
        case ((Complex(kind) | Vector(kind, _)), tuple()):
            parts = [worded(Scalar(kind), part) for part in value]
            return f"{parts[0]} + {parts[1]}i" if isinstance(of, Complex) else "{" + ", ".join(parts) + "}"
        case Scalar(kind), int() if kind in POINTERS:
            return f"{value:#x}"
        case Scalar(Kind.FLOAT), float():
            return single(value)
        case _, Fraction():
            return _near(value)
        case _:
            return str(value).lower() if isinstance(value, bool) else repr(value)


def single(value: float) -> str:
    """Return the shortest text that is this number as a float."""
    texts = (f"{value:.{digits}g}" for digits in range(6, 10))
    return repr(float(next((text for text in texts if _packed(text) == _packed(str(value))), str(value))))


def _packed(text: str) -> bytes:
    try:
        return struct.pack("<f", float(text))
    except OverflowError:  # rounded up
        return b""


def _near(value: Fraction) -> str:
    """Return a number that Python's own may not hold: neither so exactly, nor so large or small."""
    try:
        near = float(value)
    except OverflowError:
        near = 0.0
    if Fraction(near) == value:
        return repr(near)
    if near:
        return f"about {near!r}"
    power = math.log2(abs(value.numerator)) - math.log2(value.denominator)
    return f"about {'-' if value < 0 else ''}2**{power:.6g}"


def escaped(text: str) -> str:
    """Return a text with what cannot be printed as a program in Python would have it."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
