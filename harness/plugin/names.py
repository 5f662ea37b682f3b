"""Case names that tell the cases of one session apart: two ``cases`` folders may have the same group and folder."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from harness.plugin.items import CrossItem


def tell_apart(items: Iterable[pytest.Item]) -> None:
    """Name the cases whose names are the same by their paths below the folder that they have in common."""
    found: dict[str, dict[Path, list[CrossItem]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        if isinstance(item, CrossItem):
            found[item.case_name][item.path.parent].append(item)
    for folders in found.values():
        if len(folders) == 1:
            continue
        common = os.path.commonpath(list(folders))
        for folder, same in folders.items():
            name = folder.relative_to(common).as_posix()
            for item in same:
                item.rename(name)
