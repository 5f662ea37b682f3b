"""Instructions as people read them."""

from __future__ import annotations

from harness.elf.calls import decoder


def around(data: bytes, start: int, pc: int, arch: str, count: int = 6, *, is_thumb: bool = False) -> tuple[str, ...]:
    """Return the instruction at `pc`, marked, with up to `count` before and after it; `data` is the code at `start`.

    Decoding begins at `start`, which has to be where an instruction does: lengths differ on some architectures. It
    begins again at `pc` where that is inside an instruction.
    """
    lite, here = decoder(arch, is_thumb=is_thumb).disasm_lite, pc - start
    if not 0 <= here < len(data):
        return ()
    rows = list(lite(data, start))
    if pc not in {row[0] for row in rows}:
        rows = [*lite(data[:here], start), *lite(data[here:], pc)]
    here = next(index for index, row in enumerate(rows) if row[0] == pc)
    return tuple(
        f"{'=>' if address == pc else '  '} {address:#x}  {mnemonic} {operands}".rstrip()
        for address, _, mnemonic, operands in rows[max(0, here - count) : here + count + 1]
    )
