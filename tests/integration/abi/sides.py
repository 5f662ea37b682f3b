"""Both sides of a call, as a compiler makes them, against the convention: a caller of `capture`, a callee of `play`.

Of each signature the caller's arguments and the callee's reading of them are held, and the callee's result and the
caller's reading of it. So a caller and a callee that are wrong in the same way do not pass.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.abi.layout import DataModel
from harness.abi.model import Array, CType, Enumeration, Member, Record, Signature
from harness.abi.place import Convention, Placement
from harness.target import Target
from tests.signatures.values import of_type

from . import emit, image, machine

Numbered = tuple[int, Signature]
HEAD = """
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
extern unsigned char captured[], given[], answers[], came[];
extern void (*target)(void);
extern void capture(void), play(void);
static void (*volatile enter)(void) = capture; /* of a known function gcc would know too much */
static long room_at = -1, back_at, room_size;
static const void *room_holds;
static void *filled;
int popped;
static void put(const void *data, unsigned long size) {
    unsigned long at = 0;
    while (at < size) at += write(1, (const char *)data + at, size - at);
}
void fill(void) {
    void *room;
    if (room_at < 0) return;
    memcpy(&room, captured + room_at, sizeof room);
    memcpy(room, room_holds, room_size);
    filled = room;
    if (back_at >= 0) memcpy(answers + back_at, &room, sizeof room);
}
static unsigned char room[4096] __attribute__((aligned(64))), refs[16384] __attribute__((aligned(64)));
static unsigned char buffer[16384], *into;
"""


@dataclass(frozen=True)
class Disagreement:
    """What, of the signature `number`, the compiler does otherwise than the model says."""

    number: int
    signature: Signature
    what: str
    says: str


def values(model: DataModel, number: int, signature: Signature) -> tuple[list[bytes], bytes]:
    """Return the bytes of each argument, and of the result."""
    dice = random.Random(f"values {number}")
    arguments = [of_type(model, argument, dice) for argument in signature.arguments]
    return arguments, of_type(model, signature.result, dice) if signature.result is not None else b""


def text(data: bytes) -> str:
    """Return `data` as a string of C, or of Go."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in data) + '"'


def source(convention: Convention, signatures: Sequence[Numbered]) -> str:
    """Return a program that goes through `signatures` on both sides and writes what it saw."""
    parts = [HEAD]
    calls = []
    for number, signature in signatures:
        renamed = rename(signature, f"s{number}_")
        used = (*renamed.arguments, *([renamed.result] if renamed.result is not None else []))
        parts += emit.definitions(iter(used), "", set())
        parts += _caller(convention, number, signature, renamed)
        parts += _callee(convention, number, signature, renamed)
        calls.append(f"call_{number}(); play_{number}();")
    parts.append(f"static void __attribute__((noinline)) all(volatile char *free) {{ {' '.join(calls)} free[0] = 0; }}")
    parts.append(f"int main(void) {{ volatile char free[{2 * machine.STACK}]; all(free); return free[0]; }}")
    return "\n".join(parts)


def _caller(convention: Convention, number: int, signature: Signature, renamed: Signature) -> Iterator[str]:
    arguments, result = values(convention.model, number, signature)
    placement = convention.place(signature)
    yield f"static void __attribute__((noinline)) call_{number}(void) {{"
    for index, (argument, data) in enumerate(zip(renamed.arguments, arguments, strict=True)):
        yield f"{emit.declared(argument, f'a{index}')};"
        if data:
            yield f"memcpy(&a{index}, {text(data)}, {len(data)});"
    named = [emit.declared(argument, "") for argument in renamed.arguments[: renamed.fixed]]
    types = ", ".join((*named, *(["..."] if renamed.is_variadic else []))) or "void"
    passed = ", ".join(f"a{index}" for index in range(len(renamed.arguments)))
    answer = image.answer(convention, placement.result, number, result)
    yield f"memcpy(answers, {text(answer)}, {len(answer)});"
    if placement.hidden is not None and placement.result is not None:
        at = image.of_arguments(convention.arch).span(placement.hidden, convention.model.byte_order).start
        back = _back(convention, placement)
        yield f"room_at = {at}; back_at = {-1 if back is None else back};"
        yield f"room_size = {len(result)}; room_holds = {text(result)};"
    else:
        yield "room_at = -1;"
    yield f"popped = {placement.popped};"
    size = machine.stack(convention.arch) + machine.STACK
    if renamed.result is None:
        yield f"((void (*)({types}))enter)({passed}); put(captured, {size});"
    else:
        yield f"typedef {emit.declared(renamed.result, 'result')};"
        yield f"result r; r = ((result (*)({types}))enter)({passed}); put(captured, {size}); put(&r, {len(result)});"
        if placement.hidden is not None:
            yield "put(&filled, sizeof filled);"
    yield "}"


