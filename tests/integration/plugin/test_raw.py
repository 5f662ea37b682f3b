from ..support import Project

ADDRESS = ("by-arch", "amd64=at 0x7ffc12345678", "else=at 0xfedcba987654")


def test_accidents_are_rewritten_and_counted_and_raw_shows_them(project: Project) -> None:
    project.case("g/address", *ADDRESS)
    ran = project.pytest("--arch=amd64,arm64")
    assert ran.words["g/address::diff[amd64~arm64]"] == "PASS"
    assert ran.verdicts["g/address::diff[amd64~arm64]"]["normalised"] == {"address": 2}
    raw = project.pytest("--arch=amd64,arm64", "--raw")
    diff = raw.verdicts["g/address::diff[amd64~arm64]"]
    assert (diff["verdict"], diff["normalised"]) == ("FAIL", {})
    assert diff["divergences"] == [
        {"where": "stdout line 1", "left": "at 0x7ffc12345678", "right": "at 0xfedcba987654"}
    ]
    assert "rerun: pytest --arch=amd64,arm64 --raw 'cases/g/address/case.yaml::diff[amd64~arm64]'" in raw.text


def test_a_failure_says_what_was_rewritten_and_how_to_see_it(project: Project) -> None:
    project.case("g/address", "say", "at 0x7ffc12345678", expect={"stdout": "elsewhere\n"})
    ran = project.pytest("--arch=amd64")
    assert ran.cause("g/address::run[amd64]") == "stdout line 1: expected `elsewhere`, got `at <address>`"
    assert "normalised: address 1 (--raw shows the output as printed)" in ran.text
    raw = project.pytest("--arch=amd64", "--raw")
    assert raw.cause("g/address::run[amd64]") == "stdout line 1: expected `elsewhere`, got `at 0x7ffc12345678`"


def test_rows_of_the_case_are_turned_off_too(project: Project) -> None:
    rows = [{"match": "took [a-z]+", "as": "took <t>"}]
    project.case("g/took", "by-arch", "amd64=took one", "else=took two", normalise=rows)
    assert project.pytest("--arch=amd64,arm64").words["g/took::diff[amd64~arm64]"] == "PASS"
    assert project.pytest("--arch=amd64,arm64", "--raw").words["g/took::diff[amd64~arm64]"] == "FAIL"


def test_the_own_folder_and_process_id_are_accidents(project: Project) -> None:
    project.case("g/environ", "environ")
    ran = project.pytest("--arch=amd64,arm64")
    assert ran.words["g/environ::diff[amd64~arm64]"] == "PASS"
    assert ran.verdicts["g/environ::diff[amd64~arm64]"]["normalised"] == {"workdir": 4}
