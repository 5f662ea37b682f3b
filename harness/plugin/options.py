"""Command-line options and ini settings."""

from __future__ import annotations

import argparse

import pytest

from harness.host.resolve import AUTO, RUNNER_CHOICES
from harness.snapshot import WATCH_BY, parse_probe

PAIRS = ("reference", "all", "none")
DEFAULT_ARCHES = "amd64,arm64"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the crossabi group."""
    group = parser.getgroup("crossabi", "crossabi: Go and C across architectures")
    group.addoption(
        "--arch",
        action="append",
        metavar="NAMES",
        help="architectures to build and run: GOARCH names, GNU triples, uname or Docker names, with commas; "
        "'all' is everything installed, 'native' this machine "
        f"(default: the ini setting crossabi_arch, {DEFAULT_ARCHES})",
    )
    group.addoption(
        "--require-arch",
        action="store_true",
        help="an architecture that was asked for and cannot run here ends the run with an error (for CI)",
    )
    group.addoption(
        "--runner",
        choices=RUNNER_CHOICES,
        default=AUTO,
        help="native or qemu; auto runs natively what this machine can run (default: %(default)s)",
    )
    group.addoption(
        "--jobs",
        type=_count,
        metavar="N",
        help="build and run N programs side by side, ahead of the items that ask for them (default: one a processor; "
        "with -n each worker does its own)",
    )
    group.addoption(
        "--against",
        metavar="NAMES",
        help="the reference architectures that the others are compared with; the committed baseline stands in for one "
        "that is not among --arch (default: the first of --arch, or with one --arch alone the baseline of another)",
    )
    group.addoption(
        "--pairs",
        choices=PAIRS,
        default=PAIRS[0],
        help="which architectures are compared: each with the reference, all with all, or none (default: %(default)s)",
    )
    group.addoption(
        "--watch-crossings",
        action="store_true",
        help="hold every crossing between C and Go of each program against the ABI "
        "(docs/watch.md); a broken promise fails the item even when the output is right",
    )
    group.addoption(
        "--watch-by",
        choices=WATCH_BY,
        default=WATCH_BY[0],
        help="where the watch has registers from: QEMU's log, or by stopping the program at each crossing, which also "
        "does it natively and for libraries that come later; auto takes the log where it has them all "
        "(default: %(default)s)",
    )
    group.addoption(
        "--snapshot",
        type=_probe,
        action="append",
        default=[],
        metavar="PLACE[,WHEN][,HITS]",
        help="take the registers at a place of each program that has it, and print them under the table: a function, "
        "file.c:12 or an address; WHEN is entry, return or both; HITS 3, 1-3 or 2- (default: entry,1-3); again for "
        "more (docs/snapshots.md)",
    )
    _add_output_options(group)
    parser.addini("crossabi_arch", "architectures used without --arch", default=DEFAULT_ARCHES)
    parser.addini("crossabi_toolchains", "folders of toolchain files of your own", type="paths", default=[])


def _count(text: str) -> int:
    """Read a number of at least 1. Raises ArgumentTypeError, which pytest prints and ends with 4."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


def _path(text: str) -> str:
    """Refuse an empty text, which an unset variable leaves. Raises ArgumentTypeError, which ends pytest with 4."""
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    return text


def _probe(text: str) -> str:
    """Check a probe, and return its text, which xdist can carry. Raises ArgumentTypeError, which ends pytest with 4."""
    try:
        parse_probe(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _add_output_options(group: pytest.OptionGroup) -> None:
    group.addoption("--raw", action="store_true", help="compare outputs as printed: turn every normalising rule off")
    group.addoption(
        "--records",
        type=_path,
        metavar="FILE",
        help="write every observation and verdict to FILE as JSON Lines (docs/records.md)",
    )
    group.addoption(
        "--update-baselines",
        action="store_true",
        help="accept what passing runs showed as their new baseline; refuses in CI and for failing runs",
    )
    group.addoption(
        "--toolchains",
        action="append",
        type=_path,
        default=[],
        metavar="DIR",
        help="a folder of toolchain files of your own, beside the shipped ones",
    )
