"""Go's own cgo tests (cmd/cgo/internal/test) as a program that uses every way between C and Go."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from harness.target import Target

SECONDS = 500
SKIPPED = {
    "amd64": "Test6997",  # pthread_cancel: qemu-x86_64 7.2 dies of it, watched or not
    "ppc64le": "TestCthread|TestCallbackPanic",  # nil dereferences: qemu-ppc64le-fault-address in emulator-faults.yaml
}


def build(target: Target, program: Path) -> None:
    """Build the tests that the Go of `target` comes with. Raises CalledProcessError."""
    env = {**os.environ, **target.toolchain.go_env, "CGO_ENABLED": "1", "CC": " ".join(target.cc.command)}
    env |= {"GOARCH": target.toolchain.arch, "GOTOOLCHAIN": target.go.release, "GOFLAGS": ""}
    argv = [str(target.go.command), "test", "-c", "-o", str(program), "cmd/cgo/internal/test"]
    subprocess.run(argv, env=env, cwd=program.parent, check=True)


def arguments(arch: str) -> list[str]:
    """Return what the program is given on `arch`."""
    return ["-test.short", *([f"-test.skip={SKIPPED[arch]}"] if arch in SKIPPED else [])]
