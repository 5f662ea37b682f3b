"""Real Go, real cross compilers, real emulators; one store for the whole session, so that programs are built once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.plugin.update import CI

from .support import Project

LEAKS = (
    *CI,
    "CROSSABI_QEMU_DIR",
    "FORCE_COLOR",
    "GOFLAGS",
    "NO_COLOR",
    "PYTEST_ADDOPTS",
    "PYTEST_XDIST_TESTRUNUID",
    "PYTEST_XDIST_WORKER",
    "PYTEST_XDIST_WORKER_COUNT",
    "PYTHONDONTWRITEBYTECODE",
)


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the session's store, the same for all workers of pytest-xdist."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "store"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(autouse=True)
def own_cache(shared_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use the session's store, and nothing of the caller's environment that changes results."""
    for name in LEAKS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CROSSABI_CACHE", str(shared_cache))
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(shared_cache.with_name("bytecode")))
    monkeypatch.setenv("PYTEST_DEBUG_TEMPROOT", str(shared_cache.parent))  # where inner pytests keep and clean theirs
    return shared_cache


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    return Project(folder)
