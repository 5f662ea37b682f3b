"""Go's own cgo tests (cmd/cgo/internal/test) under the watch: no alarm that is not known.

Those of the pinned release on each architecture, and those of each earlier one from 1.21 on, on one or two.
"""

from __future__ import annotations

import itertools
import os
import re
import subprocess
from pathlib import Path

import pytest
from integration.support import CROSSABI, command
from integration.watch.watched import of_release

from .test_releases import ARCHES, RELEASES

SECONDS = 500
SKIPPED = {
    "amd64": "Test6997",  # pthread_cancel: qemu-x86_64 7.2 dies of it, watched or not
    "ppc64le": "TestCthread|TestCallbackPanic",  # nil dereferences: qemu-ppc64le-fault-address in emulator-faults.yaml
}


@pytest.mark.parametrize(
    ("arch", "release"), [*((arch, "") for arch in ARCHES), *zip(itertools.cycle(ARCHES[:6]), RELEASES, strict=False)]
)
def test_go_s_own_cgo_tests_break_no_promise_but_the_known_ones(arch: str, release: str, tmp_path: Path) -> None:
    wanted = of_release(arch, release)
    program = tmp_path / "cgotest"
    env = {**os.environ, **wanted.toolchain.go_env, "CGO_ENABLED": "1", "CC": " ".join(wanted.cc.command)}
    env |= {"GOARCH": arch, "GOTOOLCHAIN": wanted.go.release, "GOFLAGS": ""}
    build = [str(wanted.go.command), "test", "-c", "-o", str(program), "cmd/cgo/internal/test"]
    subprocess.run(build, env=env, cwd=tmp_path, check=True)
    skip = [f"-test.skip={SKIPPED[arch]}"] if arch in SKIPPED else []
    watch = [*CROSSABI, "run", "--watch-crossings", f"--timeout={SECONDS}", str(program), "--", "-test.short", *skip]
    ran = command(watch, tmp_path, seconds=SECONDS + 60)
    assert ran.code == 0, ran.text
    assert "broken promises: 0" in ran.text
    assert "ended with exit 0" in ran.text
    for way, least in (("crosscall1", 20), ("crosscall2", 1000), ("asmcgocall", 1000)):
        counted = re.search(rf"(\d+) of {way}\b", ran.text)
        assert counted, ran.text
        assert int(counted[1]) >= least
