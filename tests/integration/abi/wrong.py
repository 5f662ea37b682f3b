"""A convention with one row that is another: what is held against a compiler has to see each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace

from harness.abi.place import Convention, Registers

from .sides import Disagreement, Numbered

Held = Callable[[Convention, Sequence[Numbered], bytes], Iterator[Disagreement]]
UNSEEN = ("context", "parts", "roles")  # hold no argument, are other names, and words


def unseen(convention: Convention, held: Held, made: Sequence[Numbered], data: bytes) -> list[str]:
    """Return the rows that can be wrong without a disagreement; at least some have to be there at all."""
    wrong = dict(_wrong(convention.registers))
    assert wrong
    return [name for name, rows in wrong.items() if not _differs(replace(convention, registers=rows), held, made, data)]


def _wrong(rows: Registers) -> Iterator[tuple[str, Registers]]:
    for field in fields(Registers):
        value = getattr(rows, field.name)
        if field.name in UNSEEN:
            continue
        if isinstance(value, tuple):
            others = value if len(value) > 1 else (*value, *(("st1",) if value == ("st0",) else ()))
            for index in range(len(value)):
                changed = [*value]
                changed[index] = others[index - 1]
                if tuple(changed) != value:
                    yield f"{field.name}[{index}]", replace(rows, **{field.name: tuple(changed)})
        elif isinstance(value, int):
            yield field.name, replace(rows, **{field.name: value + 8})
        elif value:
            other = next(name for name in (*rows.integer_results, *rows.integers) if name != value)
            yield field.name, replace(rows, **{field.name: other})


def _differs(convention: Convention, held: Held, made: Sequence[Numbered], data: bytes) -> bool:
    try:
        return any(held(convention, made, data))
    except KeyError:  # a register that holds no argument, or no result
        return True
