import struct
from io import BytesIO

from elftools.elf.elffile import ELFFile

from harness.elf import symtab

LOCAL, GLOBAL = symtab.LOCAL, 1


def file(rows: list[tuple[str, int, int]]) -> ELFFile:
    """Return a file for AArch64 that has only a symbol table, of functions called (name, address, binding)."""
    names, table = b"\0", b""
    for name, value, bind in rows:
        table += struct.pack("<IBBHQQ", len(names), bind << 4 | symtab.FUNC, 0, 1, value, 16)
        names += name.encode() + b"\0"
    sections, headers = b"", struct.pack("<IIQQQQIIQQ", *[0] * 10)
    own = b"\0.symtab\0.strtab\0"
    for name, kind, data, link, entry in ((1, 2, table, 2, 24), (9, 3, names, 0, 0), (9, 3, own, 0, 0)):
        headers += struct.pack("<IIQQQQIIQQ", name, kind, 0, 0, 64 + len(sections), len(data), link, 0, 8, entry)
        sections += data
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    start = 64 + len(sections)
    head = ident + struct.pack("<HHIQQQIHHHHHH", 2, 183, 1, 0, 0, start, 0, 64, 56, 0, 64, 4, 3)
    return ELFFile(BytesIO(head + sections + headers))


def names(rows: list[tuple[str, int, int]]) -> list[str]:
    return [symbol.name for symbol in symtab.symbols(file(rows), ".symtab", (symtab.FUNC,))]


def test_the_doubles_of_a_program_that_takes_plugins_are_left_out() -> None:
    rows = [("local.crosscall2", 16, LOCAL), ("local.main.main", 32, LOCAL), ("crosscall2", 16, GLOBAL)]
    assert names([*rows, ("main.main", 32, GLOBAL)]) == ["crosscall2", "main.main"]


def test_a_go_package_called_local_keeps_its_functions() -> None:
    rows = [
        ("local.f", 16, LOCAL),
        ("local.g", 32, LOCAL),
        ("local.g", 48, GLOBAL),
        ("f", 64, GLOBAL),
        ("g", 32, LOCAL),
    ]
    assert names(rows) == ["local.f", "local.g", "local.g", "f", "g"]


def test_only_the_kinds_that_are_asked_for_are_given() -> None:
    assert list(symtab.symbols(file([("f", 16, GLOBAL)]), ".symtab", (symtab.OBJECT,))) == []
    assert list(symtab.symbols(file([]), ".dynsym", (symtab.FUNC,))) == []
