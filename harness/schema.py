"""A small schema language over YAML nodes: one definition validates, locates and exports.

A `Shape` turns a node into plain Python data or reports a `Problem` with line and column; it never stops
at the first one. The same shapes export a JSON Schema for editors (`crossabi schema`).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from harness.errors import InputError, Problem
from harness.suggest import did_you_mean
from harness.yamlsource import Surprise, plain_value, problem, scalar_value

BAD = object()  # the value of a node that had a problem


@dataclass
class Context:
    """What one validation collects."""

    problems: list[Problem] = field(default_factory=list)

    def bad(self, node: Node, message: str) -> Any:
        """Report `message` at `node` and return BAD."""
        self.problems.append(problem(node, message))
        return BAD


class Shape(Protocol):
    """What a node has to look like."""

    def check(self, node: Node, context: Context) -> Any:
        """Return plain data, or BAD after reporting why not."""

    def json_schema(self) -> dict[str, Any]:
        """Return the same as a JSON Schema fragment."""


def validate(shape: Shape, root: Node, path: Path) -> Any:
    """Return the data of a whole file, or raise InputError with every problem in it."""
    context = Context()
    value = shape.check(root, context)
    if context.problems:
        raise InputError(path, context.problems)
    return value


def describe(node: Node) -> str:
    """Name what a node is, for messages."""
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list"
    value = scalar_value(node) if isinstance(node, ScalarNode) else node.value
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if value is None:
        return "nothing"
    return f"{node.value}"


def scalar(node: Node, context: Context, wanted: str) -> Any:
    """Return the resolved value of a scalar node, or BAD with a message that says what was wanted."""
    if not isinstance(node, ScalarNode):
        return context.bad(node, f"expected {wanted}, found {describe(node)}")
    value = scalar_value(node)
    if isinstance(value, Surprise):
        return context.bad(node, value.message())
    return value


@dataclass(frozen=True)
class Text:
    """A string. `form` is a regular expression for the whole text, `regex` means it must compile as one."""

    about: str = ""
    form: str = ""
    regex: bool = False
    empty: bool = True

    def check(self, node: Node, context: Context) -> Any:
        """See `Shape.check`."""
        value = scalar(node, context, "text")
        if value is BAD:
            return BAD
        if not isinstance(value, str):
            return context.bad(node, f'expected text, found {describe(node)}; put it in quotes: "{node.value}"')
        if not self.empty and not value.strip():
            return context.bad(node, "must not be empty")
        if self.form and not re.fullmatch(self.form, value):
            return context.bad(node, f"{value!r} does not have the form {self.form}")
        if self.regex and (trouble := pattern_trouble(value)):
            return context.bad(node, f"not a regular expression: {trouble}")
        return value

    def json_schema(self) -> dict[str, Any]:
        """See `Shape.json_schema`."""
        schema: dict[str, Any] = {"type": "string"}
        if self.form:
            schema["pattern"] = f"^(?:{self.form})$"
        elif not self.empty:
            schema["pattern"] = r"\S"
        if self.regex:
            schema["format"] = "regex"
        return _about(schema, self.about)


@dataclass(frozen=True)
class Number:
    """An integer (or any number, when `whole` is false) between two bounds, both inclusive."""

    low: float
    high: float
    whole: bool = True
    about: str = ""

    def check(self, node: Node, context: Context) -> Any:
        """See `Shape.check`."""
        kind = "a whole number" if self.whole else "a number"
        value = scalar(node, context, kind)
        if value is BAD:
            return BAD
        if isinstance(value, bool) or not isinstance(value, int if self.whole else (int, float)):
            return context.bad(node, f"expected {kind}, found {describe(node)}")
        if not self.low <= value <= self.high:
            return context.bad(node, f"{value} is not between {self.low:g} and {self.high:g}")
        return value

    def json_schema(self) -> dict[str, Any]:
        """See `Shape.json_schema`."""
        kind = "integer" if self.whole else "number"
        return _about({"type": kind, "minimum": self.low, "maximum": self.high}, self.about)


@dataclass(frozen=True)
class Flag:
    """True or false."""

    about: str = ""

    def check(self, node: Node, context: Context) -> Any:
        """See `Shape.check`."""
        value = scalar(node, context, "true or false")
        if value is BAD or isinstance(value, bool):
            return value
        return context.bad(node, f"expected true or false, found {'nothing' if value is None else repr(node.value)}")

    def json_schema(self) -> dict[str, Any]:
        """See `Shape.json_schema`."""
        return _about({"type": "boolean"}, self.about)


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]
    about: str = ""

    def check(self, node: Node, context: Context) -> Any:
        """See `Shape.check`."""
        value = scalar(node, context, f"one of {', '.join(self.words)}")
        if value is BAD:
            return BAD
        text = node.value
        if value is None:
            return context.bad(node, f"expected {_wanted(self)}, found nothing")
        if text not in self.words:
            known = ", ".join(repr(word) if "," in word else word for word in self.words)
            return context.bad(node, f"{text!r} is not one of {known}{did_you_mean(text, self.words)}")
        return text

    def json_schema(self) -> dict[str, Any]:
        """See `Shape.json_schema`."""
        return _about({"enum": spellings(self.words)}, self.about)


@dataclass(frozen=True)
class ListOf:
    """A list whose members all have one shape."""

    member: Shape
    least: int = 0
    about: str = ""

    def check(self, node: Node, context: Context) -> Any:
        """See `Shape.check`."""
        if not isinstance(node, SequenceNode):
            return context.bad(node, f"expected a list, found {describe(node)}")
        if len(node.value) < self.least:
            return context.bad(node, f"expected at least {self.least} member(s)")
        values = [self.member.check(child, context) for child in node.value]
        return BAD if any(value is BAD for value in values) else values

    def json_schema(self) -> dict[str, Any]:
        """See `Shape.json_schema`."""
        schema: dict[str, Any] = {"type": "array", "items": self.member.json_schema()}
        if self.least:
            schema["minItems"] = self.least
        return _about(schema, self.about)


@dataclass(frozen=True)
class MapOf:
    """A mapping with free keys (of the form `key`, as a regular expression) to one shape."""

    member: Shape
    key: str = ".+"
    about: str = ""

    def check(self, node: Node, context: Context) -> Any:
        """See `Shape.check`."""
        if not isinstance(node, MappingNode):
            return context.bad(node, f"expected a mapping, found {describe(node)}")
        values: dict[str, Any] = {}
        for name, key_node, child in keys(node, context):
            if not re.fullmatch(self.key, name):
                context.bad(key_node, f"the key {name!r} does not have the form {self.key}")
                continue
            values[name] = self.member.check(child, context)
        return BAD if any(value is BAD for value in values.values()) else values

    def json_schema(self) -> dict[str, Any]:
        """See `Shape.json_schema`."""
        return _about(
            {
                "type": "object",
                "patternProperties": {f"^(?:{self.key})$": self.member.json_schema()},
                "additionalProperties": False,
            },
            self.about,
        )


@dataclass(frozen=True)
class Record:
    """A mapping with known keys; `after` looks at the whole and reports what only the whole shows."""

    fields: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    about: str = ""
    after: Callable[[MappingNode, dict[str, Any], Context], None] | None = None

    def check(self, node: Node, context: Context) -> Any:
        """See `Shape.check`."""
        if not isinstance(node, MappingNode):
            return context.bad(node, f"expected a mapping, found {describe(node)}")
        before = len(context.problems)
        values: dict[str, Any] = {}
        for name, key_node, child in keys(node, context):
            shape = self.fields.get(name)
            if shape is None:
                known = ", ".join(self.fields)
                context.bad(key_node, f"unknown key {name!r}{self._hint(name)} (known here: {known})")
                continue
            values[name] = shape.check(child, context)
        present = {str(key_node.value) for key_node, _ in node.value}
        for name in self.required:
            if name not in present:
                context.bad(node, f"the key {name!r} is missing here")
        if self.after and len(context.problems) == before:
            self.after(node, values, context)
        return values if len(context.problems) == before else BAD

    def json_schema(self) -> dict[str, Any]:
        """See `Shape.json_schema`."""
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {name: shape.json_schema() for name, shape in self.fields.items()},
            "additionalProperties": False,
        }
        if self.required:
            schema["required"] = list(self.required)
        return _about(schema, self.about)

    def _hint(self, name: str) -> str:
        """Say where the unknown `name` belongs, or else which key was probably meant."""
        places = _places(self, name)
        if not places:
            return did_you_mean(name, self.fields)
        shortest = min(map(len, places))
        named = " or ".join(repr(".".join(place)) for place in places if len(place) == shortest)
        return f"; {name!r} belongs under {named}"


@dataclass(frozen=True)
class Either:
    """A scalar of one shape, or a list or mapping of another, told apart by what the author wrote."""

    scalar: Shape
    other: Shape
    about: str = ""

    def check(self, node: Node, context: Context) -> Any:
        """See `Shape.check`."""
        if isinstance(node, ScalarNode) and scalar_value(node) is None:
            return context.bad(node, f"expected {_wanted(self.scalar)} or {_wanted(self.other)}, found nothing")
        return (self.scalar if isinstance(node, ScalarNode) else self.other).check(node, context)

    def json_schema(self) -> dict[str, Any]:
        """See `Shape.json_schema`."""
        return _about({"anyOf": [self.scalar.json_schema(), self.other.json_schema()]}, self.about)


def _wanted(shape: Shape) -> str:
    """Name what a node of `shape` is, for messages."""
    if isinstance(shape, Choice):
        return f"{'one of ' if len(shape.words) > 1 else ''}{', '.join(shape.words)}"
    kinds = {Text: "text", Number: "a number", ListOf: "a list"}
    return next((name for kind, name in kinds.items() if isinstance(shape, kind)), "a mapping")


def keys(node: MappingNode, context: Context) -> Sequence[tuple[str, Node, Node]]:
    """Return (name, key node, value node) of a mapping, reporting duplicates and keys that are not text."""
    found: dict[str, tuple[str, Node, Node]] = {}
    for key_node, child in node.value:
        value = scalar(key_node, context, "a key")
        if value is BAD:
            continue
        name = str(key_node.value)
        if name in found:
            first = found[name][1].start_mark.line + 1
            context.bad(key_node, f"the key {name!r} stands twice; the first is in line {first}")
            continue
        found[name] = (name, key_node, child)
    return list(found.values())


def child(node: MappingNode, name: str) -> Node:
    """Return the value node of `name`, or `node` itself where there is none (to place a message)."""
    found: Node = next((value for key, value in node.value if key.value == name), node)
    return found


def pattern_trouble(pattern: str, replacement: str = "") -> str:
    """Return why `pattern` (with `replacement`, where matches are replaced) cannot be used, or an empty text.

    A pattern that Python warns of is refused too: it would mean something else in a later release.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.sub(pattern, replacement, "")
    except (re.error, IndexError, OverflowError, Warning) as error:
        return str(error)
    except RecursionError:
        return "nested too deeply"
    return ""


def spellings(words: Sequence[str]) -> list[Any]:
    """Return `words` as an editor may find them: a word like ``386`` needs no quotes, and is a number then."""
    read = [plain_value(word) for word in words]
    return [*words, *(value for value in read if isinstance(value, (bool, int, float)))]


def _places(record: Record, name: str) -> list[tuple[str, ...]]:
    """Return the paths of mappings below `record` that know the key `name`."""
    found: list[tuple[str, ...]] = []
    for field_name, shape in record.fields.items():
        inner = shape
        while isinstance(inner, (Either, ListOf)):
            inner = inner.other if isinstance(inner, Either) else inner.member
        if isinstance(inner, Record):
            found += [(field_name,)] if name in inner.fields else []
            found += [(field_name, *place) for place in _places(inner, name)]
    return found


def _about(schema: dict[str, Any], about: str) -> dict[str, Any]:
    return {"description": about, **schema} if about else schema
