"""Target descriptions: the XML by which a stub says which registers it has, read without trust.

Rules: GDB manual, "Target Description Format". No document type with declarations of its own is accepted, so there are
no entities; includes are counted, and may not form a cycle; numbers are bounded. Types count by their size only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn
from xml.parsers import expat

from harness.stub.errors import nonsense

ROOT = "target.xml"
_MAX_DOCUMENTS = 64
_MAX_BYTES = 4 << 20  # of all documents; arm64's system registers of QEMU 10 are 30 KiB
_MAX_DEPTH = 64  # of elements
_MAX_REGISTERS = 1 << 14
_MAX_NUMBER = 1 << 20
_MAX_BITS = 1 << 16
_NAME = re.compile(r"[A-Za-z0-9_.+-]{1,200}")


@dataclass(frozen=True)
class Slot:
    """One register as a stub sees it: its name there, width in bits, number in the protocol, and type's name."""

    name: str
    bits: int
    number: int
    type: str = ""

    @property
    def size(self) -> int:
        """Its width in bytes, in a packet."""
        return (self.bits + 7) // 8


@dataclass(frozen=True)
class Description:
    """What a stub says of its target. `slots` are in the order of the ``g`` packet: by number."""

    architecture: str
    slots: tuple[Slot, ...]
    osabi: str = ""


_Documents = tuple[tuple[str, bytes], ...]
_KNOWN = 16  # descriptions
_known: dict[bytes, tuple[_Documents, Description]] = {}  # by the text of the first document


def read(fetch: Callable[[str], bytes]) -> Description:
    """Return the description whose documents `fetch` returns by name, beginning with ``target.xml``.

    One that is the same as before, to the byte, is not read again: that takes three times as long as to fetch it.
    Raises StubBroken for what is no description, or a hostile one, and whatever `fetch` raises.
    """
    fetched: dict[str, bytes] = {}

    def once(name: str) -> bytes:
        if name not in fetched:
            fetched[name] = fetch(name)
        return fetched[name]

    documents, description = _known.get(once(ROOT), ((), None))
    if description is not None and all(once(name) == text for name, text in documents):
        return description
    description = _Reader(once).read()
    if len(_known) >= _KNOWN:
        _known.clear()
    _known[fetched[ROOT]] = tuple(fetched.items()), description
    return description


def in_order(slots: Sequence[Slot]) -> tuple[Slot, ...]:
    """Return `slots` in the order of the ``g`` packet."""
    return tuple(sorted(slots, key=lambda slot: slot.number))


class _Reader:
    def __init__(self, fetch: Callable[[str], bytes]) -> None:
        self._fetch = fetch
        self._open: list[str] = []
        self._documents = self._bytes = 0
        self._slots: dict[int, Slot] = {}
        self._next = 0  # a register without a number follows the one before it
        self._texts: dict[str, str] = {}

    def read(self) -> Description:
        self._document(ROOT)
        return Description(
            self._texts.get("architecture", ""), in_order(list(self._slots.values())), self._texts.get("osabi", "")
        )

    def _document(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise _unfit("a document's name", name)
        if name in self._open:
            raise _unfit("a document that includes itself", name)
        self._documents += 1
        data = self._fetch(name)
        self._bytes += len(data)
        if self._documents > _MAX_DOCUMENTS or self._bytes > _MAX_BYTES:
            raise _unfit("too much of it", name)
        self._open.append(name)
        parser = expat.ParserCreate("utf-8")
        path: list[str] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            path.append(tag.rpartition(":")[2])  # QEMU's use of "xi:" has no declaration
            if len(path) > _MAX_DEPTH:
                raise _unfit("elements nested too deep", name)
            if path[-1] == "include":
                self._document(attributes.get("href", ""))
            elif path[-1] == "reg":
                self._register(attributes)

        def text(data: str) -> None:
            if path and path[-1] in ("architecture", "osabi"):
                self._texts[path[-1]] = (self._texts.get(path[-1], "") + data.strip())[:100]

        def end(_: str) -> None:
            path.pop()

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text
        parser.StartDoctypeDeclHandler = _doctype
        parser.EntityDeclHandler = _entity
        parser.SkippedEntityHandler = _entity  # one that the document type could declare elsewhere
        try:
            parser.Parse(data, True)
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise _unfit(f"no XML, {error}", name) from error
        finally:
            self._open.pop()

    def _register(self, attributes: dict[str, str]) -> None:
        name = attributes.get("name", "")
        number = _number(attributes.get("regnum", str(self._next)), _MAX_NUMBER)
        bits = _number(attributes.get("bitsize", ""), _MAX_BITS)
        if bits == 0 or len(name) > 200 or len(self._slots) >= _MAX_REGISTERS:
            raise _unfit("a register", name)
        self._next = number + 1
        self._slots.setdefault(number, Slot(name, bits, number, attributes.get("type", "int")[:200]))


def _doctype(name: str, system: str | None, public: str | None, has_declarations: int) -> None:
    if has_declarations:
        raise _unfit("a document type with declarations", name)


def _entity(*_: object) -> NoReturn:
    raise _unfit("an entity", "")


def _number(text: str, most: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 12 and int(text) <= most):
        raise _unfit("a number", text)
    return int(text)


def _unfit(what: str, shown: str) -> Exception:
    return nonsense(f"its target description has {what}", shown.encode(errors="replace"))
