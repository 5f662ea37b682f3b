"""Instructions as people read them."""

from __future__ import annotations

from harness.elf.calls import decoder


def around(data: bytes, start: int, pc: int, arch: str, count: int = 6, *, is_thumb: bool = False) -> tuple[str, ...]:
    """Return the instruction at `pc`, marked, with up to `count` before and after it; `data` is the code at `start`.

    Decoding begins at `start`, which has to be where an instruction does: lengths differ on some architectures.
    """
    rows = list(decoder(arch, is_thumb=is_thumb).disasm_lite(data, start))
    here = next((index for index, row in enumerate(rows) if row[0] == pc), None)
    if here is None:
        return ()
    return tuple(
        f"{'=>' if address == pc else '  '} {address:#x}  {mnemonic} {operands}".rstrip()
        for address, _, mnemonic, operands in rows[max(0, here - count) : here + count + 1]
    )
