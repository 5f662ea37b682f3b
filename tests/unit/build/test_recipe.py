from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.case import BuildSettings
from harness.errors import EnvironmentBroken
from harness.target import GoToolchain, Tool
from unit.build import AMBIENT, make
from unit.samples import target

CC = Tool(("/usr/bin/some-gcc",), "gcc 12", "cc identity")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "main.go").write_text("package main")
    return tmp_path


@pytest.mark.parametrize(
    "settings",
    [
        {"env": {"CGO_CFLAGS": "-O0"}},
        {"tags": ("x",)},
        {"flags": ("-race",)},
        {"gcflags": "-N"},
        {"go_ldflags": "-s"},
        {"asmflags": "-S"},
        {"mode": "c-archive"},
    ],
    ids=lambda row: next(iter(row)),
)
def test_settings_of_go_make_another_key_and_another_build(settings: dict[str, Any], folder: Path) -> None:
    plain, changed = make(folder), make(folder, settings=BuildSettings(**settings))
    assert plain.key != changed.key
    assert plain.group != changed.group


@pytest.mark.parametrize(
    "settings",
    [
        {"cflags": ("-O0",)},
        {"c_ldflags": ("-lm",)},
        {"shared": {"liba.so": ("a.c",)}},
        {"plugins": {"a.so": "a"}},
    ],
    ids=lambda r: next(iter(r)),
)
def test_settings_that_one_go_build_does_not_share_make_another_key_in_the_same_build(
    settings: dict[str, Any], folder: Path
) -> None:
    plain, changed = make(folder), make(folder, settings=BuildSettings(**settings))
    assert plain.key != changed.key
    assert plain.group == changed.group


@pytest.mark.parametrize(
    "changes",
    [
        {"target": target("riscv64")},
        {"target": target(cc=replace(CC, identity="upgraded"))},
        {"target": target(cc=replace(CC, command=("zig", "cc")))},
        {"target": target(go=GoToolchain("go1.27.4", Path("/goroot"), "rebuilt"))},
        {"target": target(sysroot=Path("/other"))},
        {"target": target(libc="musl")},
        {"ambient": replace(AMBIENT, fingerprint="other")},
        {"kind": "c-host"},
        {"label": "other/name"},
    ],
    ids=lambda row: next(iter(row)),
)
def test_tools_and_environment_are_in_the_key(changes: dict[str, Any], folder: Path) -> None:
    assert make(folder).key != make(folder, **changes).key


@pytest.mark.parametrize(
    "changes",
    [
        {"target": target(id="arm64-again")},
        {"target": target(emulator=None, runner="native")},
        {"ambient": replace(AMBIENT, env={"PATH": "/other"})},
    ],
    ids=lambda row: next(iter(row)),
)
def test_what_cannot_change_the_binary_is_not_in_the_key(changes: dict[str, Any], folder: Path) -> None:
    assert make(folder).key == make(folder, **changes).key


def test_a_source_matters_by_name_and_content(folder: Path) -> None:
    keys = [make(folder).key]
    (folder / "main.go").write_text("package main // changed")
    keys.append(make(folder).key)
    (folder / "main.go").rename(folder / "other.go")
    keys.append(make(folder).key)
    assert len(set(keys)) == 3


def test_a_file_that_a_flag_names_counts_from_the_cases_folder_and_matters(folder: Path) -> None:
    (folder / "cpu.prof").write_text("one")
    settings = BuildSettings(flags=("-pgo=cpu.prof",))
    first = make(folder, settings=settings)
    (folder / "cpu.prof").write_text("two")
    assert first.flags == (f"-pgo={folder}/cpu.prof",)
    assert first.group != make(folder, settings=settings).group


@pytest.mark.parametrize(
    ("names", "module", "alone"),
    [
        (["main.go"], False, False),
        (["main.go", "lib/a.c"], False, False),
        (["main.go", "lib/a.go"], False, True),
        (["main.go", "go.mod"], True, True),
        (["main.go", "lib/go.mod"], False, False),
    ],
)
def test_when_a_case_is_a_module_of_its_own(names: list[str], module: bool, alone: bool, tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    made = make(tmp_path)
    assert (made.has_module, made.stands_alone) == (module, alone)


def test_each_plugin_is_in_the_key_by_its_name_and_its_folder(folder: Path) -> None:
    plugins = [{"a.so": "a"}, {"b.so": "a"}, {"a.so": "b"}, {"a.so": "a", "b.so": "b"}]
    assert len({make(folder, settings=BuildSettings(plugins=row)).key for row in plugins}) == 4


def test_a_case_with_plugins_is_a_module_of_its_own(folder: Path) -> None:
    made = make(folder, settings=BuildSettings(plugins={"a.so": "a", "b.so": "b/c"}))
    assert made.stands_alone
    assert made.plugin_packages == ["./a", "./b/c"]


@pytest.mark.parametrize(
    "settings",
    [
        BuildSettings(mode="c-shared"),
        BuildSettings(shared={"liba.so": ("a.c",)}),
        BuildSettings(plugins={"a.so": "a"}),
    ],
)
def test_a_shared_library_is_beyond_the_static_stand_in(folder: Path, settings: BuildSettings) -> None:
    with pytest.raises(EnvironmentBroken, match=r"the case needs a shared library, and .* statically") as caught:
        make(folder, settings=settings, target=target(cc_kind="zig"))
    assert "of which zig is the stand-in" in str(caught.value)
    assert make(folder, target=target(cc_kind="zig")).key != make(folder, settings=settings).key


@pytest.mark.parametrize("name", ["more.cpp", "part/more.cc"])
def test_cxx_is_out_of_reach(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).touch()
    with pytest.raises(EnvironmentBroken, match=f"{name}: C\\+\\+ is not built here"):
        make(folder)


def test_of_two_cases_with_one_text_each_has_the_modules_beside_it(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "case").mkdir(parents=True)
        (tmp_path / name / "case" / "go.mod").write_text("module x\n\nreplace a.b/c => ../lib\n")
    assert make(tmp_path / "one" / "case").key != make(tmp_path / "two" / "case").key
