"""What comes from elsewhere for this suite: it stays in pytest's own folders, and nothing is installed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*argv: object, timeout: float = 1800.0) -> str:
    done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, f"{argv}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSABI_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    for name in ("CI", "CROSSABI_QEMU_DIR", "GOFLAGS", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
