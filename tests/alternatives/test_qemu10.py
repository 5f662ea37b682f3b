"""The corpus under QEMU 10 (bookworm-backports): a package that is fetched and unpacked, not installed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from integration.stub import ACTOR, QEMU_ARCHES, SECONDS, build_filled, check_against_gdb, compiled, qemu

from .conftest import ROOT, run

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SOURCE = f"deb [signed-by={KEYRING}] http://deb.debian.org/debian bookworm-backports main\n"
ARCHES = "amd64,arm64,riscv64,s390x,ppc64le,arm,mips64le"  # qemu-i386 10.0 spins: toolchains/emulator-faults.yaml


@pytest.fixture(scope="module")
def emulators(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of QEMU 10's programs."""
    folder = tmp_path_factory.mktemp("qemu10")
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    (folder / "source.list").write_text(SOURCE)
    options = {
        "Dir::Etc::sourcelist": folder / "source.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]
    run(*apt, "update")
    subprocess.run([*apt, "download", "qemu-user/bookworm-backports"], cwd=folder, check=True)
    run("dpkg", "-x", next(folder.glob("qemu-user_*.deb")), folder / "root")
    return folder / "root" / "usr" / "bin"


def test_cores_of_qemu_10_are_read(emulators: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSABI_TEST_QEMU10", str(emulators))
    argv = [sys.executable, "-m", "pytest", "-n2", "-p", "no:cacheprovider", "-k", "core_of_qemu"]
    run(*argv, ROOT / "tests" / "integration" / "test_core.py")


def test_the_corpus_passes_under_qemu_10(emulators: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSABI_QEMU_DIR", str(emulators))
    records = tmp_path / "records"
    argv = [sys.executable, "-m", "pytest", "-n2", "-p", "no:cacheprovider", f"--arch={ARCHES}", "--runner=qemu"]
    done = subprocess.run(
        [*argv, f"--records={records}", "cases"], cwd=ROOT, capture_output=True, text=True, timeout=3000, check=False
    )
    assert done.returncode == 0, done.stdout[-5000:]
    rows = [json.loads(line) for line in records.read_text().splitlines()]
    seen = {row["environment"]["emulator"] for row in rows if row["type"] == "observation" and row["phase"] == "run"}
    assert len(seen) == len(ARCHES.split(","))
    assert all(" version 10." in emulator for emulator in seen), seen
    assert {row["verdict"] for row in rows if row["type"] == "verdict"} == {"PASS", "XFAIL"}


@pytest.mark.parametrize("arch", QEMU_ARCHES)
def test_all_registers_under_qemu_10_are_what_the_program_put_there_and_what_gdb_prints(
    arch: str, emulators: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSABI_QEMU_DIR", str(emulators))
    program = build_filled(arch, tmp_path)
    with qemu(arch, tmp_path, program) as served:
        check_against_gdb(arch, served, program, tmp_path)


@pytest.mark.parametrize("arch", QEMU_ARCHES)
def test_the_siginfo_of_a_fault_under_qemu_10_is_the_guests(
    arch: str, emulators: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSABI_QEMU_DIR", str(emulators))
    program = compiled(arch, Path(shutil.copy(ACTOR, tmp_path)), "-O1", "-pthread")
    with qemu(arch, tmp_path, program, "crash") as served:
        assert served.stub.run(SECONDS).signal == "SIGSEGV"
        data, table = served.stub.siginfo(), served.stub.table
        size = table.by_name[table.pc].bits // 8
        place = 16 if size == 8 else 12
        assert int.from_bytes(data[:4], table.byte_order) == 11
        told = -1 << 12 if arch == "s390x" else -1  # that machine tells only the page
        assert int.from_bytes(data[place : place + size], table.byte_order) == 0x10 & told


def test_traps_are_where_they_are_under_qemu_10(emulators: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its stub tells siginfo, 7.2's does not."""
    monkeypatch.setenv("CROSSABI_QEMU_DIR", str(emulators))
    argv = [sys.executable, "-m", "pytest", "-n2", "-p", "no:cacheprovider", "-m", "deep or not deep", "-k", "qemu-SIG"]
    run(*argv, ROOT / "tests" / "integration" / "unwind" / "test_traps.py")
