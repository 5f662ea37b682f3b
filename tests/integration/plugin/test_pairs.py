import pytest

from ..support import Project


@pytest.mark.parametrize(
    ("how", "pairs"),
    [
        ("reference", ["amd64~arm64", "amd64~riscv64"]),
        ("all", ["amd64~arm64", "amd64~riscv64", "arm64~riscv64"]),
        ("none", []),
    ],
)
def test_which_architectures_are_compared(project: Project, how: str, pairs: list[str]) -> None:
    project.case("g/arch", "arch")
    ran = project.pytest("--arch=amd64,arm64,riscv64", f"--pairs={how}", "--collect-only", "-q")
    items = [line.rpartition("::")[2] for line in ran.text.splitlines() if "::" in line]
    assert items == ["run[amd64]", "run[arm64]", "run[riscv64]", *(f"diff[{pair}]" for pair in pairs)]


def test_none_compares_with_no_baseline_either(project: Project) -> None:
    project.case("g/arch", "arch")
    assert project.pytest("--arch=amd64", "--update-baselines").code == 0
    ran = project.pytest("--arch=arm64", "--pairs=none")
    assert ran.words == {"g/arch::run[arm64]": "PASS"}


def test_a_pair_that_shows_nothing_of_the_reference_still_finds_a_divergence(project: Project) -> None:
    project.case("g/third", "by-arch", "riscv64=three", "else=one")
    ran = project.pytest("--arch=amd64,arm64,riscv64", "--pairs=all")
    words = {name.rpartition("::")[2]: word for name, word in ran.words.items() if "diff" in name}
    assert words == {"diff[amd64~arm64]": "PASS", "diff[amd64~riscv64]": "FAIL", "diff[arm64~riscv64]": "FAIL"}
    assert ran.made == {("g/third", arch): 1 for arch in ("amd64", "arm64", "riscv64")}
