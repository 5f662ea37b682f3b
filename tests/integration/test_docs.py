"""What README and docs say, held against what the tool does."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def console_block(text: str, starts: str) -> tuple[str, list[str]]:
    """Return the command and the output lines of the first console block whose command starts so."""
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        first, *rest = block.splitlines()
        if first.startswith(f"$ {starts}"):
            return first.removeprefix("$ "), rest
    raise AssertionError(f"no console block begins with {starts}")


def test_the_finding_that_the_readme_opens_with_is_what_the_command_prints() -> None:
    command, shown = console_block((ROOT / "README.md").read_text(), "pytest")
    argv = [sys.executable, "-m", *shlex.split(command)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    printed = done.stdout.splitlines()
    assert [line for line in shown if line not in printed] == []


def _without_accidents(line: str) -> str:
    """Return a line without what another run has otherwise: numbers of six digits and more, and what they line up."""
    return re.sub(r" +", " ", re.sub(r"-?\d{6,}", "N", line))


def test_the_failure_that_is_walked_through_is_what_the_command_prints(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "reading-a-failure.md").read_text()
    case = tmp_path / "cases" / "mine" / "cast"
    case.mkdir(parents=True)
    for name in ("add3.c", "add3.h", "main.go"):
        shutil.copy(ROOT / "cases" / "conversions" / "direct_cast" / name, case)
    (yaml,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (case / "case.yaml").write_text(yaml)
    command, shown = console_block(page, "pytest")
    argv = [sys.executable, "-m", *shlex.split(command), "-p", "no:cacheprovider"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    printed = {_without_accidents(line) for line in done.stdout.splitlines()}
    assert [line for line in shown if _without_accidents(line) not in printed] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_option_that_the_readme_names_exists() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    named = set(re.findall(r"`(--[a-z-]+)", (ROOT / "README.md").read_text()))
    assert named
    assert [option for option in sorted(named) if option not in done.stdout] == []


@pytest.mark.parametrize(("kind", "without"), [("program", "mode"), ("c-host", "plugins")])
def test_the_example_of_the_cases_page_is_a_valid_case(kind: str, without: str, tmp_path: Path) -> None:
    """The page shows alternatives in one example; what only one kind has cannot stand beside the other."""
    from harness import case
    from harness.toolchain import load_all

    text = re.search(r"```yaml\n(.*?)```", (ROOT / "docs/cases.md").read_text(), re.DOTALL)
    assert text is not None
    path = tmp_path / "case.yaml"
    example, count = re.subn(rf"(?m)^  {without}: .*\n", "", text[1].replace("kind: program ", f"kind: {kind} "))
    assert count == 1
    path.write_text(example)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "main.go").write_text("package main\n")
    loaded = case.load(path, "a/b", tuple(load_all().synonyms.items()))
    assert [variant.name for variant in loaded.variants] == ["ints"]


def test_the_architecture_page_names_every_room() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    rooms = [
        path.name for path in (ROOT / "harness").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    ]
    missing = [room for room in rooms if room != "__init__.py" and room not in text]
    assert missing == []


def test_workflows_pass_actionlint(tmp_path: Path) -> None:
    from harness.host import golang
    from harness.toolchain import load_all

    go = golang.ensure(load_all().go)
    env = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod", "GOWORK": "off"}
    actionlint = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
    files = sorted(map(str, (ROOT / ".github/workflows").glob("*.yml")))
    assert len(files) == 2
    argv = [go.command, "run", actionlint, *files]
    done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
