"""Ranges of versions as in Python packaging (">=8.2,<9")."""

from __future__ import annotations

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version


def is_range(versions: str) -> str:
    """Return why `versions` is no range, or an empty text."""
    try:
        SpecifierSet(versions)
    except InvalidSpecifier as error:
        return str(error)
    return ""


def in_range(number: str, versions: str) -> bool:
    """Whether version `number` is in the range `versions`; an empty range holds every version."""
    if not versions:
        return True
    try:
        return SpecifierSet(versions).contains(Version(number), prereleases=True)
    except InvalidVersion:
        return False
