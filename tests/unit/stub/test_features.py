from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stub import features
from harness.stub.errors import StubBroken
from harness.stub.features import Slot, read

USUAL = '<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd">'


def described(**documents: str) -> features.Description:
    """Read documents by name; ``target`` is the first."""
    return read(lambda name: documents[name.removesuffix(".xml")].encode())


def test_registers_without_a_number_follow_those_with_one_across_includes() -> None:
    found = described(
        target=f"{USUAL}<target><architecture> arm </architecture><osabi>GNU/Linux</osabi>"
        '<xi:include href="core.xml"/><xi:include href="more.xml"/></target>',
        core='<feature name="c"><reg name="r0" bitsize="32"/><reg name="cpsr" bitsize="32" regnum="25"/></feature>',
        more='<feature name="m"><vector id="v" type="int8" count="8"/><union id="u"><field name="f" type="v"/></union>'
        '<flags id="fl" size="4"><field name="" start="1" end="1"/></flags>'
        '<reg name="d0" bitsize="64" type="u"/><reg name="lo" bitsize="1" regnum="3"/></feature>',
    )
    assert (found.architecture, found.osabi) == ("arm", "GNU/Linux")
    assert found.slots == (
        Slot("r0", 32, 0, "int"),
        Slot("lo", 1, 3, "int"),
        Slot("cpsr", 32, 25, "int"),
        Slot("d0", 64, 26, "u"),
    )
    assert [slot.size for slot in found.slots] == [4, 1, 4, 8]


def test_a_document_may_be_included_twice_but_the_first_register_of_a_number_stays() -> None:
    found = described(
        target='<target><xi:include href="a.xml"/><xi:include href="b.xml"/></target>',
        a='<feature><reg name="a" bitsize="8" regnum="0"/></feature>',
        b='<feature><reg name="b" bitsize="8" regnum="0"/></feature>',
    )
    assert [slot.name for slot in found.slots] == ["a"]


def test_a_description_is_read_again_only_if_a_document_of_it_is_another() -> None:
    root = '<target><xi:include href="a.xml"/></target>'
    of_8, of_16 = (f'<feature><reg name="a" bitsize="{bits}"/></feature>' for bits in (8, 16))
    first = described(target=root, a=of_8)
    assert described(target=root, a=of_8) is first
    assert [slot.bits for slot in described(target=root, a=of_16).slots] == [16]
    assert [slot.bits for slot in described(target=root, a=of_8).slots] == [8]


BOMB = """<!DOCTYPE target [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><target>&b;</target>"""
OUTSIDE = """<!DOCTYPE target [<!ENTITY a SYSTEM "file:///etc/passwd">]><target>&a;</target>"""


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (BOMB, "a document type with declarations"),
        (OUTSIDE, "a document type with declarations"),
        ('<!DOCTYPE target [<!ATTLIST reg bitsize CDATA "64">]><target/>', "a document type with declarations"),
        (f"{USUAL}<target>&undefined;</target>", "an entity"),
        ("<target>", "no XML"),
        ("", "no XML"),
        ("\xff", "no XML"),
        ('<?xml version="1.0" encoding="no-such"?><target', "no XML"),
        ("<a>" * 100 + "</a>" * 100, "elements nested too deep"),
        ('<target><xi:include href="target.xml"/></target>', "a document that includes itself"),
        ('<target><xi:include href="../etc/passwd"/></target>', "a document's name"),
        ("<target><xi:include/></target>", "a document's name"),
        ('<target><xi:include href="a:0,ffff#00$k"/></target>', "a document's name"),
        ('<target><reg name="x"/></target>', "a number"),
        ('<target><reg name="x" bitsize="0"/></target>', "a register"),
        ('<target><reg name="x" bitsize="-8"/></target>', "a number"),
        ('<target><reg name="x" bitsize="٣"/></target>', "a number"),
        ('<target><reg name="x" bitsize="99999999999"/></target>', "a number"),
        ('<target><reg name="x" bitsize="8" regnum="99999999"/></target>', "a number"),
        ("<target>" + '<reg name="x" bitsize="8"/>' * 20000 + "</target>", "a register"),
        (f'<target><reg name="{"x" * 300}" bitsize="8"/></target>', "a register"),
    ],
)
def test_a_hostile_description_is_refused(document: str, why: str) -> None:
    with pytest.raises(StubBroken, match=why):
        described(target=document)


def test_a_cycle_of_includes_and_too_many_of_them_are_refused() -> None:
    cycle = {"target": "a", "a": "b", "b": "a"}
    with pytest.raises(StubBroken, match="includes itself"):
        described(**{name: f'<f><xi:include href="{other}.xml"/></f>' for name, other in cycle.items()})
    with pytest.raises(StubBroken, match="too much of it"):
        described(target="<f>" + '<xi:include href="a.xml"/>' * 100 + "</f>", a="<f/>")
    chain = {f"n{number}": f'<f><xi:include href="n{number + 1}.xml"/></f>' for number in range(200)}
    with pytest.raises(StubBroken, match="too much of it"):
        described(target='<f><xi:include href="n0.xml"/></f>', **chain)


def test_a_description_has_a_bound_of_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "_MAX_BYTES", 1000)
    with pytest.raises(StubBroken, match="too much of it"):
        described(target=f"<f>{' ' * 1000}</f>")


@given(st.text(alphabet="<>/&;![]\"'= abreg:xinclude0123", max_size=100))
def test_whatever_text_comes_is_read_or_refused(text: str) -> None:
    try:
        described(target=f"<target>{text}</target>")
    except StubBroken:
        pass
    except KeyError:  # a document of another name was asked for
        pass
