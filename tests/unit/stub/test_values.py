"""The x87's registers, which a stub may send from the first one on instead of from the top of the stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from harness.probe.servers import x87_of
from harness.registers import AMD64
from harness.stub.features import Description, Slot
from harness.stub.layouts import X87, X87_STATUS
from harness.stub.values import TURNED, UNKNOWN, Layout

SLOTS = Description(
    "i386:x86-64", (*(Slot(name, 80, number) for number, name in enumerate(X87)), Slot(X87_STATUS, 32, 8)), "GNU/Linux"
)


def sent(top: int) -> bytes:
    """Return a reply to `g` in which each register holds its place, and the status says where the top is."""
    return b"".join(number.to_bytes(10, "little").hex().encode() for number in range(8)) + (
        (top << 11 | 0x4000).to_bytes(4, "little").hex().encode()
    )


def none(numbers: Sequence[int]) -> Mapping[int, bytes]:
    return dict.fromkeys(numbers, b"")


@pytest.mark.parametrize("top", range(8))
def test_they_are_told_from_the_top_of_the_stack_on(top: int) -> None:
    found = Layout(AMD64, SLOTS, TURNED).read(sent(top), none)
    assert [found.values[name] for name in X87] == [(top + number) % 8 for number in range(8)]
    one = Layout(AMD64, SLOTS, TURNED).read(sent(top), none, frozenset({"st1"}))
    assert (dict(one.values), dict(one.missing)) == ({"st1": (top + 1) % 8}, {})
    right = Layout(AMD64, SLOTS).read(sent(top), none)
    assert [right.values[name] for name in X87] == list(range(8))


def test_where_their_order_is_not_known_they_are_not_told() -> None:
    found = Layout(AMD64, SLOTS, UNKNOWN).read(sent(3), none)
    assert not set(X87) & set(found.values)
    assert "is not known" in found.missing["st0"]
    without = Description(SLOTS.architecture, SLOTS.slots[:8], SLOTS.osabi)
    assert "st0" not in Layout(AMD64, without, TURNED).read(sent(3), none).values


HOW = {"7.2.22": TURNED, "6.0": TURNED, "8.2.1": UNKNOWN, "9.2.0": UNKNOWN, "": UNKNOWN, "10.0.2": "", "11.0": ""}


@pytest.mark.parametrize("version", HOW)
def test_which_release_sends_them_how(version: str) -> None:
    assert x87_of(version) == HOW[version]
