"""C that calls Go with a misaligned stack is named, where nothing else is wrong with the program."""

from __future__ import annotations

import re

import pytest

from ..support import load_case, some
from .watched import OWN, watched

CASE = load_case(OWN / "misaligned")
OFF = {"amd64": 8, "s390x": 4, "ppc64le": 8, "arm": 4}
NAMES = {"amd64": "rsp", "s390x": "r15", "ppc64le": "r1", "arm": "sp"}


@pytest.mark.parametrize("arch", some(OFF, ("amd64", "s390x")))
def test_the_stack_where_c_enters_go_is_held(arch: str) -> None:
    seen = watched(CASE, arch)
    assert (seen.finished.code, seen.finished.stdout) == (0, b"2 3\n"), seen
    (alarm,) = [alarm for alarm in seen.alarms if not alarm.known]
    said = rf"{NAMES[arch]} is 0x[0-9a-f]+ at the entry of crosscall2 at hit 2, off by {OFF[arch]} bytes; .*"
    assert re.fullmatch(said, str(alarm)), alarm
