"""The exported JSON Schema says of a file what our own validator says of it."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yaml.nodes import MappingNode, Node, ScalarNode

from harness import yamlsource
from harness.caseshape import case_shape
from harness.errors import InputError
from harness.schema import Shape, validate
from harness.toolchain import FAULTS_FILE, GO_FILE, GO_SHAPE, TOOLCHAIN_SHAPE
from unit.samples import CASES, ROOT, TOOLCHAINS, Malformed, names

HERE = Path("some.yaml")
SHAPES: dict[str, Shape] = {"case": case_shape(names()), "toolchain": TOOLCHAIN_SHAPE, "go": GO_SHAPE}
CHECKERS = {name: jsonschema.Draft202012Validator(shape.json_schema()) for name, shape in SHAPES.items()}
CORPUS = sorted((ROOT / "cases").glob("**/case.yaml"))
TOOLCHAIN_FILES = sorted((ROOT / "toolchains").glob("*.yaml"))

# What no JSON Schema can say: messages of the rules that look at a whole mapping, and the compiling of patterns.
BEYOND_SCHEMA = (
    "cannot stand beside",
    "already stands in row",
    "declares no difference",
    "what the default says",
    "the default is a failed build",
    "is for kind: ",
    "two variants are called",
    "not a regular expression",
    "not a replacement for",
    "does not fit ELF class",
    "is not a power of two",
)


def plain(node: Node) -> Any:
    """Return the data that an editor would hold against the JSON Schema."""
    if isinstance(node, ScalarNode):
        return yamlsource.scalar_value(node)
    if isinstance(node, MappingNode):
        return {key.value: plain(child) for key, child in node.value}
    return [plain(child) for child in node.value]


def problems(name: str, text: str) -> tuple[str, ...]:
    try:
        validate(SHAPES[name], yamlsource.compose(text, HERE), HERE)
    except InputError as error:
        return tuple(problem.message for problem in error.problems)
    return ()


@pytest.mark.parametrize("name", SHAPES)
def test_the_export_is_a_json_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(json.dumps(SHAPES[name].json_schema())))


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.parent.name)
def test_the_corpus_is_valid_by_both(path: Path) -> None:
    root = yamlsource.read(path)
    validate(SHAPES["case"], root, path)
    CHECKERS["case"].validate(plain(root))


@pytest.mark.parametrize(
    "path", [path for path in TOOLCHAIN_FILES if path.name != FAULTS_FILE], ids=lambda path: path.stem
)
def test_the_shipped_toolchains_are_valid_by_both(path: Path) -> None:
    root = yamlsource.read(path)
    name = "go" if path.name == GO_FILE else "toolchain"
    validate(SHAPES[name], root, path)
    CHECKERS[name].validate(plain(root))


def expressible() -> Iterator[Any]:
    for shape, table in (("case", CASES), ("toolchain", TOOLCHAINS)):
        for name, row in table.items():
            if row.in_schema:
                yield pytest.param(shape, row, id=name)


@pytest.mark.parametrize(("shape", "row"), list(expressible()))
def test_malformed_samples_are_refused_by_both(shape: str, row: Malformed) -> None:
    assert isinstance(row.text, str)
    assert problems(shape, row.text)
    assert not CHECKERS[shape].is_valid(plain(yamlsource.compose(row.text, HERE)))


KEYS = ["kind", "run", "expect", "env", "x", "name", "arches", "reason", "pattern", "mode", "exit", "fail@build"]
WORDS = ["", " ", "text", "arm64", "386", "program", "c-archive", "SIGSEGV", "exit", "stdout", "a.c", "liba.so", "a("]
LEAVES = st.none() | st.booleans() | st.integers(-1, 300) | st.sampled_from([0.5, *WORDS])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=4,
)
DOCUMENTS = [plain(yamlsource.read(path)) for path in CORPUS] + [
    {
        "kind": "c-host",
        "about": "everything",
        "arches": [386, "arm64"],
        "build": {
            "env": {"A": "b"},
            "tags": ["t"],
            "flags": ["-race"],
            "go": {"gcflags": "-N", "ldflags": "-s", "asmflags": "-S"},
            "c": {"cflags": ["-O0"], "ldflags": ["-lm"]},
            "shared": {"liba.so": ["a.c", "lib/b.c"]},
            "mode": "c-shared",
        },
        "run": {"args": ["a"], "env": {"A": ""}, "stdin": "x", "timeout": 1.5, "repeat": 3},
        "expect": {
            "exit": 0,
            "stdout": {"pattern": "a.*"},
            "per_arch": [{"arches": ["arm"], "reason": "r", "rule": "s", "outcome": ["go-panic", "signal"]}],
        },
        "compare": ["stdout", "stderr"],
        "normalise": [{"match": "(a)", "as": "\\1"}],
        "variants": [{"name": "a", "about": "x", "arches": ["arm"], "build": {}, "run": {}, "expect": "fail@build"}],
    }
]


def containers(value: Any) -> Iterator[dict[str, Any] | list[Any]]:
    if isinstance(value, dict | list):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from containers(inner)


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """A good document with one to three places changed, added or removed."""
    document = copy.deepcopy(draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(list(containers(document))))
        if isinstance(place, list):
            place[:] = draw(st.permutations(place)) if draw(st.booleans()) else [*place[1:], draw(VALUES)]
        elif place and draw(st.booleans()):
            del place[draw(st.sampled_from(sorted(place)))]
        else:
            place[draw(st.sampled_from([*KEYS, *sorted(place)]))] = draw(VALUES)
    return document


@given(damaged())
@settings(max_examples=200)
def test_both_judge_any_document_alike(document: Any) -> None:
    found = problems("case", json.dumps(document))
    if CHECKERS["case"].is_valid(document):
        assert all(any(part in message for part in BEYOND_SCHEMA) for message in found)
    else:
        assert found


def test_every_problem_of_a_file_is_reported_at_once_in_the_order_of_the_file() -> None:
    text = "kind: programm\nabout: 7\nrun: {repeat: 0, timeout: x, argz: []}\nexpect: {exit: -1}\n"
    with pytest.raises(InputError) as caught:
        validate(SHAPES["case"], yamlsource.compose(text, HERE), HERE)
    places = [(problem.line, problem.column) for problem in caught.value.problems]
    assert places == [(1, 7), (2, 8), (3, 15), (3, 27), (3, 30), (4, 16)]
    assert str(caught.value).splitlines()[0].startswith("some.yaml:1:7: 'programm' is not one of program, c-host")
