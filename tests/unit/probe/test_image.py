from pathlib import Path

import pytest

from harness.elf.places import Function, Program
from harness.probe import image
from harness.probe.guest import Guest
from harness.probe.image import Landmarks, landmarks
from harness.probe.layout import Layout
from harness.process.spec import Command
from harness.qemulog.layouts import LAYOUTS
from harness.qemulog.records import Record, Values
from harness.unwind.modules import Module
from unit.samples import target


def program(name: str, entry: int, *functions: Function, is_fixed: bool = False) -> Program:
    return Program(Path(name), is_fixed, entry, functions, ((0x2100, 0x1000, 0x100),))


GO = program(
    "libgo.so", 0, Function("_rt0_arm64_linux_lib", 0x40, 8, (0x40,)), Function("crosscall2", 0x80, 8, (0x80,))
)
C = program("libc.so", 0x10, Function("f", 0x20, 8, (0x20,)))


def test_what_is_not_at_fixed_addresses_has_landmarks() -> None:
    host, fixed = program("host", 0x100), program("host", 0x100, is_fixed=True)
    libraries = (Module(GO, 0x7000), Module(C, 0x9000))
    assert landmarks([Module(host, 0x5000), *libraries], 0) == {0x5100: "the program", 0x7040: "libgo.so"}
    assert landmarks([Module(fixed, 0), *libraries], 0) == {0x7040: "libgo.so"}
    assert landmarks([Module(program("host", 0x101), 0x5000)], 1) == {0x5100: "the program"}


def test_what_did_not_start_is_told() -> None:
    marks = Landmarks({0x5100: "the program", 0x7040: "libgo.so"})
    assert (set(marks.addresses), marks.wanted) == ({0x5100, 0x7040}, frozenset())
    record = Record(b"", LAYOUTS["arm64"], 0, Values({}, b""))
    marks.take(0x5100, record)
    assert marks.missing.startswith("libgo.so did not start where a trial run had it")
    marks.take(0x7040, record)
    marks.take(0x7040, record)
    assert marks.missing == ""


def test_libraries_of_the_system_are_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(image, "finder", lambda _: lambda path: None if "gone" in path else Path(path))
    monkeypatch.setattr(image.places, "load", lambda path: C if path.name == "libc.so" else GO)
    monkeypatch.setattr(image, "main_module", lambda *_: Module(C, 0))
    guest = Guest(target(), Path("host"), (), Command((), {}, 1.0))
    paths = ("/lib/libc.so.6", "/usr/lib64/libm.so.6", "/gone/libx.so", "/mine/libgo.so")
    found = image.modules(guest, Layout((), tuple((path, 0x10000) for path in paths)))
    assert [(module.program.path.name, module.bias) for module in found] == [("libc.so", 0), ("libgo.so", 0xE000)]
