from ..support import Project


def test_the_reference_is_the_one_that_was_named(project: Project) -> None:
    project.case("g/arch", "arch")
    ran = project.pytest("--arch=amd64,arm64,riscv64", "--against=aarch64", "--collect-only", "-q")
    items = [line.rpartition("::")[2] for line in ran.text.splitlines() if "::diff" in line]
    assert items == ["diff[amd64~arm64]", "diff[arm64~riscv64]"]


def test_the_baseline_of_the_named_one_stands_in_for_it(project: Project) -> None:
    project.case("g/arch", "by-arch", "arm64=two", "else=one")
    assert project.pytest("--arch=amd64,arm64", "--pairs=none", "--update-baselines").code == 0
    ran = project.pytest("--arch=riscv64", "--against=arm64")
    assert ran.words == {"g/arch::run[riscv64]": "PASS", "g/arch::diff[arm64~riscv64]": "FAIL"}
    assert ran.made == {("g/arch", "riscv64"): 1}
    ran = project.pytest("--arch=riscv64", "--against=amd64")
    assert ran.words == {"g/arch::run[riscv64]": "PASS", "g/arch::diff[amd64~riscv64]": "PASS"}


def test_a_near_miss_ends_with_4(project: Project) -> None:
    project.case("g/arch", "arch")
    for how in ("-n0", "-n2"):
        ran = project.pytest("--against=adm64", how)
        assert ran.code == 4
        assert "no architecture is called 'adm64'; did you mean 'amd64'?" in ran.text
        assert "Traceback" not in ran.text


def test_one_that_does_not_run_is_stood_in_for_by_its_baseline_for_each_that_does(project: Project) -> None:
    project.case("g/arch", "by-arch", "s390x=two", "else=one")
    project.case("g/none", "say", "hello")
    ran = project.pytest("--arch=s390x", "--pairs=none", "--update-baselines", "cases/g/arch")
    assert ran.code == 0
    ran = project.pytest("--arch=amd64,riscv64", "--against=s390x")
    words = {name: word for name, word in ran.words.items() if "diff" in name}
    assert words == {"g/arch::diff[amd64~s390x]": "FAIL", "g/arch::diff[riscv64~s390x]": "FAIL"}
    assert "not compared, for want of a baseline of s390x: g/none (`pytest --arch=s390x --update-baselines`" in ran.text


def test_references_that_run_and_that_do_not_stand_side_by_side(project: Project) -> None:
    project.case("g/arch", "say", "one")
    assert project.pytest("--arch=s390x", "--update-baselines").code == 0
    ran = project.pytest("--arch=amd64,arm64", "--against=arm64,s390x", "--collect-only", "-q")
    items = [line.rpartition("::")[2] for line in ran.text.splitlines() if "::diff" in line]
    assert items == ["diff[amd64~arm64]", "diff[amd64~s390x]", "diff[arm64~s390x]"]


def test_an_architecture_that_would_be_compared_with_itself_is_told_so(project: Project) -> None:
    project.case("g/hello", "say", "hello")
    assert project.pytest("--arch=arm64", "--update-baselines").code == 0
    ran = project.pytest("--arch=arm64", "--against=arm64")
    assert ran.code == 0
    assert (
        "not compared: g/hello (--against names only what runs here, and nothing is compared with itself)" in ran.text
    )
