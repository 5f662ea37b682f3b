"""Every way between C and Go, in an unmodified Go of each release from 1.21 on: no alarm that is not known."""

from __future__ import annotations

from pathlib import Path

import pytest
from integration.support import shipped
from integration.watch.mutants import hold_every_way

ARCHES = ("amd64", "arm64", "riscv64", "s390x", "ppc64le", "arm", "mips64le")
RELEASES = ("go1.21.13", "go1.22.12", "go1.23.12", "go1.24.13", "go1.25.14", "go1.26.11")


def test_the_release_of_the_corpus_is_the_next_one() -> None:
    assert shipped().go.release.startswith("go1.27.")  # and else the list above lacks one


@pytest.mark.parametrize("arch", ARCHES)
@pytest.mark.parametrize("release", RELEASES)
def test_an_unmodified_go_breaks_no_promise_but_the_known_ones(release: str, arch: str, tmp_path: Path) -> None:
    hold_every_way(arch, tmp_path, release)