def _back(convention: Convention, placement: Placement) -> int | None:
    """Return where, in what a function comes back with, the hidden pointer is; None: nowhere."""
    if placement.hidden is None or placement.result is None or not placement.result.pieces:
        return None
    return image.of_results(convention.arch).at[placement.result.pieces[0].register]


def _callee(convention: Convention, number: int, signature: Signature, renamed: Signature) -> Iterator[str]:
    arguments, result = values(convention.model, number, signature)
    named = [emit.declared(argument, f"a{index}") for index, argument in enumerate(renamed.arguments)][: renamed.fixed]
    types = ", ".join((*named, *(["..."] if renamed.is_variadic else []))) or "void"
    returned = "void"
    if renamed.result is not None:
        returned = f"result_{number}"
        yield f"typedef {emit.declared(renamed.result, returned)};"
    yield f"static {returned} __attribute__((noinline)) callee_{number}({types}) {{"
    if renamed.is_variadic:
        yield f"va_list more; va_start(more, a{len(named) - 1});"
    for index, argument in enumerate(renamed.arguments):
        size = len(arguments[index])
        if not renamed.is_named(index):
            yield f"typedef {emit.declared(argument, f't{index}')}; t{index} a{index} = va_arg(more, t{index});"
        yield f"memcpy(into, &a{index}, {size}); into += {size};" if size else f"(void)&a{index};"
    if renamed.is_variadic:
        yield "va_end(more);"
    if renamed.result is not None:
        yield f"{returned} r; memcpy(&r, {text(result)}, {len(result)}); return r;"
    yield "}"
    yield f"static void __attribute__((noinline)) play_{number}(void) {{"
    yield from _played(convention, number, signature, arguments)
    yield f"target = (void (*)(void))callee_{number}; into = buffer; memset(room, 0x5a, sizeof room); play();"
    yield f"put(buffer, {sum(map(len, arguments))}); put(came, {machine.answered(convention.arch)});"
    yield f"put(room, {len(result)});"
    placement = convention.place(signature)
    if placement.hidden is not None:
        yield "void *there = room; put(&there, sizeof there);"
    yield "}"


def _played(convention: Convention, number: int, signature: Signature, arguments: list[bytes]) -> Iterator[str]:
    """Yield what gives the callee its registers and its stack."""
    arch, placement = convention.arch, convention.place(signature)
    form = image.of_arguments(arch)
    block = image.poison(number, form.stack + convention.registers.stack + placement.stack + 64)
    pointers: list[tuple[int, str]] = []
    order, at = convention.model.byte_order, 0
    for placed, data in zip(placement.arguments, arguments, strict=True):
        if placed.by_reference:
            at = -(-at // 64) * 64
            pointers.append((form.span(placed.pieces[0], order).start, f"refs + {at}"))
            if data:
                yield f"memcpy(refs + {at}, {text(data)}, {len(data)});"
            at += len(data)
        else:
            image.put(convention, form, placed, block, data)
    if placement.hidden is not None:
        pointers.append((form.span(placement.hidden, order).start, "room"))
    if placement.vectors is not None:
        start = form.at["rax"]
        block[start : start + 8] = placement.vectors.to_bytes(8, "little")
    yield f"memcpy(given, {text(bytes(block))}, {len(block)});"
    for where, pointer in pointers:
        yield f"{{ void *p = {pointer}; memcpy(given + {where}, &p, sizeof p); }}"


def rename(signature: Signature, prefix: str) -> Signature:
    """Return the same with names of its own, so that many can stand in one file."""

    def of(one: CType) -> CType:
        match one:
            case Record():
                return replace(one, name=prefix + one.name, members=tuple(map(member, one.members)))
            case Enumeration():
                return replace(one, name=prefix + one.name)
            case Array(element):
                return replace(one, element=of(element))
            case _:
                return one

    def member(one: Member) -> Member:
        return replace(one, type=of(one.type))

    result = of(signature.result) if signature.result is not None else None
    return replace(signature, arguments=tuple(map(of, signature.arguments)), result=result)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, size: int) -> bytes:
        self.at += size
        return self.data[self.at - size : self.at]


