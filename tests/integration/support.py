"""What the integration tests share: a project of their own with real cases, and pytest started in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import case as cases
from harness.case import Case
from harness.data import toolchains_dir
from harness.host import faults, resolve
from harness.observation import Observation
from harness.session import Job, Session
from harness.target import Target
from harness.toolchain import Toolchains, load_all

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "cases"
ACTOR = Path(__file__).parent / "actor"  # the Go program that does what its arguments say
PYTEST = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:pytest_cov")
CROSSABI = (sys.executable, "-m", "harness.cli")
FEW = ("arm64", "s390x")  # the architectures that `make test` tries where `make deep-test` tries all
SECONDS = 240  # after which a command has failed


def some(values: Iterable[Any], few: Collection[Any] = FEW) -> list[Any]:
    """Return parameters, those that are not among the `few` for the deep suite."""
    return [value if value in few else deep(value) for value in values]


def deep(*values: Any) -> Any:
    """Return one set of parameters, for the deep suite."""
    return pytest.param(*values, marks=pytest.mark.deep)


@dataclass(frozen=True)
class Ran:
    """How a command ended, and the records that it wrote."""

    code: int
    text: str
    records: tuple[dict[str, Any], ...] = ()

    @property
    def verdicts(self) -> dict[str, dict[str, Any]]:
        """Each verdict by ``group/case::item``; an item that has two is an error."""
        rows = [row for row in self.records if row["type"] == "verdict"]
        names = [f"{row['case']}::{row['item'].rpartition('::')[2]}".removeprefix("::") for row in rows]
        assert len(set(names)) == len(names), Counter(names)
        return dict(zip(names, rows, strict=True))

    @property
    def words(self) -> dict[str, str]:
        """The verdict word of each item."""
        return {name: row["verdict"] for name, row in self.verdicts.items()}

    @property
    def observations(self) -> list[dict[str, Any]]:
        return [row for row in self.records if row["type"] == "observation"]

    @property
    def made(self) -> Counter[tuple[str, str]]:
        """How many observations there are by case and target."""
        return Counter((row["case"], row["target"]) for row in self.observations)

    def cause(self, name: str) -> str:
        return str(self.verdicts[name]["cause"])


class Project:
    """A folder with ``cases/``, as a stranger's repository has it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._runs = 0
        (path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")

    def folder(self, name: str) -> Path:
        return self.path / "cases" / name

    def case(self, name: str, *act: str | Path, sources: Mapping[str, str] | None = None, **fields: Any) -> Path:
        """Write a case that does `act` (of the actor), or that consists of `sources`; return its folder."""
        folder = self.folder(name)
        if sources is None:
            shutil.copytree(ACTOR, folder, dirs_exist_ok=True)
        for relative, text in (sources or {}).items():
            (folder / relative).parent.mkdir(parents=True, exist_ok=True)
            (folder / relative).write_text(text)
        run = {"args": [str(word) for word in act], **fields.pop("run", {})}
        body = {"kind": "program", "about": "a test", "run": run, **fields}
        (folder / "case.yaml").write_text(yaml.safe_dump(body, sort_keys=False))
        return folder

    def constant(self, module: str, name: str, value: float) -> None:
        """Let pytest in this folder, and each of its workers, have another number: no test waits for minutes."""
        (self.path / "conftest.py").write_text(f"import {module}\n\n{module}.{name} = {value}\n")

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace the one `old` in a file below ``cases/``."""
        path = self.folder(name)
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        path.write_text(text.replace(old, new))

    def pytest(self, *arguments: str, env: Mapping[str, str] | None = None) -> Ran:
        """Run pytest in this folder with records and return what came of it."""
        self._runs += 1
        records = self.path / f"records-{self._runs}.jsonl"
        argv = [*PYTEST, f"--records={records}", *arguments]
        ran = command(argv, cwd=self.path, env=env)
        lines = records.read_text().splitlines() if records.exists() else ()
        return Ran(ran.code, ran.text, tuple(json.loads(line) for line in lines))


def command(argv: Iterable[str], cwd: Path, env: Mapping[str, str] | None = None, seconds: float = SECONDS) -> Ran:
    """Run a command to its end; both streams are one text."""
    done = subprocess.run(
        list(argv),
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
    return Ran(done.returncode, done.stdout)


def own_toolchain(folder: Path, arch: str, change: Callable[[dict[str, Any]], None]) -> Path:
    """Write a changed copy of a shipped toolchain file into `folder`, for ``--toolchains``."""
    values = yaml.safe_load((toolchains_dir() / f"{arch}.yaml").read_text())
    change(values)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{arch}.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    return folder


def script(path: Path, body: str) -> Path:
    """Write an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}")
    path.chmod(0o755)
    return path


@cache
def shipped() -> Toolchains:
    return load_all()


def target(arch: str, runner: str = resolve.AUTO, toolchains: Toolchains | None = None) -> Target:
    """Return the real target of this machine."""
    found = resolve.resolve(toolchains or shipped(), arch, runner)
    assert isinstance(found, Target), found
    return found


def load_case(folder: Path) -> Case:
    return cases.load(
        folder / cases.CASE_FILE, f"{folder.parent.name}/{folder.name}", tuple(shipped().synonyms.items())
    )


def observe(
    case: Case, on: Target, folder: Path, toolchains: Toolchains | None = None, variant: int = 0
) -> tuple[Observation, ...]:
    """Build and run one variant of a case in a session of its own."""
    session = Session(folder, faults.load((toolchains or shipped()).folders))
    job = Job(case, case.variants[variant], on)
    session.expect([job])
    return session.observe(job)[0]


def until(what: Callable[[], Any], seconds: float, message: str) -> Any:
    """Return the first true value of `what`, asked again and again; fail with `message` after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = what()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"{message} within {seconds} s")


def processes(words: str) -> dict[int, str]:
    """Return the living processes (without zombies) whose command line contains `words`."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if words in line and int(entry.name) != os.getpid():
            found[int(entry.name)] = line
    return found
