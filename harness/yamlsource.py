"""YAML text to nodes that know their line and column, with nothing left to guess.

Safe by construction: nodes are composed and never turned into Python objects by a tag. What YAML 1.1
would silently turn into something else (``no``, ``1:30``, ``0777``, a date) is refused with the place and
the two ways to write it; so are duplicate keys, tags, anchors and merges (`harness.schema` reports them).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import Node, ScalarNode
from yaml.resolver import BaseResolver

from harness.errors import InputError, Problem

MAX_BYTES = 1 << 20
MAX_DEPTH = 1000

_PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))

_SURPRISES = (
    (re.compile(r"(?i:y|n|yes|no|on|off)"), "a boolean in YAML 1.1"),
    (re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"), "a base-60 number in YAML 1.1"),
    (re.compile(r"[-+]?0[0-7_]+"), "an octal number in YAML 1.1"),
    (re.compile(r"[-+]?[0-9]+_[0-9_]*"), "a number with underscores in YAML 1.1"),
    (re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?"), "a date in YAML 1.1"),
)
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}

Scalar = str | int | float | bool | None


@dataclass(frozen=True)
class Surprise:
    """A plain scalar that YAML 1.1 readers take for something else."""

    text: str
    reading: str

    def message(self) -> str:
        """Say what the scalar would be and how to write what was meant."""
        return f'`{self.text}` is {self.reading}; write "{self.text}" in quotes if the text is meant'


def scalar_value(node: ScalarNode) -> Scalar | Surprise:
    """Resolve a scalar by the YAML 1.2 core schema; quoted and block scalars are always text."""
    text: str = node.value
    if node.style not in (None, ""):
        return text
    if text in _WORDS:
        return _WORDS[text]
    for pattern, reading in _SURPRISES:
        if pattern.fullmatch(text):
            return Surprise(text, reading)
    if _INT.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def problem(node: Node, message: str) -> Problem:
    """Locate `message` at the start of `node`."""
    return Problem(node.start_mark.line + 1, node.start_mark.column + 1, message)


def compose(text: str, path: Path) -> Node:
    """Return the root node of the one document in `text`.

    Raises InputError, naming the place, on a syntax error, an empty file or more than one document.
    """
    if len(text) > MAX_BYTES:
        raise InputError(path, [Problem(1, 1, f"the file is larger than {MAX_BYTES} bytes")])
    too_deep = _too_deep(text)
    if too_deep:
        raise InputError(path, [Problem(too_deep, 1, f"nested deeper than {MAX_DEPTH} levels")])
    try:
        root: Node | None = _loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = " ".join(part for part in (error.context, error.problem) if part)
        raise InputError(path, [Problem(*place, f"not YAML: {said}")]) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise InputError(path, [Problem(line, 1, f"not YAML: {error.reason}")]) from None
    if root is None:
        raise InputError(path, [Problem(1, 1, "the file is empty")])
    return root


def read(path: Path) -> Node:
    """Read and compose `path`. Raises InputError when it is missing, unreadable or not UTF-8."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(path, [Problem(1, 1, f"cannot be read: {error.strerror}")]) from None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, len(before) - (before.rfind(b"\n") + 1) + 1
        raise InputError(path, [Problem(line, column, f"not UTF-8: byte 0x{data[error.start]:02x}")]) from None
    return compose(text, path)


def has_tag(node: Node) -> bool:
    """Whether the author wrote an explicit tag (``!!int``, ``!!python/object``, ``!x``)."""
    return node.tag not in _PLAIN_TAGS


def _too_deep(text: str) -> int:
    """Return the line at which flow or block nesting exceeds MAX_DEPTH by a coarse count, or 0.

    libyaml recurses in C and overruns its stack somewhere above 5,000 levels, so the check comes first.
    """
    depth = 0
    for number, line in enumerate(text.split("\n"), 1):
        depth = max(0, depth + line.count("[") + line.count("{") - line.count("]") - line.count("}"))
        indent = len(line) - len(line.lstrip(" -?"))
        if depth > MAX_DEPTH or indent > MAX_DEPTH:
            return number
    return 0


class _SlowLoader(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser, yaml.composer.Composer, BaseResolver):
    """PyYAML's parser without implicit types."""

    def __init__(self, stream: str) -> None:
        yaml.reader.Reader.__init__(self, stream)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)
        yaml.composer.Composer.__init__(self)
        BaseResolver.__init__(self)


_loader: Callable[[str], Any] = _SlowLoader

with contextlib.suppress(ImportError):  # PyYAML built without libyaml: slower, same nodes
    from yaml._yaml import CParser

    class _FastLoader(CParser, BaseResolver):
        """The same by libyaml."""

        def __init__(self, stream: str) -> None:
            CParser.__init__(self, stream)
            BaseResolver.__init__(self)

    _loader = _FastLoader
