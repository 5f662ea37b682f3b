"""Both sides of a call between functions of Go against the convention, as `sides` has it for C.

By ABIInternal a func value whose code is `capture` is called; by ABI0 a function that is declared in Go and written in
assembly, by way of the wrapper that the compiler makes. The callee is Go in both, the other one by its wrapper.
"""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.abi.go_types import INTERFACE, SLICE, STRING, spelled
from harness.abi.model import Array, Complex, CType, Kind, Record, Signature
from harness.abi.place import Convention
from harness.target import Target
from tests.signatures.values import of_type

from . import go_machine, image
from .sides import Disagreement, Numbered, text

_HEAD = """package main

import (
	"os"
	"runtime/debug"
	"unsafe"
)

var captured, given, answers, came [{size}]byte
var target uintptr
var into []byte
var enter = &struct{{ pc uintptr }}{{captureEntry()}}

func capture()
func captureEntry() uintptr
func play()

//go:noinline
func set(to unsafe.Pointer, data string) {{ copy(unsafe.Slice((*byte)(to), len(data)), data) }}

//go:noinline
func get(from unsafe.Pointer, size int) {{ into = append(into, unsafe.Slice((*byte)(from), size)...) }}

func put() {{ os.Stdout.Write(into); into = into[:0] }}

//go:noinline
func deep(n int) byte {{
	var room [4096]byte
	room[n%4096] = 1
	if n > 0 {{
		room[0] += deep(n - 1)
	}}
	return room[n%4096]
}}

func main() {{
	debug.SetGCPercent(-1) // what it would look at are no pointers
	deep(64)               // a stack that moves would be copied by what the compiler knows of it
	all()
}}
"""


def _typed(of: CType, prefix: str) -> str:
    match of:
        case Complex(kind):
            return "complex64" if kind is Kind.FLOAT else "complex128"
        case Array(element, count):
            return f"[{count}]{_typed(element, prefix)}"
        case Record(name) if of not in (STRING, SLICE, INTERFACE):
            return prefix + name
        case _:
            return spelled(of)


def _definitions(of: CType, prefix: str) -> Iterator[str]:
    match of:
        case Array(element, _):
            yield from _definitions(element, prefix)
        case Record(name, members) if of not in (STRING, SLICE, INTERFACE):
            for member in members:
                yield from _definitions(member.type, prefix)
            fields = "; ".join(f"{member.name} {_typed(member.type, prefix)}" for member in members)
            yield f"type {prefix}{name} struct {{ {fields} }}"
        case _:
            pass


def values(convention: Convention, number: int, signature: Signature) -> tuple[list[bytes], list[bytes]]:
    """Return the bytes of each argument, and of each result."""
    dice = random.Random(f"go values {number}")
    model = convention.model
    arguments = [of_type(model, of, dice) for of in signature.arguments]
    return arguments, [of_type(model, of, dice) for of in signature.results]


def _declared(signature: Signature, prefix: str) -> tuple[str, str]:
    arguments = ", ".join(f"a{index} {_typed(of, prefix)}" for index, of in enumerate(signature.arguments))
    results = ", ".join(f"r{index} {_typed(of, prefix)}" for index, of in enumerate(signature.results))
    return arguments, results


def sources(convention: Convention, signatures: Sequence[Numbered]) -> tuple[str, str]:
    """Return a program in Go, and in Go's assembly, that goes through `signatures` and writes what it saw."""
    is_abi0 = not convention.registers.integers
    parts, calls = [_HEAD.format(size=go_machine.STACK + 512)], []
    assembly = go_machine.entry(convention, "captureEntry", "capture")
    for number, signature in signatures:
        prefix = f"s{number}_"
        types = (row for of in (*signature.arguments, *signature.results) for row in _definitions(of, prefix))
        parts += dict.fromkeys(types)
        parts += _caller(convention, number, signature, prefix, is_abi0=is_abi0)
        parts += _callee(convention, number, signature, prefix, is_abi0=is_abi0)
        if is_abi0:
            assembly += go_machine.jump(convention, f"capture_{number}")
            assembly += go_machine.entry(convention, f"entry_{number}", f"callee_{number}")
        calls += [f"call_{number}()", f"play_{number}()"]
    size = 2 * go_machine.STACK
    parts.append(f'//go:noinline\nfunc all() byte {{\nvar free [{size}]byte\nset(unsafe.Pointer(&free), "\\x01")')
    parts += [*calls, "return free[len(into)]\n}"]
    return "\n".join(parts), go_machine.source(convention, assembly)


def _caller(convention: Convention, number: int, signature: Signature, prefix: str, *, is_abi0: bool) -> Iterator[str]:
    (declared, returned), (arguments, results) = _declared(signature, prefix), values(convention, number, signature)
    if is_abi0:
        yield f"func capture_{number}({declared}) ({returned})"
    yield f"//go:noinline\nfunc call_{number}() {{"
    for index, (of, data) in enumerate(zip(signature.arguments, arguments, strict=True)):
        yield f"var a{index} {_typed(of, prefix)}; set(unsafe.Pointer(&a{index}), {text(data)})"
    answer = _answer(convention, number, signature, results)
    yield f"set(unsafe.Pointer(&answers), {text(answer)})"
    function = f"capture_{number}"
    if not is_abi0:
        yield f"f := *(*func({declared}) ({returned}))(unsafe.Pointer(&enter))"
        function = "f"
    left = ", ".join(f"r{index}" for index in range(len(results)))
    passed = ", ".join(f"a{index}" for index in range(len(arguments)))
    yield f"{left}{' := ' if left else ''}{function}({passed})"
    yield f"get(unsafe.Pointer(&captured), {go_machine.of_arguments(convention).stack + go_machine.STACK})"
    for index, data in enumerate(results):
        yield f"get(unsafe.Pointer(&r{index}), {len(data)})"
    yield "put()\n}"


