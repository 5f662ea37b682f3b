"""Where the harness keeps its own data files, in a source tree and in an installed wheel."""

from __future__ import annotations

from pathlib import Path


def toolchains_dir() -> Path:
    """Return the folder of the shipped ``toolchains/*.yaml``."""
    here = Path(__file__).parent
    packed = here / "_data" / "toolchains"
    return packed if packed.is_dir() else here.parent / "toolchains"
