"""From case.yaml files to items: ``run[target]`` and ``diff[left~right]``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from harness import case as cases
from harness.build.sources import leads_back
from harness.case import CASE_FILE, Case, Variant
from harness.errors import CrossabiError, InputError, Problem
from harness.plugin.items import AbsentItem, CrossItem, DiffItem, LoadItem, RunItem
from harness.plugin.state import STATE, Chosen, State, case_name, is_below_cases, is_case
from harness.target import Target

_MISNAMED = re.compile(r"(?!case\.yaml$)(?i:case\.ya?ml)")
CONFTEST = "conftest.py"
LEAF = 2  # links to a folder without folders in it, where a file system counts them (btrfs and overlayfs say 1)
FOREIGN = frozenset({"vendor", "testdata", "node_modules"})  # folders of a program's own, with whatever is in them


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a case's folder as a whole (its sources are nobody's tests), and what is below ``cases`` quickly."""
    if not is_below_cases(path, parent.config.stash[STATE].root):
        return None
    if os.path.lexists(path / CASE_FILE):
        return CaseFolder.from_parent(parent, path=path)
    if os.path.lexists(path / "__init__.py"):
        return None  # a package of somebody's tests
    return CaseGroup.from_parent(parent, path=path)


@pytest.hookimpl(tryfirst=True)
def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave alone, below ``cases``, a link that leads back to a folder it is in (there is nothing new behind it), and
    a folder that one may not look into: its group says so, while pytest's own look would end the session."""
    if not is_below_cases(collection_path, config.stash[STATE].root):
        return None
    back = collection_path.is_symlink() and leads_back(collection_path)
    return back or is_closed(collection_path) or None


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
    path on the command line or have a conftest.py, and about all folders where something is ignored.
    """

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Yield a case file for each child that is a case's folder, then everything else as pytest does."""
        try:
            entries = scan(self.path)
        except OSError as error:
            yield Unreadable.from_parent(self, path=self.path, name="", nodeid=self.nodeid, trouble=str(error.strerror))
            return
        folders = sorted(name for name, kind in entries.items() if kind == "folder" and not name.startswith("."))
        files = {name: os.path.join(self.path, name, CASE_FILE) for name in folders}  # noqa: PTH118 (thousands)
        cases = {name for name, file in files.items() if os.path.lexists(file)}
        yield from self._unreadable(name for name in entries if name not in cases and "." not in name)
        for name in sorted(name for name, kind in entries.items() if kind == "file" and _MISNAMED.fullmatch(name)):
            unread = InputError(self.path / name, [Problem(1, 1, f"nobody reads this: a case's file is {CASE_FILE}")])
            case = case_name(self.path / CASE_FILE)
            yield LoadItem.from_parent(self, name=f"load[{name}]", error=unread, case=case)
        option = self.config.option
        if option.ignore or option.ignore_glob or option.deselect:
            yield from self._as_pytest_does()
            return
        given = {name for name in cases if self.session.isinitpath(self.path / name, with_parents=True)}
        given |= {name for name in cases if os.path.lexists(os.path.join(self.path, name, CONFTEST))}  # noqa: PTH118
        for name in sorted(cases - given):
            nodeid = f"{self.nodeid}/{name}/{CASE_FILE}"
            yield CaseFile.from_parent(self, path=Path(files[name]), name=f"{name}/{CASE_FILE}", nodeid=nodeid)
        if given or len(cases) < len(folders) or "file" in entries.values():
            yield from (node for node in self._as_pytest_does() if node.path.name not in cases - given)

    def _unreadable(self, names: Iterable[str]) -> Iterator[Unreadable]:
        """Yield a failing collector for each link that leads nowhere and each closed folder among `names`."""
        for name in sorted(names):
            path = self.path / name
            trouble = ""
            if path.is_symlink() and not os.path.exists(path):  # noqa: PTH110 (which raises for a circle)
                trouble = f"a link to {path.readlink()}, where nothing can be found; mend it or take it away"
            elif is_closed(path):
                trouble = "Permission denied"
            if trouble:
                nodeid = f"{self.nodeid}/{name}"
                yield Unreadable.from_parent(self, path=path, name=name, nodeid=nodeid, trouble=trouble)

    def _as_pytest_does(self) -> Iterable[pytest.Item | pytest.Collector]:
        # Dir is final, but asks nothing of `self` that a Directory lacks; with a Dir as the parent of what is found,
        # the fixtures of this folder's conftest.py would be out of sight.
        return pytest.Dir.collect(cast(pytest.Dir, self))


def scan(folder: Path) -> dict[str, str]:
    """Return whether each name in `folder` is a ``folder``, a ``file`` or something ``else``, links followed.

    Raises OSError where the folder cannot be read; a link that leads nowhere or in a circle is something else.
    """
    found = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                found[entry.name] = "folder" if entry.is_dir() else "file" if entry.is_file() else "else"
            except OSError:
                found[entry.name] = "else"
    return found


def is_closed(path: Path) -> bool:
    """Whether `path` is a folder that one may not look into."""
    return os.path.isdir(path) and not os.access(path, os.R_OK | os.X_OK)  # noqa: PTH112 (which raises)


def cases_inside(folder: Path) -> Iterator[Path]:
    """Yield each case.yaml in a folder of a case's own folder, where nobody looks for cases."""
    try:
        if os.stat(folder).st_nlink == LEAF:  # noqa: PTH116 (thousands of times, and mostly in vain)
            return
        with os.scandir(folder) as entries:
            below = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return  # the build says so
    for name in below:
        if name.startswith((".", "_")) or name in FOREIGN:
            continue
        path = folder / name
        if os.path.lexists(path / CASE_FILE):
            yield path / CASE_FILE
        yield from cases_inside(path)


class Unreadable(pytest.Collector):
    """A folder, or what should be one, that cannot be looked into: one failing item, so that the others still run."""

    def __init__(self, *, trouble: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.trouble = trouble

    def collect(self) -> Iterable[CrossItem]:
        """Yield the item that says why."""
        error = InputError(self.path, [Problem(1, 1, f"cannot be read: {self.trouble}")])
        yield LoadItem.from_parent(self, name="load", error=error, case=case_name(self.path / CASE_FILE))


class CaseFile(pytest.File):
    """One case.yaml."""

    @property
    def ihook(self) -> Any:
        """The hooks for this file: those of the group that handed it out, whose folder pytest has looked into.

        Of a folder that it has not looked into pytest believes that no conftest.py applies, not even the project's.
        """
        return self.parent.ihook if isinstance(self.parent, CaseGroup) else super().ihook

    def collect(self) -> Iterable[CrossItem]:
        """Yield a run item for each target and variant, and a diff item for each pair.

        A file that is malformed gives one failing item, ``load``, so that the other cases still run.
        """
        state = self.config.stash[STATE]
        if self._cannot_work(state):
            return
        for path in cases_inside(self.path.parent):
            hidden = f"this case is inside another one, {self.path.parent}, whose folder is its sources; move it out"
            error = InputError(path, [Problem(1, 1, hidden)])
            name = f"load[{path.parent.relative_to(self.path.parent)}]"
            yield LoadItem.from_parent(self, name=name, error=error, case=case_name(path))
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
