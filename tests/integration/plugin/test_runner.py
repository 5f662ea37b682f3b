from ..support import Project


def test_amd64_runs_natively_or_under_its_emulator_and_the_records_say_which(project: Project) -> None:
    project.case("g/arch", "arch", expect={"stdout": "this is amd64\n"})
    seen = {}
    for runner in ("native", "qemu", "auto"):
        ran = project.pytest("--arch=amd64", f"--runner={runner}")
        assert ran.words == {"g/arch::run[amd64]": "PASS"}
        (seen[runner],) = ran.observations
    ways = {runner: (row["environment"]["runner"], row["environment"]["emulator"][:20]) for runner, row in seen.items()}
    assert ways == {"native": ("native", ""), "qemu": ("qemu", "qemu-x86_64 version "), "auto": ("native", "")}
    assert seen["qemu"]["command"][0].endswith("qemu-x86_64")
    assert seen["native"]["command"] == [seen["qemu"]["command"][-2], "arch"]  # the same program of the store


def test_native_is_refused_for_what_this_machine_is_not(project: Project) -> None:
    project.case("g/arch", "arch")
    ran = project.pytest("--arch=arm64", "--runner=native")
    assert ran.words == {"g/arch::run[arm64]": "SKIP", "arch[arm64]": "BROKEN"}
    assert "BROKEN arm64: arm64 does not run natively on x86_64\n  mend: leave --runner out" in ran.text


def test_the_command_to_rerun_asks_for_the_same_runner(project: Project) -> None:
    project.case("g/arch", "arch", expect={"stdout": "this is another\n"})
    ran = project.pytest("--arch=amd64", "--runner=qemu")
    assert "rerun: pytest --arch=amd64 --runner=qemu 'cases/g/arch/case.yaml::run[amd64]'" in ran.text


def test_a_runner_that_does_not_exist_is_a_usage_error(project: Project) -> None:
    assert project.pytest("--arch=amd64", "--runner=docker-ish").code == 4
