from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from harness.host import golang

from ..support import shipped, target

CHAIN = Path(__file__).with_name("chain")
Build = Callable[..., Path]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Return what builds the chain for an architecture, with further options of `go build`."""
    folder = tmp_path_factory.mktemp("chain")

    @cache
    def built(arch: str, *options: str) -> Path:
        on = target(arch)
        go = golang.ensure(shipped().go)
        program = folder / f"chain-{arch}{''.join(options)}"
        flags = {"GOFLAGS": "", "GOTOOLCHAIN": "local", "CGO_ENABLED": "1", "CC": " ".join(on.cc.command)}
        env = {**os.environ, **flags, "GOARCH": on.toolchain.goarch, **on.toolchain.go_env}
        argv = [go.command, "build", "-trimpath", *options, "-o", str(program), "."]
        done = subprocess.run(argv, cwd=CHAIN, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return program

    return built
