"""Record the transcripts of tests/unit/stub anew: ``cd tests && python -m integration.stub.record [QEMU10_FOLDER]``."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

from unit.stub import TRANSCRIPTS, Recorder, Transcript, look

from harness.registers import TABLES
from harness.stub import wire

from . import QEMU_ARCHES, address, build_filled, filled, gdbserver, qemu


def record(arch: str, server: str, **options: Any) -> None:
    """Run one server with our client and write what they said."""
    recorders: list[Recorder] = []

    def recorder(channel: Any) -> Recorder:
        recorders.append(Recorder(channel))
        return recorders[-1]

    original = wire.Wire.__init__
    with (
        tempfile.TemporaryDirectory() as name,
        mock.patch.object(
            wire.Wire, "__init__", lambda self, channel, block=0: original(self, recorder(channel), block)
        ),
    ):
        folder = Path(name)
        program = build_filled(arch, folder)
        place = address(program, "landed")
        start = gdbserver(arch, program) if server == "gdbserver13" else qemu(arch, folder, program, **options)
        with start as served:
            seen = look(served.stub, place)
    assert all(seen["registers"][name] == hex(value) for name, value in filled(arch).items())
    assert set(TABLES[arch].by_name) == set(seen["registers"]) | set(seen["missing"])
    Transcript(arch, server, place, seen, tuple(recorders[0].said)).save(TRANSCRIPTS / f"{server}-{arch}.txt")


def main() -> None:
    TRANSCRIPTS.mkdir(exist_ok=True)
    for arch in QEMU_ARCHES:
        record(arch, "qemu7.2", cpu="cortex-a72" if arch == "arm64" else "")
    if sys.argv[1:]:
        os.environ["CROSSABI_QEMU_DIR"] = sys.argv[1]
        for arch in QEMU_ARCHES:
            record(arch, "qemu10.0")
    for arch in ("amd64", "386"):
        record(arch, "gdbserver13")


if __name__ == "__main__":
    main()
