"""Core files: what QEMU and a real kernel leave of a process that died."""

from harness.core.reader import Core, read_core
from harness.core.threads import Thread

__all__ = ["Core", "Thread", "read_core"]
