"""Why the values at a function's entry are not what its caller passed: explanations, the best one first.

What is known is what the function's code was entered from (`Doubts`), and what its arguments should be, where somebody
says so: case.yaml, or the same program on another architecture. An explanation is a belief of `hypotheses` by which the
arguments are what they should be. Two callers are evidence of their own: Go code that enters a function of C, and C
code that enters one of Go, never do so by the other's convention.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from harness import diagnoses as of
from harness.abi.same import agree, agree_as_floats, is_told, said
from harness.snapshot import GO_ASSEMBLY, RETURN, Argument, Doubts, Meant, Reading, Snapshot

CERTAIN, LIKELY, POSSIBLE, UNEXPLAINED = "certain", "likely", "possible", "unexplained"

_IMPOSSIBLE: Mapping[str, Collection[str]] = MappingProxyType(
    {"C": (of.AS_GO, of.AS_ABI0, of.AS_INTERNAL), "Go": (of.AS_C,)}
)
"""What a caller that is written in a language never believes."""
_CALLED = {"go-internal": "Go's internal convention", "go-abi0": "Go's ABI0"}
_TRIVIAL = frozenset({"0", "1", "-1", "0.0", "1.0", "null", "pointer", "true", "false"})


@dataclass(frozen=True)
class Diagnosis:
    """One explanation: its `kind`, in a sentence, what shows it, by which rule it is wrong, and what mends it.

    `confidence`: it is certain where the code and the values, or a register that is wrong whatever was meant, show it,
    likely where the code alone or several values do that are no chance, else possible; or nothing explains it.
    `accident`: the places are the right ones all the same.
    """

    kind: str
    sentence: str
    evidence: tuple[str, ...]
    rule: str
    fix: str
    confidence: str
    accident: bool = False

    @property
    def name(self) -> str:
        """What a case declares it by."""
        return self.kind + (of.ACCIDENT if self.accident else "")

    def lines(self) -> Iterator[str]:
        """Yield the sentence, the evidence, and what mends it."""
        yield f"{self.sentence} ({self.confidence}; {self.rule})"
        yield from (f"    {line}" for line in self.evidence)
        yield f"    to mend it: {self.fix}"


@dataclass(frozen=True)
class _Words:
    """How an explanation reads.

    `{function}`, `{convention}` and `{about}` are filled in, and `{how}` and `{puts}`: that a function has arguments.
    """

    sentence: str
    rule: str
    fix: str


_TRAMPOLINE = 'call it through cgo (import "C"), by a C function that takes the pointer and calls it'
_EXPORT = "export the function (//export), and call what cgo makes of it"
_PROTOTYPE = "give the caller the prototype that the function is defined with"
_WORDS: Mapping[str, _Words] = MappingProxyType(
    {
        of.AS_GO: _Words(
            "the C function {function} was entered {how} {convention} {puts}",
            'abi-internal.md, "Function call argument and result passing"',
            _TRAMPOLINE,
        ),
        of.AS_ABI0: _Words(
            "{function} was entered {how} {convention} {puts}",
            "abi-internal.md: ABI0 is that of assembly, which has arguments and results on the stack",
            "call it by the symbol that has its ABI: a wrapper is between Go code and assembly",
        ),
        of.AS_INTERNAL: _Words(
            "{function}, which is of ABI0, was entered {how} {convention} {puts}",
            "abi-internal.md: assembly is of ABI0, and the linker puts a wrapper between",
            "call it by the symbol that has its ABI",
        ),
        of.AS_C: _Words(
            "the Go function {function} was entered {how} {convention} {puts}",
            'cmd/cgo, "C references to Go": C enters Go by crosscall2 alone',
            _EXPORT,
        ),
        of.NO_ROOM: _Words(
            "{function} was called without the address for its result: each argument is taken for the one before",
            "a result in memory has a hidden first argument ({convention})",
            _PROTOTYPE,
        ),
        of.ROOM: _Words(
            "{function} was called with an address for a result that it does not return, before its arguments",
            "a result in memory has a hidden first argument ({convention})",
            _PROTOTYPE,
        ),
        of.PROMOTED: _Words(
            "{function} was called with doubles where it takes floats, as without a prototype",
            "C11 6.5.2.2: without a prototype float is promoted to double",
            _PROTOTYPE,
        ),
        of.VARIADIC: _Words(
            "{function} was called as a variadic function, which it is not",
            "variadic arguments are passed by rules of their own ({convention}); C11 6.5.2.2p9",
            _PROTOTYPE,
        ),
        of.FIXED: _Words(
            "the variadic function {function} was called as one that is not",
            "variadic functions are called by rules of their own ({convention}); C11 6.5.2.2p6",
            _PROTOTYPE,
        ),
        of.INTEGER_FOR_FLOAT: _Words(
            "{function} was called with an integer for {about}, which it takes as floating-point",
            "integers and floating-point numbers are passed apart ({convention})",
            _PROTOTYPE,
        ),
        of.FLOAT_FOR_INTEGER: _Words(
            "{function} was called with a floating-point number for {about}, which it takes as an integer",
            "integers and floating-point numbers are passed apart ({convention})",
            _PROTOTYPE,
        ),
        of.BY_REFERENCE: _Words(
            "{function} was called with the address of {about}, which it takes by value",
            "how a struct is passed depends on its size and members ({convention})",
            _PROTOTYPE,
        ),
        of.APART: _Words(
            "{function} was called with the members of {about} as arguments of their own",
            "how a struct is passed depends on its size and members ({convention})",
            _PROTOTYPE,
        ),
        of.WHOLE: _Words(
            "{function} was called with {about} as if its members were integers",
            "how a struct is passed depends on its members ({convention})",
            _PROTOTYPE,
        ),
        of.DIRTY: _Words(
            "{function} was called with dirty bits above a narrow integer",
            "{convention}: the caller extends narrow integers (docs/conventions.md)",
            _PROTOTYPE,
        ),
        of.MISALIGNED: _Words(
            "{function} was called with a misaligned stack",
            "the psABI's stack alignment at a call",
            "align the stack where the caller changes it",
        ),
        of.UNCOUNTED: _Words(
            "the variadic function {function} was called without the number of vector registers in AL",
            "System V AMD64 psABI 3.2.3: AL is an upper bound of the vector registers used, 0 to 8",
            _PROTOTYPE,
        ),
        of.ON_GOROUTINE: _Words(
            "the C function {function} was called on a goroutine's stack",
            "runtime/cgocall.go: C runs on the thread's own stack (asmcgocall), a goroutine's is small",
            _TRAMPOLINE,
        ),
        of.CLOBBERED: _Words(
            "{function} did not leave a callee-saved register as it was",
            "the registers that a call preserves ({convention})",
            "look at what it calls by assembly, and at what its own changes (crossabi run --watch-crossings)",
        ),
    }
)


def diagnose(shot: Snapshot, expected: Mapping[str, str] | None = None) -> Diagnosis | None:
    """Return the best explanation of what is wrong, or right by accident, at an entry or a return; None: nothing is.

    `expected` are the values that arguments should have, by their names, as `said` has them.
    """
    meant = shot.meant
    if meant is None or meant.doubts is None:
        return None
    doubts, names = meant.doubts, {row.name for row in meant.arguments}
    function = shot.place.partition("+")[0]
    if shot.when == RETURN:
        if not doubts.clobbered:
            return None
        return _made(of.CLOBBERED, shot.at, meant.convention, doubts.clobbered, CERTAIN)
    wanted = {name: text for name, text in (expected or {}).items() if name in names}
    found = _by_caller(function, meant, doubts, wanted)
    if found is not None:
        return found
    wrong = _unlike(meant.arguments, wanted)
    if wrong:
        return _by_values(function, meant, doubts, wanted, wrong)
    shown = {of.DIRTY: doubts.dirty, of.MISALIGNED: doubts.misaligned, of.UNCOUNTED: doubts.uncounted}
    for kind, evidence in shown.items():
        if evidence:
            return _made(kind, function, meant.convention, evidence, CERTAIN)
    if _is_on_goroutine(doubts):
        evidence = (f"{doubts.caller}, which it returns to, is {doubts.caller_is}", *_room(doubts))
        return _made(of.ON_GOROUTINE, function, meant.convention, evidence, CERTAIN)
    return None


def _by_caller(function: str, meant: Meant, doubts: Doubts, wanted: Mapping[str, str]) -> Diagnosis | None:
    """Return what the language of its caller shows of a function's call.

    Code in assembly can have jumped to the function for its caller: the values may contradict what the return address
    shows, and only they make it certain.
    """
    kind = {("Go", False): of.AS_GO, ("C", True): of.AS_C}.get((doubts.caller_is, doubts.is_go))
    if kind is None:
        return None
    row = next((row for row in doubts.readings if row.kind == kind), None)
    evidence = [f"{doubts.caller}, which it returns to, is {doubts.caller_is}"]
    if row is None:
        return _made(kind, function, "the other convention", evidence, LIKELY)
    is_taken, is_passed = not _unlike(meant.arguments, wanted), _fits(row.arguments, wanted)
    if wanted and is_taken and not is_passed:
        return None
    evidence += _table(meant, row)
    if kind == of.AS_GO:
        evidence += _room(doubts)
    is_alike = all(agree(said(one), said(other)) for one, other in zip(meant.arguments, row.arguments, strict=True))
    is_accident = row.same_arguments and row.same_results and not doubts.dirty
    if is_alike and not row.same_arguments:
        evidence.append("that the values are the same is chance: the places are not")
    if row.same_arguments and not row.same_results:
        evidence.append("the arguments are right by accident; the result is not where the caller looks for it")
    evidence += doubts.dirty
    if doubts.relied:
        evidence.append(f"{doubts.caller_is} promises nothing of the bits above {', '.join(doubts.relied)}, C does")
    confidence = CERTAIN if wanted and is_passed and not is_taken else LIKELY
    has_arguments = bool(meant.arguments)
    return _made(
        kind, function, row.convention, evidence, confidence, accident=is_accident, has_arguments=has_arguments
    )


def _is_on_goroutine(doubts: Doubts) -> bool:
    """Whether C was called on a goroutine's stack, by a program's own code: the runtime's knows what it does."""
    is_called = doubts.caller_is in (GO_ASSEMBLY, "Go") and not doubts.caller.startswith("runtime.")
    return is_called and not doubts.is_go and doubts.room is not None


