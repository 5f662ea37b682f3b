"""Each register that a C call preserves, spoiled alone, on one architecture; tests/deep/watch has the others."""

from __future__ import annotations

from pathlib import Path

from .spoil import hold_each


def test_each_preserved_register_is_named_when_it_alone_is_spoiled(tmp_path: Path) -> None:
    hold_each("s390x", tmp_path)
