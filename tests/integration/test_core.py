"""Real cores: of QEMU on each architecture that gives one, of this machine's kernel, and of gdb; gdb reads them too."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from unit.core.writer import Writer, patterns

from harness.core import Core, read_core
from harness.core.elffile import load
from harness.core.layout import LAYOUTS
from harness.core.memory import NotInCoreError
from harness.core.postmortem import Remains
from harness.core.threads import QEMU_FLOAT
from harness.registers import TABLES
from harness.run.runners import RUNNERS
from harness.target import NATIVE, QEMU

from . import dying
from .support import target

OTHER_QEMU = os.environ.get(
    "CROSSABI_TEST_QEMU10", ""
)  # a folder with the emulators of QEMU 10, for tests/alternatives
EMULATORS = ["installed", *([OTHER_QEMU] if OTHER_QEMU else [])]
WITH_CORES = [arch for arch in dying.ARCHES if arch not in ("riscv64", "386")]  # qemu-i386 is no target of ours
FORMS = {"static": ("-static", "-no-pie"), "pie": ("-pie", "-fPIE")}
NATIVES = ("amd64", "386")
GDB_READS = {"amd64": 36, "386": 10}  # of 386 gdb 13 says that the floating-point registers are unavailable
AT_HWCAP, HWCAPS = 16, {"arm": 1 << 6 | 1 << 12 | 1 << 13}  # vfp, neon, vfpv3
SEEN_FLOATS = {"386": 0, "amd64": 16, "s390x": 16, "ppc64le": 62}
WITHOUT_SVE = {"arm64": ("-cpu", "cortex-a72")}  # with SVE gdb writes NT_ARM_SVE instead of NT_FPREGSET
CORE_PATTERN = Path("/proc/sys/kernel/core_pattern")
kernel_cores = pytest.mark.skipif(
    os.uname().machine != "x86_64" or CORE_PATTERN.read_text().strip() != "core",
    reason="this kernel puts no core beside the program (core_pattern, machine)",
)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A private folder, gone after the test: cores are large, and QEMU 7.2 leaves one of itself besides."""
    yield tmp_path
    shutil.rmtree(tmp_path)


def emulated(
    arch: str, emulator: str, form: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, list[Path]]:
    """Return the program and QEMU's cores of it."""
    if emulator != "installed":
        monkeypatch.setenv("CROSSABI_QEMU_DIR", emulator)
    on = target(arch, QEMU)
    program = dying.build(on, folder, *FORMS[form])
    dying.dump(RUNNERS[QEMU].command(on, program, ("thread", "an argument")), folder)
    return program, list(folder.glob("qemu_die_*.core"))


def native(arch: str, form: str, folder: Path, *arguments: str) -> tuple[Path, Core]:
    program = dying.build(target(arch, NATIVE), folder, *FORMS[form])
    dying.dump([program, *arguments], folder)
    (path,) = folder.glob("core*")
    return program, read_core(path)


def holds_what_gdb_reads(core: Core, program: Path) -> int:
    """Hold every register of every thread against gdb's; return how many the thread had that had the fewest."""
    table = TABLES[core.arch]
    names = {name: row.name for row in table.rows for name in (row.name, *row.stub)}
    gdb = dying.gdb(program, core.path, names)
    gdb.pop(1, None)  # gdb 13 does not find the first thread of a ppc64le core that it wrote itself
    assert len(gdb) >= 2
    assert gdb.keys() <= {thread.pid for thread in core.threads}
    compared = []
    for thread in core.threads:
        theirs = {names[name]: value for name, value in gdb.get(thread.pid, {}).items()}
        both = theirs.keys() & thread.registers.keys()
        bits = {name: (1 << table.by_name[name].bits) - 1 for name in both}
        assert {name: theirs[name] & bits[name] for name in both} == {name: thread.registers[name] for name in both}
        assert not both or {table.pc, table.sp} <= both
        compared.append(len(both))
    return min(count for count in compared if count)


def holds_what_the_program_set(core: Core, program: Path) -> None:
    dead = core.dead
    assert dead is not None
    wanted = dying.expected(core.arch)
    known = {name: value for name, value in wanted.items() if name in dead.registers}
    assert {name: hex(dead.registers[name]) for name in known} == {name: hex(value) for name, value in known.items()}
    assert {dead.missing[name] for name in wanted.keys() - known.keys()} <= {QEMU_FLOAT}
    symbols = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout.splitlines()
    at = {
        line.split()[2]: int(line.split()[0], 16) + core.load_bias(program)
        for line in symbols
        if len(line.split()) == 3
    }
    assert at["die"] <= dead.registers[TABLES[core.arch].pc] < at["die"] + 0x1000
    assert core.memory.read(at["marker"], 34) == b"this text is in the program's data"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("arch", WITH_CORES)
