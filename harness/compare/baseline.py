"""`baseline.yaml` beside a case: the accepted observation of each target, small and readable.

Targets that behave alike share one entry, so that a reader sees at once who differs from whom.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode

from harness import files, yamlsource
from harness.case import BASELINE_FILE
from harness.compare.normalise import Normaliser
from harness.errors import CrossabiError
from harness.observation import OUTCOMES, Diagnostic, Environment, Observation
from harness.schema import Choice, Context, ListOf, MapOf, Number, Record, Text, child, validate

Key = tuple[str, str]  # target, variant
MOST_TEXT = 64 << 10  # bytes of one observation's texts: what is longer no reader looks at
HEADER = """\
# What each target was last accepted to do; made by `pytest --update-baselines`, compared by every run.
# A difference from it is a regression; with one --arch alone, the other side of a diff comes from here.
"""

_ENTRY = Record(
    {
        "targets": ListOf(Text(empty=False), least=1),
        "variant": Text(),
        "outcome": Choice(OUTCOMES),
        "exit_code": Number(0, 255),
        "signal": Text(empty=False),
        "message": Text(),
        "diagnostics": ListOf(Text()),
        "stdout": Text(),
        "stderr": Text(),
        "probes": MapOf(MapOf(Text(), about="values by name"), about="what the case's probes said"),
    },
    required=("targets", "outcome"),
)


def _targets_once(node: MappingNode, values: dict[str, Any], context: Context) -> None:
    owner: dict[Key, int] = {}
    entries = child(node, "accepted").value
    for number, row in enumerate(values["accepted"], 1):
        for target in row["targets"]:
            first = owner.setdefault((target, row.get("variant", "")), number)
            if first != number:
                context.bad(entries[number - 1], f"{target} already stands in entry {first}; update the baseline anew")


BASELINE_SHAPE = Record(
    {
        "accepted": ListOf(_ENTRY, about="one entry for targets that behave alike"),
        "measured": MapOf(Text(), about="with what each target was measured"),
    },
    required=("accepted",),
    after=_targets_once,
)


@dataclass(frozen=True)
class Baseline:
    """The accepted observations of one case by (target, variant), and with what each target was measured."""

    accepted: Mapping[Key, Observation]
    measured: Mapping[str, str]

    def of(self, target: str, variant: str) -> Observation | None:
        """Return what `target` was last accepted to do, or None."""
        return self.accepted.get((target, variant))


def load(folder: Path, case: str) -> Baseline:
    """Read the baseline in a case's folder; an absent file is an empty baseline. Raises InputError."""
    path = folder / BASELINE_FILE
    if not os.path.lexists(path):
        return Baseline({}, {})
    values = validate(BASELINE_SHAPE, yamlsource.read(path), path)
    measured = dict(values.get("measured", {}))
    accepted = {}
    for row in values["accepted"]:
        for target in row["targets"]:
            observation = _observation(case, target, row, measured.get(target, ""))
            accepted[target, observation.variant] = observation
    return Baseline(accepted, measured)


class BaselineTooLong(CrossabiError):
    """A baseline would be larger than what `load` reads; nothing was written."""


def length(observation: Observation) -> int:
    """Return the bytes of the texts of an accepted form; a baseline has at most MOST_TEXT of them."""
    probes = [text for row in observation.accepted.values() for text in row.values()]
    return len("".join((observation.stdout, observation.stderr, observation.message, *probes)).encode())


def save(folder: Path, baseline: Baseline, order: Sequence[str]) -> None:
    """Write the baseline into a case's folder; targets stand in `order`. Raises BaselineTooLong."""
    groups: dict[str, dict[str, Any]] = {}
    rank = {target: number for number, target in enumerate(order)}
    for (target, _), observation in sorted(baseline.accepted.items(), key=lambda row: _rank(row[0], rank)):
        row = _row(observation)
        group = groups.setdefault(yaml.safe_dump(row), {"targets": [], **row})
        group["targets"].append(target)
    measured = dict(sorted(baseline.measured.items(), key=lambda row: _rank((row[0], ""), rank)))
    body = yaml.dump(
        {"accepted": list(groups.values()), "measured": measured},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=110,
    )
    size = len((HEADER + body).encode())
    if size > yamlsource.MAX_BYTES:
        raise BaselineTooLong(f"all of {folder / BASELINE_FILE}: {size} bytes of at most {yamlsource.MAX_BYTES}")
    files.write_atomic(folder / BASELINE_FILE, HEADER + body)


