"""The programs of docs/findings.md: what stands below their commands is what they print."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from .support import ROOT, some, target

FINDINGS = (ROOT / "docs" / "findings.md").read_text()
SECONDS = 120


@dataclass
class Finding:
    """The files of one section, and its commands with what they print."""

    title: str
    files: dict[str, str] = field(default_factory=dict)
    commands: list[tuple[str, str]] = field(default_factory=list)


def findings() -> Iterator[Finding]:
    for section in FINDINGS.split("\n## ")[1:]:
        found = Finding(section.partition("\n")[0])
        lines = [line[4:] for line in section.splitlines() if line.startswith("    ")]
        for part in re.split(r"^\$ ", "\n".join(lines), flags=re.MULTILINE)[1:]:
            command, _, body = part.partition("\n")
            if command.startswith("cat "):
                found.files[command.removeprefix("cat ")] = f"{body.rstrip()}\n"
            elif not command.startswith(("pytest ", "crossabi ")):
                found.commands.append((command, body.strip()))
        if found.files:
            yield found


PROGRAMS = {finding.title: finding for finding in findings()}


@pytest.mark.parametrize("title", some(PROGRAMS, few=[next(iter(PROGRAMS))]))
def test_a_finding_s_program_prints_what_stands_there(title: str, tmp_path: Path) -> None:
    finding = PROGRAMS[title]
    for name, text in {**finding.files, "go.mod": "module prog\n\ngo 1.21\n"}.items():
        (tmp_path / name).write_text(text)
    go = Path(target("amd64").go.command)
    environment = {**os.environ, "PATH": f"{go.parent}:{os.environ['PATH']}"}
    for command, wanted in finding.commands:
        ran = subprocess.run(
            ["/bin/bash", "-c", command],
            cwd=tmp_path,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
        )
        lines = [line for line in ran.stdout.splitlines() if not line.startswith(("/bin/bash: ", "go: downloading "))]
        assert "\n".join(lines) == wanted, command


def test_there_are_programs() -> None:
    assert len(PROGRAMS) == 11
    assert all(finding.commands for finding in PROGRAMS.values())