def held(convention: Convention, signatures: Sequence[Numbered], data: bytes) -> Iterator[Disagreement]:
    """Yield where what was seen, for each of `signatures` in turn, is not what the convention says."""
    reader = _Reader(data)
    for number, signature in signatures:

        def differs(what: str, says: str, number: int = number, signature: Signature = signature) -> Disagreement:
            return Disagreement(number, signature, what, says)

        if reader.at >= len(data):
            yield differs("run", "the program ended before it, or in it")
            return
        yield from _held_caller(convention, number, signature, reader, differs)
        yield from _held_callee(convention, number, signature, reader, differs)


def _held_caller(
    convention: Convention,
    number: int,
    signature: Signature,
    reader: _Reader,
    differs: Callable[[str, str], Disagreement],
) -> Iterator[Disagreement]:
    model, form = convention.model, image.of_arguments(convention.arch)
    placement = convention.place(signature)
    arguments, result = values(model, number, signature)
    seen = reader.take(form.stack + machine.STACK)
    for index, (argument, placed, meant) in enumerate(
        zip(signature.arguments, placement.arguments, arguments, strict=True)
    ):
        if placed.by_reference:
            pointer = int.from_bytes(image.read(form, model.byte_order, placed.pieces[0], seen), model.byte_order)
            at = pointer - int.from_bytes(seen[: model.word], model.byte_order)
            found = seen[form.stack + at : form.stack + at + len(meant)] if 0 <= at < machine.STACK else b""
        else:
            found = image.value(convention, form, placed, argument, seen)
        if image.masked(model, argument, meant) != image.masked(model, argument, found):
            yield differs(f"caller's argument {index}", f"{placed}: meant {meant.hex()}, there {found.hex()}")
        elif not image.is_extended(convention, form, placed, seen, meant):
            yield differs(f"caller's extension of argument {index}", f"{placed}: {meant.hex()}")
    if placement.vectors is not None:
        start = form.at["rax"]
        if seen[start] != placement.vectors:
            yield differs("AL", f"{placement.vectors} vector registers, AL says {seen[start]}")
    if signature.result is not None:
        found = reader.take(len(result))
        if image.masked(model, signature.result, result) != image.masked(model, signature.result, found):
            yield differs(
                "caller's reading of the result", f"{placement.result}: meant {result.hex()}, read {found.hex()}"
            )
        if placement.hidden is not None:
            there = reader.take(model.word)
            if image.read(form, model.byte_order, placement.hidden, seen) != there:
                yield differs("hidden pointer", f"the caller puts it not into {placement.hidden}")


def _held_callee(
    convention: Convention,
    number: int,
    signature: Signature,
    reader: _Reader,
    differs: Callable[[str, str], Disagreement],
) -> Iterator[Disagreement]:
    model, form = convention.model, image.of_results(convention.arch)
    placement = convention.place(signature)
    arguments, result = values(model, number, signature)
    for index, (argument, placed, meant) in enumerate(
        zip(signature.arguments, placement.arguments, arguments, strict=True)
    ):
        found = reader.take(len(meant))
        if image.masked(model, argument, meant) != image.masked(model, argument, found):
            yield differs(f"callee's reading of argument {index}", f"{placed}: meant {meant.hex()}, read {found.hex()}")
    came, room = reader.take(machine.answered(convention.arch)), reader.take(len(result))
    if placement.hidden is not None:
        there = reader.take(model.word)
        pieces = placement.result.pieces if placement.result is not None else ()
        if any(image.read(form, model.byte_order, piece, came) != there for piece in pieces):
            yield differs("hidden pointer", f"{placement.hidden} does not come back in {placement.result}")
    if signature.result is None or placement.result is None:
        return
    placed = placement.result
    found = room if placed.by_reference else image.value(convention, form, placed, signature.result, came)
    if image.masked(model, signature.result, result) != image.masked(model, signature.result, found):
        yield differs("callee's result", f"{placed}: meant {result.hex()}, there {found.hex()}")
    elif not placed.by_reference and not image.is_extended(convention, form, placed, came, result):
        yield differs("callee's extension of the result", f"{placed}: {result.hex()}")


def run(place: Target, program: str, folder: Path) -> bytes:
    """Compile `program` with the machine's assembly for `place`, run it there, and return what it wrote."""
    (folder / "sides.c").write_text(program)
    (folder / "machine.S").write_text(machine.source(place.arch))
    built = folder / "sides"
    argv = [*place.cc.command, "-O1", "-w", "-fno-strict-aliasing", "-Wno-psabi", "-static", "-no-pie", "-o", built]
    subprocess.run([*argv, folder / "sides.c", folder / "machine.S"], check=True, stderr=subprocess.DEVNULL)
    emulator = place.emulator.command if place.emulator is not None else ()
    return subprocess.run([*emulator, built], capture_output=True, check=False).stdout