def accepted_form(
    observation: Observation,
    streams: Sequence[str],
    normaliser: Normaliser,
    probes: Mapping[str, Mapping[str, str]] | None = None,
) -> Observation:
    """Return `observation` as a baseline keeps it: normalised, and only what is compared; `probes` too, if any."""
    ran = observation.phase == "run"
    texts = {name: normaliser.apply(getattr(observation, name), observation) if ran else "" for name in streams}
    return Observation(
        observation.case,
        observation.target,
        observation.variant,
        observation.phase,
        observation.outcome,
        exit_code=observation.exit_code,
        signal=observation.signal,
        message=normaliser.apply(observation.message, observation) if ran else "",
        stdout=texts.get("stdout", ""),
        stderr=texts.get("stderr", ""),
        diagnostics=tuple(
            replace(row, text=normaliser.apply(row.text, observation)) for row in observation.diagnostics
        ),
        accepted=probes or {},
        environment=observation.environment,
    )


def provenance(environment: Environment) -> str:
    """Say in a few words with what an observation was made: ``go1.27.4, x86_64-linux-gnu-gcc 12.2.0, native``."""
    parts = (environment.go, _short(environment.c_compiler), _short(environment.emulator) or environment.runner)
    return ", ".join(part for part in parts if part)


def _short(version: str) -> str:
    """Return the program and the number of its version line: ``… version 7.2.22 (…)`` or ``… (…) 12.2.0``."""
    number = re.search(r"version (\d+(?:\.\d+)+)", version) or re.search(r"(\d+(?:\.\d+)+)$", version)
    return f"{version.split(maxsplit=1)[0]} {number[1]}" if number else version


def _observation(case: str, target: str, row: Mapping[str, Any], measured: str) -> Observation:
    return Observation(
        case,
        target,
        row.get("variant", ""),
        phase="build" if row["outcome"] == "build-error" else "run",
        outcome=row["outcome"],
        exit_code=row.get("exit_code"),
        signal=row.get("signal"),
        message=row.get("message", ""),
        diagnostics=tuple(_diagnostic(text) for text in row.get("diagnostics", ())),
        stdout=row.get("stdout", ""),
        stderr=row.get("stderr", ""),
        accepted=row.get("probes", {}),
        notes=(f"baseline, measured with {measured}",) if measured else (),
    )


def _row(observation: Observation) -> dict[str, Any]:
    row: dict[str, Any] = {
        "variant": observation.variant,
        "outcome": observation.outcome,
        "exit_code": observation.exit_code,
        "signal": observation.signal,
        "message": observation.message,
        "diagnostics": [str(diagnostic) for diagnostic in observation.diagnostics],
        "stdout": observation.stdout,
        "stderr": observation.stderr,
        "probes": {where: dict(row) for where, row in observation.accepted.items()},
    }
    return {name: value for name, value in row.items() if value not in (None, "", [], {})}


def _diagnostic(text: str) -> Diagnostic:
    return Diagnostic("", 0, 0, text)


def _rank(key: Key, rank: Mapping[str, int]) -> tuple[str, int, str]:
    return key[1], rank.get(key[0], len(rank)), key[0]


_ODD_BREAK = re.compile("[\r\x85\u2028\u2029]")


class _Dumper(yaml.SafeDumper):
    """Lists of words on one line, texts of several lines as blocks."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if _ODD_BREAK.search(text) or yamlsource.plain_value(text) != text:
        style = '"'  # what `yamlsource` would not read as this text
    elif "\n" in text:
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _list(dumper: yaml.SafeDumper, values: list[Any]) -> yaml.SequenceNode:
    short = all(isinstance(value, str) and len(value) < 20 for value in values)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=short)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)
