"""When two values are the same: of two runs, on two architectures, or of a run and what a case.yaml says."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

from harness.abi.values import ALL_ONES, CUT, escaped, single
from harness.snapshot import Argument

_ADDRESS = re.compile(r"\b0x([0-9a-f]+)\b")
_GO_TEXT = re.compile(r"\{str = (?:pointer|null),")
_PARTS = re.compile(r"(?P<value>[^\"<(]*?)(?: (?P<more>[\"<(].*))?", re.DOTALL)  # a value has no such characters
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d{1,5})?")  # no type has a larger exponent
_POINTER, _NULL = "pointer", "null"
_OWN = "<__"
"""How a symbol begins that is the C library's own (C11 7.1.3), which chooses by the processor what strlen is."""
_TRUTH = {"true": "1", "false": "0"}


def said(argument: Argument) -> str:
    """Return a value as it is compared: a pointer by what it points to, since no two runs have the same addresses."""
    value, more = _parts(argument.text)
    value = _ADDRESS.sub(lambda found: _POINTER if found[1].strip("0") else _NULL, value).removeprefix("about ")
    if more.startswith('"'):
        value = _GO_TEXT.sub("{str = pointer,", value)  # one of no bytes may be anywhere
    if more.startswith("<"):
        more = more.replace(".abi0>", ">")
    return f"{value} {more}".rstrip()


def agree(one: str, other: str) -> bool:
    """Whether two values, as `said` has them, are the same: numbers are, whatever their type, but -0.0 is not 0.

    One of them may be as a case.yaml has it: a text or a symbol alone, a character for its number, 0 for null. A
    pointer to what is not known may be one to anything, and so may one to what has a name of the C library's own. The
    largest number of an unsigned type is that of the other's.
    """
    if one == other or _written(one, other) or _written(other, one):
        return True
    (value, more), (value_too, more_too) = _parts(one), _parts(other)
    if value == value_too == _POINTER:
        return any(not text or text.startswith(_OWN) for text in (more, more_too))
    if more == more_too == ALL_ONES:
        return True
    number = _number(value)
    return number is not None and number == _number(value_too) and {more, more_too} <= {"", ALL_ONES}


def is_told(text: str, wanted: str) -> bool:
    """Whether a value tells enough to be evidence that it is the one that is `wanted`: not any pointer does."""
    return text != _POINTER or wanted == _POINTER


def agree_as_floats(one: str, other: str) -> bool:
    """Whether two numbers are the same once each is rounded to a float; what is no number has to `agree`."""
    if agree(one, other):
        return True
    rounded = [single(float(text)) if _NUMBER.fullmatch(text) else None for text in (one, other)]
    return None not in rounded and rounded[0] == rounded[1]


def _parts(text: str) -> tuple[str, str]:
    """Split what a value is from what it points to, as `harness.abi.meaning` puts them together."""
    found = _PARTS.fullmatch(text)
    return (found["value"], found["more"] or "") if found else (text, "")


def _written(text: str, short: str) -> bool:
    """Whether `short`, as a case.yaml has it, is the value `text`."""
    value, more = _parts(text)
    if more.startswith('"'):
        is_cut = more.endswith(CUT)
        inner, wanted = more[1:].removesuffix(CUT if is_cut else '"'), escaped(short)
        return wanted.startswith(inner) if is_cut else wanted == inner
    ways: tuple[tuple[bool, Callable[[], bool]], ...] = (
        (more.startswith("<"), lambda: more == f"<{short}>"),
        (value == _NULL, lambda: short == "0"),
        (value in _TRUTH, lambda: short == _TRUTH[value]),
        (len(short) == 1 and not short.isdigit(), lambda: value == str(ord(short))),
    )
    return any(test() for applies, test in ways if applies)


def _number(text: str) -> tuple[bool, Fraction] | None:
    """Return whether a number is negative, which a zero may be too, and the number; None: it is none."""
    return (text.startswith("-"), Fraction(text)) if _NUMBER.fullmatch(text) else None
