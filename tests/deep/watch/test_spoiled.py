"""Each register that a C call preserves, spoiled alone, on every architecture."""

from __future__ import annotations

from pathlib import Path

import pytest
from integration.watch.spoil import CODE, hold_each


@pytest.mark.parametrize("arch", CODE)
def test_each_preserved_register_is_named_when_it_alone_is_spoiled(arch: str, tmp_path: Path) -> None:
    hold_each(arch, tmp_path)
