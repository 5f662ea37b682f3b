"""The hooks of a session: set-up in controller and workers, records, progress, the table at the end."""

from __future__ import annotations

import ctypes
import gc
import json
import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness import arches, files
from harness.build.ambient import refuse_foreign_overlay
from harness.build.store import Store
from harness.errors import CrossabiError
from harness.host import golang
from harness.observation import Verdict, Word
from harness.plugin.items import RECORDS, CrossItem, JobItem
from harness.plugin.lost import left_by
from harness.plugin.names import tell_apart
from harness.plugin.options import DEFAULT_ARCHES
from harness.plugin.progress import Listener, TerminalProgress, WorkerProgress
from harness.plugin.state import STATE, State
from harness.plugin.update import BaselineUpdate
from harness.report.crossings import Crossings
from harness.report.diagnoses import Diagnoses
from harness.report.failure import printable
from harness.report.matrix import Matrix
from harness.report.notes import Notes
from harness.report.records import RecordsFile
from harness.report.snapshots import Shots

FOLDER = "crossabi_folder"  # in xdist's workerinput
LEFT = "crossabi"  # attribute of a report: what its item left for the records
_WORDS = {
    "FLAKY": ("flaky", "Y", "yellow"),
    "BROKEN": ("failed", "B", "purple"),
    "TIMEOUT": ("failed", "T", "red"),
}
_PR_SET_PDEATHSIG = 1


def pytest_configure(config: pytest.Config) -> None:
    """Set the plugin up; raises pytest.UsageError for an architecture or toolchain file that is no good."""
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        folder = Path(worker[FOLDER])
        _die_with_parent()
        config.stash[STATE] = State(config, folder, WorkerProgress(folder, worker["workerid"]))
        config.pluginmanager.register(WorkHooks(config), "crossabi-work")
        return
    folder = _new_session_folder()
    config.stash[STATE] = State(config, folder, TerminalProgress(config))
    try:
        controller = ControllerHooks(config, folder)
    except CrossabiError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise pytest.UsageError(str(error)) from None
    config.pluginmanager.register(WorkHooks(config), "crossabi-work")
    config.pluginmanager.register(controller, "crossabi-controller")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what the session's workers shared."""
    controller = config.pluginmanager.get_plugin("crossabi-controller")
    if controller is not None:
        controller.close()


class WorkHooks:
    """In every process that runs items."""

    def __init__(self, config: pytest.Config) -> None:
        self.state = config.stash[STATE]

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Generator[None, object, object]:
        """Collect without the garbage collector: it would look at every node again and again, and frees nothing."""
        enabled = gc.isenabled()
        gc.disable()
        try:
            return (yield)
        finally:
            if enabled:
                gc.enable()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Announce all jobs, so that programs that share settings are built together."""
        tell_apart(session.items)
        items = [item for item in session.items if isinstance(item, JobItem)]
        if items and not session.config.getoption("collectonly"):
            try:
                self.state.start([job for item in items for job in item.jobs()])
            except CrossabiError as error:
                raise pytest.UsageError(str(error)) from None

    def pytest_sessionfinish(self) -> None:
        """Stop what was begun and is not wanted any more (-x, an interrupt)."""
        self.state.stop()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Hang what the item left on its report, as plain data that xdist can carry."""
        report = yield
        if isinstance(item, CrossItem) and report.when == "call":
            left = item.stash.get(RECORDS, None)
            if left is not None:
                setattr(report, LEFT, json.loads(json.dumps(left)))
        return report