def _room(doubts: Doubts) -> tuple[str, ...]:
    if doubts.room is None:
        return ()
    return (f"C runs on the goroutine's stack, {doubts.room} bytes above its end, and may need more",)


def _by_values(
    function: str, meant: Meant, doubts: Doubts, wanted: Mapping[str, str], wrong: Sequence[str]
) -> Diagnosis:
    """Return the first belief by which all arguments are what they should be, if these tell: 0 may be anywhere."""
    impossible = _IMPOSSIBLE.get(doubts.caller_is, ())
    possible = (row for row in doubts.readings if row.kind not in impossible and _is_about(row, wrong))
    telling = {wanted[name] for name in wrong} - _TRIVIAL
    fitting = [row for row in possible if _fits(row.arguments, wanted, as_floats=row.kind == of.PROMOTED)]
    if not fitting or not telling:
        evidence = [f"{name} should be {wanted[name]}" for name in wrong]
        if fitting:
            evidence.append("these values are too common to tell where they come from")
        return Diagnosis(
            of.NONE_FITS,
            f"the arguments of {function} are not what they should be, and no other way of calling it explains that",
            tuple(evidence),
            f"{len(doubts.readings)} readings were tried",
            "look first whether the caller passes what is expected, then at the registers (crossabi snapshot)",
            UNEXPLAINED,
        )
    best, *others = sorted(fitting, key=lambda row: of.BELIEFS.index(row.kind))
    confidence = LIKELY if len(telling) > 1 else POSSIBLE
    evidence_lines = list(_table(meant, best))
    kinds = dict.fromkeys(row.kind for row in others if row.kind != best.kind)
    if kinds:
        evidence_lines.append(f"so do these readings: {', '.join(kinds)}")
    return _made(best.kind, function, best.convention, evidence_lines, confidence, about=best.about)


