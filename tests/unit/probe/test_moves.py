"""Stacks that move, in a memory that is written by hand."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.elf import gobuild
from harness.elf.places import Function
from harness.probe.moves import Move, Moves
from harness.registers import TABLES

G, SP = 0xC000100000, 0x7F0000
ENTRY = 0x401000


def word(arch: str, *values: int) -> bytes:
    table = TABLES[arch]
    return b"".join(value.to_bytes(table.word, table.byte_order) for value in values)


def moves(arch: str, release: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Moves, dict[int, bytes]]:
    monkeypatch.setattr(gobuild, "version", lambda _: release)
    known = {"runtime.copystack": (Function("runtime.copystack", ENTRY, 64, (ENTRY,)),)}
    module: Any = SimpleNamespace(
        program=SimpleNamespace(path=Path("program"), by_name=known), bias=0x1000, function_name_at=lambda _: "main.f"
    )
    memory: dict[int, bytes] = {}

    def read(address: int, size: int) -> bytes | None:
        return memory[address][:size] if address in memory else None

    made = Moves(TABLES[arch], module, read)
    made.module = module  # type: ignore[attr-defined]
    return made, memory


@pytest.mark.parametrize(
    ("arch", "register", "offset"), [("amd64", "rax", 0), ("arm64", "x0", 0), ("386", "", 4), ("mips64le", "", 8)]
)
def test_what_was_on_a_stack_is_as_far_from_its_end_as_before(
    arch: str, register: str, offset: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, memory = moves(arch, "1.27.4", monkeypatch)
    assert made.addresses == {ENTRY + 0x1000}
    g = G & (1 << 8 * TABLES[arch].word) - 1
    memory[g] = word(arch, 0x8000, 0xA000)
    memory[SP + offset] = word(arch, g)
    registers = {TABLES[arch].sp: SP, **({register: g} if register else {})}
    made.begin(registers)
    assert list(made.done()) == []
    memory[g] = word(arch, 0x20000, 0x24000)
    assert list(made.done()) == [Move(0x8000, 0xA000, 0x24000 - 0xA000)]
    assert list(made.done()) == []


def test_what_cannot_be_read_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    made, memory = moves("amd64", "1.27.4", monkeypatch)
    made.begin({"rsp": SP})
    made.begin({"rsp": SP, "rax": G})
    memory[G] = b"short"
    made.begin({"rsp": SP, "rax": G})
    assert list(made.done()) == []


@pytest.mark.parametrize(
    ("arch", "release", "has_g"),
    [("amd64", "1.27.4", True), ("amd64", "1.16.15", False), ("arm64", "1.16.15", True), ("386", "1.27.4", False)],
)
def test_where_a_register_has_g_in_every_function_of_go(
    arch: str, release: str, has_g: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _ = moves(arch, release, monkeypatch)
    assert made.has_g(made.module, ENTRY) is has_g  # type: ignore[attr-defined]


def test_a_program_without_go_has_no_such_stacks(monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = moves("amd64", "", monkeypatch)
    assert made.addresses == frozenset()
    assert not made.has_g(made.module, ENTRY)  # type: ignore[attr-defined]
