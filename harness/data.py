"""Where the harness keeps its own data files, in a source tree and in an installed wheel."""

from __future__ import annotations

from pathlib import Path


def toolchains_dir() -> Path:
    """Return the folder of the shipped ``toolchains/*.yaml``."""
    return _shipped("toolchains")


def records_schema() -> Path:
    """Return the JSON Schema of what ``--records`` writes."""
    return _shipped("docs") / "records.schema.json"


def _shipped(folder: str) -> Path:
    here = Path(__file__).parent
    packed = here / "_data" / folder
    return packed if packed.is_dir() else here.parent / folder
