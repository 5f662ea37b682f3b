"""gdb-multiarch at the same stop: the same registers, and the same frames as far as gdb gets.

gdb knows nothing of the switches of stacks: the rest of the chain is held against the program's own (test_chain).
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.elf import places
from harness.probe.frames import finder, reader
from harness.probe.guest import Guest
from harness.process.spec import Command
from harness.registers import TABLES
from harness.unwind.modules import Module, modules
from harness.unwind.unwinder import unwind

from ..stub import SECONDS, expressions, floats, qemu, through_gdb
from ..support import deep, target
from .conftest import Build
from .test_chain import QEMU_ARCHES

STOPS = [
    *(("c_bottom", hit) for hit in (1, 2, 5)),
    *(("main.goBottom", hit) for hit in (1, 3)),
    *(("c_twice", hit) for hit in (1, 2)),  # the second is a recursion
]
FEW = (("c_bottom", 2), ("main.goBottom", 3))
SWITCHES = ("asmcgocall", "cgocallback", "crosscall2")
FRAMES = """python
import gdb, json
gdb.execute("set backtrace past-main on")
gdb.execute("info threads", to_string=True)  # asks for them
for thread in gdb.selected_inferior().threads():  # gdb begins with the first, which need not be the one that stopped
    thread.switch()
    if thread.ptid[1] == {thread}:
        break
else:
    raise gdb.GdbError(f"no thread {thread}: {{[row.ptid for row in gdb.selected_inferior().threads()]}}")
gdb.execute("maintenance flush register-cache")
frame, found = gdb.newest_frame(), []
while frame is not None and len(found) < 40:
    if frame.type() != gdb.INLINE_FRAME:
        found.append([frame.pc(), frame.name()])
    frame = frame.older()
print("\\nFRAMES " + json.dumps(found))
end
"""


def plain(name: str | None) -> str:
    return (name or "").removeprefix("runtime.").removesuffix(".abi0")


@pytest.mark.parametrize(("at", "hit"), [stop if stop in FEW else deep(*stop) for stop in STOPS], ids=str)
@pytest.mark.parametrize("arch", QEMU_ARCHES)
def test_gdb_has_the_same_registers_and_frames(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arch: str, at: str, hit: int
) -> None:
    monkeypatch.setenv("GODEBUG", "asyncpreemptoff=1")  # as `crossabi snapshot` does
    program = places.load(build(arch))
    table = TABLES[arch]
    script = tmp_path / "frames.gdb"
    commands = [f"source {script}"]
    for name, expression in expressions(arch).items():
        commands += [f"echo \\nthe {name} =", f"output/x {expression}"]
    with qemu(arch, tmp_path, program.path, "6") as served:
        for row in program.find(at).entries:
            served.stub.insert(row[-1])
        for _ in range(hit):
            assert served.stub.run(SECONDS).signal == "SIGTRAP"
        registers = served.stub.registers()
        script.write_text(FRAMES.format(thread=int(served.stub.stop.thread.rpartition(".")[2], 16)))
        memory = reader(served.stub)
        find = finder(Guest(target(arch, "qemu"), program.path, (), Command((), {}, 1.0)))
        ours = unwind(table, registers.values, memory, lambda: modules(Module(program, 0), memory, find))
        text = through_gdb(served.stub, program.path, tmp_path, commands)
    (line,) = [row for row in text.splitlines() if row.startswith("FRAMES ")] or pytest.fail(text)
    assert ours.ended == ""
    check_registers(arch, dict(registers.values), text)
    theirs = [(pc, plain(name)) for pc, name in json.loads(line.removeprefix("FRAMES "))]
    mine = [(frame.pc, plain(frame.name)) for frame in ours.frames]
    switch = next((index for index, (_, name) in enumerate(mine) if name in SWITCHES), len(mine) - 1)
    assert switch >= 2
    assert theirs[: switch + 1] == mine[: switch + 1]


def check_registers(arch: str, values: dict[str, int], text: str) -> None:
    found = {}
    for row in text.splitlines():
        head, equals, value = row.partition(" =")
        if head.startswith("the ") and equals:
            found[head.removeprefix("the ")] = value
    assert found.keys() == TABLES[arch].by_name.keys(), text
    width = {row.name: (1 << row.bits) - 1 for row in TABLES[arch].rows}
    assert set(floats(arch)) <= values.keys()
    assert {name: hex(int(found[name], 16) & width[name]) for name in values} == {
        name: hex(value) for name, value in values.items()
    }