def _made(
    kind: str,
    function: str,
    convention: str,
    evidence: Sequence[str],
    confidence: str,
    *,
    about: str = "",
    accident: bool = False,
    has_arguments: bool = True,
) -> Diagnosis:
    words = _WORDS[kind]
    how, puts = ("with its arguments where", "puts them") if has_arguments else ("as", "has it")
    filled = {"function": function, "convention": _CALLED.get(convention, convention), "about": about or "an argument"}
    filled |= {"how": how, "puts": puts}
    sentence = words.sentence.format(**filled)
    if accident:
        sentence += ": right by accident, for they are where its own has them"
    return Diagnosis(kind, sentence, tuple(evidence), words.rule.format(**filled), words.fix, confidence, accident)


def _known(arguments: Sequence[Argument]) -> dict[str, str]:
    return {row.name: said(row) for row in arguments if not row.why}


def _unlike(arguments: Sequence[Argument], wanted: Mapping[str, str]) -> list[str]:
    """Return the names of the arguments that are not what is wanted of them; what is not known is not unlike."""
    seen = _known(arguments)
    return [name for name, text in wanted.items() if name in seen and not agree(seen[name], text)]


def _is_about(row: Reading, wrong: Sequence[str]) -> bool:
    return not row.about or not set(wrong).isdisjoint(row.about.split(of.TOGETHER))


def _fits(arguments: Sequence[Argument], wanted: Mapping[str, str], *, as_floats: bool = False) -> bool:
    """Whether all that is wanted is known, and so."""
    seen, same = _known(arguments), agree_as_floats if as_floats else agree
    return all(name in seen and is_told(seen[name], text) and same(seen[name], text) for name, text in wanted.items())


def _table(meant: Meant, row: Reading) -> Iterator[str]:
    """Yield the arguments as the function takes them, and as its caller passed them."""
    ways = (("taken", meant.convention, meant.arguments), ("passed", row.convention, row.arguments))
    for how, convention, arguments in ways:
        if arguments:
            cells = (f"{one.name or '(no name)'} = {one.text or one.why} ({one.where})" for one in arguments)
            yield f"{how}, by {convention}: {', '.join(cells)}"
