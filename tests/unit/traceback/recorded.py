"""The recorded texts, by name."""

from pathlib import Path

FOLDER = Path(__file__).parent / "texts"
NAMES = sorted(path.name.removesuffix(".txt") for path in FOLDER.glob("go1*.txt"))


def text(name: str) -> str:
    return (FOLDER / f"{name}.txt").read_text()


def arch(name: str) -> str:
    return name.split("-")[1]
