"""Have a program that dies leave a core, which it does not otherwise: RLIMIT_CORE is 0."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from harness.errors import UsageError
from harness.process import client
from harness.process.spec import Command, Finished

PATTERN = Path("/proc/sys/kernel/core_pattern")
MOST = 1 << 40  # bytes
_EMULATOR_S = "qemu_*_{pid}.core"  # linux-user/elfload.c, core_dump_filename
_KERNEL_S = ("core", "core.{pid}")  # core(5): with the pattern "core", and kernel.core_uses_pid


def run(command: Command, folder: Path, core: Path, *, emulated: bool) -> tuple[Finished, str]:
    """Run `command` in `folder` and move the core that it leaves to `core`; return how it ended, and why there is none.

    QEMU writes that of an `emulated` program, and dies of the same signal: what the kernel writes then is QEMU's own,
    and is removed. Raises UsageError where the kernel would overwrite a file that is there.
    """
    there = [folder / name for name in _KERNEL_S[:1] if (folder / name).exists()]
    if there:
        raise UsageError(f"{there[0]} would be overwritten by the kernel", mend="move it away, or run elsewhere")
    finished = client.run(replace(command, cwd=folder, limits=replace(command.limits, core=MOST)))
    own = [path for name in _KERNEL_S if (path := folder / name.format(pid=finished.pid)).is_file()]
    found = [*folder.glob(_EMULATOR_S.format(pid=finished.pid))] if emulated else own
    if found:
        shutil.move(found[0], core)
    for other in own:
        other.unlink(missing_ok=True)
    if found:
        return finished, ""
    if finished.signal is None:
        return finished, "no signal was its death, so there is no core"
    return (
        finished,
        f"{finished.signal} left no core: QEMU writes none for riscv64, a kernel as {PATTERN} says: {_pattern()}",
    )


def _pattern() -> str:
    try:
        return PATTERN.read_text().strip()
    except OSError:
        return "not readable"
