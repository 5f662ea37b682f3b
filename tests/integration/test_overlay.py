"""A change to the Go runtime, by `-overlay` in GOFLAGS, is seen: and nothing comes from the store by mistake."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.host import golang

from .support import CORPUS, Project, shipped

CASE = "conversions/callee_saved"
RUN = f"{CASE}::run[arm64]"
SOURCE = "src/runtime/cgo/asm_arm64.s"
LAST_RESTORED = "\tLDP\t(8*22)(RSP), (R29, R30)\n"


def overlay(folder: Path, lost: int) -> dict[str, str]:
    """Return an environment in which crosscall2 on arm64 loses a callee-saved register."""
    goroot = golang.ensure(shipped().go).goroot
    text = (goroot / SOURCE).read_text()
    head, found, tail = text.partition("TEXT crosscall2(SB)")
    assert found
    assert tail.count(LAST_RESTORED) == 1
    folder.mkdir(exist_ok=True)
    changed = folder / "asm_arm64.s"
    changed.write_text(head + found + tail.replace(LAST_RESTORED, f"{LAST_RESTORED}\tMOVD\t$0, R{lost}\n"))
    (folder / "overlay.json").write_text(json.dumps({"Replace": {str(goroot / SOURCE): str(changed)}}))
    return {"GOFLAGS": f"-overlay={folder / 'overlay.json'}"}


@pytest.fixture
def callee_saved(project: Project) -> Project:
    ignored = shutil.ignore_patterns("baseline.yaml")
    shutil.copytree(CORPUS / CASE, project.folder(CASE), ignore=ignored)
    return project


def test_a_runtime_that_loses_a_register_is_seen_and_never_mixed_up_in_the_store(
    callee_saved: Project, tmp_path: Path
) -> None:
    first = callee_saved.pytest("--arch=arm64")
    assert first.words == {RUN: "PASS"}

    lossy = overlay(tmp_path / "overlay", 21)
    red = callee_saved.pytest("--arch=arm64", env=lossy)
    assert (red.code, red.words) == (1, {RUN: "FAIL"})
    assert "got `crosscall2, integer callee-saved registers: " in red.cause(RUN)
    assert "x21" in red.cause(RUN)
    assert "x22" not in red.cause(RUN)

    green = callee_saved.pytest("--arch=arm64")
    assert green.words == {RUN: "PASS"}
    again = callee_saved.pytest("--arch=arm64", env=lossy)
    assert again.words == {RUN: "FAIL"}
    assert "crossabi: building" in red.text
    assert "crossabi: building" not in green.text + again.text

    other = callee_saved.pytest("--arch=arm64", env=overlay(tmp_path / "overlay", 22))  # the same files, other content
    assert "x22" in other.cause(RUN)
    assert "x21" not in other.cause(RUN)
    binaries = [ran.observations[0]["binary"] for ran in (first, red, green, again, other)]
    assert binaries[0] == binaries[2]
    assert binaries[1] == binaries[3]
    assert len(set(binaries)) == 3


@pytest.mark.parametrize("how", ["-n0", "-n2"])
def test_an_overlay_for_another_goroot_is_refused(project: Project, tmp_path: Path, how: str) -> None:
    project.case("g/hello", "say", "hello")
    other = tmp_path / "another"
    (other / "src" / "runtime" / "cgo").mkdir(parents=True)
    (other / "VERSION").write_text("go1.99\n")
    changed = tmp_path / "asm_arm64.s"
    changed.write_text("// nothing\n")
    (tmp_path / "overlay.json").write_text(json.dumps({"Replace": {str(other / SOURCE): str(changed)}}))
    ran = project.pytest("--arch=arm64", how, env={"GOFLAGS": f"-overlay={tmp_path / 'overlay.json'}"})
    goroot = golang.ensure(shipped().go).goroot
    assert ran.code == 4, ran.text
    assert f"the -overlay in GOFLAGS replaces files of {other}, but the build uses {goroot}" in ran.text
    assert f"mend: name the files below {goroot}/src in the overlay" in ran.text
    assert "Traceback" not in ran.text
    assert not ran.records


@pytest.mark.parametrize("how", ["-n0", "-n2"])
def test_an_overlay_that_is_none_is_refused(project: Project, tmp_path: Path, how: str) -> None:
    project.case("g/hello", "say", "hello")
    (tmp_path / "overlay.json").write_text('{"Replace":\n  {"a" "b"}}\n')
    ran = project.pytest("--arch=arm64", how, env={"GOFLAGS": f"-overlay={tmp_path / 'overlay.json'}"})
    assert ran.code == 4, ran.text
    assert f"{tmp_path / 'overlay.json'}:2:8: not JSON" in ran.text
    assert "Traceback" not in ran.text
