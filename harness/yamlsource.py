"""YAML text to nodes that know their line and column, with nothing left to guess.

Safe by construction: nodes are composed and never turned into Python objects by a tag. What YAML 1.1
would silently turn into something else (``no``, ``1:30``, ``0777``, a date) is refused with the place and
the two ways to write it; so are tags and anchors, and, by `harness.schema`, duplicate keys and merges.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode
from yaml.resolver import BaseResolver

from harness.errors import InputError, Problem

MAX_BYTES = 1 << 20
_CHUNK = 1 << 16
MAX_DEPTH = 100  # of lists and mappings; libyaml recurses in C and overruns its stack far above

_TAGS = {
    ScalarNode: "tag:yaml.org,2002:str",
    SequenceNode: "tag:yaml.org,2002:seq",
    MappingNode: "tag:yaml.org,2002:map",
}

_SURPRISES = (
    (re.compile(r"(?i:y|n|yes|no|on|off)"), "a boolean in YAML 1.1"),
    (re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"), "a base-60 number in YAML 1.1"),
    (re.compile(r"[-+]?0[0-9_]+"), "a number with a leading zero, octal in YAML 1.1"),
    (
        re.compile(r"(?=.*_)[-+]?(0x[0-9a-fA-F_]+|[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|\.[0-9][0-9_]*)"),
        "a number with underscores in YAML 1.1",
    ),
    (re.compile(r"[-+]0x[0-9a-fA-F]+|[-+]?0b[01_]+"), "a number in YAML 1.1"),
    (re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?"), "a date in YAML 1.1"),
    (re.compile(r"[-+]?[0-9]{300,}|0x[0-9a-fA-F]{300,}|0o[0-7]{300,}"), "a number beyond every bound"),
)
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+|0o[0-7]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    **{
        cased: value
        for word, value in (("true", True), ("false", False), ("null", None))
        for cased in (word, word.title(), word.upper())
    },
}
_UNPRINTABLE = yaml.reader.Reader.NON_PRINTABLE
_PROPERTY = re.compile(r"&|![^\s,\[\]{}]*")  # what may stand before a value, and no value can begin with

Scalar = str | int | float | bool | None


@dataclass(frozen=True)
class Surprise:
    """A plain scalar that YAML 1.1 readers take for something else."""

    text: str
    reading: str

    def message(self) -> str:
        """Say what the scalar would be and how to write what was meant."""
        text = self.text if len(self.text) <= 40 else f"{self.text[:40]}…"
        return f'`{text}` is {self.reading}; write "{text}" in quotes if the text is meant'


def scalar_value(node: ScalarNode) -> Scalar | Surprise:
    """Return what a scalar stands for; quoted and block scalars are always text."""
    text: str = node.value
    return plain_value(text) if node.style in (None, "") else text


@lru_cache(maxsize=4096)  # the same keys and words stand in every file
def plain_value(text: str) -> Scalar | Surprise:
    """Resolve a scalar without quotes by the YAML 1.2 core schema."""
    if text in _WORDS:
        return _WORDS[text]
    for pattern, reading in _SURPRISES:
        if pattern.fullmatch(text):
            return Surprise(text, reading)
    if _INT.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return text


def problem(node: Node, message: str) -> Problem:
    """Locate `message` at the start of `node`."""
    return Problem(node.start_mark.line + 1, node.start_mark.column + 1, message)


def compose(text: str, path: Path) -> Node:
    """Return the root node of the one document in `text`.

    Raises InputError, naming the place, on a syntax error, a tag, an anchor, nesting deeper than MAX_DEPTH, an empty
    file or more than one document.
    """
    text = text.removeprefix("\ufeff")
    if strange := _UNPRINTABLE.search(text):
        message = f"not YAML: the character U+{ord(strange[0]):04X} is not allowed"
        raise InputError(path, [Problem(*_place(text, strange.start()), message)])
    try:
        root: Node | None = _loader(text).get_single_node()
    except _TooDeep as error:
        raise InputError(path, [problem(error.node, f"nested deeper than {MAX_DEPTH} levels")]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = " ".join(part for part in (error.context, error.problem) if part)
        raise InputError(path, [Problem(*place, f"not YAML: {said}")]) from None
    if root is None:
        raise InputError(path, [Problem(1, 1, "the file is empty")])
    problems = list(_properties(root, text)) if "&" in text or "!" in text else []
    if problems:
        raise InputError(path, problems)
    return root


def read(path: Path) -> Node:
    """Read and compose `path`.

    Raises InputError when it is missing, unreadable, no regular file, larger than MAX_BYTES or not UTF-8.
    """
    try:
        data = _contents(path)
    except OSError as error:
        raise InputError(path, [Problem(1, 1, f"cannot be read: {_trouble(path, error)}")]) from None
    if len(data) > MAX_BYTES:
        raise InputError(path, [Problem(1, 1, f"the file is larger than {MAX_BYTES} bytes")])
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, len(before) - (before.rfind(b"\n") + 1) + 1
        raise InputError(path, [Problem(line, column, f"not UTF-8: byte 0x{data[error.start]:02x}")]) from None
    return compose(text, path)


def _contents(path: Path) -> bytes:
    """Return the bytes of a regular file, a few more than MAX_BYTES at most; of a pipe or a device nothing is read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(0, f"it is a {_KINDS.get(stat.S_IFMT(mode), 'special file')}, and a file of text is wanted")
        data = b""
        while len(data) <= MAX_BYTES and (more := os.read(descriptor, _CHUNK)):
            data += more
        return data
    finally:
        os.close(descriptor)


