"""A signature that fails is made as small as it can be and still fail."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.abi.conventions import OF_C
from harness.abi.model import Kind, Member, Record, Scalar, Signature

from ..support import target
from . import sides
from .shrink import shrunk

FLOAT, DOUBLE, INT = Scalar(Kind.FLOAT), Scalar(Kind.DOUBLE), Scalar(Kind.INT)
PAIR = Record("pair", (Member("a", FLOAT), Member("b", FLOAT)))
LARGE = Signature((INT, PAIR, DOUBLE, Scalar(Kind.SHORT), FLOAT, INT, DOUBLE), PAIR, 5)


def test_the_smallest_signature_that_fails_is_found(tmp_path: Path) -> None:
    right, on = OF_C["arm64"], target("arm64")
    floats = list(right.registers.floats)
    floats[2:4] = floats[3:1:-1]  # the third and the fourth are taken for each other
    wrong = replace(right, registers=replace(right.registers, floats=tuple(floats)))
    made = [(0, LARGE)]
    data = sides.run(on, sides.source(right, made), tmp_path)
    assert [*sides.held(right, made, data)] == []
    assert [*sides.held(wrong, made, data)]
    found = shrunk(wrong, on, LARGE, tmp_path)
    assert len(found.arguments) <= 3  # a pair of floats is two
    assert {*found.arguments} <= {PAIR, DOUBLE, FLOAT}
    assert found.result is None
    assert shrunk(right, on, Signature((INT,)), tmp_path) == Signature((INT,))