class ControllerHooks:
    """In the one process that reports."""

    def __init__(self, config: pytest.Config, folder: Path) -> None:
        self.config = config
        self.folder = folder
        self.state = config.stash[STATE]
        self.matrix = Matrix()
        self.notes = Notes()
        self.diagnoses = Diagnoses()
        self.crossings = Crossings() if config.getoption("watch_crossings") else None
        self.shots = Shots() if config.getoption("snapshot") else None
        self.normalised: Counter[str] = Counter()
        self.listener: Listener | None = None
        self.lonely: set[str] = set()
        records = config.getoption("records")
        if _asks_for_something(config):
            self._check_arches()
        self.update = BaselineUpdate(self.state) if config.getoption("update_baselines") else None
        self.records = RecordsFile(Path(config.invocation_params.dir, records)) if records else None

    def _check_arches(self) -> None:
        """Raise now, before anything is collected, for bad toolchain files and names that are no architectures."""
        chosen = (self.state.arches, self.state.references)
        if any(chosen) and self.config.getoption("require_arch") and self.state.unavailable:
            rows = (f"{row.arch}: {row.cause}\n  mend: {row.mend}" for row in self.state.unavailable)
            raise CrossabiUsage("--require-arch: " + "\n".join(rows))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_setupnodes(self) -> None:
        """Refuse before there are workers what every worker would refuse, which xdist reports as a crash."""
        try:
            overlaid = self.state.session.ambient.overlaid
            if overlaid:
                refuse_foreign_overlay(overlaid, golang.ensure(self.state.toolchains.go, self.state.tell).goroot)
        except CrossabiError as error:
            raise pytest.UsageError(str(error)) from None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell an xdist worker where the session's folder is, and listen to its progress."""
        node.workerinput[FOLDER] = str(self.folder)
        if self.listener is None:
            self.listener = Listener(self.folder, TerminalProgress(self.config))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write the records and remember the verdict for the table."""
        left: Mapping[str, Any] | None = getattr(report, LEFT, None) or left_by(report, self.config.rootpath)
        if left is None:
            return
        self.matrix.add(left["verdict"])
        self.diagnoses.add(left["verdict"])
        self.normalised.update(left["verdict"]["normalised"])
        for observation in left["observations"]:
            self.notes.add(observation)
            if self.crossings and observation["phase"] == "run":
                self.crossings.add(observation)
            if self.shots and observation["phase"] == "run":
                self.shots.add(observation)
        if left["lonely"]:
            self.lonely.add(left["verdict"]["case"])
        if self.records:
            try:
                self.records.write(left)
            except CrossabiError as error:
                pytest.exit(str(error), returncode=error.exit_code)
        if self.update:
            self.update.add(left)

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, Any] | None:
        """Name the verdicts that pytest has no word for."""
        left = getattr(report, LEFT, None)
        row = _WORDS.get(left["verdict"]["verdict"]) if left else None
        if row is None or report.when != "call":
            return None
        category, letter, colour = row
        return category, letter, (left["verdict"]["verdict"] if left else "", {colour: True})

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the architectures that could not run into the records, and the baselines that were asked for."""
        if self.records and self.matrix.rows:
            for row in self.state.unavailable:
                cause = f"{row.arch} cannot run here: {row.cause}"
                verdict = Verdict(
                    f"arch[{row.arch}]", "arch", "", row.arch, "", Word.BROKEN, cause, detail=(f"mend: {row.mend}",)
                )
                self.records.write({"observations": [], "verdict": verdict.to_json()})
        if self.update:
            self.update.finish()
            if self.update.failed and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the broken architectures, the table, and why architectures differ."""
        if not self.matrix.rows:
            return
        self.matrix.order = list(self.state.toolchains.by_arch)
        terminalreporter.section("crossabi", sep="=", bold=True)
        writer = terminalreporter._tw
        lines = self.matrix.rich(writer.fullwidth).splitlines() if writer.hasmarkup else self.matrix.plain()
        for line in lines:
            terminalreporter.write_line(line)
        for row in self.state.unavailable:
            terminalreporter.write_line(f"BROKEN {row.arch}: {row.cause}", red=True)
            terminalreporter.write_line(f"  mend: {row.mend}")
        differences = self.matrix.differences()
        if differences:
            terminalreporter.write_line("")
            terminalreporter.write_line("declared divergences, all found:", bold=True)
        for line in differences:
            terminalreporter.write_line(printable(line))
        self._summarise(terminalreporter)
        if self.update:
            for line in self.update.report():
                terminalreporter.write_line(line)
        elif self.lonely:
            terminalreporter.write_line(
                _not_compared(self.lonely, self.state.references, self.state.arches), yellow=True
            )

    def _summarise(self, terminalreporter: Any) -> None:
        """Print what was normalised, what the watch saw, and what else happened."""
        if self.normalised:
            rows = ", ".join(f"{name} {count}" for name, count in sorted(self.normalised.items()))
            terminalreporter.write_line(f"normalised: {rows} (--raw compares outputs as printed)")
        if self.crossings:
            terminalreporter.write_line("crossings held against the ABI:", bold=True)
            for line in self.crossings.lines():
                terminalreporter.write_line(line)
        if self.shots:
            terminalreporter.write_line("snapshots:", bold=True)
            for line in self.shots.lines():
                terminalreporter.write_line(printable(line))
        diagnoses = [printable(line) for line in self.diagnoses.lines()]
        if diagnoses:
            terminalreporter.write_line("calls that are not what they should be:", bold=True)
        for line in diagnoses:
            terminalreporter.write_line(line)
        notes = self.notes.lines()
        if notes:
            terminalreporter.write_line("notes:", bold=True)
        for line in notes:
            terminalreporter.write_line(printable(line))

    def close(self) -> None:
        """Close the records file and remove the session's folder."""
        if self.listener:
            self.listener.close()
        if self.records:
            self.records.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class CrossabiUsage(CrossabiError):
    """A usage error that carries its own layout."""

    exit_code = 4


def _not_compared(cases: set[str], references: Sequence[str], asked: Sequence[str]) -> str:
    """Say that cases had no other side, and how to give them one."""
    first = ", ".join(sorted(cases)[:3]) + (f" and {len(cases) - 3} more" if len(cases) > 3 else "")
    if set(references) == set(asked):
        return f"not compared: {first} (--against names only what runs here, and nothing is compared with itself)"
    of = " or ".join(references) or "another architecture"
    how = f"--arch={','.join(references) or arches.ALL}"
    return f"not compared, for want of a baseline of {of}: {first} (`pytest {how} --update-baselines` makes one)"


def _asks_for_something(config: pytest.Config) -> bool:
    """Whether anybody chose architectures or toolchains, so that there is something that can be wrong."""
    options = ("arch", "require_arch", "against", "toolchains")
    chosen = config.getini("crossabi_toolchains") or config.getini("crossabi_arch") != DEFAULT_ARCHES
    return bool(chosen) or any(config.getoption(name) for name in options)


def _new_session_folder() -> Path:
    """Make a folder for this session, removing those (and half-built binaries) of processes that are gone."""
    root = files.session_root()
    try:
        root.mkdir(parents=True, exist_ok=True)
        for folder in root.glob("*-*"):
            if files.is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)
        Store().sweep()
        return Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=root))
    except OSError:  # no home to write to: a session without cases must not mind, one with cases will say so
        return Path(tempfile.mkdtemp(prefix="crossabi-session-"))


def _die_with_parent() -> None:
    """Ask the kernel to end this worker when the controller dies, however it dies."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
