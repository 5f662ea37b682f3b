"""Run one binary on its target: environment, limits, retries for known emulator faults, repeats."""

from __future__ import annotations

import os
import re
from dataclasses import replace

import tenacity

from harness.build.store import Binary
from harness.case import Case, RunSettings, Variant
from harness.errors import CrossabiError
from harness.host import tools
from harness.host.faults import Faults
from harness.observation import Environment, Observation
from harness.process.spec import GO_TERMINATE, MIB, WORKDIR, Command, Limits
from harness.run import death, outcome, sight
from harness.run.runners import RUNNERS
from harness.run.sight import Sight
from harness.snapshot import Snapshot
from harness.stub.errors import StubConfused
from harness.target import Target

TRIES = 3
MEMORY = 4096 * MIB
FILE_SIZE = 256 * MIB
PROCESSES = 128
NOTHING = Sight()
_HEX = re.compile(r"\b0x[0-9a-f]{4,16}\b")
NO_STACKS = ("none", "0")  # of GOTRACEBACK (runtime, "Environment Variables")
BIN = "{bin}"  # stands for the program's folder in a case's arguments and environment


def run(
    case: Case, variant: Variant, target: Target, binary: Binary, faults: Faults, looks: Sight = NOTHING
) -> tuple[Observation, ...]:
    """Run `binary` as often as the case asks and return an observation for each time, with what `looks` asks for.

    The first that died though it should not have is run once more, to see of what (see `death`).
    """
    seen = [
        replace(_with_retries(case, variant, target, binary, faults, looks), repeat=number)
        for number in range(1, variant.run.repeat + 1)
    ]
    expect = variant.expect.on(target.arch)
    for number, observation in enumerate(seen):
        if death.is_wanted(observation, expect):
            arguments = _arguments(variant.run, binary)
            command = _command(variant.run, target, binary, arguments)
            seen[number] = death.look(observation, command, target, binary, arguments)
            break
    return tuple(seen)


def environment(target: Target, settings: RunSettings) -> Environment:
    """Return what could matter for a result of `target` on this machine."""
    return Environment(
        runner=target.runner,
        go=target.go.release,
        c_compiler=target.cc.version,
        libc=target.libc,
        emulator=target.emulator.version if target.emulator else "",
        kernel=tools.kernel(),
        cpu=tools.cpu_model(),
        settings={**target.toolchain.go_env, **settings.env},
    )


def _with_retries(
    case: Case, variant: Variant, target: Target, binary: Binary, faults: Faults, looks: Sight
) -> Observation:
    """Run once, and again only where the table of emulator faults allows that, or QEMU's stub mixed up two threads."""
    tries = 0

    def attempt() -> tuple[Observation, bool]:
        nonlocal tries
        tries += 1
        return _once(case, variant, target, binary, faults, looks)

    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(TRIES),
        retry=tenacity.retry_if_result(lambda result: result[1]),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    observation, _ = retrying(attempt)
    return replace(observation, tries=tries)


def _once(
    case: Case, variant: Variant, target: Target, binary: Binary, faults: Faults, looks: Sight
) -> tuple[Observation, bool]:
    settings = variant.run
    arguments = _arguments(settings, binary)
    command = _command(settings, target, binary, arguments)
    base = Observation(
        case.name,
        target.id,
        variant.name,
        phase="run",
        outcome="broken",
        binary=binary.key,
        command=command.argv,
        environment=environment(target, settings),
    )
    try:
        seen = sight.run(command, looks, (*variant.probes, *looks.probes), target, binary, arguments, faults)
    except CrossabiError as error:
        message = str(error) if binary.program.exists() else _gone(binary)
        return replace(base, message=message), False
    finished = seen.finished
    if not binary.program.exists():
        return replace(base, message=_gone(binary), stderr=text(finished.stderr)), False
    base = replace(base, **seen.fields, environment=replace(base.environment, changed=seen.changed))
    if seen.error is not None:
        is_emulator_s = bool(base.environment.emulator) and isinstance(seen.error, StubConfused)
        return replace(base, message=str(seen.error), stderr=text(finished.stderr)), is_emulator_s
    stderr = text(finished.stderr)
    emulator = base.environment.emulator
    has_stacks = settings.env.get("GOTRACEBACK") not in NO_STACKS
    ended = outcome.decode(finished, stderr, emulator, faults, has_stacks=has_stacks)
    suspects = faults.suspects(target.arch, target.runner, emulator, target.go.release, stderr)
    observation = replace(
        base,
        snapshots=(*base.snapshots, *_told(ended.word, stderr, target.arch)),
        outcome=ended.word,
        exit_code=finished.code,
        signal=ended.signal,
        message=ended.message,
        stdout=text(finished.stdout),
        stderr=stderr,
        dropped=finished.dropped,
        notes=(*finished.notes, *base.notes, *suspects),
        seconds=round(finished.seconds, 4),
        workdir=finished.workdir,
        pid=finished.pid,
    )
    looked_at = {"message", *case.compare, *(["stderr"] if variant.expect.looks_at_stderr else [])}
    shown = "\n".join(getattr(observation, name) for name in looked_at)
    return replace(observation, symbols=symbols(shown, binary)), ended.retry


def _told(outcome_word: str, stderr: str, arch: str) -> tuple[Snapshot, ...]:
    """Return the fault that Go's runtime tells of where it ended the program, which costs nothing; see `Dump`."""
    if outcome_word in outcome.SILENT:
        return ()
    from harness.traceback import dump

    told = dump.read(stderr, arch)
    return told.snapshots[:1] if told is not None else ()


def _arguments(settings: RunSettings, binary: Binary) -> tuple[str, ...]:
    return tuple(arg.replace(BIN, str(binary.folder)) for arg in settings.args)


def _command(settings: RunSettings, target: Target, binary: Binary, arguments: tuple[str, ...]) -> Command:
    """Return what starts `binary` with `arguments` on `target`, within its limits."""
    timeout = settings.timeout * target.slowdown
    return Command(
        RUNNERS[target.runner].command(target, binary.program, arguments),
        guest_environment(settings, binary),
        timeout,
        stdin=settings.stdin.encode(),
        limits=Limits(
            memory=MEMORY,
            file_size=FILE_SIZE,
            cpu=int(timeout * (os.cpu_count() or 1)) + 1,
            processes=PROCESSES,
        ),
        stops=GO_TERMINATE,
    )


def _gone(binary: Binary) -> str:
    return f"{binary.program} was removed while it ran (`crossabi cache clear`?); run again"


def text(output: bytes) -> str:
    """Decode what a program wrote; bytes that are not UTF-8 stay apart, as ``\\xff``: garbage is what we look for."""
    return output.decode(errors="backslashreplace")


def symbols(shown: str, binary: Binary) -> dict[str, str]:
    """Return ``symbol+offset`` for each address in `shown` that lies in the program, where those are fixed."""
    found = {token: int(token, 16) for token in set(_HEX.findall(shown))}
    inside = {
        token: value for token, value in found.items() if any(start <= value < end for start, end in binary.loads)
    }
    if not inside:
        return {}
    from harness.elf.symbols import symbolise

    named = symbolise(binary.program, inside.values())
    return {token: named[value] for token, value in inside.items() if value in named}


def guest_environment(settings: RunSettings, binary: Binary) -> dict[str, str]:
    """Return the whole environment of the program: nothing of the caller's leaks in."""
    own = {name: value.replace(BIN, str(binary.folder)) for name, value in settings.env.items()}
    base = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": WORKDIR,
        "TMPDIR": WORKDIR,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }
    return {**base, **own}
