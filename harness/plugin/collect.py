"""From case.yaml files to items: ``run[target]`` and ``diff[left~right]``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import cast

import pytest

from harness import case as cases
from harness.case import CASE_FILE, Case, Variant
from harness.errors import CrossabiError, InputError
from harness.plugin.items import AbsentItem, CrossItem, DiffItem, LoadItem, RunItem
from harness.plugin.state import STATE, Chosen, State, case_name, is_below_cases, is_case
from harness.target import Target


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a case's folder as a whole (its sources are nobody's tests), and what is below ``cases`` quickly."""
    if not is_below_cases(path, parent.config.stash[STATE].root):
        return None
    if (path / CASE_FILE).is_file():
        return CaseFolder.from_parent(parent, path=path)
    if (path / "__init__.py").is_file():
        return None  # a package of somebody's tests
    return CaseGroup.from_parent(parent, path=path)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a case.yaml that is named on the command line, wherever it is."""
    explicit = file_path.name == CASE_FILE and parent.session.isinitpath(file_path)
    if is_case(file_path, parent.config.stash[STATE].root) or explicit:
        return CaseFile.from_parent(parent, path=file_path)
    return None


class CaseFolder(pytest.Directory):
    """A case's folder; only its case.yaml is looked at."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Yield the case file."""
        yield CaseFile.from_parent(self, path=self.path / CASE_FILE)


class CaseGroup(pytest.Directory):
    """A folder below ``cases``: hands out its case files without asking every hook about every folder.

    With ten thousand cases, pytest's questions (is it ignored, has it a conftest.py, who collects it) cost more than
    reading the files. They are still asked about all that is not a case's folder, about the folders that lead to a
    path on the command line, and about all folders where something is ignored.
    """

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Yield a case file for each child that is a case's folder, then everything else as pytest does."""
        option = self.config.option
        if option.ignore or option.ignore_glob or option.deselect:
            yield from self._as_pytest_does()
            return
        cases: set[str] = set()
        base = self.nodeid
        with os.scandir(self.path) as entries:
            folders = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
        for name in folders:
            path = self.path / name
            file = os.path.join(path, CASE_FILE)  # noqa: PTH118 (thousands of times)
            if os.path.isfile(file) and not self.session.isinitpath(path, with_parents=True):  # noqa: PTH113
                cases.add(name)
                nodeid = f"{base}/{name}/{CASE_FILE}"
                yield CaseFile.from_parent(self, path=path / CASE_FILE, name=f"{name}/{CASE_FILE}", nodeid=nodeid)
        if len(cases) < len(folders) or self._has_files():
            yield from (node for node in self._as_pytest_does() if node.path.name not in cases)

    def _as_pytest_does(self) -> Iterable[pytest.Item | pytest.Collector]:
        # Dir is final, but asks nothing of `self` that a Directory lacks; with a Dir as the parent of what is found,
        # the fixtures of this folder's conftest.py would be out of sight.
        return pytest.Dir.collect(cast(pytest.Dir, self))

    def _has_files(self) -> bool:
        with os.scandir(self.path) as entries:
            return any(entry.is_file() for entry in entries)


class CaseFile(pytest.File):
    """One case.yaml."""

    def collect(self) -> Iterable[CrossItem]:
        """Yield a run item for each target and variant, and a diff item for each pair.

        A file that is malformed gives one failing item, ``load``, so that the other cases still run.
        """
        state = self.config.stash[STATE]
        if self._cannot_work(state):
            return
        try:
            case = cases.load(self.path, case_name(self.path), state.names)
        except InputError as error:
            if self._is_named_with_item():
                raise self.CollectError(str(error)) from None
            yield LoadItem.from_parent(self, name="load", error=error, case=case_name(self.path))
            return
        made = [item for variant in case.variants for item in self._items(state, case, variant)]
        if not made:
            only = dict.fromkeys(arch for variant in case.variants for arch in variant.arches or ())
            cause = f"it is for {', '.join(only)} only; asked for was {', '.join(state.arches)}"
            if self._is_named_with_item():
                raise self.CollectError(f"{self.path}: {cause}")
            yield AbsentItem.from_parent(self, name="absent", cause=cause, case=case.name)
        yield from made

    def _cannot_work(self, state: State) -> bool:
        """Whether the session cannot do anything at all (an unusable cache); said once, at the first case."""
        if state.cannot_work:
            return True
        try:
            _ = state.chosen
        except CrossabiError as error:
            state.cannot_work = True
            raise self.CollectError(str(error)) from None
        return False

    def _items(self, state: State, case: Case, variant: Variant) -> Iterator[CrossItem]:
        suffix = f"-{variant.name}" if variant.name else ""
        chosen: dict[str, Chosen | str] = {
            target_name(target): target for target in state.chosen if variant.runs_on(target.arch)
        }
        names = list(chosen)
        stand_ins = self._stand_ins(state, case, variant, names)
        pairs = [*state.pairs(names), *(_ordered(state, name, other) for other in stand_ins for name in names)]
        compared = {name for pair in pairs for name in pair}
        for name in names:
            lonely = name not in compared and state.compares and variant.is_shared
            made = {"case": case, "variant": variant, "target": chosen[name], "lonely": lonely}
            yield RunItem.from_parent(self, name=f"run[{name}{suffix}]", **made)
        for left, right in pairs:
            yield DiffItem.from_parent(
                self,
                name=f"diff[{left}~{right}{suffix}]",
                case=case,
                variant=variant,
                left=chosen.get(left, left),
                right=chosen.get(right, right),
            )

    def _stand_ins(self, state: State, case: Case, variant: Variant, names: Sequence[str]) -> list[str]:
        """Return the architectures that do not run here and whose committed baselines stand in for them.

        They are the ones that --against names, or, where a target runs alone, the first of the others.
        """
        absent = [arch for arch in state.references if arch not in names]
        if not state.compares or not names or not (absent or len(names) == 1):
            return []
        try:
            known = state.baseline(case.folder, case.name)
        except CrossabiError:
            return []  # the run item says so
        others = absent if state.references else [arch for arch in state.toolchains.by_arch if arch not in names]
        found = [arch for arch in others if known.of(arch, variant.name) is not None]
        return found if state.references else found[:1]

    def _is_named_with_item(self) -> bool:
        named = (arg.partition("::")[0] for arg in self.config.args if "::" in arg)
        return any(self.config.invocation_params.dir.joinpath(path).resolve() == self.path.resolve() for path in named)


def target_name(target: Chosen) -> str:
    """Return what tells the target apart in an item's name."""
    return target.id if isinstance(target, Target) else target.arch


def _ordered(state: State, first: str, second: str) -> tuple[str, str]:
    """Return two architectures in the table's order, so that no pair stands twice."""
    order = list(state.toolchains.by_arch)
    left, right = sorted((first, second), key=lambda arch: order.index(arch) if arch in order else len(order))
    return left, right
