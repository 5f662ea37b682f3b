"""The smallest signature on which a compiler does otherwise than a convention says."""

from __future__ import annotations

import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path

from harness.abi.model import Signature
from harness.abi.place import Convention
from harness.target import Target
from tests.signatures.simpler import smallest

from . import sides


def shrunk(convention: Convention, place: Target, signature: Signature, folder: Path) -> Signature:
    """Return the smallest signature, made of `signature`, that `place`'s compiler and `convention` do not agree on."""

    def failing(several: Sequence[Signature]) -> Collection[int]:
        made = list(enumerate(several))
        try:
            data = sides.run(place, sides.source(convention, made), folder)
        except subprocess.CalledProcessError:  # one of them is no C: each by itself
            return [] if len(several) == 1 else [number for number, one in made if failing([one])]
        return {row.number for row in sides.held(convention, made, data)}

    return smallest(signature, failing)
