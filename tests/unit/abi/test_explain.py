"""What is said of a prototype: by C's convention, and by Go's own."""

from __future__ import annotations

import json

from harness.abi.explain import explain
from harness.abi.layout import MODELS
from harness.abi.prototype import read

ARM64 = ("aarch64-linux-gnu", MODELS["arm64"])
ARM = ("arm-linux-gnueabihf", MODELS["arm"])
PAIR = "struct p {int a; double b;}"


def test_a_piece_says_which_bytes_are_where() -> None:
    (of_c,) = explain(read(f"double f({PAIR} x, unsigned char c)", *ARM64), "arm64", go=False)
    made = json.loads(json.dumps(of_c.to_json()))
    assert (made["convention"], made["rule"], made["hidden"], made["stack"]) == ("aapcs64", "AAPCS64 6.8", None, 0)
    (first, second), (byte,) = made["arguments"]
    whole = {"shift": 0, "held_as": "", "by_reference": False, "extends": ""}
    assert first == {"offset": 0, "size": 8, "where": "x0", **whole}
    assert second == {"offset": 8, "size": 8, "where": "x1", **whole}
    assert byte == {"offset": 0, "size": 1, "where": "x2", **whole}
    assert made["result"] == [{"offset": 0, "size": 8, "where": "v0", **whole}]


def test_by_go_the_same_is_elsewhere() -> None:
    rows = [*explain(read(f"double f({PAIR} x, unsigned char c)", *ARM64), "arm64", go=True)]
    made = {row.convention.name: row.to_json() for row in rows}
    assert [piece["where"] for piece in made["go-internal"]["arguments"][0]] == ["x0", "v0"]
    assert [piece["where"] for piece in made["go-abi0"]["arguments"][0]] == ["stack+8"]
    assert made["go-internal"]["since"] == "1.18"
    assert list(explain(read("int f(int x)", *ARM), "arm", go=True))[1].convention.name == "go-abi0"


def test_where_go_has_no_such_function_it_says_why() -> None:
    _, internal, abi0 = explain(read("int f(int x, ...)", *ARM64), "arm64", go=True)
    for row in (internal, abi0):
        assert "variadic" in row.to_json()["why"]
        assert "arguments" not in row.to_json()


def test_the_room_of_a_result() -> None:
    (row,) = explain(read("struct {char c[40];} f(struct {char c[17];} x)", *ARM64), "arm64", go=False)
    made = row.to_json()
    assert made["hidden"]["where"] == "x8"
    assert made["arguments"][0][0]["by_reference"]


def test_a_part_of_a_register_that_has_a_name_is_called_by_it() -> None:
    (row,) = explain(read("float f(float a, double b, float c)", *ARM), "arm", go=False)
    made = row.to_json()
    assert [(piece["where"], piece["shift"]) for (piece,) in made["arguments"]] == [("s0", 0), ("d1", 0), ("s1", 0)]
    assert made["result"][0]["where"] == "s0"
