"""The plugin from its wheel, in a repository that knows nothing of this one."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CASE = """\
kind: program
about: a stranger's first case
expect:
  stdout: |
    42
"""
SOURCE = """\
package main

// static int twice(int n) { return 2 * n; }
import "C"
import "fmt"

func main() { fmt.Println(C.twice(21)) }
"""


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel, and a repository with one case. Returns the repository."""
    folder = tmp_path_factory.mktemp("stranger")
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder / "dist"), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    venv.create(folder / "env", with_pip=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    pip = [str(folder / "env/bin/python"), "-m", "pip", "install", "--quiet", str(wheel)]
    subprocess.run([*pip, "--constraint", str(ROOT / "constraints.txt")], check=True, capture_output=True)
    case = folder / "repo" / "cases" / "mine" / "hello"
    case.mkdir(parents=True)
    (case / "case.yaml").write_text(CASE)
    (case / "main.go").write_text(SOURCE)
    return folder / "repo"


def run(stranger: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    program = stranger.parent / "env" / "bin" / argv[0]
    return subprocess.run([str(program), *argv[1:]], cwd=stranger, env=env, capture_output=True, text=True, check=False)


def test_a_strangers_case_is_built_run_and_compared(stranger: Path) -> None:
    done = run(stranger, "pytest", "--arch=amd64,arm64", "-v")
    assert done.returncode == 0, done.stdout + done.stderr
    for item in ("run[amd64]", "run[arm64]", "diff[amd64~arm64]"):
        assert f"cases/mine/hello/case.yaml::{item} PASSED" in done.stdout


def test_a_strangers_wrong_expectation_is_explained(stranger: Path) -> None:
    case = stranger / "cases/mine/hello/case.yaml"
    case.write_text(CASE.replace("42", "43"))
    try:
        done = run(stranger, "pytest", "--arch=amd64")
    finally:
        case.write_text(CASE)
    assert done.returncode == 1
    assert "stdout line 1: expected 43, got 42" in done.stdout
    assert "Traceback" not in done.stdout


def test_the_command_works_from_the_wheel(stranger: Path) -> None:
    done = run(stranger, "crossabi", "doctor", "--arch=amd64,arm64")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_schema_of_the_records_is_shipped(stranger: Path) -> None:
    done = run(stranger, "crossabi", "schema", "records")
    assert done.stdout == (ROOT / "docs" / "records.schema.json").read_text()


def test_the_plugin_is_registered_once_in_the_projects_own_tree() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "--trace-config", "cases/conversions/direct_cast"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    registered = [
        line for line in done.stdout.splitlines() if line.startswith("PLUGIN registered") and "harness/plugin" in line
    ]
    assert len(registered) == 1


def test_the_tree_works_without_an_install(stranger: Path) -> None:
    """With the dependencies alone, conftest.py registers the plugin."""
    python = stranger.parent / "env" / "bin" / "python"
    argv = [str(python), "-m", "pip", "uninstall", "--yes", "--quiet", "pytest-crossabi"]
    subprocess.run(argv, check=True, capture_output=True)
    done = subprocess.run(
        [str(python), "-m", "pytest", "--arch=amd64", "cases/conversions/via_trampoline"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
