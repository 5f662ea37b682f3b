"""A crosscall2 that writes above its stack arguments, which no register tells: the programs themselves notice it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ..support import CORPUS, Project, deep, some
from .mutants import ABOVE, Mutant, overlaid
from .watched import watched, with_sentinels

CASE = "conversions/callee_saved"
FEW = [mutant for mutant in ABOVE if mutant.arch == "amd64"]


@pytest.mark.parametrize("mutant", some(ABOVE, FEW), ids=str)
def test_the_case_fails_by_the_line_that_names_the_word(mutant: Mutant, project: Project, tmp_path: Path) -> None:
    shutil.copytree(CORPUS / CASE, project.folder(CASE), ignore=shutil.ignore_patterns("baseline.yaml"))
    ran = project.pytest(f"--arch={mutant.arch}", env=overlaid(mutant, tmp_path))
    run = f"{CASE}::run[{mutant.arch}]"
    assert (ran.code, ran.words) == (1, {run: "FAIL"}), ran.text
    assert ran.cause(run).startswith("stdout line 3: "), ran.text
    assert f"got `crosscall2, space above the stack arguments: changed {mutant.names}`" in ran.cause(run)


@pytest.mark.parametrize("mutant", [deep(mutant) for mutant in ABOVE], ids=str)
def test_the_program_of_the_watch_goes_no_further(mutant: Mutant, tmp_path: Path) -> None:
    seen = watched(with_sentinels("program", tmp_path), mutant.arch, overlaid(mutant, tmp_path))
    assert b"done" not in seen.finished.stdout
    assert b"SIGABRT" in seen.finished.stderr
