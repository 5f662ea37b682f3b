"""Other people's tests, in and around folders called ``cases``, run as they do without the plugin."""

from pathlib import Path

import pytest

from ..support import PYTEST, Project, Ran, command

CONFTEST = "import pytest\n\n\n@pytest.fixture\ndef here(): return 1\n"
TEST = "def test_it(here): assert here == 1\n"


def write(folder: Path, **sources: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source)


def passes(path: Path, count: int) -> Ran:
    (path / "pytest.ini").touch()
    ran = command([*PYTEST], path)
    assert ran.code == 0, ran.text
    assert f"{count} passed" in ran.text
    return ran


@pytest.mark.parametrize("more", [{}, {"__init__": ""}], ids=["folder", "package"])
def test_a_conftest_below_cases_is_seen(tmp_path: Path, more: dict[str, str]) -> None:
    write(tmp_path / "tests" / "cases", conftest=CONFTEST, test_a=TEST, **more)
    write(tmp_path / "tests" / "cases" / "deeper", test_b=TEST, **more)
    passes(tmp_path, 2)


def test_a_checkout_below_a_folder_called_cases_is_nothing_special(tmp_path: Path) -> None:
    project = tmp_path / "cases" / "project"
    write(project / "tests", conftest=CONFTEST, test_a=TEST)
    (project / "tests" / "case.yaml").write_text("somebody: else's\n")
    passes(project, 1)


def test_tests_and_cases_side_by_side(project: Project) -> None:
    project.case("g/hello", "say", "hello")
    write(project.path / "cases", conftest=CONFTEST, test_a=TEST)
    write(project.path / "cases" / "g", test_b=TEST)
    ran = project.pytest("--arch=amd64")
    assert ran.code == 0
    assert "3 passed" in ran.text
