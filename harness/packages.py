"""The Go packages that a case.yaml names: what of them only the files beside it show.

`go` would tell it without a place in case.yaml, and of a copy that nobody knows.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from yaml.nodes import Node

from harness import yamlsource
from harness.errors import Problem

_MAIN = re.compile(rb"\bpackage\s+main\b")


def troubles(root: Node, folder: Path) -> list[Problem]:
    """Return what is wrong with the folders below `folder` that ``plugins`` of the valid case.yaml `root` name."""
    found = []
    for owner in (root, *_members(root, "variants")):
        for _, node in _members(owner, "build", "plugins"):
            if not (folder / node.value).is_dir():
                found.append(yamlsource.problem(node, f"there is no folder {node.value!r} beside this file"))
            elif not any(map(_may_be_main, (folder / node.value).glob("*.go"))):
                found.append(yamlsource.problem(node, f"no Go file in {node.value!r} is of package main"))
    return found


def _may_be_main(path: Path) -> bool:
    try:
        return not path.name.endswith("_test.go") and bool(_MAIN.search(path.read_bytes()))
    except OSError:
        return True  # why it cannot be read is told where sources are


def _members(node: Any, *names: str) -> list[Any]:
    """Return the members of the list or mapping at the path `names` below `node`; none where there is none."""
    for name in names:
        node = next((value for key, value in node.value if key.value == name), None)
        if node is None:
            return []
    members: list[Any] = node.value
    return members
