"""The command `crossabi`, as a user starts it."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from harness import __version__
from harness.data import toolchains_dir

from .support import CORPUS, CROSSABI, Ran, command, own_toolchain, script, shipped


def crossabi(*arguments: str, env: dict[str, str] | None = None) -> Ran:
    return command([*CROSSABI, *arguments], cwd=Path("/"), env=env)


def missing_package(folder: Path) -> str:
    """Return the option for a toolchain whose compiler is missing, and its package as well."""

    def break_it(values: dict[str, Any]) -> None:
        values["c"]["compiler"] = "no-such-gcc"
        del values["c"]["fallback"]
        values["cross"]["packages"]["compiler"] = ["gcc-no-such"]

    return f"--toolchains={own_toolchain(folder / 'own', 'riscv64', break_it)}"


def test_the_installed_command_is_this_one() -> None:
    done = command([str(Path(sys.executable).with_name("crossabi")), "--version"], cwd=Path("/"))
    assert (done.code, done.text) == (0, f"crossabi, version {__version__}\n")


def test_setup_says_nothing_where_all_is_there() -> None:
    crossabi("setup", "--arch=all")  # asks every tool for its version, once
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = crossabi("setup", "--arch=all")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (done.code, done.text) == (0, "")
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1.5  # of processor time, python's own


def test_a_dry_run_prints_the_commands_and_runs_none(tmp_path: Path) -> None:
    done = crossabi("setup", "--dry-run", "--arch=riscv64", missing_package(tmp_path))
    assert done.code == 0
    install = "apt-get install -y --no-install-recommends gcc-no-such"
    assert done.text.splitlines() == ["crossabi: apt-get update", f"crossabi: {install}"]
    assert crossabi("setup", "--dry-run").text == "crossabi: nothing to do\n"


def test_setup_without_the_right_to_install_prints_the_line_to_type(tmp_path: Path) -> None:
    program = (
        "import os, sys; os.geteuid = lambda: 65534; import harness.cli; sys.argv = ['crossabi', *sys.argv[1:]]; "
        "harness.cli.main()"
    )
    script(tmp_path / "bin" / "apt-get", f"touch {tmp_path}/apt-get-was-started\n")
    env = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    argv = [sys.executable, "-c", program, "setup", "--arch=riscv64", missing_package(tmp_path)]
    done = command(argv, cwd=Path("/"), env=env)
    assert done.code == 7
    assert "missing packages: gcc-no-such" in done.text
    assert "sudo apt-get update && sudo apt-get install -y --no-install-recommends gcc-no-such" in done.text
    assert not (tmp_path / "apt-get-was-started").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is let through to apt-get")
def test_setup_that_fails_to_install_says_which_command_failed(tmp_path: Path) -> None:
    script(tmp_path / "bin" / "apt-get", 'echo "apt-get $1 was asked"\n[ "$1" = update ]\n')
    env = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    done = crossabi("setup", "--arch=riscv64", missing_package(tmp_path), env=env)
    assert done.code == 7
    lines = done.text.splitlines()
    line = "apt-get install -y --no-install-recommends gcc-no-such"
    assert lines[:4] == [
        "crossabi: apt-get update",
        "apt-get update was asked",
        f"crossabi: {line}",
        "apt-get install was asked",
    ]
    assert f"`{line}` failed with exit code 1" in done.text
    assert "Traceback" not in done.text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is let through to apt-get")
def test_setup_installs_what_is_missing_and_then_has_nothing_to_do(tmp_path: Path) -> None:
    """An apt-get that provides the missing compiler by a link."""
    real = shutil.which("riscv64-linux-gnu-gcc")
    folder = tmp_path / "bin"
    script(folder / "apt-get", f'[ "$1" = install ] && ln -s {real} {folder}/no-such-gcc\nexit 0\n')
    env = {"PATH": f"{folder}:{os.environ['PATH']}"}
    own = missing_package(tmp_path)
    done = crossabi("setup", "--arch=riscv64", own, env=env)
    assert done.code == 0, done.text
    assert done.text.splitlines()[-1] == "crossabi: ready: riscv64"
    again = crossabi("setup", "--arch=riscv64", own, env=env)
    assert (again.code, again.text) == (0, "")


def test_doctor_tells_each_part_with_its_version() -> None:
    done = crossabi("doctor")
    assert "\nbuilds     stored, and built again when a file that they read has changed" in done.text
    assert done.code == 0
    blocks = {block.partition(":")[0]: block for block in done.text.strip().split("\n\n")[1:]}
    assert list(blocks) == list(shipped().by_arch)
    assert blocks["amd64"].startswith("amd64: ok, runs natively\n")
    assert blocks["s390x"].startswith("s390x: ok, runs under qemu-s390x\n")
    for part in ("C compiler  s390x-linux-gnu-gcc ", "glibc 2.", "qemu-s390x version "):
        assert part in blocks["s390x"]


def test_doctor_knows_bad_pairs() -> None:
    done = crossabi("doctor", "--arch=386", "--runner=qemu")
    assert "known bad" in done.text
    assert "x87 long double arithmetic is inexact" in done.text


def test_doctor_as_data(tmp_path: Path) -> None:
    own = missing_package(tmp_path)
    done = crossabi("doctor", "--json", "--arch=arm64,riscv64", own)
    assert done.code == 7
    report = json.loads(done.text)
    arm, riscv = report["arches"]
    assert (report["ok"], arm["ok"], riscv["ok"]) == (False, True, False)
    assert riscv["mend"] == f"crossabi setup --arch=riscv64 {own}"
    (part,) = (part for part in riscv["parts"] if part["missing"])
    assert part == {
        "name": "C compiler",
        "found": "",
        "missing": True,
        "wanted": "no-such-gcc",
        "packages": ["gcc-no-such"],
    }
    assert report["go"]["release"] == shipped().go.release


def test_doctor_of_a_broken_architecture_ends_with_7_and_says_what_mends_it(tmp_path: Path) -> None:
    own = missing_package(tmp_path)
    done = crossabi("doctor", "--arch=riscv64", own)
    assert done.code == 7
    assert "riscv64: CANNOT RUN" in done.text
    assert "C compiler  MISSING: no-such-gcc (provided by gcc-no-such)" in done.text
    assert "mend        crossabi setup --arch=riscv64" in done.text
    assert crossabi("doctor", own).code == 0  # nobody asked for it by name


def test_doctor_with_a_near_miss_ends_with_4() -> None:
    done = crossabi("doctor", "--arch=arm46")
    assert done.code == 4
    assert "did you mean 'arm64'?" in done.text
    assert "Traceback" not in done.text


@pytest.mark.parametrize(
    ("what", "files"),
    [
        ("case", sorted(CORPUS.glob("*/*/case.yaml"))),
        ("baseline", sorted(CORPUS.glob("*/*/baseline.yaml"))),
        ("toolchain", [toolchains_dir() / f"{arch}.yaml" for arch in shipped().by_arch]),
    ],
)
def test_the_schema_that_editors_get_holds_for_every_shipped_file(what: str, files: list[Path]) -> None:
    done = crossabi("schema", what)
    schema = json.loads(done.text)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert len(files) >= 8
    for path in files:
        values = yaml.safe_load(path.read_text())
        validator.validate(values)
        assert not validator.is_valid({**values, "unknown": 1})


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_ask_the_command(shell: str) -> None:
    done = crossabi("completion", shell)
    assert done.code == 0
    assert "_CROSSABI_COMPLETE" in done.text


def test_architectures_are_completed() -> None:
    env = {"_CROSSABI_COMPLETE": "bash_complete", "COMP_WORDS": "crossabi doctor --arch amd64,ar", "COMP_CWORD": "3"}
    done = command([str(Path(sys.executable).with_name("crossabi"))], cwd=Path("/"), env=env)
    assert done.text.splitlines() == ["plain,amd64,arm64", "plain,amd64,arm"]


@pytest.mark.parametrize("colours", [True, False])
def test_colours_are_for_terminals_without_no_color(tmp_path: Path, colours: bool) -> None:
    """`script` gives the command a terminal."""
    env = {"TERM": "xterm"} | ({} if colours else {"NO_COLOR": "1"})
    line = " ".join([*CROSSABI, "doctor", "--arch=riscv64", missing_package(tmp_path)])
    done = command(["script", "-qec", line, "/dev/null"], cwd=Path("/"), env=env)
    assert "CANNOT RUN" in done.text
    assert ("\x1b[" in done.text) is colours
    assert "\x1b[" not in crossabi("doctor", "--arch=riscv64", missing_package(tmp_path)).text


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("what", [("schema",), ("doctor",), ("doctor", "--json"), ("completion", "bash"), ("--help",)])
def test_a_pipe_that_is_closed_early_is_no_error(what: tuple[str, ...], unbuffered: str) -> None:
    """As `crossabi doctor | head -1`, with a reader that is gone before the first byte."""
    reader, writer = os.pipe()
    os.close(reader)
    env = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    argv = [*CROSSABI, *what]
    with os.fdopen(writer, "wb") as stdout:
        done = subprocess.run(argv, stdout=stdout, stderr=subprocess.PIPE, env=env, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("what", [("doctor",), ("doctor", "--json"), ("schema",), ("--help",)], ids=" ".join)
def test_an_output_that_cannot_be_written_is_said_and_no_success(what: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*CROSSABI, *what], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "crossabi: the output cannot be written: No space left on device\n")


def test_a_malformed_toolchain_file_ends_with_6_and_its_place(tmp_path: Path) -> None:
    (tmp_path / "arm64.yaml").write_text("arch: arm64\nodrer: 2\n")
    done = crossabi("doctor", f"--toolchains={tmp_path}")
    assert done.code == 6
    assert f"{tmp_path}/arm64.yaml:2:1: unknown key 'odrer'; did you mean 'order'?" in done.text
    assert "Traceback" not in done.text


def test_the_cache_is_told_and_emptied(tmp_path: Path) -> None:
    entry = tmp_path / "store" / "ab" / "abcd"
    entry.mkdir(parents=True)
    (entry / "program").write_bytes(bytes(2_500_000))
    env = {"CROSSABI_CACHE": str(tmp_path)}
    assert crossabi("cache", "info", env=env).text == f"{tmp_path}: 1 builds, 2.5 MB\n"
    assert crossabi("cache", "clear", env=env).text == f"removed {tmp_path}/store\n"
    assert crossabi("cache", "info", env=env).text == f"{tmp_path}: 0 builds, 0.0 MB\n"


def test_a_cache_that_cannot_be_emptied_is_not_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    done = crossabi("cache", "clear", env={"CROSSABI_CACHE": str(tmp_path)})
    assert done.code != 0
    assert f"{tmp_path}/store: cannot be removed: Not a directory" in done.text
    assert "Traceback" not in done.text


def test_a_cache_on_another_disk_is_emptied(tmp_path: Path) -> None:
    elsewhere = tmp_path / "disk"
    (elsewhere / "ab" / "abcd").mkdir(parents=True)
    (tmp_path / "store").symlink_to(elsewhere)
    assert crossabi("cache", "clear", env={"CROSSABI_CACHE": str(tmp_path)}).code == 0
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("area", ["sessions", "store/tmp"])
def test_a_cache_in_use_is_not_emptied_unless_forced(area: str, tmp_path: Path) -> None:
    (tmp_path / area / f"{os.getpid()}-x").mkdir(parents=True)
    entry = tmp_path / "store" / "ab" / "abcd"
    entry.mkdir(parents=True)
    refused = crossabi("cache", "clear", env={"CROSSABI_CACHE": str(tmp_path)})
    assert (refused.code, f"is in use by process {os.getpid()}" in refused.text) == (4, True)
    assert entry.exists()
    assert crossabi("cache", "clear", "--force", env={"CROSSABI_CACHE": str(tmp_path)}).code == 0
    assert not entry.exists()