def _answer(convention: Convention, number: int, signature: Signature, results: Sequence[bytes]) -> bytes:
    """Return the block `answers`: results in registers and, from the first of these on, on the stack."""
    form, placement = go_machine.of_results(convention), convention.place(signature)
    block = image.poison(number, form.stack + go_machine.STACK)
    for placed, data in zip(placement.results, results, strict=True):
        image.put(convention, form, placed, block, data)
    spans = [(piece.stack, piece.size) for placed in placement.results for piece in placed.pieces if not piece.register]
    first = min((at for at, _ in spans), default=0)
    size = max((at + size for at, size in spans), default=0) - first
    word, order = convention.model.word, convention.model.byte_order
    head = bytearray(go_machine.HEAD)
    head[:word] = size.to_bytes(word, order)
    head[8 : 8 + word] = first.to_bytes(word, order)
    return bytes(head + block[len(head) : form.stack] + block[form.stack + first : form.stack + first + size])


def _callee(convention: Convention, number: int, signature: Signature, prefix: str, *, is_abi0: bool) -> Iterator[str]:
    (declared, returned), (arguments, results) = _declared(signature, prefix), values(convention, number, signature)
    yield f"//go:noinline\nfunc callee_{number}({declared}) ({returned}) {{"
    for index, data in enumerate(arguments):
        yield f"get(unsafe.Pointer(&a{index}), {len(data)})"
    for index, data in enumerate(results):
        yield f"set(unsafe.Pointer(&r{index}), {text(data)})"
    yield "return\n}"
    form, placement = go_machine.of_arguments(convention), convention.place(signature)
    block = image.poison(number, form.stack + go_machine.STACK)
    for placed, data in zip(placement.arguments, arguments, strict=True):
        image.put(convention, form, placed, block, data)
    if is_abi0:
        yield f"func entry_{number}() uintptr"
    yield f"//go:noinline\nfunc play_{number}() {{\nset(unsafe.Pointer(&given), {text(bytes(block))})"
    if is_abi0:
        yield f"target = entry_{number}()"
    else:
        yield f"f := callee_{number}; target = **(**uintptr)(unsafe.Pointer(&f))"
    form = go_machine.of_results(convention)
    yield f"play(); get(unsafe.Pointer(&came), {form.stack + go_machine.STACK}); put()\n}}"


def held(convention: Convention, signatures: Sequence[Numbered], data: bytes) -> Iterator[Disagreement]:
    """Yield where what was seen, for each of `signatures` in turn, is not what the convention says."""
    model, given, came, at = convention.model, go_machine.of_arguments(convention), go_machine.of_results(convention), 0

    def take(size: int) -> bytes:
        nonlocal at
        at += size
        return data[at - size : at]

    for number, signature in signatures:
        if at >= len(data):
            yield Disagreement(number, signature, "run", "the program ended before it, or in it")
            return
        placement, (arguments, results) = convention.place(signature), values(convention, number, signature)
        captured = take(given.stack + go_machine.STACK)
        passed = list(enumerate(zip(signature.arguments, placement.arguments, arguments, strict=True)))
        answered = list(enumerate(zip(signature.results, placement.results, results, strict=True)))
        rows = [
            (f"caller's argument {index}", *row, image.value(convention, given, row[1], row[0], captured))
            for index, row in passed
        ]
        rows += [(f"caller's reading of result {index}", *row, take(len(row[2]))) for index, row in answered]
        rows += [(f"callee's reading of argument {index}", *row, take(len(row[2]))) for index, row in passed]
        block = take(came.stack + go_machine.STACK)
        rows += [
            (f"callee's result {index}", *row, image.value(convention, came, row[1], row[0], block))
            for index, row in answered
        ]
        for what, of, placed, meant, found in rows:
            if image.masked(model, of, meant) != image.masked(model, of, found):
                yield Disagreement(number, signature, what, f"{placed}: meant {meant.hex()}, there {found.hex()}")


def run(place: Target, program: tuple[str, str], folder: Path) -> bytes:
    """Build `program` for `place`, run it there, and return what it wrote."""
    main, assembly = program
    (folder / "main.go").write_text(main)
    (folder / "machine.s").write_text(assembly)
    (folder / "go.mod").write_text("module sides\n\ngo 1.21\n")
    env = {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOARCH": place.arch,
        "GOOS": "linux",
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "",
    }
    subprocess.run([place.go.command, "build", "-o", "sides", "."], check=True, cwd=folder, env=env)
    emulator = place.emulator.command if place.emulator is not None else ()
    argv = [*emulator, folder / "sides"]
    env = {**os.environ, "GODEBUG": "asyncpreemptoff=1"}
    return subprocess.run(argv, capture_output=True, check=False, env=env).stdout
