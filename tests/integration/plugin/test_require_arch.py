from pathlib import Path
from typing import Any

import pytest

from ..support import Project, own_toolchain


def own(tmp_path: Path) -> Path:
    def break_it(values: dict[str, Any]) -> None:
        values["c"]["compiler"] = "no-such-gcc"
        values["emulator"]["program"] = "no-such-qemu"
        del values["c"]["fallback"]

    return own_toolchain(tmp_path / "own", "riscv64", break_it)


@pytest.mark.parametrize("how", ["-n0", "-n2"])
def test_an_architecture_that_cannot_run_is_an_error_before_anything_runs(
    project: Project, tmp_path: Path, how: str
) -> None:
    project.case("g/hello", "say", "hello")
    ran = project.pytest("--arch=amd64,riscv64", "--require-arch", f"--toolchains={own(tmp_path)}", how)
    assert ran.code == 4
    assert "--require-arch: riscv64: C compiler (no-such-gcc) and emulator (no-such-qemu) missing" in ran.text
    assert "mend: crossabi setup --arch=riscv64" in ran.text
    assert "Traceback" not in ran.text
    assert not ran.records


def test_it_says_nothing_where_all_can_run(project: Project) -> None:
    project.case("g/hello", "say", "hello")
    ran = project.pytest("--arch=amd64,arm64", "--require-arch")
    assert (ran.code, set(ran.words.values())) == (0, {"PASS"})
