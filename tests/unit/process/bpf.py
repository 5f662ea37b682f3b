"""A small interpreter of the BPF that a seccomp filter may use."""

from __future__ import annotations

import struct


def run(code: bytes, audit: int, number: int, arguments: tuple[int, ...] = (), pointer: int = 0) -> int:
    """Return what the filter `code` answers to one system call that is made at `pointer`."""
    rows = list(struct.iter_unpack("<HBBI", code))
    data = struct.pack("<iIQ6Q", number, audit, pointer, *(*arguments, *[0] * 6)[:6])
    accumulator, place = 0, 0
    while True:
        kind, yes, no, value = rows[place]
        place += 1
        match kind:
            case 0x20:
                (accumulator,) = struct.unpack_from("<I", data, value)
            case 0x15:
                place += yes if accumulator == value else no
            case 0x45:
                place += yes if accumulator & value else no
            case 0x06:
                return int(value)
