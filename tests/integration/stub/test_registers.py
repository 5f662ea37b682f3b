"""Every register of every architecture, filled with a value of its own, as our client reads it and as gdb does."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import QEMU_ARCHES, build_filled, check_against_gdb, gdbserver, qemu


@pytest.mark.parametrize("arch", QEMU_ARCHES)
def test_all_registers_under_qemu_are_what_the_program_put_there_and_what_gdb_prints(arch: str, tmp_path: Path) -> None:
    program = build_filled(arch, tmp_path)
    with qemu(arch, tmp_path, program) as served:
        check_against_gdb(arch, served, program, tmp_path)


@pytest.mark.parametrize("arch", ["amd64", "386"])
def test_all_registers_under_gdbserver_are_what_the_program_put_there_and_what_gdb_prints(
    arch: str, tmp_path: Path
) -> None:
    program = build_filled(arch, tmp_path)
    with gdbserver(arch, program, no_ack=False) as served:  # gdb begins anew, with acknowledgements
        check_against_gdb(arch, served, program, tmp_path)
