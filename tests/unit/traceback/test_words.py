import re

import pytest

from harness.registers import TABLES
from harness.traceback.words import WORDS

from . import recorded

BLOCKS = [f"go1.27.4-{arch}-fault-single" for arch in TABLES] + [f"go1.16.15-{arch}-quit-all" for arch in TABLES]


def test_every_architecture_has_words_of_its_own_registers() -> None:
    assert WORDS.keys() == TABLES.keys()
    for arch, words in WORDS.items():
        names = [name for name in words.values() if name]
        assert len(set(names)) == len(names)
        assert set(names) <= TABLES[arch].by_name.keys()
        assert {TABLES[arch].pc, TABLES[arch].sp} <= set(names)


@pytest.mark.parametrize("name", BLOCKS)
def test_the_words_are_those_of_real_texts_in_their_order(name: str) -> None:
    lines = recorded.text(name).splitlines()
    found = [word for line in lines if not line.startswith("\t") for word in re.findall(r"(?:^|\t)(\w+) +0x", line)]
    assert found == list(WORDS[recorded.arch(name)])
