import contextlib
import math
import os
import socket
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from yaml.nodes import MappingNode, ScalarNode

from harness import yamlsource
from harness.caseshape import case_shape
from harness.errors import InputError
from harness.schema import validate
from harness.yamlsource import Surprise
from unit.samples import CASES, names

HERE = Path("some.yaml")
SHAPE = case_shape(names())
LOADERS = ("_FastLoader", "_SlowLoader")


@pytest.fixture(params=LOADERS)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the test with libyaml and with PyYAML's own parser, which other machines may have alone."""
    if not hasattr(yamlsource, request.param):
        pytest.skip("PyYAML was built without libyaml")
    monkeypatch.setattr(yamlsource, "_loader", getattr(yamlsource, request.param))


def _is_text(text: str) -> bool:
    """Whether `text` may stand as plain text: no number or surprise, and no syntax (``- x``, ``a: b``)."""
    syntax = text.startswith((":", "- ", "?")) or text.endswith(":") or set(text) <= set("-") or text.startswith("-.")
    return yamlsource.plain_value(text) == text and not syntax


def value_of(text: str) -> object:
    root = yamlsource.compose(f"key: {text}\n", HERE)
    assert isinstance(root, MappingNode)
    ((_, node),) = root.value
    assert isinstance(node, ScalarNode)
    return yamlsource.scalar_value(node)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("word", "word"),
        ("two words", "two words"),
        ('"no"', "no"),
        ("'0777'", "0777"),
        ('"1:30"', "1:30"),
        ("|\n  1\n", "1\n"),
        (">\n  no\n", "no\n"),
        ("7", 7),
        ("-12", -12),
        ("+3", 3),
        ("0", 0),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("null", None),
        ("Null", None),
        ("~", None),
        ("", None),
        ("1.2.3", "1.2.3"),
        ("arm64/v8", "arm64/v8"),
        ("C:1", "C:1"),
        ("0xfg", "0xfg"),
        ("nope", "nope"),
    ],
)
@pytest.mark.usefixtures("loader")
def test_scalars_are_read_as_yaml_1_2_reads_them(text: str, value: object) -> None:
    found = value_of(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        *((word, "a boolean") for word in ("y", "N", "yes", "No", "ON", "off")),
        *((word, "a base-60 number") for word in ("1:30", "12:30:45", "-1:59.5")),
        *((word, "a number with a leading zero") for word in ("0777", "-017", "00", "08")),
        *((word, "a number with underscores") for word in ("1_000", "1_", "1_0.5", "0x1_f")),
        *((word, "a number in YAML 1.1") for word in ("0b101", "-0x1f")),
        *((word, "a date") for word in ("2024-01-31", "2001-12-14t21:59:43.10-05:00")),
        *((word * 400, "a number beyond every bound") for word in ("9",)),
    ],
)
@pytest.mark.usefixtures("loader")
def test_what_yaml_1_1_would_change_silently_is_a_surprise(text: str, reading: str) -> None:
    found = value_of(text)
    assert isinstance(found, Surprise)
    assert found.message().startswith(f"`{text[:40]}")
    assert reading in found.message()
    assert value_of(f'"{text}"') == text


@given(st.from_regex(r"[-+]?[0-9a-fobxenyEOT._:-]{1,12}", fullmatch=True))
@settings(max_examples=200)
@example("0b1")
@example("1_0.5")
@example("0x1_f")
@example("1_0:30")
def test_what_is_text_here_is_text_for_a_yaml_1_1_reader_too(text: str) -> None:
    assume(_is_text(text))
    assert yaml.safe_load(f'["", {text}]')[1] == text


@pytest.mark.parametrize("name", CASES)
@pytest.mark.usefixtures("loader")
def test_both_parsers_refuse_the_same_files(name: str, tmp_path: Path) -> None:
    row = CASES[name]
    path = tmp_path / "case.yaml"
    path.write_bytes(row.text if isinstance(row.text, bytes) else row.text.encode())
    with pytest.raises(InputError) as caught:
        validate(SHAPE, yamlsource.read(path), path)
    assert caught.value.problems[0].line == row.line  # columns and words are each parser's own


@pytest.mark.usefixtures("loader")
def test_nodes_know_their_place_behind_a_byte_order_mark_and_wide_characters() -> None:
    root = yamlsource.compose("\ufeffä: 1\n# 😀\nb:  {ü: x, y1: z}\n", HERE)
    _, (_, mapping) = root.value
    places = [(problem.line, problem.column) for key, _ in mapping.value if (problem := yamlsource.problem(key, ""))]
    assert places == [(3, 6), (3, 12)]


@pytest.mark.usefixtures("loader")
def test_brackets_in_texts_are_not_nesting() -> None:
    text = "stdout: |\n" + "".join(f"  {'[{' * 50}\n" for _ in range(50))
    assert len(yamlsource.compose(text, HERE).value) == 1


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("absent.yaml", "cannot be read: No such file or directory"),
        (".", "cannot be read: it is a folder, and a file of text is wanted"),
        ("pipe.yaml", "cannot be read: it is a pipe"),
        ("device.yaml", "cannot be read: it is a device"),
        ("gone.yaml", "cannot be read: it is a link to nowhere, which does not exist"),
        ("circle.yaml", "cannot be read: Too many levels of symbolic links"),
        ("socket.yaml", "cannot be read: No such device or address"),
        ("large.yaml", "the file is larger than 1048576 bytes"),
    ],
)
def test_a_file_that_cannot_be_read_says_so(
    tmp_path: Path, name: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.yaml")
    for link, target in (("device", "/dev/zero"), ("gone", "nowhere"), ("circle", "circle.yaml")):
        Path(f"{link}.yaml").symlink_to(target)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket.yaml")
    with Path("large.yaml").open("w") as file:
        file.truncate(1 << 40)  # all of it cannot be held
    with pytest.raises(InputError, match=says) as caught:
        yamlsource.read(tmp_path / name)
    assert caught.value.exit_code == 6


@given(st.text())
@example("a: 0x" + "f" * 5000)
@example("? " * 2000)
@example("&a [*a]")
@example("%YAML 9.9\n---\n")
@example("\ud800")
def test_no_text_raises_anything_but_an_input_error(text: str) -> None:
    with contextlib.suppress(InputError):
        validate(SHAPE, yamlsource.compose(text, HERE), HERE)


@given(st.text(alphabet="0123456789abcdefxonyes.:_-+~TZ ", max_size=30) | st.text())
def test_no_plain_scalar_raises_or_becomes_anything_but_plain_data(text: str) -> None:
    assert isinstance(yamlsource.plain_value(text), str | int | float | bool | None | Surprise)
