"""Case names that tell the cases of one session apart: two ``cases`` folders may have the same group and folder."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.case import Case
from harness.plugin.items import CrossItem, JobItem


def tell_apart(items: Iterable[pytest.Item]) -> None:
    """Name the cases whose names are the same by their paths below the folder that they have in common."""
    found: dict[str, dict[Path, list[CrossItem]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        if isinstance(item, CrossItem):
            found[item.case_name][item.path.parent].append(item)
    for folders in found.values():
        if len(folders) > 1:
            common = os.path.commonpath(list(folders))
            for folder, same in folders.items():
                _rename(same, folder.relative_to(common).as_posix())


def _rename(items: Iterable[CrossItem], name: str) -> None:
    renamed: dict[str, Case] = {}
    for item in items:
        if isinstance(item, JobItem):
            item.case = renamed.setdefault(item.case.name, replace(item.case, name=name))
        item.case_name = name
