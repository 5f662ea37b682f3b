"""``crossabi explain``, as a user starts it: no program and no compiler is needed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .support import CROSSABI, Ran, command

PROTOTYPE = "double f(struct {int a; double b;} s, float, ...)"


def explain(*arguments: str, env: dict[str, str] | None = None) -> Ran:
    return command([*CROSSABI, "explain", *arguments], cwd=Path("/"), env=env)


def test_every_architecture_by_default() -> None:
    done = explain(PROTOTYPE)
    assert done.code == 0
    rows = {line.split()[0]: line.split()[2:] for line in done.text.splitlines()[1:9]}
    assert rows["amd64"] == ["rdi+xmm0", "xmm1", "xmm0"]
    assert rows["arm64"] == ["x0+x1", "v0", "v0"]
    assert len(rows) == 8


def test_json_is_an_object_for_each_architecture() -> None:
    done = explain("--json", "--arch=amd64,aarch64", "--go-abi", "int add3(int a, int b, int c)")
    made = json.loads(done.text)
    assert [[piece["where"] for piece in row] for row in made["arm64"]["arguments"]] == [["x0"], ["x1"], ["x2"]]
    assert [[piece["where"] for piece in row] for row in made["amd64"]["arguments"]] == [["rdi"], ["rsi"], ["rdx"]]
    internal = made["amd64"]["go-internal"]
    assert [[piece["where"] for piece in row] for row in internal["arguments"]] == [["rax"], ["rbx"], ["rcx"]]
    assert made["amd64"]["result"][0]["where"] == "rax"
    assert set(made) == {"amd64", "arm64"}


def test_what_an_architecture_has_not_is_said_and_the_others_are_shown() -> None:
    done = explain("--arch=amd64,386", "__int128 f(void)")
    assert done.code == 0
    assert "is no prototype for i686-linux-gnu: at column 1, __int128 is not supported" in done.text
    assert "rax+rdx" in done.text


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("double f(strct x)",), 4, "at column 10, unknown type name 'strct'"),
        (("--arch=vax", "int f(void)"), 4, "vax"),
        ((), 4, "Missing argument 'PROTOTYPE'"),
        (("--help",), 0, "crossabi explain 'double f(struct {int a; double b;}, float, ...)'"),
    ],
)
def test_wrong_usage_is_one_clear_error(arguments: tuple[str, ...], code: int, says: str) -> None:
    done = explain(*arguments)
    assert done.code == code
    assert says in done.text
    assert "Traceback" not in done.text
