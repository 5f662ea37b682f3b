"""Logs in `logs` are QEMU's own: ``-d cpu,fpu,nochain -dfilter`` at the entry of add3(i, 0x1122334455667788, 2.5, "x").

i is 0 in the first record and 1 in the second; x is passed in 32 bits on arm.
"""

from pathlib import Path

import pytest

LOGS = Path(__file__).parent / "logs"
EVERY = pytest.mark.parametrize("path", sorted(LOGS.glob("*.txt")), ids=lambda path: path.stem)


def arch_of(path: Path) -> str:
    return path.stem.partition("-")[0]
