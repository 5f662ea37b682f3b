"""DWARF expressions, as far as call frame information uses them (DWARF 5, section 2.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from harness.elf.leb128 import WORD
from harness.unwind.cursor import CfiBroken, Cursor

MOST_STEPS = 1000
MOST_VALUES = 64

Memory = Callable[[int, int], bytes | None]
"""Return that many bytes at an address, or None where they cannot be read."""

_TWO: dict[int, Callable[[int, int], int]] = {
    0x1A: lambda one, two: one & two,
    0x1C: lambda one, two: one - two,
    0x1E: lambda one, two: one * two,
    0x21: lambda one, two: one | two,
    0x22: lambda one, two: one + two,
    0x24: lambda one, two: one << min(two, 64),
    0x25: lambda one, two: one >> min(two, 64),
    0x26: lambda one, two: _signed(one) >> min(two, 64),
    0x27: lambda one, two: one ^ two,
    0x29: lambda one, two: int(_signed(one) == _signed(two)),
    0x2A: lambda one, two: int(_signed(one) >= _signed(two)),
    0x2B: lambda one, two: int(_signed(one) > _signed(two)),
    0x2C: lambda one, two: int(_signed(one) <= _signed(two)),
    0x2D: lambda one, two: int(_signed(one) < _signed(two)),
    0x2E: lambda one, two: int(one != two),
}
_CONSTANTS = {0x08: (1, False), 0x09: (1, True), 0x0A: (2, False), 0x0B: (2, True), 0x0C: (4, False), 0x0D: (4, True)}
_CONSTANTS |= {0x0E: (8, False), 0x0F: (8, True)}


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


class Evaluator:
    """Evaluates expressions over `register`, which returns a value by DWARF's number or raises, and `memory`."""

    def __init__(
        self, register: Callable[[int], int], memory: Memory, word: int, order: Literal["little", "big"]
    ) -> None:
        self._register, self._memory, self._word, self._order = register, memory, word, order
        self.unread: int | None = None  # the last address that could not be read, until somebody forgets it

    def run(self, expression: bytes, *initial: int) -> int:
        """Return what is on top in the end. Raises CfiBroken."""
        stack = list(initial)
        cursor = Cursor(expression, self._order)
        for _ in range(MOST_STEPS):
            if cursor.is_done:
                return self._pop(stack) & ((1 << 8 * self._word) - 1)
            self._step(cursor, cursor.number(1), stack)
            if len(stack) > MOST_VALUES:
                raise CfiBroken(f"an expression with more than {MOST_VALUES} values")
        raise CfiBroken(f"an expression of more than {MOST_STEPS} steps")

    def load(self, address: int, size: int) -> int:
        """Return the number in memory. Raises CfiBroken where it cannot be read."""
        data = self._memory(address & ((1 << 8 * self._word) - 1), size)
        if data is None or len(data) != size:
            self.unread = address
            raise CfiBroken(f"the memory at {address:#x} cannot be read")
        return int.from_bytes(data, self._order)

    def _step(self, cursor: Cursor, code: int, stack: list[int]) -> None:
        if code in _TWO:
            two, one = self._pop(stack), self._pop(stack)
            stack.append(_TWO[code](one, two) & WORD)
        elif code in _CONSTANTS:
            size, signed = _CONSTANTS[code]
            stack.append(cursor.number(size, signed=signed) & WORD)
        elif 0x30 <= code <= 0x4F:  # lit0 to lit31
            stack.append(code - 0x30)
        elif 0x70 <= code <= 0x8F:  # breg0 to breg31
            stack.append((self._register(code - 0x70) + cursor.signed()) & WORD)
        else:
            self._rare(cursor, code, stack)

    def _rare(self, cursor: Cursor, code: int, stack: list[int]) -> None:  # noqa: PLR0912 (a table of operations)
        match code:
            case 0x03:
                stack.append(cursor.number(self._word))
            case 0x06:
                stack.append(self.load(self._pop(stack), self._word))
            case 0x94:
                stack.append(self.load(self._pop(stack), min(cursor.number(1), 8)))
            case 0x10:
                stack.append(cursor.unsigned())
            case 0x11:
                stack.append(cursor.signed() & WORD)
            case 0x12 | 0x14 | 0x15:  # dup, over, pick
                depth = {0x12: 0, 0x14: 1}.get(code)
                depth = cursor.number(1) if depth is None else depth
                if depth >= len(stack):
                    raise CfiBroken("an expression takes more values than it has")
                stack.append(stack[-1 - depth])
            case 0x13:
                self._pop(stack)
            case 0x16:
                two, one = self._pop(stack), self._pop(stack)
                stack += [two, one]
            case 0x1F:
                stack.append(-self._pop(stack) & WORD)
            case 0x20:
                stack.append(~self._pop(stack) & WORD)
            case 0x23:
                stack.append((self._pop(stack) + cursor.unsigned()) & WORD)
            case 0x28 | 0x2F:  # bra, skip
                distance = cursor.number(2, signed=True)
                if code == 0x2F or self._pop(stack):
                    if not 0 <= cursor.place + distance <= cursor.end:
                        raise CfiBroken("an expression jumps out of itself")
                    cursor.place += distance
            case 0x92:
                stack.append((self._register(cursor.unsigned()) + cursor.signed()) & WORD)
            case 0x96:
                pass
            case _:
                raise CfiBroken(f"an expression with the operation {code:#x}")

    def _pop(self, stack: list[int]) -> int:
        if not stack:
            raise CfiBroken("an expression takes more values than it has")
        return stack.pop()