@pytest.mark.parametrize("emulator", EMULATORS)
def test_a_core_of_qemu_has_every_thread_and_the_one_that_died(
    emulator: str, arch: str, form: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, (path,) = emulated(arch, emulator, form, folder, monkeypatch)
    core = read_core(path)
    assert (core.arch, core.emulator, core.notes, core.signal, core.files) == (arch, True, (), None, ())
    assert [thread.signal for thread in core.threads if thread.signal] == [11]
    assert len(core.threads) == 3
    assert core.dead is not None
    assert core.program is not None
    assert core.dead.pid != core.program.pid  # the second thread died, and not the process's first
    assert core.program.name == "die"
    assert core.program.arguments.startswith(f"{program} thread an argument"[:79])
    for thread in core.threads:
        assert thread.registers.keys() | thread.missing.keys() == TABLES[arch].by_name.keys()
    holds_what_the_program_set(core, program)
    assert holds_what_gdb_reads(core, program) >= len(TABLES[arch].rows) - len(core.dead.missing) - 2
    pc = core.dead.registers[TABLES[arch].pc]
    if not core.memory.why_not(pc):  # 7.2 and 10 write some architectures' code, and leave out that of others
        return
    with pytest.raises(NotInCoreError, match="its bytes were left out"):
        core.memory.read(pc, 4)


def test_qemu_writes_no_core_for_riscv64(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert emulated("riscv64", "installed", "static", folder, monkeypatch)[1] == []


@kernel_cores
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("arch", NATIVES)
def test_a_core_of_the_kernel_has_floating_point_registers_and_the_address(arch: str, form: str, folder: Path) -> None:
    program, core = native(arch, form, folder, "thread", "an argument")
    assert (core.arch, core.emulator, core.notes) == (arch, False, ())
    assert core.signal is not None
    assert (core.signal.number, core.signal.code, core.signal.address) == (11, 1, dying.FAULT_AT)
    assert core.dead is not None
    assert core.dead is core.threads[0]
    assert core.program is not None
    assert core.dead.pid != core.program.pid
    assert not core.dead.missing
    holds_what_the_program_set(core, program)
    assert holds_what_gdb_reads(core, program) >= GDB_READS[arch]
    assert str(program) in {file.name for file in core.files}
    file = next(file for file in core.files if file.name == str(program))
    assert core.memory.piece(file.start) is not None
    snapshot = Remains(core, None, lambda _: None).snapshots[0]
    assert snapshot.to_json()["registers"] == {name: hex(value) for name, value in core.dead.registers.items()}


@kernel_cores
def test_a_core_of_the_main_thread_names_it(folder: Path) -> None:
    _, core = native("amd64", "pie", folder)
    assert core.dead is not None
    assert core.program is not None
    assert core.dead.pid == core.program.pid


@kernel_cores
def test_a_core_that_is_cut_off_still_has_its_registers_and_says_what_it_lacks(folder: Path) -> None:
    program, whole = native("amd64", "static", folder, "thread")
    assert whole.dead is not None
    sp = whole.dead.registers["rsp"]
    assert len(whole.memory.read(sp, 8)) == 8
    cut = folder / "cut"
    cut.write_bytes(whole.path.read_bytes()[: 64 << 10])
    core = read_core(cut)
    assert core.threads == whole.threads
    with pytest.raises(NotInCoreError, match="cut off"):
        core.memory.read(sp, 8)
    assert core.load_bias(program) == 0


@kernel_cores
def test_the_load_bias_of_another_program_is_refused(folder: Path) -> None:
    _, core = native("amd64", "pie", folder)
    with pytest.raises(ValueError, match="this is not a core of"):
        core.load_bias(Path("/bin/sh").resolve())
    assert load(Path("/bin/sh").resolve(), "ELF file").bits == 64


@pytest.mark.parametrize("arch", ["arm64", "s390x", "ppc64le", "arm", "mips64le"])
def test_a_core_that_gdb_takes_through_the_stub_has_floating_point_registers(arch: str, folder: Path) -> None:
    """No kernel of these is here, and gdb's generate-core-file writes the same notes (gdb 13: not for riscv64)."""
    on = target(arch, QEMU)
    program = dying.build(on, folder, *FORMS["static"])
    emulator, *rest = RUNNERS[QEMU].command(on, program, ())
    path = folder / "by-gdb.core"
    dying.through_gdb([emulator, *WITHOUT_SVE.get(arch, ()), "-g", str(folder / "stub"), *rest], program, path)
    core = read_core(path)
    assert (core.arch, core.emulator, core.notes) == (arch, False, ())
    assert core.dead is not None
    assert not core.dead.missing.keys() & {row.name for row in TABLES[arch].rows if row.role in ("float", "vector")}
    holds_what_the_program_set(core, program)
    assert holds_what_gdb_reads(core, program) >= len(TABLES[arch].rows) - len(core.dead.missing) - 2


@pytest.mark.parametrize("arch", TABLES)
def test_gdb_finds_every_register_of_a_synthesised_core_where_the_layout_has_it(arch: str, folder: Path) -> None:
    """What neither a kernel nor an emulator here writes: riscv64, and the floating-point registers of the others."""
    layout = LAYOUTS[arch]
    bits = {row.name: row.bits for row in TABLES[arch].rows}
    program = dying.build(target(arch), folder, *FORMS["static"])  # gdb looks at its header for floats of riscv64
    writer = Writer(arch).auxv({AT_HWCAP: HWCAPS.get(arch, 0)})
    general = {**patterns(layout.general, 1, bits), **({"zero": 0} if "zero" in bits else {})}
    floats = {**patterns(layout.floats, 101, bits), **({"fpscr": 0x12345678} if "fpscr" in bits else {})}
    for pid in (71, 72):
        writer.thread(pid, 11, general).floats(floats)
    path = folder / "synthesised.core"
    path.write_bytes(writer.build())
    assert holds_what_gdb_reads(read_core(path), program) >= len(layout.general) - 2 + SEEN_FLOATS.get(arch, 30)
