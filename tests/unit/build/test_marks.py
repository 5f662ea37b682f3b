from pathlib import Path

import pytest

from harness.build import marks
from harness.build.commands import Workbench
from harness.case import BuildSettings
from harness.process import client
from harness.process.spec import Command, Finished
from unit.build import make

MARK = "-D=crossabi-KEY"


@pytest.mark.parametrize(
    ("said", "flags"),
    [
        ([], [f"x/...={MARK}", f"x={MARK}"]),
        (["-N -l"], [f"x/...={MARK}", f"x=-N -l {MARK}"]),
        (["all=-N"], [f"x/...=-N {MARK}", f"x=-N {MARK}"]),
        (["all=-N", "-l"], [f"x/...=-N {MARK}", f"x=-l {MARK}"]),
        (["-l", "all=-N"], [f"x/...=-N {MARK}", f"x=-N {MARK}"]),
        (["x/sub=-l"], [f"x/...={MARK}", f"x={MARK}", f"x/sub=-l {MARK}"]),
    ],
)
def test_what_was_said_of_the_flags_goes_on_to_count(said: list[str], flags: list[str]) -> None:
    assert marks.flags("KEY", ["x"], ["x"], said) == [f"-gcflags={flag}" for flag in flags]


def test_each_build_has_a_mark_of_its_own(tmp_path: Path) -> None:
    first, second = (marks.of_packages(make(tmp_path), ["x", "y"]) for _ in range(2))
    assert [flag.partition("=-D=")[0] for flag in first] == ["-gcflags=x", "-gcflags=y"]
    assert set(first).isdisjoint(second)


def test_a_plugin_is_marked_and_flagged_as_the_program_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks.secrets, "token_hex", lambda size: "KEY")
    bench = Workbench.under(tmp_path)
    (bench.source / "go.mod").write_text("module x\n")
    settings = BuildSettings(plugins={"a.so": "a/b"}, gcflags="-N")
    flags = marks.of_module(make(bench.out, settings=settings), bench)
    assert flags == [f"-gcflags={row}" for row in (f"x/...={MARK}", f"x=-N {MARK}", f"x/a/b=-N {MARK}")]


@pytest.mark.parametrize("plugins", [{}, {"a.so": "a"}])
def test_the_modules_of_plugins_are_asked_for_too(
    plugins: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[Command] = []
    monkeypatch.setattr(client, "run", lambda command: ran.append(command) or Finished("exited", 0))
    bench = Workbench.under(tmp_path)
    (bench.source / "go.mod").write_text("module x\n")
    marks.of_module(make(bench.source, settings=BuildSettings(plugins=plugins)), bench)
    assert ran[0].argv[-1 - len(plugins) :] == (".", *(f"./{folder}" for folder in plugins.values()))


@pytest.mark.parametrize("code", [0, 1])
def test_all_modules_that_go_builds_a_case_with_are_marked(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[Command] = []

    def run(command: Command) -> Finished:
        ran.append(command)
        return Finished("exited", code, stdout=b"my.org/x\n\ne.f/g\na.b/c\ne.f/g\n")

    monkeypatch.setattr(client, "run", run)
    bench = Workbench.under(tmp_path)
    (bench.source / "go.mod").write_text("module my.org/x\n\nreplace a.b/c => ../c\n")
    flags = [flag.partition("=-D=")[0] for flag in marks.of_module(make(bench.source), bench)]
    assert ran[0].argv[1:4] == ("list", "-deps", "-f")
    modules = ["my.org/x/...", "a.b/c/...", *([] if code else ["e.f/g/..."]), "my.org/x"]
    assert flags == [f"-gcflags={module}" for module in modules]
