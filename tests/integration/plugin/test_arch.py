import pytest

from ..support import Project


def test_every_spelling_of_an_architecture_is_accepted_and_the_items_carry_its_go_name(project: Project) -> None:
    project.case("g/arch", "arch", expect={"stdout": {"pattern": r"this is \w+\n"}})
    ran = project.pytest("--arch=x86_64,Linux/ARM64", "--arch=aarch64-linux-gnu", "--collect-only", "-q")
    assert ran.code == 0
    assert ran.text.split("\n\n")[0].splitlines() == [
        f"cases/g/arch/case.yaml::{name}" for name in ("run[amd64]", "run[arm64]", "diff[amd64~arm64]")
    ]


def test_a_program_is_built_for_and_run_on_the_architecture_that_was_asked_for(project: Project) -> None:
    project.case("g/arch", "arch", expect={"stdout": {"pattern": r"this is \w+\n"}})
    ran = project.pytest("--arch=aarch64")
    assert [(row["target"], row["stdout"]) for row in ran.observations] == [("arm64", "this is arm64\n")]
    assert ran.code == 0


def test_a_near_miss_ends_with_4_the_suggestion_and_the_table(project: Project) -> None:
    project.case("g/arch", "arch")
    ran = project.pytest("--arch=arm46")
    assert ran.code == 4
    assert "no architecture is called 'arm46'; did you mean 'arm64'?" in ran.text
    for row in ("amd64     x86_64", "s390x", "mips64le", "`all`"):
        assert row in ran.text
    assert "Traceback" not in ran.text
    assert not ran.records


def test_a_near_miss_in_the_ini_file_ends_with_4_too(project: Project) -> None:
    project.case("g/arch", "arch")
    ran = project.pytest("-o", "crossabi_arch=amd64,rsicv64")
    assert ran.code == 4
    assert "no architecture is called 'rsicv64'; did you mean 'riscv64'?" in ran.text
    assert "Traceback" not in ran.text


def test_the_ini_setting_decides_where_no_option_is_given(project: Project) -> None:
    project.case("g/arch", "arch")
    ran = project.pytest("-o", "crossabi_arch=s390x,riscv64", "--collect-only", "-q")
    assert "::run[riscv64]\n" in ran.text
    assert "::diff[riscv64~s390x]\n" in ran.text
    assert "amd64" not in ran.text


def test_all_is_every_installed_architecture_each_against_the_first(project: Project) -> None:
    project.case("g/arch", "arch")
    ran = project.pytest("--arch=all", "--collect-only", "-q")
    arches = ["amd64", "arm64", "riscv64", "s390x", "ppc64le", "arm", "386", "mips64le"]
    items = [line.rpartition("::")[2] for line in ran.text.splitlines() if "::" in line]
    assert items == [f"run[{arch}]" for arch in arches] + [f"diff[amd64~{arch}]" for arch in arches[1:]]


def test_native_is_this_machine(project: Project) -> None:
    project.case("g/arch", "arch")
    ran = project.pytest("--arch=native")
    assert ran.words == {"g/arch::run[amd64]": "PASS"}
    assert ran.observations[0]["environment"]["runner"] == "native"


def test_one_architecture_alone_is_compared_with_the_committed_baseline_of_another(project: Project) -> None:
    project.case("g/arch", "arch")
    assert project.pytest("--arch=amd64", "--update-baselines").code == 0
    ran = project.pytest("--arch=arm64")
    assert ran.words == {"g/arch::run[arm64]": "PASS", "g/arch::diff[amd64~arm64]": "FAIL"}
    assert ran.made == {("g/arch", "arm64"): 1}  # amd64 was not run
    verdict = ran.verdicts["g/arch::diff[amd64~arm64]"]
    assert (verdict["target"], verdict["against"]) == ("arm64", "amd64")
    assert verdict["divergences"] == [{"where": "stdout line 1", "left": "this is amd64", "right": "this is arm64"}]
    assert ran.cause("g/arch::diff[amd64~arm64]").startswith("amd64 and arm64 diverge: stdout line 1")


def test_arches_of_a_case_bound_its_items(project: Project) -> None:
    project.case("g/only", "say", "hello", arches=["arm64"], expect={"stdout": "hello\n"})
    ran = project.pytest("--arch=amd64,arm64")
    assert ran.words == {"g/only::run[arm64]": "PASS"}


def test_one_architecture_alone_without_any_baseline_says_that_it_is_not_compared(project: Project) -> None:
    project.case("g/arch", "arch")
    project.case("g/only", "say", "hello", arches=["arm64"])  # there is nothing it could be compared with
    said = "not compared, for want of a baseline of another architecture: g/arch (`pytest"
    for how in ("-n0", "-n2"):
        assert said in project.pytest("--arch=arm64", how).text
    assert "not compared" not in project.pytest("--arch=amd64,arm64").text
    assert "not compared" not in project.pytest("--arch=arm64", "--pairs=none").text


@pytest.mark.parametrize("how", ["-n0", "-n2"])
def test_to_name_no_architecture_ends_with_4(project: Project, how: str) -> None:
    project.case("g/arch", "arch")
    ran = project.pytest("--arch=", how)
    assert ran.code == 4
    assert "'' names no architecture" in ran.text
    assert "Traceback" not in ran.text


@pytest.mark.parametrize("how", ["-n0", "-n2"])
def test_a_cache_that_cannot_be_written_is_said_once(project: Project, how: str) -> None:
    for name in ("one", "two"):
        project.case(f"g/{name}", "arch")
    (project.path / "file").write_text("")
    ran = project.pytest("--arch=amd64", how, env={"CROSSABI_CACHE": str(project.path / "file")})
    assert ran.code not in (0, 5)
    assert ran.text.count("cannot be written") == 1
    assert "point CROSSABI_CACHE at another folder" in ran.text
    assert "Traceback" not in ran.text


def test_a_case_for_none_of_the_architectures_is_skipped_with_that_reason(project: Project) -> None:
    project.case("g/only", "say", "hello", arches=["amd64", "386"])
    project.case("g/both", "say", "hello")
    ran = project.pytest("--arch=arm64", "-rs")
    assert (ran.code, ran.words) == (0, {"g/only::absent": "SKIP", "g/both::run[arm64]": "PASS"})
    assert ran.cause("g/only::absent") == "it is for amd64, 386 only; asked for was arm64"
    assert ran.cause("g/only::absent") in ran.text


def test_an_item_of_a_case_for_other_architectures_says_why_it_is_not_there(project: Project) -> None:
    folder = project.case("g/only", "say", "hello", arches=["amd64"])
    ran = project.pytest("--arch=arm64", "cases/g/only/case.yaml::run[arm64]")
    assert ran.code == 4
    assert f"{folder}/case.yaml: it is for amd64 only; asked for was arm64" in ran.text


def test_a_case_for_others_does_not_stop_what_is_named_beside_it(project: Project) -> None:
    project.case("g/both", "say", "hello")
    project.case("m/only", "say", "hello", arches=["amd64"])
    ran = project.pytest("--arch=arm64", "cases/g/both/case.yaml::run[arm64]", "cases/m")
    assert (ran.code, ran.words) == (0, {"g/both::run[arm64]": "PASS", "m/only::absent": "SKIP"})
