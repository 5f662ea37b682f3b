"""Where a function's arguments and its result are, as a convention answers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from harness.abi.layout import DataModel, check_vectors
from harness.abi.model import Signature

SIGN, ZERO, SIGN32 = "sign", "zero", "sign of its 32 bits"
"""What the bits above a narrow integer hold; SIGN32: an unsigned int too is extended by its bit 31."""


@dataclass(frozen=True)
class Piece:
    """`size` bytes of a value, from its byte `offset` on, in a register or on the stack.

    In `register` they are `shift` bytes above its least significant one; `held_as`: it holds the number in another
    format (`layout.DOUBLE`, `layout.X87`), as Power's and the x87's registers do. `part`: what the architecture calls
    that part of the register, if it has a name (s1 of d0). Without a register
    they are `stack` bytes above the stack pointer at the callee's first instruction.
    """

    offset: int
    size: int
    register: str = ""
    shift: int = 0
    stack: int = 0
    held_as: str = ""
    part: str = ""

    @property
    def where(self) -> str:
        """A register's name, or ``stack+N``."""
        return self.part or self.register or f"stack+{self.stack}"


@dataclass(frozen=True)
class Placed:
    """One value. `by_reference`: its pieces are those of its address. `extends` says what is above a narrow integer.

    Pieces of no bytes at all: a type that has no size.
    """

    pieces: tuple[Piece, ...]
    by_reference: bool = False
    extends: str = ""


@dataclass(frozen=True)
class Placement:
    """Where all is, that of `more_results` of Go too.

    `hidden` is where the caller puts the address of the room for a result, if it does.

    `vectors` is how many vector registers hold arguments, where the callee is told (AL on x86-64), `stack` how many
    bytes of arguments are on the stack, `popped` how many of these the callee takes off.
    """

    arguments: tuple[Placed, ...]
    result: Placed | None = None
    hidden: Piece | None = None
    vectors: int | None = None
    stack: int = 0
    popped: int = 0
    more_results: tuple[Placed, ...] = ()

    @property
    def results(self) -> tuple[Placed, ...]:
        """All of them."""
        return () if self.result is None else (self.result, *self.more_results)


@dataclass(frozen=True)
class Registers:
    """The rows of a convention: which registers hold what, in the order in which they are used.

    `hidden` is where the address of a result's room is put, if that is not where the first argument would be, and
    `hidden_result` where it comes back, if it does. `stack` is the distance of the first argument on the stack from the
    stack pointer at entry (bytes), `slot` the least room there. `context` holds a func value of Go that is called.
    `parts` are what the architecture calls parts of `floats`. `roles` say in words what the nth of `integers`, of
    `floats` and of `parts` is for.
    """

    integers: tuple[str, ...]
    floats: tuple[str, ...]
    integer_results: tuple[str, ...]
    float_results: tuple[str, ...]
    hidden: str
    hidden_result: str
    stack: int
    slot: int
    context: str = ""
    parts: tuple[str, ...] = ()
    roles: tuple[str, str, str] = ("{} integer argument", "{} floating-point argument", "")

    @property
    def for_results(self) -> Registers:
        """The same, for results that go where as many arguments would, but in registers of their own."""
        return replace(self, integers=self.integer_results, floats=self.float_results)

    def in_memory(self, word: int) -> Placed:
        """Return a result in memory; its address, of `word` bytes, comes back in `hidden_result`, if there is one."""
        pieces = (Piece(0, word, self.hidden_result),) if self.hidden_result else ()
        return Placed(pieces, by_reference=True)


@dataclass(frozen=True)
class Convention:
    """`name` on `arch`, by the document `rule`; `place` says where all of a signature is.

    `since` is the first release of Go that has it, empty for all of them.
    """

    name: str
    arch: str
    rule: str
    registers: Registers
    model: DataModel
    placer: Callable[[Registers, DataModel, Signature], Placement] = field(repr=False)
    since: str = ""

    def place(self, signature: Signature) -> Placement:
        """Return where the arguments and the result of `signature` are.

        Raises ValueError for a type that the architecture does not have, or of which it is not known where it goes.
        """
        for of in (*signature.arguments, *signature.results):
            check_vectors(self.model, of)
        return self.placer(self.registers, self.model, signature)
