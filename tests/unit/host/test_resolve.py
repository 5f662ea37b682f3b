"""Which runner is chosen where an architecture could run natively."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.host import resolve
from harness.target import NATIVE, QEMU, Tool, Unavailable
from harness.toolchain import Toolchain, load_all

OLD = Tool(("/usr/bin/qemu-i386",), "qemu-i386 version 7.2.22 (Debian)", "")
NEW = Tool(("/usr/bin/qemu-i386",), "qemu-i386 version 10.0.2 (Debian)", "")


def toolchain(arch: str, loader: Path) -> Toolchain:
    known = load_all().by_arch[arch]
    return replace(known, native=replace(known.native, loader=loader))


@pytest.mark.parametrize(
    ("arch", "machine", "has_loader", "emulator", "chosen"),
    [
        ("386", "x86_64", True, OLD, NATIVE),
        ("386", "x86_64", False, OLD, NATIVE),  # blocked there: setup is to install the loader
        ("386", "x86_64", False, NEW, QEMU),
        ("386", "x86_64", False, None, NATIVE),
        ("386", "aarch64", True, NEW, QEMU),
        ("amd64", "x86_64", True, None, NATIVE),
        ("arm64", "x86_64", True, None, QEMU),
    ],
)
def test_the_runner(
    arch: str, machine: str, has_loader: bool, emulator: Tool | None, chosen: str, tmp_path: Path
) -> None:
    loader = tmp_path / "ld.so"
    if has_loader:
        loader.touch()
    assert resolve.choose_runner(toolchain(arch, loader), machine, emulator) == chosen


def test_a_missing_loader_is_what_setup_installs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolve, "find_emulator", lambda toolchain: OLD)
    monkeypatch.setattr(resolve.tools, "machine", lambda: "x86_64")
    found = resolve.survey(toolchain("386", tmp_path / "absent"))
    assert "libc6-i386" in found.packages


def test_a_program_that_is_there_and_says_nothing_is_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = tmp_path / "silent-gcc"
    silent.write_text("#!/bin/sh\nexit 1\n")
    silent.chmod(0o755)
    chain = replace(load_all().by_arch["amd64"], compiler=str(silent))
    toolchains = replace(load_all(), by_arch={"amd64": chain})
    found = resolve.resolve(toolchains, "amd64", "native")
    assert isinstance(found, Unavailable)
    assert found.cause.startswith(f"C compiler ({silent}) is there and does not say its version")
    assert found.mend.startswith(f"see what `{silent} --version` says")
