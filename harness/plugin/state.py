"""What the plugin knows during one session: the chosen targets, the work session, the case names."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import pytest

from harness import arches
from harness.build.ambient import given
from harness.case import CASE_FILE
from harness.caseshape import Names
from harness.compare import baseline
from harness.compare.baseline import Baseline
from harness.errors import CrossabiError, StoreBroken
from harness.host import faults, resolve, tools
from harness.run.sight import Sight
from harness.session import Job, Session
from harness.snapshot import parse_probe
from harness.target import Target, Unavailable
from harness.toolchain import Toolchains, load_all

CASES = "cases"  # the folder whose children are groups of cases

Chosen = Target | Unavailable


class State:
    """Made once per pytest process. What needs tools or files is looked up when it is first needed."""

    def __init__(self, config: pytest.Config, folder: Path, tell: Progress) -> None:
        self.config = config
        self.folder = folder
        self.tell = tell
        self._baselines: dict[Path, Baseline] = {}
        self.cannot_work = False

    @cached_property
    def root(self) -> Path:
        """The project's folder, from which ``cases`` is looked for.

        That is pytest's rootdir; but where no configuration file in it says so, it is the folder that pytest is started
        in or was given, which may be a case's own or a group's.
        """
        root, ini = self.config.rootpath, self.config.inipath
        is_project = ini is not None and ini.parent == root
        if not is_project and ((root / CASE_FILE).is_file() or next(root.glob(f"*/{CASE_FILE}"), None)):
            return next((folder.parent for folder in (root, *root.parents) if folder.name == CASES), root)
        return root

    @cached_property
    def toolchains(self) -> Toolchains:
        """Every architecture that is known, with the user's own."""
        own = [Path(text) for text in self.config.getoption("toolchains")]
        return load_all([*self.config.getini("crossabi_toolchains"), *own])

    @cached_property
    def names(self) -> Names:
        """Every spelling of an architecture, with its GOARCH name."""
        return tuple(self.toolchains.synonyms.items())

    @cached_property
    def arches(self) -> tuple[str, ...]:
        """The architectures that were asked for, in the tables' order. Raises UsageError."""
        wanted = self.config.getoption("arch") or [self.config.getini("crossabi_arch")]
        return self._select(wanted)

    @cached_property
    def chosen(self) -> tuple[Chosen, ...]:
        """A target, or the reason why there is none, for each architecture that was asked for."""
        return tuple(self._resolve(arch) for arch in self.arches)

    @property
    def targets(self) -> list[Target]:
        """The targets that can run."""
        return [target for target in self.chosen if isinstance(target, Target)]

    @property
    def unavailable(self) -> list[Unavailable]:
        """The architectures that were asked for and cannot run."""
        return [target for target in self.chosen if isinstance(target, Unavailable)]

    @cached_property
    def references(self) -> tuple[str, ...]:
        """The architectures that the others are compared with; empty where the default decides."""
        against = self.config.getoption("against")
        return self._select([against]) if against else ()

    @property
    def compares(self) -> bool:
        """Whether architectures are compared at all."""
        return bool(self.config.getoption("pairs") != "none")

    def pairs(self, available: Sequence[str]) -> list[tuple[str, str]]:
        """Return the pairs to compare among `available` (the case's architectures of this session).

        The table's order decides which side comes first, so no pair stands twice. The committed baselines of
        architectures that do not run here are no business of this (see `harness.plugin.collect`).
        """
        if not self.compares:
            return []
        if self.config.getoption("pairs") == "all":
            return list(itertools.combinations(available, 2))
        references = [arch for arch in self.references if arch in available]
        if not references and set(self.references) <= set(self.arches):
            references = list(available[:1])
        return [
            (first, second)
            for first, second in itertools.combinations(available, 2)
            if first in references or second in references
        ]

    @cached_property
    def session(self) -> Session:
        """The work session, shared with the other workers through `folder`."""
        probes = tuple(map(parse_probe, self.config.getoption("snapshot")))
        sight = Sight(self.config.getoption("watch_crossings"), probes, self.config.getoption("watch_by"))
        return Session(self.folder, faults.load(self.toolchains.folders), self.tell, sight)

    @property
    def given(self) -> Mapping[str, str]:
        """The variables of the caller's environment without which a run is another one."""
        emulators = {name: value for name, value in os.environ.items() if name == tools.QEMU_DIR and value}
        return {**given(os.environ), **emulators}

    def baseline(self, folder: Path, case: str) -> Baseline:
        """Return the baseline beside a case, read once. Raises InputError."""
        if folder not in self._baselines:
            self._baselines[folder] = baseline.load(folder, case)
        return self._baselines[folder]

    def start(self, jobs: Sequence[Job]) -> None:
        """Announce the session's jobs, once collection is over, and begin with them.

        A worker of pytest-xdist does not work ahead: which of the jobs will be its own is not known.
        """
        self.session.expect(jobs)
        threads = self.config.getoption("jobs") or os.cpu_count() or 1
        if threads > 1 and not hasattr(self.config, "workerinput"):
            self.session.work_ahead(threads)

    def stop(self) -> None:
        """Give up what nobody waits for."""
        if "session" in self.__dict__:
            self.session.close()

    def _select(self, wanted: Sequence[str]) -> tuple[str, ...]:
        installed: tuple[str, ...] = ()
        if any(arches.ALL in text.lower().split(",") for text in wanted):
            installed = resolve.installed(self.toolchains, self.config.getoption("runner"))
        native = self.toolchains.native_arch(tools.machine())
        return arches.select(wanted, self.toolchains.synonyms, installed, native)

    def _resolve(self, arch: str) -> Chosen:
        try:
            return resolve.resolve(self.toolchains, arch, self.config.getoption("runner"))
        except StoreBroken:
            raise  # not this architecture's trouble: nothing at all can be built
        except CrossabiError as error:
            return Unavailable(arch, error.what, error.mend)


class Progress:
    """Where long work says what it is doing; replaced by the hooks with something that reaches the terminal."""

    def __call__(self, text: str) -> None:
        """Say `text`."""


STATE = pytest.StashKey[State]()


def case_name(path: Path) -> str:
    """Return ``group/folder`` for a case.yaml: its folder's path below the last folder called ``cases``."""
    parts = path.parent.parts
    below = [number for number, part in enumerate(parts) if part == CASES]
    start = below[-1] + 1 if below else max(0, len(parts) - 2)
    return "/".join(parts[start:]) or path.parent.name


def is_below_cases(path: Path, root: Path) -> bool:
    """Whether a folder called ``cases`` leads to `path` (or is it), counted from the project's `root`."""
    return CASES in (path.relative_to(root).parts if path.is_relative_to(root) else path.parts)


def is_case(path: Path, root: Path) -> bool:
    """Whether `path` is a case.yaml that belongs to a folder called ``cases``."""
    return path.name == CASE_FILE and (root.name == CASES or is_below_cases(path, root))
