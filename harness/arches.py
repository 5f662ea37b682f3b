"""Architecture names: GOARCH inside the house, every common synonym at the door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.errors import UsageError
from harness.suggest import nearest

ALL = "all"
NATIVE = "native"
# The second of the four parts of a triple, which says nothing about the ABI.
_VENDORS = ("unknown", "pc", "none", "redhat", "suse", "alpine")


def canonical(name: str, synonyms: Mapping[str, str]) -> str | None:
    """Return the GOARCH name that `name` stands for, or None.

    `synonyms` maps every lower-case accepted spelling (GOARCH, uname, GNU triple, Docker platform) to GOARCH.
    """
    text = name.strip().lower()
    cpu, *rest = text.split("-")
    plain = "-".join((cpu, *rest[1:])) if len(rest) == 3 and rest[0] in _VENDORS else text
    return synonyms.get(text) or synonyms.get(plain)


def select(
    wanted: Sequence[str], synonyms: Mapping[str, str], installed: Sequence[str], native: str
) -> tuple[str, ...]:
    """Return the GOARCH names that `wanted` asks for, in the table's order and each once.

    `wanted` holds names or comma-separated lists of them; ``all`` stands for `installed`, ``native`` for the
    machine's own. Raises UsageError, with the nearest name and the table, for a name that nothing answers to, and where
    nothing is chosen at all.
    """
    order = list(dict.fromkeys(synonyms.values()))
    chosen: set[str] = set()
    for name in (part.strip() for text in wanted for part in text.split(",")):
        if not name:
            continue
        if name.lower() == ALL:
            chosen.update(installed)
        elif name.lower() == NATIVE:
            chosen.add(native)
        elif found := canonical(name, synonyms):
            chosen.add(found)
        else:
            raise unknown(name, synonyms)
    if not chosen:
        asked = " ".join(wanted)
        what = "no architecture is installed" if ALL in asked.lower().split(",") else f"{asked!r} names no architecture"
        raise UsageError(what, mend="crossabi setup installs one; these can be named:\n" + table(synonyms))
    return tuple(arch for arch in order if arch in chosen)


def unknown(name: str, synonyms: Mapping[str, str]) -> UsageError:
    """Return the error for an architecture that no toolchain file describes."""
    guess = nearest(name, [*synonyms, ALL, NATIVE])
    meant = synonyms.get(guess, guess) if guess else None
    return UsageError(
        f"no architecture is called {name!r}" + (f"; did you mean {meant!r}?" if meant else ""),
        mend="use one of these, commas between them, or `all` (everything installed) or `native`:\n" + table(synonyms),
    )


def table(synonyms: Mapping[str, str]) -> str:
    """Return the accepted names, one architecture a line."""
    rows: dict[str, list[str]] = {}
    for spelling, arch in synonyms.items():
        rows.setdefault(arch, [])
        if spelling != arch:
            rows[arch].append(spelling)
    return "\n".join(f"    {arch:<9} {', '.join(others)}" for arch, others in rows.items())
