"""The house's rules that a program can check: who may import whom, and how large a module may be."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HARNESS = Path(__file__).resolve().parents[2] / "harness"
FLOORS = {
    1: "arches case caseshape data diagnoses errors expectation files observation packages patterns registers schema"
    " snapshot suggest target toolchain yamlsource",
    2: "abi elf unwind",
    3: "core qemulog stub traceback",
    4: "build host probe process run session watch",
    5: "compare report",
    6: "cli plugin",
}
FLOOR_OF = {room: floor for floor, rooms in FLOORS.items() for room in rooms.split()}
MODULES = sorted(path for path in HARNESS.rglob("*.py") if path.parent != HARNESS or path.name != "__init__.py")


def room(path: Path) -> str:
    return path.relative_to(HARNESS).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "harness":
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("harness."):
            found.add((node.module or "").split(".")[1])
    return found - {"__version__"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(HARNESS)))
def test_a_module_imports_only_from_its_own_floor_and_below(path: Path) -> None:
    own = FLOOR_OF[room(path)]
    assert {name for name in imported_rooms(path) if FLOOR_OF[name] > own} == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(HARNESS)))
def test_a_module_is_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 500


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(HARNESS)))
def test_no_branch_hangs_on_the_name_of_an_architecture(path: Path) -> None:
    known = {file.stem for file in (HARNESS.parent / "toolchains").glob("*.yaml")}
    compared = [
        constant.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Compare)
        for constant in ast.walk(node)
        if isinstance(constant, ast.Constant)
    ]
    assert known & {value for value in compared if isinstance(value, str)} == set()


def test_the_keeper_needs_only_the_standard_library() -> None:
    assert imported_rooms(HARNESS / "process" / "keeper.py") <= {"process"}
    for name in ("family", "forks", "opens", "seccomp", "turnstile", "drain"):
        assert imported_rooms(HARNESS / "process" / f"{name}.py") <= {"process"}


def test_the_plugin_starts_without_what_only_builds_and_reports_need() -> None:
    import subprocess
    import sys

    heavy = ("elftools", "rich", "click", "docker", "capstone")
    code = f"import sys, harness.plugin; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HARNESS.parent)
    assert done.stdout.strip() == "[]"
