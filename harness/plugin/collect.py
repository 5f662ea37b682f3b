"""From case.yaml files to items: ``run[target]`` and ``diff[left~right]``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from harness import case as cases
from harness.case import CASE_FILE, Case, Variant
from harness.errors import CrossabiError, InputError
from harness.plugin.items import CrossItem, DiffItem, LoadItem, RunItem
from harness.plugin.state import STATE, Chosen, State, case_name, is_case
from harness.target import Target


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a case's folder as a whole: its sources are nobody's tests."""
    if (path / CASE_FILE).is_file() and is_case(path / CASE_FILE):
        return CaseFolder.from_parent(parent, path=path)
    return None


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a case.yaml that is named on the command line, wherever it is."""
    explicit = file_path.name == CASE_FILE and parent.session.isinitpath(file_path)
    if is_case(file_path) or explicit:
        return CaseFile.from_parent(parent, path=file_path)
    return None


class CaseFolder(pytest.Directory):
    """A case's folder; only its case.yaml is looked at."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Yield the case file."""
        yield CaseFile.from_parent(self, path=self.path / CASE_FILE)


class CaseFile(pytest.File):
    """One case.yaml."""

    def collect(self) -> Iterable[CrossItem]:
        """Yield a run item for each target and variant, and a diff item for each pair.

        A file that is malformed gives one failing item, ``load``, so that the other cases still run.
        """
        state = self.config.stash[STATE]
        try:
            case = cases.load(self.path, case_name(self.path), state.names)
        except InputError as error:
            if self._is_named_with_item():
                raise self.CollectError(str(error)) from None
            yield LoadItem.from_parent(self, name="load", error=error, case=case_name(self.path))
            return
        for variant in case.variants:
            yield from self._items(state, case, variant)

    def _items(self, state: State, case: Case, variant: Variant) -> Iterator[CrossItem]:
        suffix = f"-{variant.name}" if variant.name else ""
        chosen = {target_name(target): target for target in state.chosen if variant.runs_on(target.arch)}
        for name, target in chosen.items():
            yield RunItem.from_parent(self, name=f"run[{name}{suffix}]", case=case, variant=variant, target=target)
        pairs = [(chosen[left], chosen[right]) for left, right in state.pairs(list(chosen))]
        for left, right in pairs:
            name = f"diff[{target_name(left)}~{target_name(right)}{suffix}]"
            yield DiffItem.from_parent(self, name=name, case=case, variant=variant, left=left, right=right)
        if len(chosen) == 1 and state.config.getoption("pairs") != "none":
            yield from self._against_baseline(state, case, variant, next(iter(chosen.values())), suffix)

    def _against_baseline(
        self, state: State, case: Case, variant: Variant, target: Chosen, suffix: str
    ) -> Iterator[DiffItem]:
        """Yield the diffs of a target that runs alone with what other architectures were accepted to do."""
        try:
            known = state.baseline(case.folder, case.name)
        except CrossabiError:
            return  # the run item says so
        name = target_name(target)
        others = [
            arch for arch in state.toolchains.by_arch if arch != name and known.of(arch, variant.name) is not None
        ]
        wanted = [arch for arch in others if arch in state.references] if state.references else others[:1]
        order = list(state.toolchains.by_arch)
        for other in wanted:
            left, right = sorted((name, other), key=lambda arch: order.index(arch) if arch in order else len(order))
            yield DiffItem.from_parent(
                self,
                name=f"diff[{left}~{right}{suffix}]",
                case=case,
                variant=variant,
                left=target if left == name else other,
                right=target if right == name else other,
            )

    def _is_named_with_item(self) -> bool:
        return any("::" in arg and Path(arg.partition("::")[0]).name == CASE_FILE for arg in self.config.args)


def target_name(target: Chosen) -> str:
    """Return what tells the target apart in an item's name."""
    return target.id if isinstance(target, Target) else target.arch
