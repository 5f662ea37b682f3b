import xml.etree.ElementTree as ET

from ..support import Project


def test_junit_has_every_item_with_its_verdict_and_environment(project: Project) -> None:
    project.case("g/same", "say", "hello")
    project.case("g/differs", "by-arch", "amd64=one", "else=two")
    ran = project.pytest("--arch=amd64,arm64", "--junitxml=junit.xml", "-n2")
    assert ran.code == 1
    cases = ET.parse(project.path / "junit.xml").getroot().findall(".//testcase")
    found = {}
    for case in cases:
        properties = {row.get("name"): row.get("value") for row in case.findall("./properties/property")}
        found[f"{properties['crossabi.case']}::{case.get('name')}"] = (case, properties)
    assert {name: properties["crossabi.verdict"] for name, (_, properties) in found.items()} == ran.words
    case, properties = found["g/differs::diff[amd64~arm64]"]
    assert (properties["crossabi.target"], properties["crossabi.against"]) == ("arm64", "amd64")
    assert properties["crossabi.cause"] == ran.cause("g/differs::diff[amd64~arm64]")
    assert properties["crossabi.go"] == ran.observations[0]["environment"]["go"]
    failure = case.find("failure")
    assert failure is not None
    assert "amd64 and arm64 diverge: stdout line 1" in (failure.text or "")
    assert failure.get("message") == properties["crossabi.cause"]
    _, properties = found["g/same::run[arm64]"]
    assert properties["crossabi.emulator"].startswith("qemu-aarch64 version")
    (row,) = (row for row in ran.observations if (row["case"], row["target"]) == ("g/same", "arm64"))
    assert properties["crossabi.binary"] == row["binary"]


def test_the_short_summary_says_the_cause_in_one_line_in_ci_too(project: Project) -> None:
    project.case("g/fails", "exit", "3")
    for name in ("CI", "BUILD_NUMBER"):
        ran = project.pytest("--arch=arm64", env={name: "true"})
        summary = ran.text.partition("short test summary info")[2].splitlines()[1:-1]
        assert summary == [f"FAILED cases/g/fails/case.yaml::run[arm64] - {ran.cause('g/fails::run[arm64]')}"]
