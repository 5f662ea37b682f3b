"""`--update-baselines`: accept what passing runs showed; say what could not be refreshed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.case import Case
from harness.compare import baseline, probed
from harness.compare.baseline import Baseline, BaselineTooLong
from harness.compare.normalise import Normaliser
from harness.errors import CrossabiError, UsageError
from harness.observation import Observation, observation_from_json
from harness.plugin.state import State

# What the build services set: most of them CI, the others one of their own.
CI = (
    "CI",
    "CONTINUOUS_INTEGRATION",
    "BUILD_NUMBER",
    "BUILDKITE",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "JENKINS_URL",
    "TEAMCITY_VERSION",
    "TF_BUILD",
)


class BaselineUpdate:
    """Collects the run items of a session, in the controller, and writes baselines at its end."""

    def __init__(self, state: State) -> None:
        seen = next((name for name in CI if os.environ.get(name, "").lower() not in ("", "0", "false")), None)
        if seen:
            raise UsageError(
                f"--update-baselines refuses to run in CI (the variable {seen} is set)",
                why="a baseline that a machine accepts by itself accepts every regression",
                mend="update on your own machine, look at the difference, and commit it",
            )
        self.state = state
        self._observed: dict[tuple[str, str, str], list[Observation]] = {}  # one a repeat
        self._passed: dict[tuple[str, str, str], Path] = {}
        self._refused: list[str] = []
        self._unsteady: list[str] = []
        self._too_long: list[str] = []
        self.failed: list[str] = []  # what passed and could not be written all the same
        self._written: list[Path] = []
        self._folders: dict[str, tuple[Path, Mapping[str, Any]]] = {}

    def add(self, left: Mapping[str, Any]) -> None:
        """Take in what one item left."""
        for row in left["observations"]:
            observation = observation_from_json(row)
            self._observed.setdefault((observation.case, observation.target, observation.variant), []).append(
                observation
            )
        verdict = left["verdict"]
        if verdict["kind"] != "run":
            return
        if verdict["verdict"] == "PASS":
            folder = Path(self.state.config.rootpath, verdict["item"].partition("::")[0]).parent
            self._passed[verdict["case"], verdict["target"], verdict["variant"]] = folder
        else:
            self._refused.append(f"{verdict['item']}: {verdict['verdict']}: {verdict['cause']}")

    def finish(self) -> None:
        """Write the baseline of every case that had a passing run."""
        by_folder: dict[Path, list[list[Observation]]] = {}
        for key, folder in self._passed.items():
            if key in self._observed:
                by_folder.setdefault(folder, []).append(self._observed[key])
            else:
                self._refused.append(f"{key[0]} on {key[1]}: its observation was lost with a worker")
        for folder, observed in sorted(by_folder.items()):
            self._write(folder, observed)

    def report(self) -> list[str]:
        """Say what was written and what could not be."""
        lines = [f"baselines written: {len(self._written)}"]
        lines += [f"  {path}" for path in self._written]
        if self._refused:
            lines += ["not refreshed, because the run did not pass:", *(f"  {row}" for row in self._refused)]
        if self._unsteady:
            lines += ["not refreshed, because its repeats differ among themselves:"]
            lines += [f"  {row}" for row in self._unsteady]
        if self._too_long:
            lines += ["not refreshed, because it would be too long for anybody to read (let the case print less):"]
            lines += [f"  {row}" for row in self._too_long]
        if self.failed:
            lines += ["not refreshed, because the file cannot be used (mend it, or delete it to make it anew):"]
            lines += [f"  {row}" for row in self.failed]
        return lines

    def _write(self, folder: Path, observed: Sequence[list[Observation]]) -> None:
        from harness import case as cases

        try:
            case = cases.load(folder / cases.CASE_FILE, observed[0][0].case, self.state.names)
            known = baseline.load(folder, case.name)
            accepted, measured = dict(known.accepted), dict(known.measured)
            for observation, *others in observed:
                form, *forms = (
                    baseline.accepted_form(row, case.compare, Normaliser(case.normalise), _probes(case, row))
                    for row in (observation, *others)
                )
                variant = f" [{observation.variant}]" if observation.variant else ""
                name, size = f"{case.name}{variant} on {observation.target}", baseline.length(form)
                if any(other != form for other in forms):
                    self._unsteady.append(name)
                    continue
                if size > baseline.MOST_TEXT:
                    self._too_long.append(f"{name}: {size} bytes of at most {baseline.MOST_TEXT}")
                    continue
                accepted[observation.target, observation.variant] = form
                measured[observation.target] = baseline.provenance(observation.environment)
            if not accepted:
                return
            order = list(self.state.toolchains.by_arch)
            baseline.save(folder, Baseline(accepted, measured), order)
        except BaselineTooLong as error:
            self._too_long.append(str(error))
        except CrossabiError as error:
            self.failed.append(str(error))
        else:
            self._written.append(folder)


def _probes(case: Case, row: Observation) -> dict[str, dict[str, str]]:
    """Return what the case's own probes said; others that somebody asked for are no business of its baseline."""
    variant = next(variant for variant in case.variants if variant.name == row.variant)
    expect = variant.expect.on(row.arch)
    return probed.accepted(row, expect, {probe.at for probe in variant.probes})