_KINDS = {stat.S_IFDIR: "folder", stat.S_IFIFO: "pipe", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}


def _trouble(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and path.is_symlink():
        return f"it is a link to {path.readlink()}, which does not exist"
    return str(error.strerror)


def _place(text: str, index: int) -> tuple[int, int]:
    """Return line and column, from 1, of the character at `index`."""
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def _properties(root: Node, text: str) -> Iterator[Problem]:
    """Yield a problem for each node that has an anchor or a tag (``!!int``, ``!!python/object``, ``!x``)."""
    for node in _nodes(root):
        found = _PROPERTY.match(text, node.start_mark.index)
        if found and found[0] == "&":
            yield problem(node, "anchors and aliases are not allowed; write the value out")
        elif found:
            yield problem(node, f"the tag {found[0]} is not allowed; write the plain value")


def _nodes(root: Node) -> Iterator[Node]:
    """Yield every node once, also where an alias makes a loop."""
    seen: set[int] = set()
    queue = [root]
    while queue:
        node = queue.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, CollectionNode):
            for member in node.value:
                queue.extend(member if isinstance(member, tuple) else (member,))


class _TooDeep(Exception):
    """Raised in the middle of parsing, before deep nesting costs anything."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.node = node


class _Resolver(BaseResolver):
    """Gives nodes no implicit types, and counts how deep they are."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def resolve(self, kind: type[Node], value: str | None, implicit: object) -> str:
        """Called by both parsers for a node without a tag."""
        return _TAGS[kind]

    def descend_resolver(self, current_node: Node | None, current_index: Any) -> None:
        """Called by both parsers when they begin a node."""
        self._depth += 1
        if self._depth > MAX_DEPTH and current_node is not None:
            raise _TooDeep(current_node)

    def ascend_resolver(self) -> None:
        """Called by both parsers when they end a node."""
        self._depth -= 1


class _SlowLoader(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser, yaml.composer.Composer, _Resolver):
    """PyYAML's parser."""

    def __init__(self, stream: str) -> None:
        yaml.reader.Reader.__init__(self, stream)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)
        yaml.composer.Composer.__init__(self)
        _Resolver.__init__(self)


_loader: Callable[[str], Any] = _SlowLoader

with contextlib.suppress(ImportError):  # PyYAML built without libyaml: slower, same nodes
    from yaml._yaml import CParser

    class _FastLoader(CParser, _Resolver):
        """The same by libyaml."""

        def __init__(self, stream: str) -> None:
            CParser.__init__(self, stream)
            _Resolver.__init__(self)

    _loader = _FastLoader
